-- Listening to server-sent events: every worker opens a stream, all wait until
-- everybody listens, and each must get every event, in order, though the server
-- cuts the connection after each third one.
--
--   molo serve
--   molo run scenarios/events.lua -w 10 -r 1
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local EVENTS = 7

molo.scenario("events", function(session)
  local stream <close> = session:events("/events", {
    query = { count = EVENTS, every = "0.01", drop = 3 },
    name = "/events",
    reconnect = true,
    timeout = "10s", -- for the head of the answer
  })
  molo.barrier("listening"):wait()
  local last = 0
  for event in stream do
    last = last + 1
    molo.expect("in order", tonumber(event.data) == last, event.data)
  end
  molo.expect("all events came", last == EVENTS, last)
end)

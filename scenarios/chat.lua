-- Chat rooms of five: one speaks, four listen. Everybody's text must arrive, and
-- the news of it must reach the listeners fast.
--
--   molo serve
--   molo run scenarios/chat.lua -w 20 -r 10
local molo = require "molo"

molo.options {
  base_url = "http://127.0.0.1:8642",
  thresholds = { "coord_propagation{name=said}:p99 < 1s" },
}

local function chat_of(session)
  return "/chat/" .. session.room.id, { name = "/chat/{room}", expect = 200 }
end

local function speaker(session)
  local said = session.room:notifier("said")
  said:wait_for_readers()
  local path, opts = chat_of(session)
  opts.body = "round " .. session.step
  local answer = session:post(path, opts)
  said:written { number = answer:json().number, text = opts.body }
end

local function listener(session)
  local said = session.room:notifier("said")
  local news = said:wait_for_writer()
  local path, opts = chat_of(session)
  opts.query = { after = news.number - 1 }
  local messages = session:get(path, opts):json()
  molo.expect("heard what was said", messages[1].text == news.text, messages[1].text)
  said:one_read()
end

molo.scenario("chat", {
  cast = { { "speaker", 1 }, { "listener", 4 } },
}, {
  speaker = speaker,
  listener = listener,
})

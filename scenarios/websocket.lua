-- A chat over WebSockets: everybody in a room hears what anybody says there.
--
--   molo serve
--   molo run scenarios/websocket.lua -w 6 -r 3
local molo = require "molo"

molo.options {
  base_url = "http://127.0.0.1:8642",
  thresholds = { "ws_ping:p95 < 1s" },
}

local LINES = 5

molo.scenario("chat", function(session)
  local ws <close> = session:websocket("/ws/room/" .. session.step)
  ws:ping()

  -- Nobody speaks before all are there, so that each hears every line.
  molo.barrier("all here"):wait()
  local speaker = molo.spawn(function()
    for line = 1, LINES do
      ws:send_json { from = session.worker_id, line = line }
    end
  end)
  local heard = {}
  for _ = 1, LINES * session.workers do
    local said = ws:receive_json()
    molo.expect("in order", said.line == (heard[said.from] or 0) + 1)
    heard[said.from] = said.line
  end
  speaker:join()

  -- Nobody leaves before all have heard everything.
  molo.barrier("all heard"):wait()
  molo.expect("closed in order", ws:close() == 1000)
end)

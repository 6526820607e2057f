-- Workers that only wait: half of them for the others' news, the rest asleep.
-- Used to see what a waiting worker costs in memory.
local molo = require "molo"

local asleep = tonumber(molo.env.ASLEEP or "0")

molo.scenario("wait", function(session)
  if session.worker_id < asleep then
    molo.sleep(3)
  elseif session.worker_id == session.workers - 1 then
    molo.sleep(3)
    molo.notifier("news"):written("wake up")
  else
    molo.notifier("news"):wait_for_writer()
    molo.notifier("news"):one_read()
  end
end)

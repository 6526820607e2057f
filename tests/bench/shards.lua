-- What shards.py measures.
local molo = require "molo"

local rounds = tonumber(molo.env.ROUNDS)

local cases = {}

-- Nothing but Lua: what a thread has time for.
function cases.compute()
  for _ = 1, rounds do
    local sum = 0
    for i = 1, 20000 do
      sum = (sum + i * i) % 1000003
    end
    molo.expect("sum", sum >= 0)
  end
end

-- One writes, the other reads.
function cases.notifier(session)
  local pad = molo.notifier("pad")
  if session.worker_id == 0 then
    for i = 1, rounds do
      pad:wait_for_readers()
      pad:written(i)
    end
  else
    for _ = 1, rounds do
      pad:wait_for_writer()
      pad:one_read()
    end
  end
end

function cases.get(session)
  for _ = 1, rounds do
    session:get("/")
  end
end

-- Five who act together, as users of this tool do.
function cases.pad(session)
  local pad = molo.notifier("pad")
  for i = 1, rounds do
    if session.worker_id == 0 then
      session:get("/write", { name = "write" })
      pad:written(i)
      pad:wait_for_readers()
    else
      pad:wait_for_writer()
      session:get("/read", { name = "read" })
      pad:one_read()
    end
  end
end

molo.scenario("case", cases[molo.env.CASE])

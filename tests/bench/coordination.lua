-- What coordination.py measures: each case does ROUNDS rounds in one run of every
-- worker.
local molo = require "molo"

local rounds = tonumber(molo.env.ROUNDS)

local cases = {}

-- The reference: a wait that nobody else has to end.
function cases.sleep()
  for _ = 1, rounds do
    molo.sleep(0)
  end
end

function cases.notifier(session)
  local pad = molo.notifier("pad")
  if session.worker_id == 0 then
    for i = 1, rounds do
      pad:wait_for_readers()
      pad:written(i)
    end
  else
    for i = 1, rounds do
      local value = pad:wait_for_writer()
      molo.expect("round", value == i)
      pad:one_read()
    end
  end
end

function cases.barrier()
  local all = molo.barrier("all")
  for _ = 1, rounds do
    all:wait()
  end
end

function cases.lock()
  local lock = molo.lock("lock")
  for _ = 1, rounds do
    lock:acquire()
    lock:release()
  end
end

function cases.queue(session)
  local queue = molo.queue("queue")
  if session.worker_id == 0 then
    for i = 1, rounds do
      queue:put(i)
    end
  else
    for i = 1, rounds do
      assert(queue:get() == i)
    end
  end
end

-- Two workers that hand one item back and forth: every get has to wait.
function cases.handover(session)
  local mine = molo.queue("queue" .. session.worker_id)
  local other = molo.queue("queue" .. 1 - session.worker_id)
  for i = 1, rounds do
    if session.worker_id == 0 then
      other:put(i)
      mine:get()
    else
      other:put(mine:get())
    end
  end
end

function cases.get_var()
  molo.set_var("table", { name = "demo", size = 3, list = { 1, 2, 3 } })
  for _ = 1, rounds do
    molo.get_var("table")
  end
end

molo.scenario("case", cases[molo.env.CASE])

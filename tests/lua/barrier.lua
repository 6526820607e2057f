-- Barriers as three workers see them, and what they refuse.
local molo = require "molo"
local cases = require "cases"

local few = molo.barrier("few", { parties = 2 })

cases.add("indices and rounds", function(session)
  local start = molo.barrier("start")
  for i = 1, 5 do
    local index, round = start:wait()
    cases.equal({ index, round }, { session.worker_id, i })
  end
end)

cases.add("an exchange gives everybody the values of all", function(session)
  local values, index, round =
    molo.barrier("all"):exchange({ id = session.worker_id })
  cases.equal({ index, round }, { session.worker_id, 1 })
  cases.equal(values, { { id = 0 }, { id = 1 }, { id = 2 }, n = 3 })
end)

cases.add("nil has its place in an exchange", function(session)
  local values
  local all = molo.barrier("all")
  if session.worker_id == 2 then
    cases.equal({ all:wait() }, { 2, 1 })
  elseif session.worker_id == 1 then
    values = all:exchange(nil)
  else
    values = all:exchange("zero")
  end
  if values then
    cases.equal(values, { "zero", n = 3 })
  end
end)

cases.add("the action runs once, before anybody goes on", function(session)
  local calls = 0
  local function act()
    molo.sleep(0.01)
    calls = calls + 1
    molo.add_var("acted", 1)
  end
  local start = molo.barrier("start")
  start:wait { action = act }
  cases.equal(molo.get_var("acted"), 1)
  local values = start:exchange(calls)
  cases.equal(values[1] + values[2] + values[3], 1)
  if session.worker_id == 0 then
    molo.del_var("acted")
  end
end)

cases.add("an error in the action breaks the round for all", function(session)
  local start = molo.barrier("start")
  local function act()
    error({ code = 7 })
  end
  local ok, err = pcall(start.wait, start, { action = act })
  cases.equal(ok, false)
  local mine = err.code == 7
  if not mine then
    cases.equal({ err.kind, err.name }, { "broken", "start" })
    cases.raises("barrier 'start': round 1 failed in its action", error, err)
  end
  local values = start:exchange(mine)
  local acted = 0
  for i = 1, values.n do
    acted = acted + (values[i] and 1 or 0)
    if values[i] and not mine then
      cases.equal(err.worker_id, i - 1)
    end
  end
  cases.equal(acted, 1)
end)

cases.add("a wait that times out breaks the round, not the next",
          function(session)
  local start = molo.barrier("start")
  if session.worker_id == 0 then
    local err = cases.raises("missing: worker", start.wait, start,
                             { timeout = 0 })
    cases.equal({ err.kind, err.name }, { "timeout", "start" })
    molo.set_var("tried", true)
  else
    molo.wait_var("tried", true)
    local err = cases.raises("worker 0 in vain", start.wait, start)
    cases.equal({ err.kind, err.worker_id }, { "broken", 0 })
  end
  cases.equal(select(2, start:wait()), 2)
end)

cases.add("abort is a use", function(session)
  local start = molo.barrier("start")
  if session.worker_id == 1 then
    start:abort()
  else
    local err = cases.raises("worker 1 aborted barrier.lua", start.wait, start)
    cases.equal(err.kind, "broken")
  end
  cases.equal(select(2, start:wait()), 2)
end)

cases.add("rounds by name", function(session)
  local start = molo.barrier("start")
  for i = 1, 3 do
    if session.worker_id ~= i - 1 then
      pcall(start.wait, start, { round = i })
    end
  end
  local index, round = start:wait { round = 9 }
  cases.equal({ index, round }, { session.worker_id, 9 })
  cases.misuse("round = 4 ascending", start.wait, start, { round = 4 })
end)

cases.add("its state", function(session)
  local start = molo.barrier("start")
  cases.equal(start:parties(), 3)
  cases.equal(start:broken(), false)
  start:wait()
  cases.equal(start:waiting() <= 2, true)
  start:wait()
end)

cases.add("parties of its own", function(session)
  cases.equal(few:parties(), 2)
  if session.worker_id < 2 then
    local values, index, round = few:exchange(session.worker_id)
    cases.equal(values[index + 1], session.worker_id)
    cases.equal(values[1] + values[2], 1)
    cases.equal({ values.n, round }, { 2, 1 })
  end
  molo.barrier("start"):wait()
end)

cases.add("broken until its reset", function(session)
  local start = molo.barrier("start")
  if session.worker_id == 0 then
    cases.raises("1 of 2 parties", few.wait, few, { timeout = 0 })
    cases.equal(few:broken(), true)
  end
  start:wait()
  local err = cases.raises("broken until its reset in vain", few.wait, few)
  cases.equal(err.kind, "broken")
  start:wait()
  if session.worker_id == 0 then
    few:reset()
    cases.equal(few:broken(), false)
  end
  start:wait()
  if session.worker_id > 0 then
    few:wait()
  end
end)

cases.add("what it refuses", function()
  local start = molo.barrier("start")
  cases.misuse("barrier 'start' reset parties", start.reset, start)
  cases.misuse("action function number", start.wait, start, { action = 5 })
  cases.misuse("'actoin' 'action'", start.wait, start, { actoin = print })
  cases.misuse("action", start.exchange, start, 1, { action = print })
  cases.misuse("round", start.wait, start, { round = 0 })
  cases.misuse("a function cannot be shared", start.exchange, start, print)
  cases.misuse("'partie' 'parties'", molo.barrier, "x", { partie = 2 })
  cases.misuse("parties", molo.barrier, "x", { parties = 0 })
  cases.misuse("parties", molo.barrier, "x", { parties = 1.5 })
  cases.misuse("on_leave break shrink", molo.barrier, "x",
               { on_leave = "stay" })
  cases.misuse("parties = 2 parties = 5", molo.barrier, "few", { parties = 5 })
  local many = molo.barrier("many", { parties = 4 })
  cases.misuse("'many' 4 parties 3 workers", many.wait, many)
  start:wait()
end)

cases.start { workers = 3 }

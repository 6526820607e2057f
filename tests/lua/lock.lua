-- A lock among three workers, and alone.
local molo = require "molo"
local cases = require "cases"

local WORKERS = 3

-- All workers are in the same step when it returns.
local function meet(name)
  molo.barrier("meet " .. name):wait()
end

cases.add("one at a time", function()
  local lock = molo.lock("counter")
  for _ = 1, 5 do
    lock:acquire()
    local before = molo.get_var("count") or 0
    molo.sleep(0.001)
    molo.set_var("count", before + 1)
    lock:release()
  end
  meet("counted")
  cases.equal(molo.get_var("count"), WORKERS * 5)
  cases.equal(lock:locked(), false)
end)

cases.add("try_acquire and locked", function(session)
  local lock = molo.lock("tried " .. session.worker_id)
  cases.equal(lock:try_acquire(), true)
  cases.equal(lock:locked(), true)
  lock:release()
  cases.equal(lock:locked(), false)
end)

cases.add("a lock in other hands", function(session)
  local lock = molo.lock("other hands")
  if session.worker_id == 0 then
    lock:acquire()
  end
  meet("taken")
  if session.worker_id > 0 then
    cases.equal(lock:try_acquire(), false)
    local err = cases.raises("lock 'other hands': still held after "
      .. "worker 0 which acquired it at lock.lua:", lock.acquire, lock,
      { timeout = 0.01 })
    cases.equal({ err.kind, err.name }, { "timeout", "other hands" })
    cases.equal(cases.raises("held", lock.acquire, lock, { timeout = 0 }).kind,
      "timeout")
    cases.misuse("release: lock 'other hands' is not held by this task: "
      .. "worker 0 holds it, acquired at lock.lua:", lock.release, lock)
  end
  meet("tried")
  if session.worker_id == 0 then
    lock:release()
  end
end)

cases.add("acquiring it twice", function(session)
  local lock = molo.lock("twice " .. session.worker_id)
  lock:acquire()
  cases.misuse("is held by this task already, acquired at lock.lua:",
    lock.acquire, lock)
  cases.misuse("already", lock.hold, lock)
  cases.misuse("already", lock.with, lock, function() end)
  lock:release()
  cases.misuse("nobody holds it", lock.release, lock)
end)

cases.add("hold", function(session)
  local lock = molo.lock("held " .. session.worker_id)
  do
    local held <close> = lock:hold()
    cases.equal(lock:locked(), true)
    cases.equal(tostring(held), "a hold of " .. tostring(lock))
  end
  cases.equal(lock:locked(), false)
  local ok = pcall(function()
    local _held <close> = lock:hold()
    error("oops")
  end)
  cases.equal({ ok, lock:locked() }, { false, false })
end)

cases.add("a hold released early", function(session)
  local lock = molo.lock("early " .. session.worker_id)
  do
    local held <close> = lock:hold()
    held:release()
    cases.equal(lock:locked(), false)
    cases.equal(tostring(held), "a released hold of " .. tostring(lock))
    held:release() -- again does nothing
    lock:acquire() -- not the hold's to close
  end
  cases.equal(lock:locked(), true)
  lock:release()
  cases.misuse("what hold() returned",
    lock:hold().release, lock)
  lock:release() -- of the hold, which is never closed
end)

cases.add("a hold whose lock was released by hand", function(session)
  local lock = molo.lock("by hand " .. session.worker_id)
  do
    local held <close> = lock:hold()
    lock:release()
    cases.misuse("nobody holds it", held.release, held)
  end
  cases.equal(lock:locked(), false)
end)

cases.add("with", function(session)
  local lock = molo.lock("with " .. session.worker_id)
  cases.equal({ lock:with(function()
    molo.sleep(0.001) -- may wait
    return lock:locked(), nil, "three"
  end) }, { true, nil, "three" })
  cases.equal(select("#", lock:with(function() end)), 0)
  cases.equal(lock:locked(), false)
  local err = cases.raises("lock.lua: oops", lock.with, lock, function()
    molo.sleep(0.001)
    error("oops")
  end)
  cases.equal(type(err), "string")
  cases.equal(lock:locked(), false)
  cases.misuse("with: expected a function, got", lock.with, lock)
end)

cases.add("first come, first served", function(session)
  local lock = molo.lock("order")
  local id = session.worker_id
  if id == 0 then
    lock:acquire()
  end
  meet("the first has it")
  if id == 1 then
    molo.set_var("second asks", true)
    lock:acquire()
  elseif id == 2 then
    molo.wait_var("second asks")
    molo.sleep(0.02)
    lock:acquire()
  else
    molo.wait_var("second asks")
    molo.sleep(0.05)
    lock:release()
    lock:acquire() -- does not overtake
  end
  molo.update_var("order", function(order)
    order = order or {}
    order[#order + 1] = id
    return order
  end)
  lock:release()
  meet("order is known")
  cases.equal(molo.get_var("order"), { 1, 2, 0 })
end)

cases.add("arguments", function()
  local lock = molo.lock("arguments")
  cases.misuse("unknown option 'permits' (there is none)", molo.lock, "x", { permits = 1 })
  cases.misuse("unknown option 'timeuot': did you mean 'timeout'?",
    lock.acquire, lock, { timeuot = 1 })
  cases.misuse("scope: expected \"run\" or \"worker\"", lock.acquire, lock,
    { scope = "test" })
  cases.misuse("unknown option 'timeout'", lock.try_acquire, lock,
    { timeout = 1 })
  for _, timeout in ipairs { -1, 0 / 0, 1 / 0, true, "soon" } do
    cases.misuse("timeout", lock.acquire, lock, { timeout = timeout })
  end
  cases.misuse("call it on a handle", lock.acquire)
  cases.misuse("a lock has no operation 'wait'", function() lock:wait() end)
  cases.misuse("'aquire': did you mean 'acquire'?", function() lock:aquire() end)
end)

cases.add("kept for the worker", function(session)
  molo.lock("kept " .. session.worker_id):acquire { scope = "worker" }
end)

cases.add("released in a later run", function(session)
  local lock = molo.lock("kept " .. session.worker_id)
  cases.equal(lock:locked(), true)
  lock:release()
  cases.equal(lock:locked(), false)
  local held = lock:hold { scope = "worker" }
  cases.equal(tostring(held):match("^a hold"), "a hold")
end)

cases.add("taken from within update_var", function(session)
  local lock = molo.lock("within " .. session.worker_id)
  cases.raises("acquire cannot be used inside the function of update_var",
    molo.update_var, "within " .. session.worker_id,
    function() lock:acquire() end)
end)

cases.start { workers = WORKERS }

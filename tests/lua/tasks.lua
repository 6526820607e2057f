-- Tasks inside one run: spawn, join, cancel, and the locks they hold.
local molo = require "molo"
local cases = require "cases"

local function sleep_and(seconds, ...)
  molo.sleep(seconds)
  return ...
end

-- The kind of what fn raises.
local kind_of = cases.kind_of

-- --- spawn and join ---

cases.add("join gives all results", function()
  local task = molo.spawn(sleep_and, 0.001, 1, nil, "three", nil)
  cases.equal(task:done(), false)
  cases.equal(table.pack(task:join()), { 1, nil, "three", nil, n = 4 })
  cases.equal(task:done(), true)
end)

cases.add("join of a task that has ended, twice", function()
  local task = molo.spawn(sleep_and, 0, 7)
  molo.sleep(0.01)
  cases.equal(task:done(), true)
  cases.equal({ task:join() }, { 7 })
  cases.equal({ task:join() }, { 7 })
end)

cases.add("a task begins in a later turn", function()
  local order = {}
  local task = molo.spawn(function() order[#order + 1] = "task" end)
  order[#order + 1] = "spawned"
  task:join()
  cases.equal(order, { "spawned", "task" })
end)

cases.add("tasks run at the same time", function()
  local tasks = {}
  local before = molo.now()
  for i = 1, 50 do
    tasks[i] = molo.spawn(sleep_and, 0.05, i)
  end
  for i = 1, 50 do
    cases.equal(tasks[i]:join(), i)
  end
  cases.equal(molo.now() - before < 2, true)
end)

cases.add("many results", function()
  local task = molo.spawn(function()
    return table.unpack({}, 1, 5000)
  end)
  cases.equal(select("#", task:join()), 5000)
end)

cases.add("join raises the task's error, each time the same", function()
  local task = molo.spawn(function()
    molo.sleep(0.001)
    local deeper = function() error("boom") end
    deeper()
  end)
  local kind, err = kind_of(task.join, task)
  cases.equal(kind, "script")
  cases.equal(err.message, "boom")
  cases.equal(err.where:match("tasks%.lua:%d+$") ~= nil, true)
  -- Where it was raised, not where it was joined.
  cases.equal(err.traceback:find("deeper", 1, true) ~= nil, true)
  local _, again = kind_of(task.join, task)
  cases.equal(rawequal(err, again), true)
end)

cases.add("several tasks join one", function()
  local slow = molo.spawn(sleep_and, 0.01, "x")
  local function join() return slow:join() end
  local others = { molo.spawn(join), molo.spawn(join) }
  cases.equal({ slow:join(), others[1]:join(), others[2]:join() },
              { "x", "x", "x" })
end)

cases.add("a task joins another that joins another", function()
  local a = molo.spawn(sleep_and, 0.01, 1)
  local b = molo.spawn(function() return a:join() + 1 end)
  local c = molo.spawn(function() return b:join() + 1 end)
  cases.equal(c:join(), 3)
end)

cases.add("join with a timeout", function()
  local task = molo.spawn(sleep_and, 0.1, "late")
  local kind, err = kind_of(task.join, task, { timeout = 0.01 })
  cases.equal(kind, "timeout")
  cases.equal(err.message:match("^join: task %d+ has not ended after ") ~= nil,
              true)
  cases.equal(err.message:match("missing: task %d+ of the same worker$") ~= nil,
              true)
  cases.equal(kind_of(task.join, task, { timeout = 0 }), "timeout")
  cases.equal(task:join(), "late")
end)

cases.add("misuse of spawn and join", function()
  cases.misuse("molo.spawn function no value", molo.spawn)
  cases.misuse("molo.spawn function table", molo.spawn, {})
  local task = molo.spawn(sleep_and, 0)
  cases.misuse("join colon", task.join)
  cases.misuse("cancel colon", task.cancel, {})
  cases.misuse("timeout negative", task.join, task, { timeout = -1 })
  cases.misuse("timeout finite", task.join, task, { timeout = 0 / 0 })
  cases.misuse("timeout finite", task.join, task, { timeout = 1 / 0 })
  cases.misuse("timeout time", task.join, task, { timeout = {} })
  cases.misuse("'timeut' 'timeout'", task.join, task, { timeut = 1 })
  cases.equal(tostring(task):match("^task %d+ of worker 0$") ~= nil, true)
end)

cases.add("a task cannot join itself", function()
  local task
  task = molo.spawn(function()
    cases.misuse("own end", task.join, task)
    return true
  end)
  cases.equal(task:join(), true)
end)

cases.add("molo's coroutines are not for Lua's library", function()
  local thread
  local task = molo.spawn(function()
    thread = coroutine.running()
    molo.sleep(0.02)
  end)
  molo.sleep(0.005)
  cases.misuse("task:join task:cancel", coroutine.resume, thread)
  cases.misuse("task:join task:cancel", coroutine.close, thread)
  cases.equal(coroutine.status(thread), "suspended")
  task:join()
  cases.misuse("task:join", coroutine.resume, thread)
  cases.misuse("task:join", coroutine.close, thread)
end)

cases.add("spawn in a coroutine of one's own", function()
  local task
  coroutine.wrap(function() task = molo.spawn(sleep_and, 0.001, 5) end)()
  cases.equal(task:join(), 5)
end)

cases.add("join cannot wait in a coroutine of one's own", function()
  local task = molo.spawn(sleep_and, 0.001, 5)
  cases.raises("coroutine", coroutine.wrap(function() return task:join() end))
end)

cases.add("not inside update_var", function()
  local task = molo.spawn(sleep_and, 0)
  molo.update_var("u", function(value)
    cases.misuse("update_var", molo.spawn, sleep_and)
    cases.misuse("update_var", task.join, task)
    cases.misuse("update_var", molo.task_group, function() end)
    return value
  end)
end)

-- --- cancel ---

cases.add("cancel ends a wait", function()
  local seen
  local task = molo.spawn(function()
    local ok, err = pcall(molo.sleep, 60)
    seen = { ok, err.kind, err.message }
    error(err, 0)
  end)
  molo.sleep(0.005)
  task:cancel()
  local kind = kind_of(task.join, task)
  cases.equal(kind, "cancelled")
  cases.equal(seen, { false, "cancelled", "the task was cancelled" })
end)

cases.add("cancel before the task has begun", function()
  local reached
  local task = molo.spawn(function()
    reached = "begin"
    molo.sleep(60)
    reached = "end"
  end)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(reached, "begin")
end)

cases.add("cancel is delivered once, and clean-up may wait", function()
  local steps = {}
  local task = molo.spawn(function()
    pcall(molo.sleep, 60)
    molo.sleep(0.005)
    molo.set_var("cleaned", true)
    steps[#steps + 1] = "cleaned"
    return "value"
  end)
  molo.sleep(0.005)
  task:cancel()
  task:cancel()
  cases.equal(task:join(), "value")
  task:cancel()
  cases.equal(steps, { "cleaned" })
  cases.equal(molo.get_var("cleaned"), true)
end)

cases.add("cancel of a coordination wait", function()
  local task = molo.spawn(function()
    local kind = kind_of(molo.wait_var, "never set")
    return kind
  end)
  molo.sleep(0.005)
  task:cancel()
  cases.equal(task:join(), "cancelled")
end)

cases.add("cancel of a join leaves the joined task alone", function()
  local slow = molo.spawn(sleep_and, 0.02, "done")
  local joiner = molo.spawn(function() return slow:join() end)
  molo.sleep(0.005)
  joiner:cancel()
  cases.equal(kind_of(joiner.join, joiner), "cancelled")
  cases.equal(slow:join(), "done")
end)

-- The grant came first: the wait returns, the next one raises.
cases.add("a granted wait is not taken back by a cancel", function()
  local got, kind
  local task = molo.spawn(function()
    got = molo.wait_var("given")
    kind = kind_of(molo.sleep, 60)
  end)
  molo.sleep(0.005)
  molo.set_var("given", 42)
  task:cancel()
  task:join()
  cases.equal(got, 42)
  cases.equal(kind, "cancelled")
end)

cases.add("a task cancels itself at its next wait", function()
  local task
  local passed
  task = molo.spawn(function()
    task:cancel()
    passed = true
    molo.sleep(60)
  end)
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(passed, true)
end)

cases.add("a cancelled task that nobody joined is no failure", function()
  molo.spawn(molo.sleep, 60):cancel()
  molo.sleep(0.005)
end)

cases.add("close variables of a cancelled task run and may wait", function()
  local order = {}
  local task = molo.spawn(function()
    local _a <close> = setmetatable({}, { __close = function(_, err)
      molo.sleep(0.002)
      order[#order + 1] = err.kind
    end })
    molo.sleep(60)
  end)
  molo.sleep(0.005)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(order, { "cancelled" })
end)

cases.add("what clean-up raises is the error of the task", function()
  local task = molo.spawn(function()
    local _a <close> = setmetatable({}, { __close = function()
      error("clean-up failed", 0)
    end })
    molo.sleep(60)
  end)
  molo.sleep(0.005)
  task:cancel()
  local kind, err = kind_of(task.join, task)
  cases.equal(kind, "script")
  cases.equal(err.message, "clean-up failed")
end)

cases.add("molo.try passes a cancellation on", function()
  local after
  local task = molo.spawn(function()
    molo.try(molo.sleep, 60)
    after = true
  end)
  molo.sleep(0.005)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(after, nil)
end)

-- --- locks ---

cases.add("a lock belongs to the task that acquired it", function()
  local lock = molo.lock("mine")
  local task = molo.spawn(function()
    lock:acquire()
    molo.sleep(0.02)
    lock:release()
  end)
  molo.sleep(0.005)
  cases.equal(lock:try_acquire(), false)
  cases.misuse("mine", function() lock:release() end)
  lock:acquire()
  lock:release()
  task:join()
end)

cases.add("a task that ends passes its lock to the one that began it", function()
  local lock = molo.lock("passed on")
  molo.spawn(function()
    molo.spawn(function() lock:acquire() end):join()
  end):join()
  cases.equal(lock:locked(), true)
  lock:release()
end)

cases.add("a task that fails or is cancelled releases its lock", function()
  local lock = molo.lock("released")
  local task = molo.spawn(function()
    lock:acquire()
    error("x")
  end)
  pcall(task.join, task)
  cases.equal(lock:locked(), false)
  task = molo.spawn(function()
    lock:acquire()
    molo.sleep(60)
  end)
  molo.sleep(0.005)
  task:cancel()
  lock:acquire()
  lock:release()
end)

cases.add("a lock that a timeout did not get goes to the next", function()
  local lock = molo.lock("fought over")
  local enough
  local holder = molo.spawn(function()
    lock:acquire()
    while not enough do molo.sleep(0.001) end
    lock:release()
  end)
  molo.sleep(0.005)
  local late = molo.spawn(function()
    lock:acquire()
    lock:release()
    return "got it"
  end)
  cases.equal(kind_of(molo.timeout, 0.01, lock.acquire, lock), "timeout")
  enough = true
  cases.equal(late:join(), "got it")
  holder:join()
  cases.equal(lock:locked(), false)
end)

-- --- the run waits for its tasks ---

local waited = 0
cases.add("a run ends after its tasks", function()
  for _ = 1, 3 do
    molo.spawn(function()
      molo.sleep(0.01)
      molo.spawn(function()
        molo.sleep(0.005)
        waited = waited + 1
      end)
    end)
  end
end)

cases.add("as the next one sees", function()
  cases.equal(waited, 3)
end)

cases.start()

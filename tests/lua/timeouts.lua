-- molo.timeout: what ends, what is raised, and what a scope leaves behind.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised
local kind_of = cases.kind_of

cases.add("in time: all results", function()
  cases.equal(table.pack(molo.timeout(5, function(...)
    molo.sleep(0.001)
    return ...
  end, 1, nil, 3)), { 1, nil, 3, n = 3 })
end)

cases.add("time is up", function()
  local err = raised(molo.timeout, 0.01, molo.sleep, 60)
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.timeout: 10 ms are over")
  cases.equal(raised(molo.timeout, "20ms", molo.sleep, 60).message,
              "molo.timeout: 20 ms are over")
end)

cases.add("it says where the wait was", function()
  local line
  local err = raised(molo.timeout, 0.01, function()
    line = debug.getinfo(1, "l").currentline + 1
    molo.sleep(60)
  end)
  cases.equal(err.where:match("timeouts%.lua:%d+$"), "timeouts.lua:" .. line)
end)

cases.add("inside, it is a cancellation, and clean-up may wait", function()
  local seen, cleaned
  local err = raised(molo.timeout, 0.01, function()
    local ok, inner = pcall(molo.sleep, 60)
    seen = { ok, inner.kind }
    molo.sleep(0.01)
    molo.set_var("t", 1)
    cleaned = true
    error(inner, 0)
  end)
  cases.equal(seen, { false, "cancelled" })
  cases.equal(cleaned, true)
  cases.equal(err.kind, "timeout")
end)

cases.add("close variables run, and may wait", function()
  local order = {}
  local err = raised(molo.timeout, 0.01, function()
    local _a <close> = setmetatable({}, { __close = function(_, e)
      molo.sleep(0.002)
      order[#order + 1] = e.kind
    end })
    molo.sleep(60)
  end)
  cases.equal(err.kind, "timeout")
  cases.equal(order, { "cancelled" })
end)

cases.add("a cancellation that was caught is a timeout all the same", function()
  cases.equal(kind_of(molo.timeout, 0.01, function()
    pcall(molo.sleep, 60)
    return "result of half the work"
  end), "timeout")
end)

cases.add("molo.try inside does not catch it", function()
  local after
  cases.equal(kind_of(molo.timeout, 0.01, function()
    molo.try(molo.sleep, 60)
    after = true
  end), "timeout")
  cases.equal(after, nil)
end)

cases.add("molo.try outside does", function()
  local value, err = molo.try(molo.timeout, 0.01, molo.sleep, 60)
  cases.equal(value, nil)
  cases.equal(err.kind, "timeout")
end)

cases.add("another error passes, before and after the time is up", function()
  local mine = { mine = true }
  cases.equal(rawequal(raised(molo.timeout, 5, error, mine), mine), true)
  cases.equal(rawequal(raised(molo.timeout, 0.005, function()
    pcall(molo.sleep, 60)
    error(mine)
  end), mine), true)
  cases.equal(raised(molo.timeout, 5, error, "text", 0), "text")
end)

cases.add("of a coordination wait", function()
  local err = raised(molo.timeout, 0.01, molo.wait_var, "never")
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.timeout: 10 ms are over")
end)

cases.add("of a join", function()
  local task = molo.spawn(molo.sleep, 0.05)
  cases.equal(kind_of(molo.timeout, 0.005, task.join, task), "timeout")
  cases.equal(task:done(), false)
  task:join()
end)

-- A wait that ends by its own time is that wait's.
cases.add("an own timeout inside", function()
  local err = raised(molo.timeout, 5, molo.wait_var, "never", nil,
                     { timeout = 0.01 })
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "never")
end)

cases.add("zero cancels at the first wait", function()
  local before, after
  cases.equal(kind_of(molo.timeout, 0, function()
    before = true
    molo.sleep(0)
    after = true
  end), "timeout")
  cases.equal({ before, after }, { true, nil })
  -- Nothing was waited for.
  cases.equal(molo.timeout(0, function() return "at once" end), "at once")
end)

cases.add("time that passed without a wait counts", function()
  local err = raised(molo.timeout, 0.005, function()
    local start = molo.now()
    while molo.now() - start < 0.02 do
      math.sqrt(2)
    end
    molo.sleep(0)
  end)
  cases.equal(err.kind, "timeout")
end)

cases.add("a scope that ended in time leaves nothing behind", function()
  for _ = 1, 20 do
    molo.timeout(0.5, function() molo.sleep(0) end)
  end
  pcall(molo.timeout, 0.5, error, "x")
  molo.sleep(0.6)
  molo.set_var("x", 1)
end)

-- The time was up while the last wait was over already.
cases.add("up after the last wait: in time", function()
  cases.equal(molo.timeout(0.005, function()
    local start = molo.now()
    while molo.now() - start < 0.02 do
      math.sqrt(2)
    end
    return "done"
  end), "done")
  molo.sleep(0.001)
end)

-- --- nesting ---

cases.add("nested: the inner time is up", function()
  local outer_went_on
  molo.timeout(5, function()
    cases.equal(raised(molo.timeout, 0.01, molo.sleep, 60).message,
                "molo.timeout: 10 ms are over")
    molo.sleep(0.001)
    outer_went_on = true
  end)
  cases.equal(outer_went_on, true)
end)

cases.add("nested: the outer time is up", function()
  local inner
  local err = raised(molo.timeout, 0.01, function()
    local ok, e = pcall(molo.timeout, 5, molo.sleep, 60)
    inner = { ok, e.kind }
    error(e, 0)
  end)
  cases.equal(inner, { false, "cancelled" })
  cases.equal(err.message, "molo.timeout: 10 ms are over")
end)

cases.add("nested: both are up, the outer one converts", function()
  local inner
  local err = raised(molo.timeout, 0.002, function()
    local ok, e = pcall(molo.timeout, 0.004, function()
      local start = molo.now()
      while molo.now() - start < 0.02 do
        math.sqrt(2)
      end
      molo.sleep(60)
    end)
    inner = { ok, e.kind }
    error(e, 0)
  end)
  cases.equal(inner, { false, "cancelled" })
  cases.equal(err.message, "molo.timeout: 2 ms are over")
end)

cases.add("nested: the outer time is up in the inner one's clean-up", function()
  local kinds = {}
  local err = raised(molo.timeout, 1, function()
    local ok, e = pcall(molo.timeout, 0.01, function()
      local _, first = pcall(molo.sleep, 60)
      local _, second = pcall(molo.sleep, 60)
      kinds = { first.kind, second.kind }
      error(second, 0)
    end)
    kinds[3], kinds[4] = ok, e.kind
    error(e, 0)
  end)
  cases.equal(kinds, { "cancelled", "cancelled", false, "cancelled" })
  cases.equal(err.message, "molo.timeout: 1 s are over")
end)

cases.add("nested: a scope in clean-up works", function()
  local err = raised(molo.timeout, 0.005, function()
    local _, e = pcall(molo.sleep, 60)
    cases.equal(kind_of(molo.timeout, 0.005, molo.sleep, 60), "timeout")
    cases.equal(molo.timeout(5, function() molo.sleep(0.001) return 1 end), 1)
    error(e, 0)
  end)
  cases.equal(err.kind, "timeout")
end)

-- --- foreign cancellations ---

local spin = cases.spin

cases.add("a foreign cancellation stays one", function()
  local task = molo.spawn(function()
    molo.timeout(5, molo.sleep, 60)
  end)
  molo.sleep(0.005)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
end)

cases.add("a foreign one and the deadline at the same time", function()
  local task = molo.spawn(function()
    molo.timeout(0.01, molo.sleep, 60)
  end)
  molo.sleep(0.002)
  -- Both are due before the task runs again.
  spin(0.02)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
end)

cases.add("a foreign one during the clean-up of a timeout", function()
  local cleaning, kinds
  local task = molo.spawn(function()
    molo.timeout(0.005, function()
      local _, first = pcall(molo.sleep, 60)
      cleaning = true
      local _, second = pcall(molo.sleep, 60)
      kinds = { first.kind, second.kind }
      error(second, 0)
    end)
  end)
  while not cleaning do molo.sleep(0.001) end
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(kinds, { "cancelled", "cancelled" })
end)

cases.add("after a foreign one, a timeout in clean-up is a timeout", function()
  local kind
  local task = molo.spawn(function()
    local _, e = pcall(molo.sleep, 60)
    kind = kind_of(molo.timeout, 0.005, molo.sleep, 60)
    error(e, 0)
  end)
  molo.sleep(0.005)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(kind, "timeout")
end)

cases.add("cancelled before it began, with a timeout around the wait", function()
  local kind
  local task = molo.spawn(function()
    kind = kind_of(molo.timeout, 5, molo.sleep, 60)
  end)
  task:cancel()
  task:join()
  cases.equal(kind, "cancelled")
end)

-- --- groups ---

cases.add("a group within: its tasks are cancelled and waited for", function()
  local cleaned = 0
  local err = raised(molo.timeout, 0.02, molo.task_group, function(group)
    for _ = 1, 3 do
      group:spawn(function()
        local _c <close> = setmetatable({}, { __close = function()
          molo.sleep(0.005)
          cleaned = cleaned + 1
        end })
        molo.sleep(60)
      end)
    end
  end)
  cases.equal(err.kind, "timeout")
  cases.equal(cleaned, 3)
end)

cases.add("all within", function()
  cases.equal(kind_of(molo.timeout, 0.01, molo.all, {
    function() molo.sleep(60) end,
  }), "timeout")
end)

cases.add("within a task of a group: a failure like any other", function()
  local err = raised(molo.task_group, function(group)
    group:spawn(molo.timeout, 0.005, molo.sleep, 60)
    molo.sleep(60)
  end)
  cases.equal(err.kind, "timeout")
end)

cases.add("a group's cancellation of a body within a timeout", function()
  local err = raised(molo.timeout, 5, molo.task_group, function(group)
    group:spawn(error, "a task", 0)
    molo.timeout(5, molo.sleep, 60)
  end)
  cases.equal(err.kind, "script")
  cases.equal(err.message, "a task")
end)

-- --- misuse ---

cases.add("misuse", function()
  cases.misuse("molo.timeout negative", molo.timeout, -1, print)
  cases.misuse("molo.timeout finite", molo.timeout, 0 / 0, print)
  cases.misuse("molo.timeout finite", molo.timeout, 1 / 0, print)
  cases.misuse("molo.timeout time nil", molo.timeout, nil, print)
  cases.misuse("molo.timeout time table", molo.timeout, {}, print)
  cases.misuse("molo.timeout unit", molo.timeout, "5 parsecs", print)
  cases.misuse("molo.timeout function", molo.timeout, 1)
  cases.misuse("molo.timeout cannot wait coroutine", coroutine.wrap(function()
    molo.timeout(1, print)
  end))
end)

cases.start()

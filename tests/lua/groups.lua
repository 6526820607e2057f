-- Groups of tasks: molo.task_group, molo.all, molo.any.
local molo = require "molo"
local cases = require "cases"

local function sleep_and(seconds, ...)
  molo.sleep(seconds)
  return ...
end

local function fail_after(seconds, text)
  molo.sleep(seconds)
  error(text, 0)
end

-- The kind of what fn raises.
local kind_of = cases.kind_of

cases.add("a group ends after its tasks and returns the body's results", function()
  local ended = 0
  local results = table.pack(molo.task_group(function(group)
    for i = 1, 3 do
      group:spawn(function()
        molo.sleep(0.005 * i)
        ended = ended + 1
      end)
    end
    return 1, nil, 3
  end))
  cases.equal(ended, 3)
  cases.equal(results, { 1, nil, 3, n = 3 })
end)

cases.add("an empty group", function()
  cases.equal(molo.task_group(function() return "x" end), "x")
end)

cases.add("the first failure cancels the others and the body", function()
  local seen = {}
  local kind, err = kind_of(molo.task_group, function(group)
    group:spawn(fail_after, 0.01, "first")
    group:spawn(function()
      local ok, e = pcall(molo.sleep, 60)
      seen.task = { ok, e.kind }
      error(e, 0)
    end)
    local ok, e = pcall(molo.sleep, 60)
    seen.body = { ok, e.kind, e.message }
    error(e, 0)
  end)
  cases.equal(kind, "script")
  cases.equal(err.message, "first")
  cases.equal(err.errors, {})
  cases.equal(seen, {
    task = { false, "cancelled" },
    body = { false, "cancelled", "another task of the group has failed" },
  })
end)

cases.add("the others' errors are attached, in order", function()
  local _, err = kind_of(molo.task_group, function(group)
    for _, name in ipairs { "second", "third" } do
      group:spawn(function()
        pcall(molo.sleep, 60)
        molo.sleep(name == "third" and 0.01 or 0)
        error(name, 0)
      end)
    end
    group:spawn(fail_after, 0.005, "first")
  end)
  cases.equal(err.message, "first")
  cases.equal(#err.errors, 2)
  cases.equal(err.errors[1].message, "second")
  cases.equal(err.errors[2].message, "third")
end)

cases.add("a failing body cancels the tasks and waits for them", function()
  local cleaned = 0
  local _, err = kind_of(molo.task_group, function(group)
    for _ = 1, 2 do
      group:spawn(function()
        local _c <close> = setmetatable({}, { __close = function()
          molo.sleep(0.005)
          cleaned = cleaned + 1
        end })
        molo.sleep(60)
      end)
    end
    molo.sleep(0.005)
    error("the body", 0)
  end)
  cases.equal(err.message, "the body")
  cases.equal(cleaned, 2)
end)

cases.add("a body that joins the task that failed", function()
  local _, err = kind_of(molo.task_group, function(group)
    local task = group:spawn(fail_after, 0.005, "once")
    pcall(molo.sleep, 60)
    task:join()
  end)
  cases.equal(err.message, "once")
  cases.equal(err.errors, {})
end)

cases.add("a failure is known while the body is over", function()
  local before = molo.now()
  local _, err = kind_of(molo.task_group, function(group)
    group:spawn(molo.sleep, 60)
    group:spawn(fail_after, 0.01, "late")
  end)
  cases.equal(err.message, "late")
  cases.equal(molo.now() - before < 30, true)
end)

cases.add("a failure after the body leaves nothing behind", function()
  pcall(molo.task_group, function(group) group:spawn(fail_after, 0.005, "x") end)
  molo.sleep(0.01)
  pcall(molo.task_group, function(group)
    group:spawn(error, "at once")
    pcall(molo.sleep, 60)
  end)
  molo.sleep(0.01)
  molo.set_var("x", 1)
end)

cases.add("a cancelled task of a group is no failure", function()
  local result = molo.task_group(function(group)
    local task = group:spawn(molo.sleep, 60)
    local other = group:spawn(sleep_and, 0.01, "fine")
    molo.sleep(0.005)
    task:cancel()
    return other:join()
  end)
  cases.equal(result, "fine")
end)

cases.add("a task of a group begins others in it", function()
  local count = 0
  molo.task_group(function(group)
    local function grow(depth)
      count = count + 1
      molo.sleep(0.001)
      if depth > 0 then
        group:spawn(grow, depth - 1)
        group:spawn(grow, depth - 1)
      end
    end
    group:spawn(grow, 3)
  end)
  cases.equal(count, 15)
end)

cases.add("a group that has ended takes no tasks", function()
  local kept
  molo.task_group(function(group) kept = group end)
  cases.misuse("has ended", kept.spawn, kept, molo.sleep, 0)
  cases.misuse("colon", kept.spawn, molo.sleep)
end)

cases.add("a task spawned in a group that fails is cancelled too", function()
  local outcome
  pcall(molo.task_group, function(group)
    group:spawn(error, "x")
    pcall(molo.sleep, 60)
    local task = group:spawn(molo.sleep, 60)
    outcome = kind_of(task.join, task)
  end)
  cases.equal(outcome, "cancelled")
end)

cases.add("groups nest", function()
  local inner_tasks = 0
  local _, err = kind_of(molo.task_group, function(outer)
    outer:spawn(fail_after, 0.01, "outer")
    molo.task_group(function(inner)
      for _ = 1, 2 do
        inner:spawn(function()
          local _c <close> = setmetatable({}, { __close = function()
            inner_tasks = inner_tasks + 1
          end })
          molo.sleep(60)
        end)
      end
    end)
  end)
  cases.equal(err.message, "outer")
  cases.equal(err.errors, {})
  cases.equal(inner_tasks, 2)
end)

cases.add("an inner group's failure is the outer one's", function()
  local _, err = kind_of(molo.task_group, function(outer)
    outer:spawn(function()
      molo.task_group(function(inner)
        inner:spawn(fail_after, 0.005, "deep")
      end)
    end)
    molo.sleep(60)
  end)
  cases.equal(err.message, "deep")
end)

cases.add("a group in a task that is cancelled", function()
  local cleaned = 0
  local task = molo.spawn(function()
    molo.task_group(function(group)
      group:spawn(function()
        pcall(molo.sleep, 60)
        molo.sleep(0.005)
        cleaned = cleaned + 1
      end)
      group:spawn(function()
        pcall(molo.sleep, 60)
        error("in clean-up", 0)
      end)
    end)
  end)
  molo.sleep(0.005)
  task:cancel()
  -- It stays a cancellation; what failed meanwhile is attached.
  local kind, err = kind_of(task.join, task)
  cases.equal(kind, "cancelled")
  cases.equal(cleaned, 1)
  cases.equal(err.errors[1].message, "in clean-up")
end)

cases.add("group misuse", function()
  cases.misuse("task_group function", molo.task_group)
  cases.misuse("task_group function number", molo.task_group, 5)
  cases.raises("group:spawn function", molo.task_group, function(group)
    group:spawn()
  end)
  cases.misuse("a task group cannot wait coroutine", coroutine.wrap(function()
    molo.task_group(function() end)
  end))
end)

-- --- all and any ---

cases.add("all: results in the order of the list", function()
  local results = molo.all {
    function() return sleep_and(0.02, "slow") end,
    function() return "fast", "ignored" end,
  }
  cases.equal(results, { "slow", "fast" })
  cases.equal(molo.all {}, {})
end)

cases.add("all: the first failure", function()
  local cancelled
  local _, err = kind_of(molo.all, {
    function()
      local _, e = pcall(molo.sleep, 60)
      cancelled = e.kind
      error(e, 0)
    end,
    function() fail_after(0.005, "one of all") end,
  })
  cases.equal(err.message, "one of all")
  cases.equal(cancelled, "cancelled")
end)

cases.add("any: the first success wins, the others are waited for", function()
  local cleaned
  local index, value = molo.any {
    function()
      pcall(molo.sleep, 60)
      molo.sleep(0.005)
      cleaned = true
    end,
    function() error("a failure is not the end") end,
    function() return sleep_and(0.01, "won") end,
  }
  cases.equal({ index, value }, { 3, "won" })
  cases.equal(cleaned, true)
end)

cases.add("any: two successes at once have one winner", function()
  local function now() return "now" end
  cases.equal({ molo.any { now, now } }, { 1, "now" })
end)

cases.add("any: nil is a success", function()
  cases.equal(table.pack(molo.any { function() end }), { 1, nil, n = 2 })
end)

cases.add("any: all fail", function()
  local _, err = kind_of(molo.any, {
    function() fail_after(0.01, "later") end,
    function() fail_after(0.001, "sooner") end,
  })
  cases.equal(err.message, "sooner")
  cases.equal(#err.errors, 1)
  cases.equal(err.errors[1].message, "later")
end)

cases.add("all and any: misuse", function()
  cases.misuse("molo.all list nil", molo.all)
  cases.misuse("molo.all number 2 string", molo.all, { print, "x" })
  cases.misuse("molo.any empty", molo.any, {})
end)

cases.start()

-- Cancellations, failures and deadlines that meet in one turn, or in another
-- one's clean-up.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised
local kind_of = cases.kind_of
local spin = cases.spin

local function closing(fn)
  return setmetatable({}, { __close = fn })
end

-- Waits until it is cancelled, then fails in its clean-up.
local function fail_when_cancelled(text)
  pcall(molo.sleep, 60)
  error(text, 0)
end

local function messages(errors)
  local list = {}
  for i, err in ipairs(errors) do
    list[i] = err.message
  end
  return list
end

-- --- groups ---

cases.add("a body that fails after its tasks comes after them", function()
  local err = raised(molo.task_group, function(group)
    group:spawn(error, "task", 0)
    pcall(molo.sleep, 60)
    error("body", 0)
  end)
  cases.equal(err.message, "task")
  cases.equal(messages(err.errors), { "body" })
end)

cases.add("a body that fails before its tasks comes before them", function()
  local err = raised(molo.task_group, function(group)
    group:spawn(fail_when_cancelled, "task")
    molo.sleep(0)
    error("body", 0)
  end)
  cases.equal(err.message, "body")
  cases.equal(messages(err.errors), { "task" })
end)

cases.add("all tasks fail in one turn", function()
  local err = raised(molo.task_group, function(group)
    for i = 1, 4 do
      group:spawn(error, "task " .. i, 0)
    end
  end)
  cases.equal(err.message, "task 1")
  cases.equal(messages(err.errors), { "task 2", "task 3", "task 4" })
end)

cases.add("a body that keeps its cancellation to itself", function()
  local went_on
  local err = raised(molo.task_group, function(group)
    group:spawn(error, "task", 0)
    pcall(molo.sleep, 60)
    molo.sleep(0.001) -- told once only
    went_on = true
    return "result"
  end)
  cases.equal(err.message, "task")
  cases.equal(went_on, true)
end)

cases.add("a task that keeps its cancellation to itself", function()
  local err = raised(molo.task_group, function(group)
    group:spawn(function()
      pcall(molo.sleep, 60)
      return "fine"
    end)
    group:spawn(error, "the only failure", 0)
  end)
  cases.equal(err.message, "the only failure")
  cases.equal(err.errors, {})
end)

-- Cancelled from outside in the turn in which a task of it has failed.
cases.add("a group that is cancelled while one of its tasks fails", function()
  for _, cancel_first in ipairs { true, false } do
    local inside
    local task = molo.spawn(function()
      molo.task_group(function(group)
        inside = group:spawn(fail_when_cancelled, "failed")
        molo.sleep(60)
      end)
    end)
    molo.sleep(0.002)
    if cancel_first then
      task:cancel()
      inside:cancel()
    else
      inside:cancel()
      molo.sleep(0) -- its failure cancels the body
      task:cancel()
    end
    local err = raised(task.join, task)
    cases.equal(err.kind, "cancelled")
    cases.equal(messages(err.errors), { "failed" })
  end
end)

cases.add("cancelled while it waits for its tasks", function()
  local cleaned = 0
  local function clean_up()
    molo.sleep(0.002)
    cleaned = cleaned + 1
  end
  local task = molo.spawn(function()
    molo.task_group(function(group)
      for _ = 1, 3 do
        group:spawn(function()
          local _c <close> = closing(clean_up)
          molo.sleep(60)
        end)
      end
    end)
  end)
  molo.sleep(0.002)
  task:cancel()
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(cleaned, 3)
end)

-- The failure of the inner group is not lost with the cancellation that the
-- outer one has ended it with.
cases.add("an inner and an outer group fail in one turn", function()
  local err = raised(molo.task_group, function(outer)
    outer:spawn(error, "outer", 0)
    molo.task_group(function(inner)
      inner:spawn(error, "inner", 0)
      molo.sleep(60)
    end)
  end)
  cases.equal(err.message, "outer")
  cases.equal(messages(err.errors), { "inner" })
  molo.sleep(0) -- nothing is left to be raised
end)

cases.add("a task's own group fails in its clean-up", function()
  local err = raised(molo.task_group, function(outer)
    outer:spawn(function()
      molo.task_group(function(inner)
        inner:spawn(fail_when_cancelled, "inner 1")
        inner:spawn(fail_when_cancelled, "inner 2")
      end)
    end)
    molo.sleep(0.002)
    outer:spawn(error, "outer", 0)
  end)
  cases.equal(err.message, "outer")
  cases.equal(messages(err.errors), { "inner 1", "inner 2" })
end)

cases.add("an inner group's list survives the outer one", function()
  local err = raised(molo.task_group, function(outer)
    outer:spawn(function()
      molo.task_group(function(inner)
        inner:spawn(error, "first", 0)
        inner:spawn(fail_when_cancelled, "second")
      end)
    end)
    outer:spawn(fail_when_cancelled, "third")
  end)
  cases.equal(err.message, "first")
  cases.equal(messages(err.errors), { "second", "third" })
end)

cases.add("a group in clean-up", function()
  local results
  local task = molo.spawn(function()
    local _, err = pcall(molo.sleep, 60)
    results = molo.all {
      function() molo.sleep(0.001) return 1 end,
      function() molo.sleep(0.002) return 2 end,
    }
    error(err, 0)
  end)
  molo.sleep(0.002)
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(results, { 1, 2 })
end)

cases.add("errors of all kinds", function()
  for _, value in ipairs { 5, true, {}, print, "text" } do
    local err = raised(molo.task_group, function(group)
      group:spawn(error, value, 0)
      group:spawn(error, value, 0)
    end)
    cases.equal(type(err), "table")
    cases.equal(#err.errors, 1)
  end
  local err = raised(molo.task_group, function(group)
    group:spawn(error)
  end)
  cases.equal(err.kind, "script")
end)

cases.add("a task that fails with what another was cancelled with", function()
  local victim = molo.spawn(molo.sleep, 60)
  local err = raised(molo.task_group, function(group)
    group:spawn(victim.join, victim) -- nobody has cancelled this one
    molo.sleep(0)
    victim:cancel()
    molo.sleep(60)
  end)
  cases.equal(err.kind, "cancelled")
end)

cases.add("any: a failure in the clean-up of a loser is not the end", function()
  local index = molo.any {
    function()
      molo.task_group(function(group)
        group:spawn(fail_when_cancelled, "loser")
      end)
    end,
    function() molo.sleep(0.002) end,
  }
  cases.equal(index, 2)
end)

-- --- deadlines ---

cases.add("two deadlines at the same time are the outer one's", function()
  local inner
  local err = raised(molo.timeout, 0.005, function()
    inner = raised(molo.timeout, 0.005, function()
      spin(0.02)
      molo.sleep(60)
    end)
    error(inner, 0)
  end)
  cases.equal(inner.kind, "cancelled")
  cases.equal(err.kind, "timeout")
  molo.sleep(0)
end)

cases.add("three deep, and the middle one is up", function()
  local kinds = {}
  molo.timeout(5, function()
    local middle = raised(molo.timeout, 0.005, function()
      local inner = raised(molo.timeout, 5, molo.sleep, 60)
      kinds[1] = inner.kind
      error(inner, 0)
    end)
    kinds[2] = middle.kind
    molo.sleep(0.001)
  end)
  cases.equal(kinds, { "cancelled", "timeout" })
end)

cases.add("what failed in a group is not lost with a deadline", function()
  local err = raised(molo.timeout, 0.005, molo.task_group, function(group)
    group:spawn(fail_when_cancelled, "in clean-up")
    molo.sleep(60)
  end)
  cases.equal(err.kind, "timeout")
  cases.equal(messages(err.errors), { "in clean-up" })
end)

cases.add("a deadline and the failure of a group around it", function()
  local err = raised(molo.task_group, function(group)
    group:spawn(function()
      spin(0.02)
      error("task", 0)
    end)
    molo.timeout(0.005, molo.sleep, 60)
  end)
  cases.equal(err.message, "task")
  molo.sleep(0)
end)

cases.add("a deadline that comes while a group waits for its tasks", function()
  local cleaned
  local err = raised(molo.timeout, 0.01, molo.task_group, function(group)
    group:spawn(function()
      pcall(molo.sleep, 60)
      molo.sleep(0.005)
      cleaned = true
    end)
  end)
  cases.equal(err.kind, "timeout")
  cases.equal(cleaned, true)
end)

cases.add("a task cancelled by another's deadline only joins no more", function()
  local slow = molo.spawn(function()
    molo.sleep(0.02)
    return "slow"
  end)
  local others = {}
  for i = 1, 3 do
    others[i] = molo.spawn(molo.try, molo.timeout, 0.005 * i, slow.join, slow)
  end
  for i = 1, 3 do
    local value, err = others[i]:join()
    cases.equal(value == "slow" or err.kind == "timeout", true)
  end
  cases.equal(slow:join(), "slow")
end)

-- --- cancel ---

cases.add("a task that is cancelled by one it cancels", function()
  local a, b
  a = molo.spawn(function() return kind_of(function()
    molo.sleep(0.002)
    b:cancel()
    molo.sleep(60)
  end) end)
  b = molo.spawn(function() return kind_of(function()
    molo.sleep(0.002)
    a:cancel()
    molo.sleep(60)
  end) end)
  cases.equal({ (a:join()), (b:join()) }, { "cancelled", "cancelled" })
end)

cases.add("cancelled in the turn in which its sleep is over", function()
  local slept, after
  local task = molo.spawn(function()
    slept = pcall(molo.sleep, 0.002)
    after = not slept and "cancelled" or kind_of(molo.sleep, 60)
  end)
  molo.sleep(0)
  spin(0.01)
  task:cancel()
  task:join()
  -- Either of them came first, but it was told once.
  cases.equal({ slept, after }, { slept, "cancelled" })
end)

cases.add("joiners and the joined cancelled in one turn", function()
  local joined = molo.spawn(molo.sleep, 60)
  local joiners = {}
  for i = 1, 3 do
    joiners[i] = molo.spawn(joined.join, joined)
  end
  molo.sleep(0.002)
  joiners[1]:cancel()
  joined:cancel()
  joiners[2]:cancel()
  for i = 1, 3 do
    cases.equal(kind_of(joiners[i].join, joiners[i]), "cancelled")
  end
end)

cases.add("a thousand tasks, every other one cancelled", function()
  local ended, cancelled = 0, 0
  local tasks = {}
  for i = 1, 1000 do
    tasks[i] = molo.spawn(molo.sleep, i % 2 == 0 and 60 or 0.002)
  end
  molo.sleep(0)
  for i = 2, 1000, 2 do tasks[i]:cancel() end
  for i = 1, 1000 do
    local ok = pcall(tasks[i].join, tasks[i])
    ended = ended + (ok and 1 or 0)
    cancelled = cancelled + (ok and 0 or 1)
  end
  cases.equal({ ended, cancelled }, { 500, 500 })
end)

cases.start()

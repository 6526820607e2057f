-- Locks, semaphores, conditions and events when those who wait are cancelled,
-- before, with and after what they wait for.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised
local kind_of = cases.kind_of
local spin = cases.spin

-- Tasks that have begun wait by then.
local function let_begin()
  molo.sleep(0.002)
end

-- `count` tasks that take it, note their number, and give it back.
local function line(count, order, take, give)
  local tasks = {}
  for i = 1, count do
    tasks[i] = molo.spawn(function()
      take(i)
      order[#order + 1] = i
      molo.sleep(0)
      give(i)
    end)
  end
  let_begin()
  return tasks
end

local function end_all(tasks)
  for _, task in ipairs(tasks) do
    pcall(task.join, task)
  end
end

-- --- lock ---

local function lock_line(lock, order, count)
  return line(count, order, function() lock:acquire() end,
              function() lock:release() end)
end

cases.add("released, then the next one is cancelled", function()
  local lock, order = molo.lock("granted"), {}
  lock:acquire()
  local tasks = lock_line(lock, order, 3)
  lock:release()
  tasks[1]:cancel() -- has it already, and gives it back
  cases.equal(kind_of(tasks[1].join, tasks[1]), "cancelled")
  end_all(tasks)
  cases.equal(order, { 1, 2, 3 })
  cases.equal(lock:locked(), false)
end)

cases.add("the next one is cancelled, then released", function()
  local lock, order = molo.lock("refused"), {}
  lock:acquire()
  local tasks = lock_line(lock, order, 3)
  tasks[1]:cancel()
  lock:release()
  end_all(tasks)
  cases.equal(order, { 2, 3 })
  cases.equal(lock:locked(), false)
end)

cases.add("all who wait are cancelled", function()
  local lock, order = molo.lock("nobody"), {}
  lock:acquire()
  local tasks = lock_line(lock, order, 5)
  for _, task in ipairs(tasks) do task:cancel() end
  lock:release()
  end_all(tasks)
  cases.equal(order, {})
  cases.equal(lock:try_acquire(), true)
  lock:release()
end)

cases.add("a cancelled wait does not wake another", function()
  local lock, order = molo.lock("still held"), {}
  lock:acquire()
  local tasks = lock_line(lock, order, 2)
  tasks[1]:cancel()
  let_begin()
  cases.equal({ order, tasks[2]:done(), lock:locked() }, { {}, false, true })
  lock:release()
  end_all(tasks)
  cases.equal(order, { 2 })
end)

-- Giving back is no wait: it happens whatever was asked of the task.
cases.add("release when the time is up already", function()
  local lock = molo.lock("late release")
  pcall(molo.timeout, 0.002, function()
    lock:acquire()
    spin(0.01)
    lock:release()
  end)
  cases.equal(lock:locked(), false)
  local hold
  pcall(molo.timeout, 0.002, function()
    hold = lock:hold()
    spin(0.01)
    hold:release()
  end)
  cases.equal(lock:locked(), false)
end)

cases.add("release by a task that was cancelled", function()
  local lock = molo.lock("cancelled release")
  local door = molo.semaphore("cancelled door", { permits = 2 })
  local task
  task = molo.spawn(function()
    lock:acquire()
    door:acquire(2)
    task:cancel()
    lock:release()
    door:release(2)
    cases.equal({ lock:try_acquire(), door:try_acquire(2) }, { true, true })
    lock:release()
    door:release(2)
    molo.sleep(60)
  end)
  cases.equal(kind_of(task.join, task), "cancelled")
end)

cases.add("a hold is closed when its function is cancelled", function()
  local lock = molo.lock("held and cancelled")
  local seen
  local task = molo.spawn(function()
    local err = raised(lock.with, lock, function() molo.sleep(60) end)
    seen = { err.kind, lock:locked() }
    error(err, 0)
  end)
  let_begin()
  task:cancel()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal(seen, { "cancelled", false })
end)

cases.add("what a task's late child held", function()
  local lock = molo.lock("inherited")
  local child
  molo.spawn(function()
    child = molo.spawn(function()
      molo.sleep(0.002)
      lock:acquire()
    end)
  end):join()
  child:join() -- its parent had ended before it
  cases.equal(lock:locked(), true)
  lock:release()
end)

-- --- semaphore ---

cases.add("permits of cancelled waiters go to the next", function()
  local door, order = molo.semaphore("door", { permits = 3 }), {}
  door:acquire(3)
  local wanted = { 3, 2, 1, 1 }
  local tasks = line(4, order, function(i) door:acquire(wanted[i]) end,
                     function(i) door:release(wanted[i]) end)
  door:release(1)
  let_begin()
  cases.equal(order, {}) -- the first one wants three: nobody overtakes
  tasks[1]:cancel()
  let_begin()
  cases.equal(order, {}) -- now it is the second
  tasks[2]:cancel()
  tasks[3]:join()
  cases.equal(order[1], 3)
  tasks[4]:join()
  end_all(tasks)
  door:release(2)
  cases.equal(door:available(), 3)
end)

cases.add("one permit, released and its taker cancelled in one turn", function()
  for _, release_first in ipairs { true, false } do
    local door = molo.semaphore("one " .. tostring(release_first))
    local order = {}
    door:acquire()
    local tasks = line(3, order, function() door:acquire() end,
                       function() door:release() end)
    if release_first then door:release() end
    tasks[1]:cancel()
    tasks[2]:cancel()
    if not release_first then door:release() end
    end_all(tasks)
    cases.equal(order, release_first and { 1, 3 } or { 3 })
    cases.equal(door:available(), 1)
  end
end)

cases.add("no permit is lost or made, whoever is cancelled", function(session)
  local rng = session.rng
  local door = molo.semaphore("random", { permits = 4 })
  local inside, most = 0, 0
  for _ = 1, 10 do
    local tasks = {}
    for i = 1, 20 do
      tasks[i] = molo.spawn(function()
        local n = rng:int(1, 4)
        local limit = rng:int(1, 3) == 1 and { timeout = 0.001 } or nil
        local _permits <close> = door:hold(n, limit)
        inside = inside + n
        most = math.max(most, inside)
        local _count <close> = setmetatable({}, { __close = function()
          inside = inside - n
        end })
        molo.sleep(rng:int(0, 1) * 0.0005)
      end)
      if rng:int(1, 2) == 1 then molo.sleep(0) end
      rng:pick(tasks):cancel()
    end
    end_all(tasks)
    cases.equal(door:available(), 4)
  end
  cases.equal({ inside, most <= 4 }, { 0, true })
end)

-- --- condition ---

local function condition_line(condition, order, count)
  return line(count, order, function()
    condition:acquire()
    condition:wait()
  end, function() condition:release() end)
end

cases.add("a notify does not go to one that was cancelled", function()
  local changed, order = molo.condition("cancelled first"), {}
  local tasks = condition_line(changed, order, 3)
  changed:acquire()
  tasks[1]:cancel()
  changed:notify()
  changed:release()
  tasks[2]:join()
  cases.equal(order, { 2 })
  changed:with(function() changed:notify() end)
  end_all(tasks)
  cases.equal(order, { 2, 3 })
end)

-- It has no use for the notification: another one gets it.
cases.add("one that was notified and then cancelled passes it on", function()
  local changed, order = molo.condition("told first"), {}
  local tasks = condition_line(changed, order, 2)
  changed:acquire()
  changed:notify()
  tasks[1]:cancel()
  changed:release()
  cases.equal(kind_of(tasks[1].join, tasks[1]), "cancelled")
  tasks[2]:join()
  cases.equal(order, { 2 })
  cases.equal(changed:locked(), false)
end)

cases.add("a cancelled wait has the lock in its clean-up", function()
  local changed = molo.condition("clean-up")
  local seen
  local task = molo.spawn(function()
    changed:acquire()
    local err = raised(changed.wait, changed)
    seen = { err.kind, molo.now() }
    changed:release() -- misuse without it
    error(err, 0)
  end)
  let_begin()
  changed:acquire()
  task:cancel()
  molo.sleep(0.01)
  cases.equal(seen, nil) -- it waits for the lock
  local released = molo.now()
  changed:release()
  cases.equal(kind_of(task.join, task), "cancelled")
  cases.equal({ seen[1], seen[2] >= released }, { "cancelled", true })
  cases.equal(changed:locked(), false)
end)

cases.add("the time of a scope around a wait is up", function()
  local changed = molo.condition("scoped")
  changed:acquire()
  cases.equal(kind_of(molo.timeout, 0.005, changed.wait, changed), "timeout")
  cases.equal(kind_of(molo.timeout, 0.005, changed.wait_for, changed,
                      function() return false end), "timeout")
  changed:release()
  do
    local held <close> = changed:hold()
    pcall(molo.timeout, 0.005, changed.wait, changed)
    held:release()
  end
  cases.equal(changed:locked(), false)
end)

cases.add("a predicate that is true too late for its timeout", function()
  local changed, ready = molo.condition("too late"), false
  local task = molo.spawn(function()
    local _held <close> = changed:hold()
    return pcall(changed.wait_for, changed, function() return ready end,
                 { timeout = 0.005 })
  end)
  let_begin()
  changed:acquire()
  molo.sleep(0.02)
  ready = true
  changed:notify()
  changed:release()
  local ok, err = task:join()
  cases.equal({ ok, ok or err.kind }, { false, "timeout" })
end)

cases.add("a notify by a task that was cancelled", function()
  local changed, order = molo.condition("last words"), {}
  local tasks = condition_line(changed, order, 2)
  local task
  task = molo.spawn(function()
    changed:acquire()
    task:cancel()
    changed:notify()
    changed:release()
    molo.sleep(60)
  end)
  cases.equal(kind_of(task.join, task), "cancelled")
  molo.sleep(0.01)
  cases.equal(order, { 1 })
  tasks[2]:cancel()
  end_all(tasks)
end)

-- --- event ---

cases.add("set, clear and cancel in one turn", function()
  local event, woken = molo.event("turn"), {}
  local tasks = {}
  for i = 1, 4 do
    tasks[i] = molo.spawn(function()
      local value = event:wait()
      woken[#woken + 1] = i .. value
      molo.sleep(0)
    end)
  end
  let_begin()
  tasks[1]:cancel()
  event:set(" one")
  tasks[2]:cancel()
  event:clear()
  event:set(" two")
  end_all(tasks)
  cases.equal(woken, { "2 one", "3 one", "4 one" })
  cases.equal(event:wait(), " two")
end)

cases.add("one that waits again after a clear waits", function()
  local event = molo.event("again")
  local count = 0
  local task = molo.spawn(function()
    while true do
      count = count + 1
      event:wait()
    end
  end)
  for i = 1, 3 do
    while count < i do molo.sleep(0) end
    event:set()
    event:clear()
  end
  while count < 4 do molo.sleep(0) end
  let_begin()
  cases.equal(count, 4)
  task:cancel()
  pcall(task.join, task)
end)

-- --- variables ---

cases.add("whose turn it is to make a variable, when he is cancelled", function()
  local made = {}
  local tasks = {}
  for i = 1, 3 do
    tasks[i] = molo.spawn(function()
      return molo.get_var("heirloom", function()
        made[#made + 1] = i
        molo.sleep(i == 3 and 0 or 60)
        return i
      end)
    end)
  end
  let_begin()
  tasks[2]:cancel() -- waits for the first
  tasks[1]:cancel()
  cases.equal(tasks[3]:join(), 3)
  end_all(tasks)
  cases.equal(made, { 1, 3 })
  cases.equal(molo.get_var("heirloom"), 3)
end)

cases.add("a change that no longer holds when the waiter runs", function()
  local seen
  local task = molo.spawn(function()
    seen = molo.wait_var("blink", "on")
  end)
  let_begin()
  molo.set_var("blink", "on")
  molo.set_var("blink", "off")
  task:join()
  cases.equal({ seen, molo.get_var("blink") }, { "on", "off" })
end)

-- The deadline comes while the function computes, between two operations.
cases.add("a deadline within update_var and a factory", function()
  pcall(molo.timeout, 0.002, molo.update_var, "slow sum", function(value)
    spin(0.01)
    return (value or 0) + 1
  end)
  molo.sleep(0.001)
  local before = molo.get_var("slow sum") or 0
  cases.equal(molo.update_var("slow sum", function(value)
    return (value or 0) + 1
  end, { timeout = 5 }), before + 1)
  pcall(molo.timeout, 0.002, molo.get_var, "slow", function()
    spin(0.01)
    return "slow"
  end)
  local value = molo.get_var("slow", function() return "again" end,
                             { timeout = 5 })
  cases.equal(value == "slow" or value == "again", true)
end)

cases.add("those in line for update_var, when some are cancelled", function()
  local ran, tasks = {}, {}
  for i = 1, 4 do
    tasks[i] = molo.spawn(function()
      molo.update_var("line", function(list)
        ran[#ran + 1] = i
        molo.sleep(i == 1 and 60 or 0)
        list = list or {}
        list[#list + 1] = i
        return list
      end)
    end)
  end
  let_begin()
  tasks[2]:cancel() -- in line
  tasks[1]:cancel() -- in its function: changes nothing
  end_all(tasks)
  cases.equal(ran, { 1, 3, 4 })
  cases.equal(molo.get_var("line"), { 3, 4 })
end)

-- --- time ---

-- Whichever came first: it was given once, or not at all.
cases.add("the time is up in the turn of the grant", function()
  local waits = {
    lock = function(name)
      local lock = molo.lock(name)
      lock:acquire()
      return function(options) lock:acquire(options) lock:release() end,
        function() lock:release() end,
        function() return not lock:locked() and 1 or 0 end, 1, 1
    end,
    semaphore = function(name)
      local door = molo.semaphore(name, { permits = 2 })
      door:acquire(2)
      return function(options) door:acquire(2, options) door:release(2) end,
        function() door:release(2) end,
        function() return door:available() end, 2, 2
    end,
    queue = function(name)
      local queue = molo.queue(name)
      return function(options) queue:get(options) end,
        function() queue:put("item") end,
        function() return queue:size() end, 0, 1
    end,
    condition = function(name)
      local changed = molo.condition(name)
      return function(options)
          local _held <close> = changed:hold()
          changed:wait(options)
        end,
        function() changed:with(function() changed:notify() end) end,
        function() return changed:locked() and 1 or 0 end, 0, 0
    end,
  }
  for name, make in pairs(waits) do
    for round = 1, 6 do
      local wait, give, left, if_served, if_late = make(name .. round)
      local outside = round % 2 == 0
      local task
      if outside then
        task = molo.spawn(molo.timeout, 0.004, wait)
      else
        task = molo.spawn(wait, { timeout = 0.004 })
      end
      molo.sleep(0.001)
      if round < 5 then spin(0.008) end
      give()
      local ok, err = pcall(task.join, task)
      cases.equal(ok or err.kind, ok or "timeout")
      cases.equal({ name, left() }, { name, ok and if_served or if_late })
    end
  end
end)

-- --- two conditions of one lock ---

cases.add("conditions that share a lock are told one by one", function()
  local lock = molo.lock("shared lock")
  local full = molo.condition("full", { lock = lock })
  local empty = molo.condition("empty", { lock = lock })
  local order = {}
  local function wait_for(condition, name)
    return molo.spawn(function()
      lock:acquire()
      condition:wait()
      order[#order + 1] = name
      lock:release()
    end)
  end
  local tasks = { wait_for(full, "full"), wait_for(empty, "empty") }
  let_begin()
  lock:acquire()
  empty:notify_all()
  lock:release()
  tasks[2]:join()
  cases.equal({ order, tasks[1]:done() }, { { "empty" }, false })
  lock:acquire()
  full:notify_all()
  lock:release()
  tasks[1]:join()
  cases.equal(lock:locked(), false)
end)

cases.start()

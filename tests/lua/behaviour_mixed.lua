-- Groups, timeouts, tasks and what they wait for, put into each other at random
-- and cancelled at random: all of it ends, and nothing stays taken.
local molo = require "molo"
local cases = require "cases"

local lock = molo.lock("lock")
local door = molo.semaphore("door", { permits = 3 })
local changed = molo.condition("changed")

local leaves = {
  function(rng) molo.sleep(rng:float(0, 0.02)) end,
  function() error("a leaf failed", 0) end,
  function(rng)
    local _held <close> = lock:hold()
    molo.sleep(rng:float(0, 0.004))
  end,
  function(rng)
    local _permits <close> = door:hold(rng:int(1, 3))
    molo.sleep(rng:float(0, 0.004))
  end,
  function(rng) -- keeps a cancellation to itself
    pcall(molo.sleep, rng:float(0, 0.01))
    molo.sleep(0.001)
  end,
  function()
    local _held <close> = changed:hold()
    changed:wait { timeout = 0.003 }
  end,
  function() changed:with(function() changed:notify() end) end,
}

local branches

local function grow(rng, depth, tasks)
  if depth == 0 or rng:int(1, 3) == 1 then
    return rng:pick(leaves)(rng)
  end
  return rng:pick(branches)(rng, tasks, function()
    return grow(rng, depth - 1, tasks)
  end)
end

branches = {
  function(rng, tasks, more)
    molo.task_group(function(group)
      for _ = 1, rng:int(0, 3) do
        table.insert(tasks, group:spawn(more))
      end
      if rng:int(1, 2) == 1 then more() end
    end)
  end,
  function(rng, _, more) molo.timeout(rng:float(0, 0.01), more) end,
  function(_, tasks, more)
    local task = molo.spawn(more)
    table.insert(tasks, task)
    pcall(task.join, task)
  end,
  function(rng, tasks, more)
    rng:pick(tasks):cancel()
    more()
  end,
  function(_, _, more) molo.any { more, more } end,
}

local function play(rng)
  local tasks = {}
  for i = 1, 4 do
    tasks[i] = molo.spawn(grow, rng, 5, tasks)
  end
  molo.sleep(rng:float(0, 0.01))
  for _ = 1, 3 do rng:pick(tasks):cancel() end
  local i = 1
  while tasks[i] do -- they may begin more
    local ok, err = pcall(tasks[i].join, tasks[i])
    if not ok and (type(err) ~= "table" or err.message:find("taken down")) then
      error("a task did not end by itself: " .. tostring(err))
    end
    i = i + 1
  end
end

for number = 1, 20 do
  cases.add("play " .. number, function(session)
    play(session.rng)
    molo.barrier("over"):wait()
    cases.equal({ lock:locked(), door:available(), changed:locked() },
                { false, 3, false })
    molo.barrier("over"):wait()
  end)
end

cases.start { workers = 4 }

-- Barriers of three workers that are reset, aborted or given up around a round.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised
local spin = cases.spin

local function meet(name)
  molo.barrier("meet " .. name):wait()
end

local function await_one(barrier)
  while barrier:waiting() == 0 do
    molo.sleep(0.001)
  end
end

-- For two of the three workers: the barrier, and whether this is one of them.
local function pair(name, session)
  local barrier = molo.barrier(name, { parties = 2 })
  return barrier, session.worker_id < 2
end

cases.add("one party meets itself", function(session)
  local alone = molo.barrier("alone " .. session.worker_id, { parties = 1 })
  local acted = 0
  for i = 1, 3 do
    local index, round = alone:wait {
      action = function()
        molo.sleep(0)
        acted = acted + 1
      end,
      timeout = 0,
    }
    cases.equal({ index, round, acted }, { 0, i, i })
  end
  cases.equal(alone:exchange("mine"), { "mine", n = 1 })
  cases.equal({ alone:parties(), alone:waiting(), alone:broken() },
              { 1, 0, false })
end)

-- Those who were let go have met, whatever happens before they run.
cases.add("reset and abort right after the meeting", function(session)
  for _, what in ipairs { "reset", "abort" } do
    local barrier, plays = pair("drained " .. what, session)
    if plays then
      local index, round = barrier:wait {
        action = function() molo.set_var("last " .. what, session.worker_id) end,
      }
      if index == 1 then
        barrier[what](barrier)
      end
      cases.equal({ index < 2, round }, { true, 1 })
    end
    meet("drained " .. what)
    cases.equal(barrier:broken(), what == "abort")
  end
end)

cases.add("a reset sends those who wait away, and it works again",
          function(session)
  local barrier, plays = pair("reset", session)
  if session.worker_id == 0 then
    local err = raised(barrier.wait, barrier)
    cases.equal(err.kind, "broken")
    molo.set_var("sent away", true)
  elseif session.worker_id == 2 then
    await_one(barrier)
    barrier:reset()
    cases.equal(barrier:broken(), false)
  end
  molo.wait_var("sent away")
  if plays then
    barrier:wait()
  end
end)

cases.add("a reset heals, an abort stays", function(session)
  local barrier, plays = pair("healed", session)
  if session.worker_id == 2 then
    barrier:abort()
    cases.equal(barrier:broken(), true)
  end
  meet("aborted")
  if plays then
    for _ = 1, 2 do
      cases.equal(raised(barrier.wait, barrier).kind, "broken")
    end
  end
  meet("nobody came through")
  if session.worker_id == 2 then
    barrier:reset()
    barrier:abort()
    barrier:reset()
  end
  meet("healed")
  if plays then
    barrier:wait()
  end
end)

cases.add("an abort in the action", function(session)
  local barrier, plays = pair("acting abort", session)
  if plays then
    local err = raised(barrier.wait, barrier, {
      action = function() barrier:abort() end,
    })
    cases.equal(err.kind, "broken")
  end
  meet("acting abort")
  cases.equal(barrier:broken(), true)
end)

cases.add("a wait in the action is misuse", function(session)
  local barrier, plays = pair("acting wait", session)
  if plays then
    local err = raised(barrier.wait, barrier, {
      action = function() barrier:wait { timeout = 1 } end,
    })
    cases.equal(type(err) == "string" or err.kind == "broken", true)
  end
  meet("acting wait")
end)

cases.add("the actor is cancelled in the action", function(session)
  local barrier, plays = pair("acting cancel", session)
  if plays then
    local task
    task = molo.spawn(function()
      barrier:wait {
        action = function()
          task:cancel()
          molo.sleep(60)
        end,
      }
    end)
    local err = raised(task.join, task)
    cases.equal(err.kind == "cancelled" or err.kind == "broken", true)
  end
  meet("acting cancel")
  cases.equal(barrier:broken(), true)
end)

-- Asked to end while its action computes: that is raised at its next wait.
cases.add("the actor's time is up in the action", function(session)
  local barrier = molo.barrier("acting late", { parties = 2 })
  local acted
  if session.worker_id == 0 then
    cases.equal(select(2, barrier:wait { timeout = 30 }), 1)
  elseif session.worker_id == 1 then
    await_one(barrier)
    local err = raised(molo.timeout, 0.3, function()
      cases.equal({ barrier:wait {
        action = function()
          spin(0.32)
          acted = true
        end,
      } }, { 1, 1 })
      molo.sleep(60)
    end)
    cases.equal({ err.kind, acted }, { "timeout", true })
  end
  meet("acting late")
  cases.equal(barrier:broken(), false)
end)

cases.add("a party that is cancelled breaks it for the others", function(session)
  local barrier, plays = pair("cancelled", session)
  if session.worker_id == 0 then
    local task = molo.spawn(barrier.wait, barrier)
    await_one(barrier)
    task:cancel()
    cases.equal(raised(task.join, task).kind, "cancelled")
  end
  meet("cancelled")
  if plays then
    cases.equal(raised(barrier.wait, barrier).kind, "broken")
  end
  meet("broken")
  if session.worker_id == 2 then barrier:reset() end
  meet("reset")
  if plays then barrier:wait() end
end)

cases.add("granted, then cancelled in the same turn", function(session)
  local barrier, plays = pair("met first", session)
  if plays then
    local passed
    local task
    task = molo.spawn(function()
      barrier:wait {
        -- The other one comes back through this when both are let go.
        action = function() molo.sleep(0.001) end,
      }
      task:cancel()
      passed = true
      molo.sleep(60)
    end)
    cases.equal(raised(task.join, task).kind, "cancelled")
    cases.equal(passed, true)
  end
  meet("met first")
  cases.equal(barrier:broken(), false)
end)

-- Nobody enters a round before all have left the one before.
cases.add("many rounds in step, with somebody late in each", function(session)
  local step = molo.barrier("in step")
  for i = 1, 100 do
    if i % 3 == session.worker_id then molo.sleep(0) end
    molo.set_var("at " .. session.worker_id, i)
    local index, round = step:wait()
    cases.equal({ index, round }, { session.worker_id, 2 * i - 1 })
    for other = 0, 2 do
      local at = molo.get_var("at " .. other)
      cases.equal(at == i or at == i + 1, true)
    end
    step:exchange(i)
  end
end)

cases.add("every index once, in every round", function(session)
  local some, plays = pair("indices", session)
  for i = 1, 30 do
    if plays then
      local index, round = some:wait()
      cases.equal(round, i)
      molo.add_var(("index %d of %d"):format(index, i), 1)
    end
  end
  meet("counted")
  for i = 1, 30 do
    for index = 0, 1 do
      cases.equal(molo.get_var(("index %d of %d"):format(index, i)), 1)
    end
  end
end)

cases.add("a deadline breaks a round of all, and the next one is fresh",
          function(session)
  local all = molo.barrier("all")
  if session.worker_id == 0 then
    -- Not before it waits, which a deadline of a few milliseconds may be.
    cases.equal(raised(molo.timeout, 0.5, all.wait, all).kind, "timeout")
    molo.set_var("gave up", true)
  else
    molo.wait_var("gave up")
    cases.equal(raised(all.wait, all).kind, "broken")
  end
  cases.equal(select(2, all:wait()), 2)
end)

-- --- the notifier ---

cases.add("a reader that gave up reads the same round", function(session)
  local pad = molo.notifier("pad")
  if session.worker_id == 0 then
    molo.wait_var("gave up reading", 2)
    pad:written("news")
    pad:wait_for_readers()
  else
    cases.equal(raised(molo.timeout, 0.002, pad.wait_for_writer, pad).kind,
                "timeout")
    local task = molo.spawn(pad.wait_for_writer, pad)
    molo.sleep(0.002)
    task:cancel()
    cases.equal(raised(task.join, task).kind, "cancelled")
    molo.add_var("gave up reading", 1)
    cases.equal({ pad:wait_for_writer() }, { "news", 1 })
    pad:one_read()
  end
end)

cases.add("written and read by workers whose time is up", function(session)
  local pad = molo.notifier("late pad")
  local err = raised(molo.timeout, 0.002, function()
    if session.worker_id == 0 then
      spin(0.005)
      pad:written("late")
    end
    molo.sleep(60)
  end)
  cases.equal(err.kind, "timeout")
  if session.worker_id == 0 then
    pad:wait_for_readers { timeout = 30 }
  else
    cases.equal(pad:wait_for_writer { timeout = 30 }, "late")
    pcall(molo.timeout, 0.002, function()
      spin(0.005)
      pad:one_read()
    end)
  end
end)

cases.start { workers = 3 }

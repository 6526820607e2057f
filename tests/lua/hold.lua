-- molo.hold_task and molo.session: a second user of the same worker.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised

cases.add("held exactly there, and let go at the end of the block", function()
  local steps = {}
  do
    local _held <close> = molo.hold_task {
      run = function(session, pause)
        molo.sleep(0.005)
        steps[#steps + 1] = "before"
        pause()
        molo.sleep(0.005)
        steps[#steps + 1] = "after"
      end,
    }
    steps[#steps + 1] = "held"
    molo.sleep(0.01)
    steps[#steps + 1] = "still held"
  end
  steps[#steps + 1] = "let go"
  cases.equal(steps, { "before", "held", "still held", "after", "let go" })
end)

cases.add("close by hand, twice", function()
  local ended
  local held = molo.hold_task {
    run = function(_, pause)
      pause()
      ended = true
    end,
  }
  cases.equal(ended, nil)
  held:close()
  cases.equal(ended, true)
  held:close()
  cases.equal(tostring(held):match("^held task %d+ of worker 0$") ~= nil, true)
end)

cases.add("setup and teardown", function()
  local steps = {}
  local same
  do
    local _held <close> = molo.hold_task {
      setup = function(session)
        same = session
        steps[#steps + 1] = "setup"
      end,
      teardown = function(session)
        cases.equal(session == same, true)
        steps[#steps + 1] = "teardown"
      end,
    }
    steps[#steps + 1] = "held"
  end
  cases.equal(steps, { "setup", "held", "teardown" })
end)

cases.add("setup alone", function()
  local count = 0
  local held = molo.hold_task { setup = function() count = count + 1 end }
  cases.equal(count, 1)
  held:close()
  cases.equal(count, 1)
end)

cases.add("a session of its own", function(session)
  local its
  local _held <close> = molo.hold_task { setup = function(s) its = s end }
  cases.equal(its ~= session, true)
  cases.equal(its.worker_id, session.worker_id)
  cases.equal(its.step, session.step)
  cases.equal(its.state == session.state, true)
end)

cases.add("a lock held by another user", function()
  local seat = molo.lock("seat")
  do
    local _held <close> = molo.hold_task {
      setup = function() seat:acquire() end,
      teardown = function() seat:release() end,
    }
    cases.equal(seat:try_acquire(), false)
    cases.equal(raised(seat.acquire, seat, { timeout = 0.01 }).kind, "timeout")
  end
  cases.equal(seat:try_acquire(), true)
  seat:release()
end)

-- --- errors ---

cases.add("an error before the pause is raised by hold_task", function()
  local function deeper() error("in setup") end
  local err = raised(molo.hold_task, { setup = function() deeper() end })
  cases.equal(err.message, "in setup")
  cases.equal(err.where:match("hold%.lua:%d+$") ~= nil, true)
  cases.equal(err.traceback:find("deeper", 1, true) ~= nil, true)
end)

cases.add("an error after the pause is raised by close", function()
  local held = molo.hold_task {
    run = function(_, pause)
      pause()
      error("after the pause")
    end,
  }
  local err = raised(held.close, held)
  cases.equal(err.kind, "script")
  cases.equal(err.message, "after the pause")
  cases.equal(err.traceback:find("hold.lua", 1, true) ~= nil, true)
end)

cases.add("... and at the end of a block", function()
  local err = raised(function()
    local _held <close> = molo.hold_task {
      run = function(_, pause)
        pause()
        error("at the end")
      end,
    }
  end)
  cases.equal(err.message, "at the end")
end)

cases.add("an error of the holder is not hidden", function()
  local err = raised(function()
    local _held <close> = molo.hold_task {
      run = function(_, pause)
        pause()
        error("held's", 0)
      end,
    }
    molo.fail("holder's")
  end)
  cases.equal(err.message, "holder's")
  cases.equal(err.errors[1].message, "held's")
end)

cases.add("ended before pause()", function()
  local err = raised(function()
    molo.hold_task { run = function() molo.sleep(0.001) end }
  end)
  cases.equal(err.kind, "script")
  cases.equal(err.message:find("ended before pause()", 1, true) ~= nil, true)
  cases.equal(err.where:match("hold%.lua:%d+$") ~= nil, true)
end)

cases.add("pause is for the held task", function()
  local stolen
  local _held <close> = molo.hold_task {
    run = function(_, pause)
      stolen = pause
      pause()
    end,
  }
  cases.misuse("pause() hold_task", stolen)
end)

cases.add("a second pause of a task that was let go returns", function()
  local ended
  local held = molo.hold_task {
    run = function(_, pause)
      pause()
      pause()
      ended = true
    end,
  }
  held:close()
  cases.equal(ended, true)
end)

-- --- time ---

cases.add("it does not reach the pause in time", function()
  local seen
  local err = raised(function()
    molo.hold_task {
      timeout = 0.02,
      run = function(_, pause)
        local _, e = pcall(molo.sleep, 60)
        seen = e.kind
        molo.sleep(0.005)
        error(e, 0)
      end,
    }
  end)
  cases.equal(err.kind, "still_running")
  cases.raises("hold_task pause() cancelled", error, err)
  cases.equal(err.where:match("hold%.lua:%d+$") ~= nil, true)
  cases.equal(seen, "cancelled")
end)

cases.add("it pauses after all, but too late", function()
  local before = molo.now()
  local err = raised(molo.hold_task, {
    timeout = 0.02,
    run = function(_, pause)
      pcall(molo.sleep, 60)
      pause()
    end,
  })
  cases.equal(err.kind, "still_running")
  cases.equal(molo.now() - before < 3, true) -- it was not held for 5 s
end)

cases.add("it does not end in time", function()
  local cleaned
  local held = molo.hold_task {
    timeout = 0.2,
    run = function(_, pause)
      pause()
      local _c <close> = setmetatable({}, { __close = function()
        molo.sleep(0.002)
        cleaned = true
      end })
      molo.sleep(60)
    end,
  }
  molo.sleep(0.3) -- being held does not count
  local err = raised(held.close, held)
  cases.equal(err.kind, "still_running")
  cases.raises("let go cancelled", error, err)
  cases.equal(cleaned, true)
end)

-- The timeout that a held task raises itself is its own error.
cases.add("a timeout inside the held task is not still_running", function()
  local err = raised(molo.hold_task, {
    timeout = 5,
    run = function() molo.wait_var("never", nil, { timeout = 0.01 }) end,
  })
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "never")
end)

cases.add("a timeout around hold_task", function()
  local seen
  local err = raised(molo.timeout, 0.02, molo.hold_task, {
    run = function()
      local _, e = pcall(molo.sleep, 60)
      seen = e.kind
    end,
  })
  cases.equal(err.kind, "timeout")
  cases.equal(err.message, "molo.timeout: 20 ms are over")
  cases.equal(seen, "cancelled")
end)

cases.add("a holder that is cancelled lets go and waits", function()
  local held, ended
  local task = molo.spawn(function()
    local _held <close> = molo.hold_task {
      run = function(_, pause)
        pause()
        molo.sleep(0.005)
        ended = true
      end,
    }
    held = true
    molo.sleep(60)
  end)
  while not held do molo.sleep(0.001) end
  task:cancel()
  cases.equal(raised(task.join, task).kind, "cancelled")
  cases.equal(ended, true)
end)

-- --- the end of a run ---

local left
cases.add("what was not closed goes on when its holder ends", function()
  molo.hold_task {
    run = function(_, pause)
      pause()
      left = "ended"
    end,
  }
  left = "held"
end)

cases.add("as the next run sees", function()
  cases.equal(left, "ended")
end)

cases.add("... also when the holder is a task", function()
  local ended
  local task = molo.spawn(function()
    molo.hold_task {
      run = function(_, pause)
        pause()
        molo.sleep(0.005)
        ended = true
      end,
    }
  end)
  task:join()
  molo.sleep(0.02)
  cases.equal(ended, true)
end)

cases.add("teardown runs when the held task is cancelled", function()
  local steps = {}
  local task = molo.spawn(function()
    local held = molo.hold_task {
      setup = function() end,
      teardown = function() steps[#steps + 1] = "teardown" end,
    }
    held.task:cancel()
    local err = raised(held.close, held)
    steps[#steps + 1] = err.kind
  end)
  task:join()
  cases.equal(steps, { "teardown", "cancelled" })
end)

-- --- misuse ---

cases.add("misuse", function()
  cases.misuse("hold_task table nil", molo.hold_task)
  cases.misuse("hold_task 'rum'", molo.hold_task, { rum = print })
  cases.misuse("hold_task run function", molo.hold_task, { run = 5 })
  cases.misuse("hold_task either", molo.hold_task, { run = print, setup = print })
  cases.misuse("hold_task setup", molo.hold_task, { teardown = print })
  cases.misuse("timeout negative", molo.hold_task,
               { run = print, timeout = -1 })
  cases.misuse("timeout finite", molo.hold_task,
               { run = print, timeout = 0 / 0 })
  cases.misuse("coroutine", coroutine.wrap(function()
    molo.hold_task { run = print }
  end))
end)

-- --- molo.session ---

local kept
cases.add("a session of one's own making", function(session)
  kept = molo.session { base_url = "http://127.0.0.1:1", timeout = 1 }
  cases.equal(kept.worker_id, session.worker_id)
  cases.equal(tostring(kept), "session of worker 0")
  cases.equal(kept.state == session.state, true)
  cases.equal(raised(kept.get, kept, "/").kind, "connect")
  cases.equal(molo.session() ~= molo.session(), true)
end)

cases.add("it has ended with its run", function()
  cases.misuse("ended", kept.get, kept, "/")
  cases.misuse("ended", function() return kept.step end)
end)

cases.add("session options are checked", function()
  cases.misuse("'base_ur' 'base_url'", molo.session, { base_ur = "x" })
  cases.misuse("table", molo.session, 5)
end)

cases.start()

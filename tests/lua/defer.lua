-- molo.defer: what is called, when, in which order, and what its errors do.
local molo = require "molo"
local cases = require "cases"

local raised = cases.raised

-- What deferred functions of an earlier case left behind.
local function notes(session)
  session.state.notes = session.state.notes or {}
  return session.state.notes
end

cases.add("after the function, the last first", function(session)
  local list = notes(session)
  molo.defer(function() table.insert(list, "first deferred") end)
  molo.defer(table.insert, list, "second deferred")
  table.insert(list, "the function")
end)

cases.add("... and before the next run", function(session)
  cases.equal(notes(session),
              { "the function", "second deferred", "first deferred" })
end)

cases.add("with all arguments, nil among them", function(session)
  session.state.notes = {}
  molo.defer(function(...)
    table.insert(session.state.notes, table.pack(...))
  end, 1, nil, "x", nil)
end)

cases.add("... as they were given", function(session)
  cases.equal(notes(session)[1], { 1, nil, "x", nil, n = 4 })
  session.state.notes = {}
end)

cases.add("a deferred function may wait and defer more", function(session)
  molo.defer(function()
    molo.sleep(0.001)
    molo.defer(table.insert, notes(session), "last")
    table.insert(notes(session), "waited")
  end)
end)

cases.add("... which is called too", function(session)
  cases.equal(notes(session), { "waited", "last" })
  session.state.notes = {}
end)

cases.add("those of a task are called when it ends", function(session)
  local list = {}
  molo.defer(table.insert, notes(session), "run")
  local task = molo.spawn(function()
    molo.defer(table.insert, list, "task")
    return 1, 2
  end)
  cases.equal({ task:join() }, { 1, 2 })
  cases.equal(list, { "task" })
  cases.equal(notes(session), {})
end)

cases.add("a task without results keeps none", function()
  local task = molo.spawn(function()
    molo.defer(function() return "not a result" end)
  end)
  cases.equal(table.pack(task:join()), { n = 0 })
end)

cases.add("those of a cancelled task are called and may wait", function()
  local list = {}
  local task = molo.spawn(function()
    molo.defer(function()
      molo.sleep(0.001)
      table.insert(list, "cleaned")
    end)
    molo.sleep(60)
  end)
  molo.sleep(0.001)
  task:cancel()
  cases.equal(raised(task.join, task).kind, "cancelled")
  cases.equal(list, { "cleaned" })
end)

cases.add("an error of one fails its task, and the others are called", function()
  local list = {}
  local task = molo.spawn(function()
    molo.defer(table.insert, list, 1)
    molo.defer(error, "no clean-up", 0)
    molo.defer(table.insert, list, 2)
    return "done"
  end)
  local err = raised(task.join, task)
  cases.equal(err.message, "no clean-up")
  cases.equal(list, { 2, 1 })
end)

cases.add("the first error of a task stays its error", function()
  local task = molo.spawn(function()
    molo.defer(error, "no clean-up", 0)
    error("in the task", 0)
  end)
  cases.equal(raised(task.join, task).message, "in the task")
end)

cases.add("the run waits for tasks that a deferred function began",
          function(session)
  session.state.notes = {}
  molo.defer(function()
    molo.spawn(function()
      molo.sleep(0.005)
      table.insert(notes(session), "task of a deferred function")
    end)
  end)
end)

cases.add("... before the next run begins", function(session)
  cases.equal(notes(session), { "task of a deferred function" })
end)

cases.add("timeouts work in deferred functions", function(session)
  session.state.notes = {}
  molo.defer(function()
    table.insert(notes(session), raised(molo.timeout, 0.01, molo.sleep, 60).kind)
  end)
end)

cases.add("... as anywhere", function(session)
  cases.equal(notes(session), { "timeout" })
end)

cases.add("what is no function is misuse", function()
  cases.misuse("molo.defer: expected a function, got no value", molo.defer)
  cases.misuse("molo.defer: expected a function, got string", molo.defer, "x")
  cases.misuse("molo.defer update_var", molo.update_var, "v", function()
    molo.defer(print)
  end)
end)

cases.start { workers = 2 }

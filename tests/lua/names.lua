-- A name that is not there is told at its line, with the one that was probably
-- meant: not as Lua does it, as a nil somewhere that is called later.
local molo = require "molo"
local cases = require "cases"

local counter = molo.counter("things")
local words = molo.data.lines("names.lua")

local function get(object, name)
  return object[name]
end

-- What is looked at, a name it has not, words of the complaint.
local function refuses(object, name, complaint)
  local err = cases.misuse(complaint, get, object, name)
  cases.equal(err:match("names%.lua:%d+: ") ~= nil, true)
end

cases.add("of a session", function(session)
  refuses(session, "gett", "the session has no field or method 'gett': did you mean 'get'?")
  refuses(session, "workerid", "did you mean 'worker_id'?")
  refuses(session, "web_socket", "did you mean 'websocket'?")
  refuses(session, "bacth", "did you mean 'batch'?")
  refuses(session, "seed", "the session has no field or method 'seed'")
  refuses(session, 7, "the session has no field or method '7'")
  cases.equal({ session.room, session.role, session.seat, session.param }, {})
  refuses(molo.session(), "pots", "did you mean 'post'?")
end)

molo.global_setup(function(run)
  refuses(run, "wrokloads", "the run has no field or method did you mean 'workloads'?")
  cases.equal(run.workloads.default.workers, 1)
  cases.equal(run.seed, 1)
end)

molo.setup(function(worker)
  refuses(worker, "indx", "the worker has no field or method did you mean 'index'?")
  refuses(worker, "get", "'get' needs a session molo.setup_session")
  refuses(worker, "step", "'step' needs a session molo.setup_session")
  refuses(worker, "seed", "the worker has no field or method 'seed'")
end)

cases.add("of modules", function()
  refuses(molo, "slep", "molo has no function 'slep': did you mean 'sleep'?")
  refuses(molo.json, "encod", "molo.json has no function 'encod': did you mean 'encode'?")
  refuses(molo.url, "excape", "molo.url did you mean 'escape'?")
  refuses(molo.base64, "code", "molo.base64 (there are: decode, encode)")
  refuses(molo.data, "cvs", "molo.data did you mean 'csv'?")
end)

cases.add("of objects", function(session)
  refuses(session.rng, "integer", "rng has no method (there are: exponential, float, int,")
  refuses(counter, "ad", "metric has no method did you mean 'add'?")
  refuses(words, "nxt", "feed has no method did you mean 'next'?")
  local _held <close> = molo.lock("one"):hold()
  refuses(_held, "realease", "hold has no method did you mean 'release'?")
  local task = molo.spawn(function() end)
  refuses(task, "jion", "task has no method did you mean 'join'?")
  molo.task_group(function(group)
    refuses(group, "spwan", "group has no method did you mean 'spawn'?")
    refuses(group, "start", "group has no method 'start' (there is: spawn)")
  end)
  local held <close> = molo.hold_task{ run = function(_, pause) pause() end }
  refuses(held, "clos", "held task has no method did you mean 'close'?")
end)

cases.add("of modules to require", function()
  for _, name in ipairs{ "molo.core", "molo.task", "molo.jsn" } do
    cases.misuse("names.lua: there is no module '" .. name .. "': all of molo comes with "
      .. "require \"molo\"", function() return require(name) end)
  end
  cases.misuse("names.lua: module 'lib.pages' not found: there is neither lib/pages.lua "
    .. "nor lib/pages/init.lua", function() return require "lib.pages" end)
  cases.equal(package.loaded["molo.core"], nil)
  cases.equal(package.preload["molo.task"], nil)
  cases.equal(require "molo", molo)
end)

cases.start{ seed = 1 }

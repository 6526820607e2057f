-- Tasks inside one run: groups, limits of time, a second user that is held. What
-- they are made of (tasks, scopes, their waits) is native.
local core = require "molo.core"
local native = core.task

local task = {
  spawn = native.spawn,
  session = native.session,
}

local function check_function(fn, what)
  if type(fn) ~= "function" then
    core.misuse(what .. ": expected a function, got " .. type(fn))
  end
end

-- What is asked of a task from outside: it is passed on, never kept.
local function is_asked(err)
  local kind = core.error_kind(err)
  return kind == "cancelled" or kind == "stopped"
end

-- Waits for the end of a task, whatever happens to the caller meanwhile (it is
-- cancelled, stopped, part of a deadlock). That is told to `on_error`; returns
-- the first of it.
local function await(child, on_error)
  local first
  while not child:done() do
    local ok, err = pcall(native.await, child)
    if not ok then
      if not core.error_kind(err) then
        error(err, 0) -- it cannot wait here
      end
      first = first or err
      on_error()
    end
  end
  return first
end

-- molo.timeout

function task.timeout(seconds, fn, ...)
  check_function(fn, "molo.timeout")
  local _scope <close> = native.timeout_scope(seconds)
  return fn(...)
end

-- molo.task_group, molo.all, molo.any

local Group = core.strict({}, "group has no method")
Group.__index = Group

function Group:spawn(fn, ...)
  if getmetatable(self) ~= Group then
    core.misuse("spawn: call it on a group, with a colon: group:spawn(fn)")
  end
  local child = native.group_spawn(self.scope, fn, ...)
  table.insert(self.tasks, child)
  return child
end

local function add_failure(failures, err, order)
  table.insert(failures, { error = err, order = order, place = #failures })
end

-- What was asked of a task is no failure, but a group in it may have had some.
local function add_attached(failures, err, order)
  for _, attached in ipairs(err.errors or {}) do
    add_failure(failures, attached, order)
  end
end

-- The tasks that failed; what was asked of one of them.
local function failures_of(group)
  local failures, asked = {}, nil
  for _, child in ipairs(group.tasks) do
    local outcome, err, order = native.outcome(child)
    if outcome == "failed" and core.error_kind(err) == "stopped" then
      asked = asked or err
      add_attached(failures, err, order)
    elseif outcome == "failed" then
      add_failure(failures, err, order)
    elseif outcome == "cancelled" then
      add_attached(failures, err, order)
    end
  end
  return failures, asked
end

-- The first may come from a group itself: then it has a list already.
local function raise_first(errors)
  local first = errors[1]
  local others, known = {}, { [first] = true }
  for _, list in ipairs { first.errors or {}, errors } do
    for _, err in ipairs(list) do
      if not known[err] then
        known[err] = true
        table.insert(others, err)
      end
    end
  end
  first.errors = others
  error(first, 0)
end

-- Each once: a body that joins a task of its group fails with that one's error.
local function errors_in_order(failures)
  table.sort(failures, function(a, b)
    if a.order ~= b.order then
      return a.order < b.order
    end
    return a.place < b.place
  end)
  local errors, known = {}, {}
  for _, failure in ipairs(failures) do
    if not known[failure.error] then
      known[failure.error] = true
      table.insert(errors, failure.error)
    end
  end
  return errors
end

-- After the body: waits for all tasks, and raises what there is to raise.
local function end_group(group, ok, err)
  local own, order = native.group_body_over(group.scope)
  if not ok then
    native.group_cancel(group.scope)
  end
  local asked
  local i = 1
  while group.tasks[i] do -- tasks may begin more
    asked = await(group.tasks[i], function()
      native.group_cancel(group.scope)
    end) or asked
    i = i + 1
  end
  local failures, asked_of_task = failures_of(group)
  if not ok and is_asked(err) then
    if not own then
      asked = err
    end
    add_attached(failures, err, order + 0.5)
  elseif not ok then
    add_failure(failures, err, order + 0.5)
  end
  asked = asked or asked_of_task
  local errors = errors_in_order(failures)
  if asked then
    table.insert(errors, 1, asked)
  end
  if errors[1] then
    raise_first(errors)
  end
end

function task.task_group(fn)
  check_function(fn, "molo.task_group")
  local scope <close> = native.group_scope()
  local group = setmetatable({ scope = scope, tasks = {} }, Group)
  local results = table.pack(xpcall(fn, native.complete, group))
  end_group(group, results[1], results[2])
  return table.unpack(results, 2, results.n)
end

local function check_functions(list, what)
  if type(list) ~= "table" then
    core.misuse(what .. ": expected a list of functions, got " .. type(list))
  end
  for i = 1, #list do
    if type(list[i]) ~= "function" then
      core.misuse(("%s: expected a list of functions; number %d is a %s")
        :format(what, i, type(list[i])))
    end
  end
end

function task.all(list)
  check_functions(list, "molo.all")
  local results = {}
  task.task_group(function(group)
    for i = 1, #list do
      group:spawn(function() results[i] = list[i]() end)
    end
  end)
  return results
end

function task.any(list)
  check_functions(list, "molo.any")
  if #list == 0 then
    core.misuse("molo.any: the list is empty, so none of it can succeed")
  end
  local winner, value
  local errors = {}
  task.task_group(function(group)
    local function try(i)
      local ok, result = xpcall(list[i], native.complete)
      if ok and not winner then
        winner, value = i, result
        native.group_cancel(group.scope)
      elseif not ok and is_asked(result) then
        -- What a loser's own groups failed with does not matter either.
        if not winner or core.error_kind(result) == "stopped" then
          error(result, 0)
        end
      elseif not ok then
        table.insert(errors, result)
      end
    end
    for i = 1, #list do
      group:spawn(try, i)
    end
  end)
  if not winner then
    raise_first(errors)
  end
  return winner, value
end

-- molo.hold_task

local function ignore() end

local function cancel_and_await(child)
  child:cancel()
  native.let_go(child) -- nobody would, if it paused in its clean-up
  local asked = await(child, ignore)
  pcall(child.join, child) -- what it ended with is known
  return asked
end

-- Ends a wait for a held task: its error is raised here; one that still runs is
-- cancelled first, and `late` tells what it had not done.
local function give_up(held, err, late)
  if held.task:done() then
    error(err, 0)
  end
  local asked = cancel_and_await(held.task)
  if is_asked(err) then
    error(err, 0)
  elseif asked then
    error(asked, 0)
  elseif core.error_kind(err) ~= "timeout" then
    error(err, 0)
  end
  error(native.failure("still_running",
    "hold_task: the held task " .. late .. " in time and was cancelled"), 0)
end

local Held = core.strict({}, "held task has no method")
Held.__index = Held

function Held:close()
  if getmetatable(self) ~= Held then
    core.misuse("close: call it on a held task, with a colon: held:close()")
  end
  if self.closed then
    return
  end
  self.closed = true
  native.let_go(self.task)
  local ok, err = pcall(native.join_held, self.task, false, self.options)
  if not ok then
    give_up(self, err, "was let go and did not end")
  end
end

-- An error that is on its way out is not hidden by one of the held task.
function Held:__close(err)
  if err == nil then
    self:close()
    return
  end
  local ok, its = pcall(Held.close, self)
  if not ok and is_asked(its) then
    error(its, 0)
  elseif not ok and core.error_kind(err) then
    err.errors = err.errors or {}
    table.insert(err.errors, its)
  end
end

function Held:__tostring()
  return "held " .. tostring(self.task)
end

-- What a held task does when it was given as setup and teardown.
local function held_between(setup, teardown)
  return function(session, pause)
    setup(session)
    local ok, err = pcall(pause)
    if teardown then
      teardown(session)
    end
    if not ok then
      error(err, 0)
    end
  end
end

local HOLD_OPTIONS = { "run", "setup", "teardown", "timeout" }

local function check_hold(options)
  if type(options) ~= "table" then
    core.misuse("molo.hold_task: expected a table such as {run = function"
      .. "(session, pause) ... end}, got " .. type(options))
  end
  core.check_options(options, "molo.hold_task", HOLD_OPTIONS)
  for name, value in pairs(options) do
    if name ~= "timeout" then
      check_function(value, "molo.hold_task: " .. name)
    end
  end
  if options.run and (options.setup or options.teardown) then
    core.misuse("molo.hold_task: give either run, or setup and teardown")
  elseif not options.run and not options.setup then
    core.misuse("molo.hold_task: give run, or setup: what is done before the "
      .. "task is held")
  end
end

function task.hold_task(options)
  check_hold(options)
  local run = options.run or held_between(options.setup, options.teardown)
  local limit = { timeout = options.timeout }
  native.check_limit(limit)
  local held = setmetatable({
    task = native.spawn_held(run, native.session(), native.pause),
    options = limit,
    closed = false,
  }, Held)
  local ok, paused = pcall(native.join_held, held.task, true, limit)
  if not ok then
    give_up(held, paused, "did not reach pause()")
  elseif not paused then
    error(native.failure("script",
      "hold_task: the held task ended before pause()"), 0)
  end
  return held
end

return task

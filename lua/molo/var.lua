-- Variables that all workers share. The parts that run a function of the
-- script (a factory, an update, a predicate) are here; the hub holds the values.
-- Every function is there twice: of molo, for names that are everybody's, and of
-- session.room, for names of that room. `room` is the room, or false.
local core = require "molo.core"
local sync, native, room_methods = core.sync, core.var, core.room

local var = {}

local function ends_the_run(err)
  local kind = core.error_kind(err)
  return kind == "stopped" or kind == "cancelled"
end

local function make(room, name, factory)
  return native.made(name, room, factory(name))
end

local function get_var(room, name, factory, options)
  if factory == nil then
    return native.get(name, room)
  elseif sync.is_constructor(factory) then
    return sync.construct(factory, room, name, options)
  elseif type(factory) ~= "function" then
    core.misuse("get_var: the factory must be a function such as function() return 0 end, got "
      .. type(factory))
  end
  local must_make, value = native.get_or_make(name, room, options)
  if not must_make then
    return value
  end
  local ok, result = pcall(make, room, name, factory)
  if not ok then
    local kind = core.error_kind(result)
    local message
    if kind then
      message = tostring(result.message)
    else
      kind, message = "script", core.error_text(result)
    end
    native.make_failed(name, room, kind .. "\n" .. message, ends_the_run(result))
    error(result, 0)
  end
  return result
end

local function store(room, name, ok, first, ...)
  if not ok then
    native.unlock(name, room, false)
    error(first, 0)
  end
  local stored, err = pcall(native.unlock, name, room, true, first)
  if not stored then
    native.unlock(name, room, false)
    error(err, 0)
  end
  return first, ...
end

local function update_var(room, name, fn, options)
  local value = native.lock(name, room, fn, options)
  return store(room, name, pcall(fn, value))
end

local function wait_var(room, name, wanted, options)
  if wanted == nil then
    return native.wait(name, room, options)
  elseif type(wanted) ~= "function" then
    return native.wait(name, room, options, wanted)
  end
  local value, version, left = native.wait_change(name, room, options, -1)
  while not wanted(value) do
    value, version, left = native.wait_change(name, room, options, version, left)
  end
  return value
end

local functions = {
  get_var = get_var,
  set_var = function(room, name, value)
    native.set(name, room, value)
  end,
  add_var = function(room, name, number)
    return native.add(name, room, number)
  end,
  del_var = function(room, name)
    native.del(name, room)
  end,
  update_var = update_var,
  wait_var = wait_var,
}

for name, fn in pairs(functions) do
  var[name] = function(...)
    return fn(false, ...)
  end
  room_methods[name] = fn
end

return var

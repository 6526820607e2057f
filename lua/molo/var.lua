-- Variables that all workers share. The parts that run a function of the
-- script (a factory, an update, a predicate) are here; the hub holds the values.
local core = require "molo.core"
local sync, native = core.sync, core.var

local var = {}

local function ends_the_run(err)
  local kind = core.error_kind(err)
  return kind == "stopped" or kind == "cancelled"
end

local function make(name, factory)
  return native.made(name, factory(name))
end

function var.get_var(name, factory, options)
  if factory == nil then
    return native.get(name)
  elseif sync.is_constructor(factory) then
    return factory(name, options)
  elseif type(factory) ~= "function" then
    core.misuse("get_var: the factory must be a function, got " .. type(factory))
  end
  local must_make, value = native.get_or_make(name, options)
  if not must_make then
    return value
  end
  local ok, result = pcall(make, name, factory)
  if not ok then
    local kind = core.error_kind(result)
    local message
    if kind then
      message = tostring(result.message)
    else
      kind, message = "script", core.error_text(result)
    end
    native.make_failed(name, kind .. "\n" .. message, ends_the_run(result))
    error(result, 0)
  end
  return result
end

function var.set_var(name, value)
  native.set(name, value)
end

function var.add_var(name, number)
  return native.add(name, number)
end

function var.del_var(name)
  native.del(name)
end

local function store(name, ok, first, ...)
  if not ok then
    native.unlock(name, false)
    error(first, 0)
  end
  local stored, err = pcall(native.unlock, name, true, first)
  if not stored then
    native.unlock(name, false)
    error(err, 0)
  end
  return first, ...
end

function var.update_var(name, fn, options)
  if type(fn) ~= "function" then
    core.misuse("update_var: expected a function, got " .. type(fn))
  end
  local value = native.lock(name, options)
  return store(name, pcall(fn, value))
end

function var.wait_var(name, wanted, options)
  if wanted == nil then
    return native.wait(name, options)
  elseif type(wanted) ~= "function" then
    return native.wait(name, options, wanted)
  end
  local value, version, left = native.wait_change(name, options, -1)
  while not wanted(value) do
    value, version, left = native.wait_change(name, options, version, left)
  end
  return value
end

return var

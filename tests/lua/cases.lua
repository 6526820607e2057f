-- Named cases inside molo: each is one run of every worker.
--
--   local cases = require "cases"
--   cases.add("adds", function(session) cases.equal(1 + 1, 2) end)
--   cases.start{ workers = 2 }
--
-- The second argument of start, if any, has the scenario's options.
local molo = require "molo"

local cases = { list = {} }

function cases.add(name, fn)
  table.insert(cases.list, { name = name, fn = fn })
end

function cases.start(options, scenario)
  options = options or {}
  options.max_runs = #cases.list
  molo.options(options)
  for i, case in ipairs(cases.list) do
    molo.log("info", ("CASE %d %d %s"):format(i, options.workers or 1,
                                              case.name))
  end
  molo.scenario("cases", scenario or {}, function(session)
    local case = cases.list[session.step]
    case.fn(session)
    molo.check(case.name, true)
  end)
end

local function show(value)
  if type(value) ~= "table" then
    return math.type(value) == "float" and ("%a"):format(value)
      or type(value) == "string" and ("%q"):format(value)
      or tostring(value)
  end
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do
    keys[i] = ("[%s] = %s"):format(show(key), show(rawget(value, key)))
  end
  return "{" .. table.concat(keys, ", ") .. "}"
end

-- Tells 1 from 1.0, and compares tables by content.
function cases.equal(actual, expected)
  local a, b = show(actual), show(expected)
  if a ~= b then
    error(("got %s, not %s"):format(a, b), 2)
  end
end

-- fn(...) raises; returns what.
function cases.raised(fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then
    error("nothing was raised", 2)
  end
  return err
end

-- fn(...) raises an error object; returns its kind and the object.
function cases.kind_of(fn, ...)
  local err = cases.raised(fn, ...)
  if type(err) ~= "table" then
    error("no error object was raised: " .. tostring(err), 2)
  end
  return err.kind, err
end

-- Computes for so long: no turn of the loop happens meanwhile.
function cases.spin(seconds)
  local start = molo.now()
  while molo.now() - start < seconds do
    math.sqrt(2)
  end
end

-- fn(...) raises something whose text holds every word of `words`; returns it.
function cases.raises(words, fn, ...)
  local err = cases.raised(fn, ...)
  for word in words:gmatch("%S+") do
    if not tostring(err):find(word, 1, true) then
      error(("%q is missing in: %s"):format(word, tostring(err)), 2)
    end
  end
  return err
end

-- Misuse is a string, told with the line of the caller.
function cases.misuse(words, fn, ...)
  local err = cases.raises(words, fn, ...)
  if type(err) ~= "string" then
    error("misuse is not a string: " .. tostring(err), 2)
  end
  return err
end

return cases

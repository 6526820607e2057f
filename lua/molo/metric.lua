-- Parts of a run that are timed: molo.transaction
local core = require "molo.core"

local metric = {}

local function tags_of(options)
  if options == nil then
    return nil
  end
  if type(options) ~= "table" then
    core.misuse("molo.transaction: options are a table such as {tags = {page = \"cart\"}}, got "
      .. type(options))
  end
  for key in pairs(options) do
    if key ~= "tags" then
      core.misuse("molo.transaction: unknown option '" .. tostring(key) .. "' (there is: tags)")
    end
  end
  return options.tags
end

-- Waits whenever fn does. What fn raises goes on as it is.
function metric.transaction(name, fn, options)
  if type(fn) ~= "function" then
    core.misuse("molo.transaction: expected a function, got " .. type(fn))
  end
  local transaction <close> = core.metric.begin(name, tags_of(options))
  return core.metric.finish(transaction, fn())
end

return metric

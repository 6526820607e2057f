-- Parts of a run that are timed: molo.transaction
local core = require "molo.core"

local metric = {}
local OPTIONS = { "tags" }

-- Waits whenever fn does. What fn raises goes on as it is.
function metric.transaction(name, fn, options)
  if type(fn) ~= "function" then
    core.misuse("molo.transaction: expected a function, got " .. type(fn))
  end
  options = core.check_options(options, "molo.transaction", OPTIONS)
  local transaction <close> = core.metric.begin(name, options.tags)
  return core.metric.finish(transaction, fn())
end

return metric

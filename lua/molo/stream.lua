-- Requests with a sink: a function that gets the body piece by piece while it
-- arrives. The stream itself is native.
local core = require "molo.core"
local native = core.stream

native.set_sink(function(session, method, url, options)
  local stream <close> = native.open(session, method, url, options)
  local sink = options.sink
  local response = stream:response()
  local chunk = stream:read()
  while chunk do
    if sink(chunk, response) == false then
      stream:stop()
      break
    end
    chunk = stream:read()
  end
  return stream:response()
end)

return native

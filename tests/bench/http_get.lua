-- What the benchmark compares with a bare libcurl loop: the shortest scenario
-- there is.
local molo = require "molo"

molo.scenario("get", function(session)
  session:get("/")
end)

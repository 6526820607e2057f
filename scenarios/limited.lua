-- An API that allows a number of calls per second for all its users together: a
-- limiter that all workers share keeps them below it, so none is refused.
--
--   molo serve
--   molo run scenarios/limited.lua -w 10 -r 5
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local api = molo.limiter("api", { rate = 100, burst = 10 })

molo.scenario("call", function(session)
  api:take()
  session:get("/limited/api", {
    query = { rate = 1000, burst = 20 }, -- what the server allows
    expect = 200, -- 429: too many
  })
end)

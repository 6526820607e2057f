-- Shared variables: one worker logs in for all (the others wait for its token),
-- everybody counts, and at the end of the test the sum is that of all runs.
--
--   molo serve
--   molo run scenarios/counter.lua -w 5 -r 20
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local function log_in_with(session)
  return function()
    local answer = session:post("/echo", { json = { user = "demo" }, expect = 200 })
    return { token = "t-" .. answer.status }
  end
end

molo.scenario("count", function(session)
  local login = molo.get_var("login", log_in_with(session))
  session:get("/echo", { headers = { Authorization = "Bearer " .. login.token } })
  molo.add_var("total", 1)
  local best = molo.update_var("best", function(known)
    return math.max(known or 0, session.step)
  end)
  molo.expect("the best is at least mine", best >= session.step)
end)

molo.global_teardown(function(result)
  local total = molo.get_var("total")
  molo.expect("every run was counted", total == result.runs.ok, total)
end)

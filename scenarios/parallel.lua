-- A page and what belongs to it, as a browser loads it: several requests of one
-- worker at once. Over HTTP/2 they share its connection; over HTTP/1.1 each has
-- one, as here, for the practice target speaks nothing else.
--
--   molo serve
--   molo run scenarios/parallel.lua -w 5 -r 10
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

molo.scenario("page", function(session)
  local began = molo.now()
  local page = session:get("/echo", { name = "the page", expect = 200 })

  -- Names or positions, as the requests were given.
  local parts = session:batch {
    style = { "GET", "/bytes/2000", { name = "style" } },
    script = { "GET", "/bytes/5000", { name = "script" } },
    { "GET", "/delay/0.1", { name = "picture" } },
    { "GET", "/delay/0.1", { name = "picture" } },
  }
  molo.expect("style", #parts.style.body == 2000)
  molo.expect("script", #parts.script.body == 5000)
  molo.expect("pictures", parts[1].ok and parts[2].ok)

  -- The phases of a request add up to its time.
  local t = parts[1].timings
  local sum = 0
  for _, phase in ipairs { "dns", "connect", "tls", "send", "wait", "receive" } do
    sum = sum + (t[phase] or 0)
  end
  molo.expect("phases add up", math.abs(sum - parts[1].elapsed) < 1e-6, sum)

  -- Both pictures were under way at once. A time that depends on this machine
  -- is a check, which is counted, and no expectation, which fails the run.
  molo.check("it waited for the server", t.wait >= 0.09)
  molo.check("pictures at once", molo.now() - began < 0.2 + page.elapsed)

  -- Anything may go on beside each other, not only requests.
  local results = molo.all {
    function() return session:get("/echo").status end,
    function()
      molo.sleep(0.01)
      return "slept"
    end,
  }
  molo.expect("both", results[1] == 200 and results[2] == "slept")
end)

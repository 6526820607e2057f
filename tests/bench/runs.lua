-- What runs.py measures.
local molo = require "molo"

local cases = {}

function cases.empty() end

function cases.sleep()
  molo.sleep(0)
end

-- All workers are there at the same time.
function cases.together()
  molo.barrier("all"):wait()
end

molo.scenario("case", cases[molo.env.CASE])

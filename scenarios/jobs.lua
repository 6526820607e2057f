-- Producers and consumers: one worker produces jobs, the others work them off.
-- None is lost and none is done twice.
--
--   molo serve
--   molo run scenarios/jobs.lua -w 5 -r 20
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local jobs = molo.queue("jobs", { capacity = 2 })
local finished = molo.barrier("finished")

local function produce(session)
  local sum = 0
  for i = 1, session.workers - 1 do
    local text = "job " .. session.step .. "/" .. i
    local number = session:post("/chat/jobs", { body = text, expect = 200 }):json().number
    jobs:put { number = number, text = text }
    sum = sum + number
  end
  jobs:join() -- all have been done
  return -sum
end

local function consume(session)
  local job = jobs:get()
  local list = session:get("/chat/jobs", { query = { after = job.number - 1 } }):json()
  molo.expect("the job is there", list[1].text == job.text, list[1].text)
  jobs:done()
  return job.number
end

molo.scenario("jobs", function(session)
  local mine = session.worker_id == 0 and produce(session) or consume(session)
  local sum = 0
  for _, number in ipairs(finished:exchange(mine)) do
    sum = sum + number
  end
  molo.expect("each job was done once", sum == 0, sum)
end)

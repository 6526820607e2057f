-- The same as pad.lua with one notifier for every step: each is used for one
-- round and forgotten when all have passed it.
--
--   molo serve
--   molo run scenarios/pad_per_step.lua -w 5 -r 20
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local function notifier_of(step)
  return molo.get_var("notifier" .. step, molo.notifier)
end

molo.scenario("pad per step", function(session)
  local pad = notifier_of(session.step)
  if session.worker_id == session.workers - 1 then
    if session.step > 1 then
      notifier_of(session.step - 1):wait_for_readers()
    end
    local text = "round " .. session.step
    session:put("/pad/steps", { body = text })
    pad:written(text)
  else
    local text = pad:wait_for_writer()
    local page = session:get("/pad/steps")
    molo.expect("text arrived", page.body == text, page.body)
    pad:one_read()
  end
end)

-- Five users share one page of a collaborative editor. One writes, the others
-- wait for the write, read the page and check that the text arrived. In the next
-- round the writer may only write again once all the others have read.
--
--   molo serve
--   molo run scenarios/pad.lua -w 5 -r 20
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

molo.scenario("pad", function(session)
  local pad = molo.notifier("pad")
  if session.worker_id == session.workers - 1 then
    pad:wait_for_readers() -- of the round before; at once in the first
    local text = "round " .. session.step
    session:put("/pad/demo", { body = text })
    pad:written(text)
  else
    local text = pad:wait_for_writer()
    local page = session:get("/pad/demo")
    molo.expect("text arrived", page.body == text, page.body)
    pad:one_read()
  end
end)

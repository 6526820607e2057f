-- A leader in every term: the barrier gives each worker a number of its own, and
-- the term says whose turn it is. The leader writes, all others follow.
--
--   molo serve
--   molo run scenarios/leader.lua -w 5 -r 20
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local election = molo.barrier("election")
local decided = molo.barrier("decided")
local followed = molo.barrier("followed")

molo.scenario("term", function(session)
  local index = election:wait()
  local leads = index == session.step % session.workers
  local decision = "decided by " .. session.worker_id
  if leads then
    session:put("/pad/decision", { body = decision, expect = 200 })
  end
  decided:wait()
  local page = session:get("/pad/decision")
  local leaders, texts = 0, {}
  local all = followed:exchange { leads = leads, text = page.body }
  for i = 1, all.n do
    leaders = leaders + (all[i].leads and 1 or 0)
    texts[all[i].text] = true
  end
  molo.expect("one leader", leaders == 1, leaders)
  molo.expect("all follow the same", texts[page.body] and next(texts, page.body) == nil)
end)

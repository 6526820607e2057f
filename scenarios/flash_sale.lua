-- A flash sale: everybody waits for the doors to open, then all buy in the same
-- moment. As many get one as there were, no more and no fewer.
--
--   molo serve
--   molo run scenarios/flash_sale.lua -w 20 -r 10
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local doors = molo.barrier("doors")
local sold = molo.barrier("sold")
local STOCK = 3

molo.scenario("flash sale", function(session)
  doors:wait {
    action = function()
      session:put("/stock/lamp", { body = tostring(STOCK), expect = 200 })
    end,
  }
  local answer = session:post("/stock/lamp", { expect = { 200, 409 } })
  local buyers = 0
  local all = sold:exchange(answer.status == 200)
  for i = 1, all.n do
    buyers = buyers + (all[i] and 1 or 0)
  end
  local expected = math.min(STOCK, session.workers)
  molo.expect("all are sold, and none twice", buyers == expected, buyers .. " buyers")
end)

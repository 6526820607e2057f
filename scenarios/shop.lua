-- A shop under two kinds of load at once: visitors who come and go, look around and
-- sometimes buy, and beside them an interface that is asked at a steady rate. Each is
-- judged by itself, and at the end as much is gone from the stock as was sold.
--
--   molo serve
--   molo run scenarios/shop.lua
local molo = require "molo"

local STOCK = 1000000

molo.options {
  base_url = "http://127.0.0.1:8642",
  workloads = {
    visitors = {
      executor = "ramping_workers",
      stages = { "500ms:10", "1s:10", "500ms:0" },
      scenarios = { browse = 3, buy = 1 },
      delay = { 0.01, 0.05 },
    },
    interface = {
      executor = "constant_rate",
      rate = "50/s",
      duration = "1s",
      start = "500ms",
      scenario = "look up",
      tags = { team = "search" },
    },
  },
  thresholds = {
    "http_req_failed:rate < 1%",
    'transaction_duration{name="check out"}:p95 < 1s',
    -- From when a run was due: what somebody waits who comes by chance.
    "http_req_response{team=search}:p95 < 1s",
  },
}

local revenue = molo.counter("revenue")

molo.global_setup(function(run)
  run:put("/stock/teapots", { body = tostring(STOCK), expect = 200 })
end)

molo.scenario("browse", function(session)
  for _ = 1, session.rng:int(1, 3) do
    local page = session.rng:pick { "tea", "pots", "cups" }
    session:get("/pad/{page}", { vars = { page = page }, expect = 200 })
    session:think(0.01, 0.05)
  end
end)

molo.scenario("buy", function(session)
  local basket = { vars = { id = session.worker_id }, query = { who = "me" }, expect = 200 }
  session:put("/seat/basket-{id}", basket)
  -- The basket is emptied whatever becomes of the run.
  molo.defer(session.delete, session, "/seat/basket-{id}", basket)
  session:think(0.01, 0.05)

  molo.transaction("check out", function()
    session:post("/stock/teapots", { expect = 200 })
    molo.add_var("sold", 1)
    revenue:add(19.90)
    local text = "order " .. session.step
    session:put("/pad/order-{id}", { vars = basket.vars, body = text, expect = 200 })
    molo.eventually(function()
      return session:get("/pad/order-{id}", { vars = basket.vars }).body == text
    end, { timeout = 5, desc = "the order is there" })
  end)
end)

molo.scenario("look up", function(session)
  session:get("/echo", { query = { q = "tea" }, name = "/search", expect = 200 })
end)

molo.global_teardown(function(_, run)
  local left = tonumber(run:get("/stock/teapots").body)
  local sold = molo.get_var("sold") or 0
  molo.expect("what is gone was sold", STOCK - left == sold, left)
end)

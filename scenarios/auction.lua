-- An auction in every round: all bid at the same time, and when it is closed
-- exactly one of them has won.
--
--   molo serve
--   molo run scenarios/auction.lua -w 10 -r 10
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local open = molo.barrier("open")
local closed = molo.barrier("closed")
local result = molo.barrier("result")

molo.scenario("auction", function(session)
  open:wait {
    action = function() -- once, before anybody bids
      session:delete("/auction/lot")
    end,
  }
  local me = "worker " .. session.worker_id
  for _ = 1, 3 do
    session:post("/auction/lot", {
      json = { amount = session.rng:int(1, 1000), who = me },
      expect = { 200, 409 }, -- 409: somebody has bid more
    })
  end
  closed:wait()
  local lot = session:get("/auction/lot"):json()
  local winners = 0
  local claims = result:exchange(lot.who == me)
  for i = 1, claims.n do
    winners = winners + (claims[i] and 1 or 0)
  end
  molo.expect("exactly one has won", winners == 1, winners .. " winners")
end)

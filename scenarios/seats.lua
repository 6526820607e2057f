-- Booking a seat that another user has in the basket: that user is held exactly
-- there, so that the refusal is no matter of luck. The lock makes the workers
-- take turns at the one seat.
--
--   molo serve
--   molo run scenarios/seats.lua -w 5 -r 10
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local turn = molo.lock("seat 12")

local function put(session, who, status)
  return session:put("/seat/12", { query = { who = who }, expect = status })
end

local function leave(session, who)
  session:delete("/seat/12", { query = { who = who }, expect = 200 })
end

molo.scenario("book a seat", function(session)
  local _turn <close> = turn:hold()
  local me = "worker " .. session.worker_id
  do
    local _held <close> = molo.hold_task {
      run = function(other, pause)
        put(other, "somebody else", 200)
        pause() -- the seat is in the basket, and not paid
        leave(other, "somebody else")
      end,
    }
    local refused = put(session, me, 409)
    molo.expect("told who has it", refused.body == "somebody else\n", refused.body)
  end
  put(session, me, 200) -- given back: now it is mine
  leave(session, me)
end)

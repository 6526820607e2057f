-- The limiter, between three workers. Times are lower bounds: the machine may
-- be slow, but nobody is served early.
local molo = require "molo"
local cases = require "cases"

local shared = molo.limiter("shared", { rate = 100, burst = 2 })

local function own(session, name, options)
  return molo.limiter(name .. session.worker_id, options)
end

cases.add("a burst at once, then the rate", function(session)
  local limiter = own(session, "rate", { rate = 50, burst = 3 })
  local before = molo.now()
  for _ = 1, 3 do limiter:take() end
  limiter:take()
  limiter:take()
  -- Two more than the burst need 40 ms.
  cases.equal(molo.now() - before >= 0.04, true)
end)

cases.add("one limit for all", function()
  molo.add_var("began", 1)
  molo.wait_var("began", 3)
  local start = molo.get_var("start", function() return molo.now() end)
  for _ = 1, 4 do shared:take() end
  molo.add_var("ended", 1)
  molo.wait_var("ended", 3)
  cases.equal(molo.now() - start >= (3 * 4 - 2) / 100, true)
end)

cases.add("several at once", function(session)
  local limiter = own(session, "several", { rate = 1000, burst = 100 })
  local before = molo.now()   -- the answer to the first may take a while
  limiter:take(100)
  limiter:take(30)
  cases.equal(molo.now() - before >= 0.029, true)
  cases.misuse("take never lets 101 pass at once: burst = 100", limiter.take,
               limiter, 101)
end)

cases.add("the burst by default is what a second brings", function(session)
  local limiter = own(session, "default", { rate = 5 })
  limiter:take(5, { timeout = 0 })
  cases.misuse("burst = 5", limiter.take, limiter, 6)
  local slow = own(session, "slow", { rate = 0.001 })
  slow:take()
  cases.misuse("burst = 1", slow.take, slow, 2)
end)

cases.add("a timeout that cannot be met is waited for", function(session)
  local limiter = own(session, "late", { rate = 0.1 })
  limiter:take()
  local before = molo.now()
  local err = cases.raises("limiter no turn to take 1 limiter.lua missing: "
                           .. "until then (rate = 0.1)", function()
    limiter:take(1, { timeout = 0.02 })
  end)
  cases.equal(err.kind, "timeout")
  cases.equal(err.name, "late" .. session.worker_id)
  cases.equal(molo.now() - before >= 0.02, true)
  cases.raises("no turn", limiter.take, limiter, { timeout = 0 })
  cases.raises("no turn", limiter.take, limiter, nil, { timeout = 0 })
end)

cases.add("a cancelled wait takes nothing", function(session)
  local limiter = own(session, "cancel", { rate = 0.01, burst = 2 })
  limiter:take()
  local big = molo.spawn(limiter.take, limiter, 2)
  local small = molo.spawn(limiter.take, limiter, 1, { timeout = false })
  molo.sleep(0)
  cases.equal(small:done(), false) -- the first one blocks it
  big:cancel()
  small:join({ timeout = 30 })
  pcall(big.join, big)
end)

cases.add("it needs a rate", function(session)
  local limiter = own(session, "no_rate")
  cases.misuse("limiter 'no_rate needs {rate = ...}", limiter.take, limiter)
  own(session, "no_rate", { rate = 10 })
  limiter:take()
  cases.misuse("{rate = 10} {rate = 20}", own, session, "no_rate",
               { rate = 20 })
  own(session, "no_rate", { rate = 10, burst = 10 }) -- says the same
end)

cases.add("misuse", function()
  for _, rate in ipairs{ 0, -1, 1 / 0, 0 / 0, "10/s", "10", {} } do
    cases.misuse("rate: expected a number from 1e-06 to 1e+09, got",
                 molo.limiter, "m", { rate = rate })
  end
  for _, burst in ipairs{ 0, 0.5, -1, 1 / 0, 0 / 0, "many" } do
    cases.misuse("burst: expected a number from 1 to 1e+09, got",
                 molo.limiter, "m", { rate = 1, burst = burst })
  end
  cases.misuse("burst: give the rate too", molo.limiter, "m", { burst = 1 })
  for _, n in ipairs{ 0, -1, 1.5, "many", true } do
    cases.misuse("take: expected a whole number from 1 on", shared.take,
                 shared, n)
  end
  cases.misuse("'per'", molo.limiter, "m", { rate = 1, per = 1 })
  cases.misuse("'round'", shared.take, shared, { round = 1 })
end)

cases.start{ workers = 3 }

-- The seeded generator of a session.
local cases = require "cases"

cases.add("int stays in its range and reaches both ends", function(session)
  local seen = {}
  for _ = 1, 1000 do seen[session.rng:int(1, 4)] = true end
  cases.equal(seen, { true, true, true, true })
  cases.equal(session.rng:int(7, 7), 7)
end)

cases.add("float stays in its range", function(session)
  for _ = 1, 1000 do
    local x = session.rng:float(2, 3)
    cases.equal(x >= 2 and x < 3, true)
  end
end)

cases.add("pick is one of them", function(session)
  local list, seen = { "a", "b", "c" }, {}
  for _ = 1, 200 do seen[session.rng:pick(list)] = true end
  cases.equal(seen, { a = true, b = true, c = true })
end)

cases.add("shuffle keeps all", function(session)
  local list = {}
  for i = 1, 50 do list[i] = i end
  local shuffled = session.rng:shuffle(list) or list
  table.sort(shuffled)
  for i = 1, 50 do cases.equal(shuffled[i], i) end
end)

cases.add("exponential is positive", function(session)
  local sum = 0
  for _ = 1, 2000 do
    local x = session.rng:exponential(2)
    cases.equal(x >= 0, true)
    sum = sum + x
  end
  cases.equal(sum > 0, true)
end)

cases.add("math.random draws from it too", function()
  for _ = 1, 100 do
    local x = math.random(6)
    cases.equal(x >= 1 and x <= 6 and math.type(x) == "integer", true)
  end
  local f = math.random()
  cases.equal(f >= 0 and f < 1, true)
end)

cases.add("misuse", function(session)
  local rng = session.rng
  cases.misuse("rng:int: range empty 2 to 1", rng.int, rng, 2, 1)
  cases.misuse("rng:int: two whole numbers low high", rng.int, rng, 6)
  cases.misuse("rng:int: two whole numbers low high", rng.int, rng, 1, 1.5)
  cases.misuse("rng:float: two numbers low high", rng.float, rng, "a")
  cases.misuse("rng:float: two numbers low high", rng.float, rng, 1, {})
  cases.misuse("rng:pick: list empty", rng.pick, rng, {})
  cases.misuse("rng:pick: list string", rng.pick, rng, "abc")
  cases.misuse("rng:shuffle: list no value", rng.shuffle, rng)
  cases.misuse("rng:exponential: mean above 0", rng.exponential, rng)
  cases.misuse("rng:exponential: mean above 0", rng.exponential, rng, 0)
  cases.misuse("session.rng colon", rng.int, 1, 6)
  cases.misuse("", math.random, 0, -1)
end)

cases.start{ seed = 1 }

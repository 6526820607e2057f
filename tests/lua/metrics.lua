-- Counters, gauges, rates, trends, transactions and tags: what they return and
-- what they refuse. What becomes of them is in tests/cli/test_metrics.py.
local molo = require "molo"
local cases = require "cases"

local carts = molo.counter("carts")
local depth = molo.gauge("depth")
local hits = molo.rate("hits")
local took = molo.trend("took", { unit = "s" })

local function refused(text, fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then
    error("nothing was raised", 2)
  end
  message = tostring(message):gsub("^.-:%d+: ", "")
  cases.equal(message, text)
end

cases.add("a metric is made once", function()
  molo.counter("carts"):add()
  refused("molo.gauge: 'carts' is a counter already: it cannot be a gauge too",
    molo.gauge, "carts")
  refused("molo.trend: 'took' is a trend of unit s already: it cannot be a trend too",
    molo.trend, "took")
  cases.equal(tostring(carts), "counter 'carts'")
end)

cases.add("names that cannot be", function()
  refused("molo.counter: 'runs' is a metric of molo itself: choose another name",
    molo.counter, "runs")
  refused("molo.counter: 'two words' is no name for a metric: use letters, digits and _, "
    .. "and begin with a letter", molo.counter, "two words")
  refused("molo.counter: expected a name, got no value", molo.counter)
  refused("molo.counter: the name has a NUL byte", molo.counter, "a\0b")
end)

cases.add("units", function()
  molo.counter("seen", { unit = "bytes" }):add(10)
  refused("molo.trend: unit is \"s\" or \"bytes\", or none, not 'ms'",
    molo.trend, "late", { unit = "ms" })
  refused("molo.rate: a share has no unit", molo.rate, "part", { unit = "s" })
  refused("molo.trend: options must be a table, got string",
    molo.trend, "late", "s")
end)

cases.add("values", function()
  carts:add()
  carts:add(2)
  depth:add(-1.5)
  hits:add(true)
  hits:add(false)
  hits:add(1)
  took:add(0.25)
  refused("add: call it on a metric, with a colon: carts:add(1)", carts.add, 1)
  refused("counter 'carts': -1 is below 0: a counter only grows (a gauge may fall)",
    carts.add, carts, -1)
  refused("trend 'took': -0.1 is below 0", took.add, took, -0.1)
  refused("gauge 'depth': expected a number, got string", depth.add, depth, "7")
  refused("gauge 'depth': expected a number, got nil", depth.add, depth, nil)
  refused("gauge 'depth': an infinite number is no value", depth.add, depth, math.huge)
  refused("trend 'took': nan (0/0) is no value", took.add, took, 0 / 0)
  refused("rate 'hits': expected true or false, got nil", hits.add, hits, nil)
  refused("rate 'hits': expected true or false (or 1 or 0), got 0.5", hits.add, hits, 0.5)
end)

cases.add("tags", function()
  carts:add(1, { page = "cart", big = true, size = 3 })
  molo.check("tagged", true, { page = "cart" })
  molo.expect("tagged", true, nil, { page = "cart" })
  refused("tags: expected a table such as {page = \"cart\"}, got string", carts.add, carts, 1, "x")
  refused("tags: names are strings, got a number", carts.add, carts, 1, { "cart" })
  refused("tags: the tag 'status' is set by molo itself: choose another name",
    carts.add, carts, 1, { status = "x" })
  refused("tags: the tag 'page' is a string, a number or true or false, not a table",
    carts.add, carts, 1, { page = {} })
  refused("tags: the tag 'page' has an empty value", carts.add, carts, 1, { page = "" })
  refused("tags: the tag 'page' has a NUL byte", carts.add, carts, 1, { page = "a\0b" })
  local many = {}
  for i = 1, 33 do many["t" .. i] = i end
  refused("tags: more than 32 tags", carts.add, carts, 1, many)
end)

cases.add("the table of tags stays as it was", function()
  local tags = { size = 3, big = true }
  carts:add(1, tags)
  cases.equal(tags, { size = 3, big = true })
end)

cases.add("a transaction returns what its function returns", function()
  local function values(...) return select("#", ...), ... end
  cases.equal({ values(molo.transaction("none", function() end)) }, { 0 })
  cases.equal({ values(molo.transaction("three", function() return 1, nil, 3 end)) },
    { 3, 1, nil, 3 })
end)

cases.add("a transaction may wait, and be in another", function()
  local inner = molo.transaction("outer", function()
    molo.sleep(0.001)
    return molo.transaction("inner", function()
      molo.sleep(0.001)
      return "done"
    end)
  end)
  cases.equal(inner, "done")
end)

cases.add("what is raised in a transaction goes on as it is", function()
  local thrown = { "any value" }
  local ok, err = pcall(molo.transaction, "fails", function() error(thrown) end)
  cases.equal(ok, false)
  cases.equal(rawequal(err, thrown), true)
end)

cases.add("a transaction that is used wrongly", function()
  refused("molo.transaction: expected a name, got nil", molo.transaction, nil, print)
  refused("molo.transaction: expected a name, got an empty string", molo.transaction, "", print)
  refused("molo.transaction: expected a function, got nil", molo.transaction, "a")
  refused("molo.transaction: unknown option 'tag': did you mean 'tags'?",
    molo.transaction, "a", print, { tag = {} })
  refused("molo.transaction: options must be a table, got string",
    molo.transaction, "a", print, "x")
end)

cases.add("a metric shows its kind and hides its metatable", function()
  cases.equal(tostring(carts):match("^counter"), "counter")
  cases.equal(getmetatable(carts), false)
end)

cases.start{}

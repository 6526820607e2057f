-- Values that cross workers are copied whole, or refused with the path to what
-- cannot cross.
local molo = require "molo"
local cases = require "cases"

local function copy(value)
  molo.set_var("value", value)
  return molo.get_var("value")
end

for name, value in pairs{
  ["true"] = true,
  ["false"] = false,
  ["zero"] = 0,
  ["an integer"] = 42,
  ["the largest integer"] = math.maxinteger,
  ["the smallest integer"] = math.mininteger,
  ["an integer beyond a float's"] = 9007199254740993,
  ["a float"] = 0.1,
  ["a float without a fraction"] = 1.0,
  ["infinity"] = math.huge,
  ["minus infinity"] = -math.huge,
  ["minus zero"] = -0.0,
  ["the smallest float"] = 0x1p-1074,
  ["an empty string"] = "",
  ["a string with NUL"] = "a\0b\0",
  ["every byte"] = string.char(0, 1, 9, 10, 13, 127, 128, 255),
  ["a long string"] = ("0123456789"):rep(100000),
  ["an empty table"] = {},
  ["a list"] = { 1, "two", 3.5, false },
  ["a list with holes"] = { 1, nil, 3, nil, 5 },
  ["a tree"] = { a = { b = { c = { "deep" } } }, list = { { 1 }, { 2 } } },
  ["keys of all kinds"] = { [1] = 1, [1.5] = 2, [true] = 3, ["\0"] = 4,
                            [math.mininteger] = 5 },
} do
  cases.add(name, function() cases.equal(copy(value), value) end)
end

cases.add("nil", function() cases.equal(copy(nil), nil) end)

cases.add("not a number", function()
  local value = copy(0 / 0)
  cases.equal(value ~= value, true)
end)

cases.add("reading gives a copy", function()
  local original = { list = { 1 } }
  molo.set_var("value", original)
  original.list[1] = "changed after set_var"
  local first = molo.get_var("value")
  cases.equal(first, { list = { 1 } })
  first.list[1] = "changed after get_var"
  cases.equal(molo.get_var("value"), { list = { 1 } })
end)

cases.add("the same table twice is no cycle", function()
  local leaf = { 1 }
  cases.equal(copy{ a = leaf, b = leaf }, { a = { 1 }, b = { 1 } })
end)

cases.add("a deep tree", function()
  local tree = {}
  for _ = 1, 50 do tree = { tree } end
  cases.equal(copy(tree), tree)
end)

cases.add("far too deep is refused, not a crash", function()
  local tree = {}
  for _ = 1, 1000000 do tree = { tree } end
  cases.raises("deep", molo.set_var, "value", tree)
end)

cases.add("a handle", function()
  local handle = copy{ where = molo.notifier("n") }.where
  cases.equal(handle == molo.notifier("n") or tostring(handle)
              == tostring(molo.notifier("n")), true)
  handle:written("through a copied handle")
end)

cases.add("a function is refused with its path", function()
  cases.misuse("function a.list[2]", molo.set_var, "value",
               { a = { list = { 1, print } } })
end)

cases.add("a coroutine is refused", function()
  cases.misuse("thread", molo.set_var, "value",
               { coroutine.create(print) })
end)

cases.add("a session is refused", function(session)
  cases.raises("me", molo.set_var, "value", { me = session })
end)

cases.add("a file is refused", function()
  cases.misuse("out", molo.set_var, "value", { out = io.stdout })
end)

cases.add("a cycle is refused with its path", function()
  local a = { b = { c = {} } }
  a.b.c.back = a
  cases.misuse("itself b.c.back", molo.set_var, "value", a)
end)

cases.add("what was refused changed nothing", function()
  molo.set_var("kept", 1)
  pcall(molo.set_var, "kept", print)
  cases.equal(molo.get_var("kept"), 1)
end)

cases.start()

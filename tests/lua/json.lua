-- molo.json: both ways, and what it refuses.
local molo = require "molo"
local cases = require "cases"

local encode, decode = molo.json.encode, molo.json.decode

local at_load = molo.now()
cases.add("molo.now is 0 while the file is loaded", function()
  cases.equal(at_load, 0.0)
end)

for name, row in pairs{
  ["the largest integer"] = { math.maxinteger, "9223372036854775807" },
  ["the smallest integer"] = { math.mininteger, "-9223372036854775808" },
  ["an integer beyond a float's"] = { { id = 9007199254740993 },
                                      '{"id":9007199254740993}' },
  ["a float without a fraction"] = { 1.0, "1.0" },
  ["a fraction"] = { -0.5, "-0.5" },
  ["true"] = { true, "true" },
  ["false"] = { false, "false" },
  ["NUL in a string"] = { "a\0b", '"a\\u0000b"' },
  ["text"] = { "\u{20ac}\"\n", '"\u{20ac}\\"\\n"' },
  ["an empty object"] = { {}, "{}" },
  ["a list"] = { { 1, "b", { c = true } }, '[1,"b",{"c":true}]' },
  ["names in order"] = { { b = 1, a = 2, ["\u{e9}"] = 3, B = 4 },
                         '{"B":4,"a":2,"b":1,"\u{e9}":3}' },
} do
  cases.add("both ways: " .. name, function()
    cases.equal(encode(row[1]), row[2])
    cases.equal(decode(row[2]), row[1])
  end)
end

cases.add("an empty array stays one", function()
  cases.equal(encode(molo.json.array()), "[]")
  cases.equal(encode{ tags = molo.json.array{} }, '{"tags":[]}')
  cases.equal(encode(decode('{"a":[],"b":{},"c":[[]]}')),
              '{"a":[],"b":{},"c":[[]]}')
  local list = molo.json.array{ 1, 2 }
  cases.equal(list, { 1, 2 })
  cases.equal(encode(list), "[1,2]")
  list[1], list[2] = nil, nil
  cases.equal(encode(list), "[]")
  cases.equal(molo.json.array(list) == list, true)
end)

cases.add("null", function()
  cases.equal(encode(nil), "null")
  cases.equal(encode{ a = molo.json.null }, '{"a":null}')
  cases.equal(encode{ 1, molo.json.null, 3 }, "[1,null,3]")
  cases.equal(decode("null"), nil)
  cases.equal(decode('{"a":null,"b":1}'), { b = 1 })
  local kept = decode('{"a":null,"b":[null]}', { nulls = true })
  cases.equal(kept.a == molo.json.null, true)
  cases.equal(encode(kept), '{"a":null,"b":[null]}')
end)

local cycle = {}
cycle.again = { cycle }
for name, row in pairs{
  ["a function"] = { { a = { 1, { f = print } } },
                     "a function has no form there (at a[2].f)" },
  ["not a number"] = { { x = 0 / 0 }, "a number is not finite (at x)" },
  ["infinity"] = { { 1, math.huge }, "a number is not finite (at [2])" },
  ["bytes"] = { { s = "\xff" }, "a string is not UTF-8 (at s)" },
  ["a key with NUL"] = { { a = { ["b\0c"] = 1 } },
                         "a key has a NUL byte (at a.b)" },
  ["a key with NUL at its end"] = { { ["a\0"] = 1 }, "a key has a NUL byte" },
  ["a key that is not UTF-8"] = { { ["\xff"] = 1 }, "a key is not UTF-8" },
  ["mixed keys"] = { { list = { 1, x = 2 } }, "keys of a table" },
  ["holes"] = { { 1, nil, 3 }, "the keys of a table must be all strings" },
  ["an array with names"] = { molo.json.array{ 1, x = 2 },
                              "the keys of an array must be exactly 1 to n" },
  ["a cycle"] = { cycle, "a table contains itself" },
} do
  cases.add("cannot be written: " .. name, function()
    local err = cases.misuse("cannot be written as JSON", encode,
                             row[1])
    cases.equal(err:find(row[2], 1, true) and true or err, true)
  end)
end

cases.add("cannot be read", function()
  cases.misuse("molo.json.decode: line 2, column", decode,
               '{"a": 1,\n"b" 2}')
  cases.misuse("molo.json.decode: it is empty", decode, "")
  cases.misuse("molo.json.decode: line 1", decode, "[1] 2")
  cases.misuse("molo.json.decode: integer line 1", decode,
               "9223372036854775808")
  cases.misuse("molo.json.decode: NUL line 1", decode, '{"a\\u0000":1}')
  cases.misuse("molo.json.decode: string, got no value", decode)
  cases.misuse("unknown option 'null' did you mean 'nulls'?", decode, "1",
               { null = true })
  cases.misuse("nulls must be true or false, got number", decode, "1",
               { nulls = 1 })
end)

cases.add("array refuses what is none", function()
  cases.misuse("molo.json.array: expected a table, got number", molo.json.array,
               1)
  cases.misuse("molo.json.array: metatable", molo.json.array,
               setmetatable({}, { __len = function() return 1 end }))
end)

cases.add("misuse has the line of the caller", function()
  cases.misuse("json.lua:", function() molo.json.encode(print) end)
end)

cases.add("encode without a value", function()
  cases.misuse("molo.json.encode: there is no value", molo.json.encode)
end)

cases.start()

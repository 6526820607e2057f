-- Feeds as one worker sees them.
local molo = require "molo"
local cases = require "cases"

-- A feed of a file that holds `text`; the file is gone when this returns, which
-- shows that files of this size are kept.
local function feed(kind, text, options)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, result = pcall(molo.data[kind], path, options)
  os.remove(path)
  if not ok then
    error((tostring(result):gsub(path, "FILE", nil)), 0)
  end
  return result
end

local function refused(words, kind, text, options)
  return cases.misuse(words, feed, kind, text, options)
end

local users = feed("csv", "name,password\nann,1\nben,2\n")
cases.add("records by column, in order, over and over", function()
  cases.equal(#users, 2)
  cases.equal(users:next(), { name = "ann", password = "1" })
  cases.equal(users:next(), { name = "ben", password = "2" })
  cases.equal(users:next(), { name = "ann", password = "1" })
  cases.equal(users:at(2).name, "ben")
  cases.equal(users:next().name, "ben")
end)

cases.add("a record is the run's own", function()
  users:at(1).name = "changed"
  cases.equal(users:at(1).name, "ann")
end)

local quoted = feed("csv", '\xef\xbb\xbfa,b\r\n"x, ""y""\r\nz",\r\n\r\n"",2')
cases.add("quotes, line breaks, CRLF, an end without one", function()
  cases.equal(#quoted, 2)
  cases.equal(quoted:at(1), { a = 'x, "y"\r\nz', b = "" })
  cases.equal(quoted:at(2), { a = "", b = "2" })
end)

local bare = feed("csv", "1;2\n3;4\n", { header = false, delimiter = ";" })
local named = feed("csv", "1,2\n3,4\n", { columns = { "x", "y" } })
local renamed = feed("csv", "a,a\n3,4\n",
                     { columns = { "x", "y" }, header = true })
cases.add("columns without a header, with names, with other names", function()
  cases.equal(bare:at(2), { "3", "4" })
  cases.equal(named:at(1), { x = "1", y = "2" })
  cases.equal(#named, 2)
  cases.equal(#renamed, 1)
  cases.equal(renamed:at(1), { x = "3", y = "4" })
end)

local array = feed("json",
                   '[{"id": 9007199254740993, "tags": ["a"]}, 1.5, "s", false]')
cases.add("JSON keeps its types", function()
  cases.equal(#array, 4)
  cases.equal(array:at(1), { id = 9007199254740993, tags = { "a" } })
  cases.equal(array:at(2), 1.5)
  cases.equal(array:at(4), false)
end)

local ndjson = feed("json", '{"id": 1}\n\n{"id": 2}\r\n3', { format = "ndjson" })
cases.add("a value a line", function()
  cases.equal(#ndjson, 3)
  cases.equal(ndjson:at(2), { id = 2 })
  cases.equal(ndjson:at(3), 3)
end)

local words = feed("lines", "one\r\n\nthree\n")
cases.add("lines, empty ones too", function()
  cases.equal(#words, 3)
  cases.equal(words:at(1), "one")
  cases.equal(words:at(2), "")
  cases.equal(words:at(3), "three")
end)

local numbers = {}
for i = 1, 100 do numbers[i] = tostring(i) end
local hundred = table.concat(numbers, "\n")
local shuffled = feed("lines", hundred, { order = "shuffled" })
local other = feed("lines", hundred, { order = "shuffled" })

local function lap(source)
  local order, seen = {}, {}
  for i = 1, #source do
    order[i] = source:next()
    seen[order[i]] = true
  end
  for i = 1, #source do
    assert(seen[tostring(i)], "not given: " .. i)
  end
  return table.concat(order, " ")
end

cases.add("shuffled: each once a round, and each round otherwise", function()
  local first = lap(shuffled)
  local second = lap(shuffled)
  assert(first ~= table.concat(numbers, " "), "the order of the file")
  assert(first ~= second, "the same order again")
  assert(first ~= lap(other), "the same order in another feed")
end)

local random = feed("lines", hundred, { order = "random" })
cases.add("random: any, with repetitions", function()
  local seen, count = {}, 0
  for _ = 1, 100 do
    local value = random:next()
    if not seen[value] then
      seen[value], count = true, count + 1
    end
  end
  assert(count > 30 and count < 95, "different ones: " .. count)
end)

local mine = feed("lines", "a\nb\nc", { order = "worker" })
cases.add("worker: always the same", function()
  cases.equal(mine:next(), "a")
  cases.equal(mine:next(), "a")
end)

local strict = feed("lines", "a\nb", { order = "unique", on_end = "error" })
cases.add("an error at the end", function()
  strict:next()
  strict:next()
  local kind, err = cases.kind_of(strict.next, strict)
  cases.equal(kind, "exhausted")
  assert(err.message:find("has no more records: it has 2", 1, true),
         err.message)
end)

local odd = feed("csv", "a;b\n1;2\n", { columns = { "a;b" }, header = true })
cases.add("a column with a semicolon in its name", function()
  cases.equal(odd:next(), { ["a;b"] = "1;2" })
end)

cases.add("arguments", function()
  cases.misuse("records 1 to 2 not 3", users.at, users, 3)
  cases.misuse("number of a record string", users.at, users, "1")
  cases.misuse("with a colon users:next", users.next, {})
  cases.misuse("top level", molo.data.csv, "users.csv")
  cases.misuse("own coroutine", coroutine.wrap(function()
    users:next()
  end))
  cases.equal(tostring(users):match("^feed '"), "feed '")
end)

cases.misuse("feed:next loaded", users.next, users)
assert(users:at(1).name == "ann", "at() while the file is loaded")

refused("FILE:3: 1 field 2 columns", "csv", "a,b\n1,2\n3\n")
refused("FILE:2: quote double", "csv", 'a\nb"c\n')
refused("FILE:2: closing quote", "csv", 'a\n"b"c\n')
refused("FILE:2: never closed", "csv", 'a\n"b\nc\n')
refused("FILE:1: carriage return", "csv", "a\rb\n")
refused("no record below its header", "csv", "a,b\n")
refused("has no record", "lines", "")
refused("UTF-16 UTF-8", "csv", "\xff\xfea\0")
refused("column 2 no name columns", "csv", "a,\n1,2\n")
refused("two columns 'a' columns", "csv", "a,a\n1,2\n")
refused("one column 'a;b' delimiter = \";\"", "csv", "a;b\n1;2\n")
refused('one column delimiter = "\\t"', "csv", "a\tb\n1\t2\n")
refused("FILE:2:1: unexpected", "json", "[1,\n}]")
refused("not an array ndjson", "json", "{}")
refused("value 2 null", "json", "[1, null]")
refused("FILE:2:", "json", "1\n{\n", { format = "ndjson" })
refused("delimiter one byte", "csv", "a\n1\n", { delimiter = "::" })
refused('order "sequential" or "worker" not', "csv", "a\n1\n", { order = "up" })
refused("unknown option 'oder' did you mean 'order'", "csv", "a\n1\n",
        { oder = "random" })
refused("unique no record twice", "csv", "a\n1\n",
        { order = "unique", on_end = "loop" })
refused("random end shuffled", "csv", "a\n1\n",
        { order = "random", on_end = "stop" })
refused("unknown option 'header'", "lines", "a", { header = true })
cases.misuse("cannot read 'nowhere.csv' relative to the scenario", molo.data.csv,
             "nowhere.csv")
cases.misuse("path number", molo.data.lines, 7)

cases.add("its metatable is not for scripts, which could end it with __gc", function()
  cases.equal(getmetatable(users), false)
end)

cases.start()

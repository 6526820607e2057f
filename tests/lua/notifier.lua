-- Misuse of a notifier, and what a handle is.
local molo = require "molo"
local cases = require "cases"

cases.add("one_read before anything was received", function()
  cases.misuse("one_read", function() molo.notifier("a"):one_read() end)
end)

cases.add("a second writer in one round", function()
  local news = molo.notifier("b")
  news:written(1)
  cases.misuse("b", function() news:written(2, { round = 1 }) end)
end)

cases.add("readers are waited for by none but others", function()
  -- Alone, everybody else has read.
  local news = molo.notifier("c")
  news:wait_for_readers()
  news:written(1)
  news:wait_for_readers()
end)

cases.add("an unknown option", function()
  cases.misuse("'reader' 'readers'", molo.notifier, "f", { reader = 1 })
  cases.misuse("readers: expected a whole number from 1 on, got two", molo.notifier,
               "f", { readers = "two" })
  cases.misuse("readers: expected a whole number from 1 on, got table", molo.notifier,
               "f", { readers = {} })
  cases.misuse("readers: 3000000000 is more than 2147483647", molo.notifier, "f",
               { readers = 3000000000 })
end)

cases.add("what does not wait has no timeout", function()
  local news = molo.notifier("l")
  cases.misuse("'timeout'", news.written, news, 1, { timeout = 5 })
end)

cases.add("a name is a string", function()
  cases.misuse("name", molo.notifier)
  cases.misuse("name", molo.notifier, {})
end)

cases.add("a method without its object", function()
  cases.misuse("handle", molo.notifier("g").written)
end)

cases.add("an unknown method names the known", function()
  cases.raises("notify", function() molo.notifier("h"):notify() end)
end)

cases.add("free", function()
  local news = molo.notifier("i")
  news:free()
  news:written("made anew")
end)

cases.add("a wait that times out gives its place back", function()
  local news = molo.notifier("j")
  local err = cases.raises("j", news.wait_for_writer, news, { timeout = 0.01 })
  cases.equal(err.kind, "timeout")
  news:written(1)
end)

cases.add("rounds ascend", function()
  local news = molo.notifier("k")
  news:written(1, { round = 3 })
  cases.misuse("round", news.written, news, 1, { round = 2 })
  news:written(1, { round = 4 })
end)

cases.start()

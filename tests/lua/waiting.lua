-- Where a script may wait, and what it is told where it may not.
local molo = require "molo"
local cases = require "cases"

local function waits()
  return pairs{
    sleep = function() molo.sleep(0.001) end,
    set_var = function() molo.set_var("x", 1) end,
    get_var = function() molo.get_var("x") end,
    written = function() molo.notifier("x"):written() end,
  }
end

cases.add("in a coroutine of one's own", function()
  for _, wait in waits() do
    local thread = coroutine.create(wait)
    local ok, err = coroutine.resume(thread)
    cases.equal(ok, false)
    cases.raises("coroutine", error, err)
  end
end)

cases.add("in a comparator of table.sort", function()
  for _, wait in waits() do
    cases.raises("wait", table.sort, { 3, 2, 1 }, function(a, b)
      wait()
      return a < b
    end)
  end
end)

cases.add("in a replacement of gsub", function()
  for _, wait in waits() do
    cases.raises("wait", string.gsub, "abc", "%w", function(c)
      wait()
      return c
    end)
  end
end)

cases.add("in a module while it is loaded", function()
  cases.raises("wait", require, "waits_at_load")
end)

cases.add("in a metamethod", function()
  local slow = setmetatable({}, {
    __index = function(_, key)
      molo.sleep(0.001)
      return key
    end,
    __add = function()
      molo.sleep(0.001)
      return 5
    end,
  })
  cases.equal(slow.key, "key")
  cases.equal(slow + 1, 5)
end)

cases.add("in an iterator", function()
  local n = 0
  for i in function(_, i)
    molo.sleep(0.001)
    i = (i or 0) + 1
    return i <= 3 and i or nil
  end do
    n = n + i
  end
  cases.equal(n, 6)
end)

cases.add("in pcall, xpcall and molo.try", function()
  cases.equal({ pcall(function() molo.sleep(0.001) return 1 end) },
              { true, 1 })
  cases.equal({ xpcall(function() molo.sleep(0.001) error("x", 0) end,
                       function(e) return "handled " .. e end) },
              { false, "handled x" })
  cases.equal(molo.try(function() molo.sleep(0.001) return 2 end), 2)
end)

cases.add("a coroutine of one's own that does not wait", function()
  local generate = coroutine.wrap(function()
    for i = 1, 3 do coroutine.yield(i) end
  end)
  molo.sleep(0.001)
  cases.equal({ generate(), generate(), generate() }, { 1, 2, 3 })
end)

cases.add("a bare yield does not reach the scheduler", function()
  cases.raises("yield", coroutine.yield, 1)
end)

cases.add("molo's own coroutine cannot be resumed or closed", function()
  local task = coroutine.running()
  cases.misuse("molo", coroutine.resume, task)
  cases.misuse("molo", coroutine.close, task)
end)

cases.add("sleep 0 returns", function()
  molo.sleep(0)
  molo.sleep("1ms")
end)

cases.add("the clock goes on while asleep", function()
  local before = molo.now()
  molo.sleep(0.02)
  cases.equal(molo.now() - before >= 0.02, true)
end)

cases.add("close variables run at an error and may wait", function()
  local order = {}
  local function closing(name)
    return setmetatable({}, { __close = function(_, err)
      molo.sleep(0.001)
      order[#order + 1] = name .. " " .. tostring(err)
    end })
  end
  pcall(function()
    local _a <close> = closing("a")
    local _b <close> = closing("b")
    molo.sleep(0.001)
    error("fell", 0)
  end)
  cases.equal(order, { "b fell", "a fell" })
end)

cases.add("a long computation is let be", function()
  local n = 0
  for i = 1, 5000000 do n = n + i end
  cases.equal(n, 12500002500000)
end)

cases.start()

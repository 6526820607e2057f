-- Variables as one worker sees them.
local molo = require "molo"
local cases = require "cases"

cases.add("absent is nil", function()
  cases.equal(molo.get_var("absent"), nil)
end)

cases.add("set and get", function()
  molo.set_var("a", 1)
  cases.equal(molo.get_var("a"), 1)
  molo.set_var("a", "two")
  cases.equal(molo.get_var("a"), "two")
end)

cases.add("the factory makes what is absent, once", function()
  local calls = 0
  local function factory(name)
    calls = calls + 1
    return { made = name }
  end
  cases.equal(molo.get_var("made", factory), { made = "made" })
  cases.equal(molo.get_var("made", factory), { made = "made" })
  cases.equal(calls, 1)
end)

cases.add("nil is a stored value", function()
  molo.set_var("nothing", nil)
  cases.equal(molo.get_var("nothing", function() return "made" end), nil)
  molo.del_var("nothing")
  cases.equal(molo.get_var("nothing", function() return "made" end), "made")
end)

cases.add("a factory may wait", function()
  cases.equal(molo.get_var("slow", function()
    molo.sleep(0.01)
    return "made"
  end), "made")
end)

cases.add("an error of the factory is raised, the next call tries again",
          function()
  cases.raises("cannot make it", molo.get_var, "fails", function()
    error("cannot make it")
  end)
  cases.equal(molo.get_var("fails", function() return 2 end), 2)
end)

cases.add("a set_var meanwhile wins", function()
  local value = molo.get_var("race", function()
    molo.set_var("race", "set")
    return "made"
  end)
  cases.equal(value, "set")
  cases.equal(molo.get_var("race"), "set")
end)

cases.add("asking for the variable inside its factory", function()
  cases.raises("self", molo.get_var, "self", function()
    return molo.get_var("self", function() return 1 end)
  end)
end)

cases.add("a factory that is no function", function()
  cases.misuse("factory such as function() return 0 end, got number", molo.get_var, "x", 5)
end)

cases.add("update_var stores the first result and returns all", function()
  molo.set_var("n", 1)
  local a, b, c = molo.update_var("n", function(n) return n + 1, "b", "c" end)
  cases.equal({ a, b, c }, { 2, "b", "c" })
  cases.equal(molo.get_var("n"), 2)
end)

cases.add("update_var of what is absent", function()
  cases.equal(molo.update_var("fresh", function(v)
    cases.equal(v, nil)
    return 1
  end), 1)
end)

cases.add("an error in update_var changes nothing and frees it", function()
  molo.set_var("n", 1)
  cases.raises("no update", molo.update_var, "n", function()
    error("no update")
  end)
  cases.equal(molo.get_var("n"), 1)
  cases.equal(molo.update_var("n", function(n) return n + 1 end), 2)
end)

cases.add("a value that cannot cross changes nothing and frees it", function()
  molo.set_var("n", 1)
  cases.raises("function", molo.update_var, "n", function() return print end)
  cases.equal(molo.update_var("n", function(n) return n + 1 end), 2)
end)

cases.add("coordination inside update_var is an error", function()
  molo.set_var("n", 1)
  for _, fn in ipairs{
    function() return molo.get_var("other") end,
    function() return molo.add_var("n", 1) end,
    function() return molo.update_var("n", function() return 1 end) end,
  } do
    cases.raises("update_var", molo.update_var, "n", fn)
  end
  cases.equal(molo.get_var("n"), 1)
end)

cases.add("add_var starts from 0 and keeps integers", function()
  cases.equal(molo.add_var("sum", 2), 2)
  cases.equal(molo.add_var("sum", -5), -3)
  cases.equal(molo.add_var("sum", 0.5), -2.5)
  cases.equal(molo.add_var("big", math.maxinteger), math.maxinteger)
end)

cases.add("add_var to what is no number", function()
  molo.set_var("text", "x")
  cases.misuse("text", molo.add_var, "text", 1)
  cases.equal(molo.get_var("text"), "x")
end)

cases.add("wait_var of what is there", function()
  molo.set_var("here", { 1, 2 })
  cases.equal(molo.wait_var("here"), { 1, 2 })
  cases.equal(molo.wait_var("here", { 1, 2 }), { 1, 2 })
  cases.equal(molo.wait_var("here", function(v) return #v == 2 end), { 1, 2 })
end)

cases.add("wait_var that tries once", function()
  molo.set_var("here", 1)
  for _, want in ipairs{ 2, function(v) return v == 2 end } do
    local err = cases.raises("here", molo.wait_var, "here", want,
                             { timeout = 0 })
    cases.equal(err.kind, "timeout")
  end
end)

cases.add("wait_var that times out", function()
  local err = cases.raises("absent", molo.wait_var, "absent", nil,
                           { timeout = 0.02 })
  cases.equal(err.kind, "timeout")
  cases.equal(err.waited >= 0.02, true)
end)

cases.add("an unknown option", function()
  cases.misuse("'timeot' 'timeout'", molo.wait_var, "x", 1, { timeot = 1 })
end)

cases.add("names are strings", function()
  cases.misuse("name", molo.get_var)
  cases.misuse("name", molo.get_var, {})
  cases.misuse("name", molo.set_var, "", 1)
  cases.misuse("", molo.set_var, "a\0b", 1)
end)

cases.add("variables and objects are separate", function()
  molo.set_var("both", 1)
  molo.notifier("both"):written()
  cases.equal(molo.get_var("both"), 1)
end)

cases.add("get_var with a constructor is the constructor", function()
  local handle = molo.get_var("shared pad", molo.notifier)
  handle:written()
  cases.misuse("round 1", function()
    -- The same object: it knows that this run has written.
    molo.notifier("shared pad"):written("again", { round = 1 })
  end)
end)

cases.start()

-- Error objects: what the world causes; misuse is a string.
local molo = require "molo"
local cases = require "cases"

cases.add("kind, message, text", function()
  local ok, err = pcall(molo.wait_var, "absent", nil, { timeout = 0 })
  cases.equal(ok, false)
  cases.equal(type(err), "table")
  cases.equal(err.kind, "timeout")
  cases.equal(type(err.message), "string")
  cases.equal(tostring(err):find(err.message, 1, true) ~= nil, true)
end)

cases.add("fields of its kind", function()
  local _, err = pcall(molo.wait_var, "absent", nil, { timeout = 0.01 })
  cases.equal(err.name, "absent")
  cases.equal(err.waited >= 0.01, true)
end)

cases.add("a failed expect is a check", function()
  local err = cases.raises("must be detail", function()
    molo.expect("must be", false, "detail")
  end)
  cases.equal(err.kind, "check")
end)

cases.add("a failed assert is a check", function()
  local err = cases.raises("arithmetic", function()
    assert(1 == 2, "arithmetic")
  end)
  cases.equal(err.kind, "check")
  cases.equal(err.where:match("errors%.lua:%d+$") ~= nil, true)
end)

cases.add("an assert without words is a check, too", function()
  for _, arguments in ipairs{ { false }, { nil, nil, n = 2 } } do
    local kind, err = cases.kind_of(assert, table.unpack(arguments, 1, arguments.n))
    cases.equal({ kind, err.message }, { "check", "assertion failed!" })
  end
end)

cases.add("assert passes its arguments on", function()
  cases.equal({ assert(1, 2, 3) }, { 1, 2, 3 })
end)

cases.add("assert raises an error object as it is", function()
  local mine = { mine = true }
  local ok, err = pcall(assert, nil, mine)
  cases.equal(ok, false)
  cases.equal(err == mine, true)
end)

cases.add("try gives results", function()
  cases.equal(table.pack(molo.try(function(...) return ... end, 1, nil, 3)),
              { 1, nil, 3, n = 3 })
end)

cases.add("try gives nil and the error", function()
  cases.misuse("molo.try: function and its arguments molo.try(session.get, got nil",
               molo.try, (function() end)())
  local value, err = molo.try(molo.wait_var, "absent", nil, { timeout = 0 })
  cases.equal(value, nil)
  cases.equal(err.kind, "timeout")
end)

cases.add("try in try", function()
  local value, err = molo.try(function()
    local _, inner = molo.try(error, "inner")
    cases.equal(tostring(inner):find("inner", 1, true) ~= nil, true)
    molo.sleep(0.001)
    error("outer")
  end)
  cases.equal(value, nil)
  cases.equal(tostring(err):find("outer", 1, true) ~= nil, true)
end)

cases.add("error in an error's tostring", function()
  local _, err = molo.try(function()
    error(setmetatable({}, { __tostring = function() error("no") end }))
  end)
  cases.equal(type(err), "table")
end)

-- Whose text would be an address, and another one each time.
cases.add("a raised table is shown by its content", function()
  local function message_of(value)
    local child = molo.spawn(error, value)
    local _, err = cases.kind_of(child.join, child)
    return err.message
  end
  cases.equal(message_of({ code = 3 }), '{"code":3}')
  cases.equal(message_of({ call = print }), "(a table)")
  cases.equal(message_of(print), "(a function)")
  cases.equal(message_of({ ("\u{e4}"):rep(300) }), '["' .. ("\u{e4}"):rep(99) .. "...")
  cases.equal(message_of(setmetatable({}, { __tostring = function() return "own" end })),
              "own")
  cases.raises('got: {"id":7}', function() molo.expect("got", false, { id = 7 }) end)
  cases.raises('{"id":7}', molo.fail, { id = 7 })
end)

cases.add("a check without a condition", function()
  cases.misuse("errors.lua molo.check: 'ok' has no condition", function() molo.check("ok") end)
  cases.misuse("molo.expect: 'ok' has no condition", molo.expect, "ok")
end)

cases.add("a place is told once", function()
  local child = molo.spawn(function()
    coroutine.wrap(function() molo.sleep(1) end)()
  end)
  local _, err = cases.kind_of(child.join, child)
  cases.equal(err.message:find("errors.lua", 1, true), nil)
  cases.equal(err.message:match("^molo%.sleep cannot wait inside a coroutine") ~= nil, true)
end)

cases.add("an address in a message is no place", function()
  local child = molo.spawn(error, "127.0.0.1:80: refused", 0)
  local _, err = cases.kind_of(child.join, child)
  cases.equal(err.message, "127.0.0.1:80: refused")
  child = molo.spawn(function() error("127.0.0.1:80: refused") end)
  _, err = cases.kind_of(child.join, child)
  cases.equal(err.message, "127.0.0.1:80: refused")
  cases.equal(err.where:match("errors%.lua:%d+$") ~= nil, true)
end)

cases.add("what cannot be shown is not logged, and leaves nothing behind", function()
  local broken = setmetatable({}, { __tostring = function() error("no") end })
  cases.raises("no", print, "shown", broken)
  cases.raises("no", molo.log, "info", "shown", broken)
end)

cases.add("stack overflow is caught", function()
  local function forever(n) return 1 + forever(n + 1) end
  cases.raises("overflow", forever, 1)
end)

cases.add("misuse has the line of the caller", function()
  cases.misuse("errors.lua", function() molo.sleep("soon") end)
  cases.misuse("errors.lua", function() molo.sleep(-1) end)
  cases.misuse("errors.lua", function() molo.check() end)
end)

cases.start()

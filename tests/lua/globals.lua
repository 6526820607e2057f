-- No globals but Lua's own, and only through `molo`.
local molo = require "molo"
local cases = require "cases"

cases.add("reading one that does not exist", function()
  cases.misuse("nowhere state set_var", function() return nowhere end)
end)

cases.add("assigning one", function()
  cases.misuse("nowhere state set_var", function() nowhere = 1 end)
  cases.equal(rawget(_G, "nowhere"), nil)
end)

cases.add("Lua's own are there", function()
  for _, name in ipairs{ "assert", "error", "ipairs", "math", "pairs", "pcall",
                         "print", "require", "select", "string", "table",
                         "tonumber", "tostring", "type", "utf8",
                         "setmetatable" } do
    cases.equal(_G[name] ~= nil, true)
  end
end)

cases.add("molo is no global", function()
  cases.misuse("begin the file with local molo = require \"molo\"",
               function() return _G.molo end)
end)

cases.add("an unknown function of molo is named", function()
  cases.misuse("globals.lua: no function 'slep': did you mean 'sleep'?",
               function() molo.slep(1) end)
  cases.misuse("molo has no function '7'", function() return molo[7] end)
end)

cases.add("session fields cannot be added", function(session)
  cases.misuse("token state", function() session.token = 1 end)
  cases.misuse("step", function() session.step = 100 end)
end)

cases.add("an unknown session method is named", function(session)
  cases.misuse("gte", function() session:gte("/") end)
end)

-- Whose functions trust what they are called with.
cases.add("metatables of molo's own are out of reach", function(session)
  local lock = molo.lock("l")
  local held <close> = lock:hold()
  for _, object in ipairs{ session, session.rng, lock, held,
                           molo.spawn(function() end) } do
    cases.equal(getmetatable(object), false)
  end
end)

cases.add("os.exit cannot end molo", function()
  cases.raises("molo.stop", function() os.exit(0) end)
end)

cases.start()

-- molo.uuid: version 4 of RFC 9562, from the seeded generator.
local molo = require "molo"
local cases = require "cases"

local at_load = molo.uuid()

local function check(uuid)
  cases.equal(#uuid, 36)
  cases.equal(uuid:match("^%x+%-%x+%-4%x%x%x%-[89ab]%x%x%x%-%x+$"), uuid)
  cases.equal(uuid:lower(), uuid)
  for i in ("9 14 19 24"):gmatch("%d+") do
    cases.equal(uuid:sub(i, i), "-")
  end
end

cases.add("version and variant", function()
  check(at_load)
  for _ = 1, 500 do check(molo.uuid()) end
end)

cases.add("no two are equal, among workers neither", function()
  local list = {}
  for i = 1, 200 do list[i] = molo.uuid() end
  for _, uuid in ipairs(list) do
    cases.equal(molo.add_var("uuid " .. uuid, 1), 1)
  end
end)

cases.add("every free bit is used", function()
  local seen = {}
  for _ = 1, 400 do
    for i, digit in molo.uuid():gsub("-", ""):gmatch("()(%x)") do
      seen[i] = seen[i] or {}
      seen[i][digit] = true
    end
  end
  for i = 1, 32 do
    local count = 0
    for _ in pairs(seen[i]) do count = count + 1 end
    cases.equal(count, i == 13 and 1 or i == 17 and 4 or 16)
  end
end)

cases.start{ seed = 1, workers = 3 }

-- molo.base64: both alphabets of RFC 4648, and what is refused.
local molo = require "molo"
local cases = require "cases"

local encode, decode = molo.base64.encode, molo.base64.decode
local URL = { url = true }

cases.add("the vectors of RFC 4648, section 10", function()
  for bytes, text in pairs{
    [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==",
    fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
  } do
    cases.equal(encode(bytes), text)
    cases.equal(decode(text), bytes)
    cases.equal(encode(bytes, URL), (text:gsub("=", "")))
    cases.equal(decode((text:gsub("=", "")), URL), bytes)
    cases.equal(decode(text, URL), bytes)
  end
end)

cases.add("the last two digits of each alphabet", function()
  cases.equal(encode("\xfb\xff\xfe"), "+//+")
  cases.equal(encode("\xfb\xff\xfe", URL), "-__-")
  cases.equal(decode("+//+"), "\xfb\xff\xfe")
  cases.equal(decode("-__-", URL), "\xfb\xff\xfe")
end)

cases.add("padding as asked for", function()
  cases.equal(encode("f", { pad = false }), "Zg")
  cases.equal(encode("f", { url = true, pad = true }), "Zg==")
  cases.equal(encode("f", { url = false }), "Zg==")
end)

cases.add("every byte, at every length", function()
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  all = table.concat(all)
  for size = 0, 256 do
    local bytes = all:sub(1, size)
    cases.equal(decode(encode(bytes)), bytes)
    cases.equal(decode(encode(bytes, URL), URL), bytes)
  end
end)

for name, row in pairs{
  ["a foreign byte"] = { "Zm9*", nil, "byte 4 ('*') is not base64" },
  ["a line break"] = { "Zm9v\nYmFy", nil, "byte 5 (0x0a) is not base64" },
  ["a NUL byte"] = { "\0m9v", nil, "byte 1 (0x00) is not base64" },
  ["the URL alphabet"] = { "Zm-v", nil,
                           "byte 3 ('-') is of the URL alphabet: use url = true" },
  ["the standard alphabet"] = { "Zm/v", URL, "byte 3 ('/') is of the standard "
                                .. "alphabet: use url = false" },
  ["no padding"] = { "Zm8", nil, "ends at byte 3 within a group of four" },
  ["half the padding"] = { "Zg=", URL, "ends at byte 3 within a group of four" },
  ["too much padding"] = { "Zm8==", nil, "byte 5 is padding that nothing needs" },
  ["padding alone"] = { "====", nil, "byte 1 is padding that nothing needs" },
  ["a digit after the padding"] = { "Zg==Zg==", nil,
                                    "byte 5 follows the padding" },
  ["one digit too many"] = { "Zm9vY", URL, "digit at byte 5 is one too many" },
  ["bits that stand for nothing"] = { "Zh==", nil, "byte 2 ('h') has bits" },
} do
  cases.add("refused: " .. name, function()
    local err = cases.misuse("molo.base64.decode:", decode, row[1],
                             row[2])
    cases.equal(err:find(row[3], 1, true) and true or err, true)
  end)
end

cases.add("misuse", function()
  cases.misuse("molo.base64.encode: string, no value", encode)
  cases.misuse("molo.base64.decode: string table", decode, {})
  cases.misuse("unknown option 'urll' did you mean 'url'?", encode, "",
               { urll = true })
  cases.misuse("unknown option 'pad'", decode, "", { pad = true })
  cases.misuse("url must be true or false, got number", encode, "", { url = 1 })
  cases.misuse("options must be a table, got boolean", encode, "", true)
end)

cases.add("misuse has the line of the caller", function()
  cases.misuse("base64.lua:", function() molo.base64.decode("*") end)
end)

cases.start()

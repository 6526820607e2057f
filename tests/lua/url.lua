-- molo.url: taking apart, putting together, escaping.
local molo = require "molo"
local cases = require "cases"

local url = molo.url

-- What it is taken apart into, and how it reads when put together again; without
-- the latter, as before.
local rows = {
  { "http://example.com/",
    { scheme = "http", host = "example.com", path = "/", query = {} } },
  { "http://example.com",
    { scheme = "http", host = "example.com", path = "", query = {} } },
  { "HTTP://Example.COM/A",
    { scheme = "http", host = "example.com", path = "/A", query = {} },
    "http://example.com/A" },
  { "https://h:8443/a/b?x=1#top",
    { scheme = "https", host = "h", port = 8443, path = "/a/b",
      query = { x = "1" }, fragment = "top" } },
  { "http://[2001:db8::1]:80/",
    { scheme = "http", host = "2001:db8::1", port = 80, path = "/",
      query = {} } },
  { "http://[::1]",
    { scheme = "http", host = "::1", path = "", query = {} } },
  { "http://[fe80::1%25eth0]/",
    { scheme = "http", host = "fe80::1%25eth0", path = "/", query = {} } },
  { "http://[::ffff:127.0.0.1]/",
    { scheme = "http", host = "::ffff:127.0.0.1", path = "/", query = {} } },
  { "http://h?",
    { scheme = "http", host = "h", path = "", query = {} }, "http://h" },
  { "http://h?a=b",
    { scheme = "http", host = "h", path = "", query = { a = "b" } } },
  { "http://h/?a",
    { scheme = "http", host = "h", path = "/", query = { a = "" } },
    "http://h/?a=" },
  { "http://h/?=v",
    { scheme = "http", host = "h", path = "/", query = { [""] = "v" } } },
  { "http://h/?&&a=1&&",
    { scheme = "http", host = "h", path = "/", query = { a = "1" } },
    "http://h/?a=1" },
  { "http://h/?z=1&a=x&a=y&a=z",
    { scheme = "http", host = "h", path = "/",
      query = { z = "1", a = { "x", "y", "z" } } },
    "http://h/?a=x&a=y&a=z&z=1" },
  { "http://h/?a=b=c?d/e",
    { scheme = "http", host = "h", path = "/", query = { a = "b=c?d/e" } },
    "http://h/?a=b%3Dc%3Fd%2Fe" },
  { "http://h/a+b?c+d=e+f%2B",
    { scheme = "http", host = "h", path = "/a+b",
      query = { ["c d"] = "e f+" } },
    "http://h/a+b?c%20d=e%20f%2B" },
  { "http://h/a%2Fb/c%20d?e%26=%3D",
    { scheme = "http", host = "h", path = "/a%2Fb/c%20d",
      query = { ["e&"] = "=" } },
    "http://h/a%2Fb/c%20d?e%26=%3D" },
  { "http://h/caf\u{e9}?q=\u{20ac}",
    { scheme = "http", host = "h", path = "/caf%C3%A9",
      query = { q = "\u{20ac}" } },
    "http://h/caf%C3%A9?q=%E2%82%AC" },
  { "http://h/%00?%00=%ff",
    { scheme = "http", host = "h", path = "/%00",
      query = { ["\0"] = "\xff" } },
    "http://h/%00?%00=%FF" },
  { "http://h/../a/./b//c",
    { scheme = "http", host = "h", path = "/../a/./b//c", query = {} } },
  { "http://user@h/",
    { scheme = "http", user = "user", host = "h", path = "/", query = {} } },
  { "http://us%40er:p%3Aa:ss@h/",
    { scheme = "http", user = "us@er", password = "p:a:ss", host = "h",
      path = "/", query = {} },
    "http://us%40er:p%3Aa%3Ass@h/" },
  { "http://:@h/",
    { scheme = "http", user = "", password = "", host = "h", path = "/",
      query = {} } },
  { "http://h/#",
    { scheme = "http", host = "h", path = "/", query = {}, fragment = "" } },
  { "http://h#a%20b?/#c",
    { scheme = "http", host = "h", path = "", query = {},
      fragment = "a b?/#c" },
    "http://h#a%20b%3F%2F%23c" },
  { "http://h/?@host/",
    { scheme = "http", host = "h", path = "/", query = { ["@host/"] = "" } },
    "http://h/?%40host%2F=" },
  { "file:///etc/hosts",
    { scheme = "file", host = "", path = "/etc/hosts", query = {} } },
  { "mailto:a@b.example",
    { scheme = "mailto", path = "a@b.example", query = {} } },
  { "/a?b=c", { path = "/a", query = { b = "c" } } },
  { "//h/a", { host = "h", path = "/a", query = {} } },
  { "../up", { path = "../up", query = {} } },
  { "", { path = "", query = {} } },
}

cases.add("taken apart", function()
  for _, row in ipairs(rows) do cases.equal(url.parse(row[1]), row[2]) end
end)

cases.add("put together", function()
  for _, row in ipairs(rows) do
    cases.equal(url.build(row[2]), row[3] or row[1])
  end
end)

cases.add("there and back changes nothing", function()
  for _, row in ipairs(rows) do
    cases.equal(url.parse(url.build(row[2])), row[2])
  end
end)

for name, row in pairs{
  ["a space"] = { "http://h/a b", "a space at byte 11: write %20" },
  ["a line break"] = { "http://h/\r\nX: y", "a line break at byte 10" },
  ["a NUL byte"] = { "http://h/\0", "a NUL byte at byte 10" },
  ["a lone percent sign"] = { "http://h/100%", "the '%' at byte 13" },
  ["a percent sign and letters"] = { "http://h/?q=%zz", "the '%' at byte 13" },
  ["no host"] = { "http:///path", "'http:///path' has no host" },
  ["no slashes"] = { "https:h", "'https:h' has no host" },
  ["port 0"] = { "http://h:0/", "the port '0' is not 1..65535" },
  ["a large port"] = { "http://h:65536/", "the port '65536'" },
  ["no port"] = { "http://h:/", "the port ''" },
  ["a word as a port"] = { "http://h:http/", "the port 'http'" },
  ["an open bracket"] = { "http://[::1/", "the '[' of the host is not closed" },
  ["no IPv6 address"] = { "http://[1::2::3]/", "'1::2::3' is no IPv6 address" },
  ["words in brackets"] = { "http://[localhost]/", "is no IPv6 address" },
  ["words behind brackets"] = { "http://[::1]x/", "only a port may follow" },
  ["a bracket in a host"] = { "http://a]b/", "byte 2 of the host 'a]b'" },
} do
  cases.add("not to be taken apart: " .. name, function()
    local err = cases.misuse("molo.url.parse:", url.parse, row[1])
    cases.equal(err:find(row[2], 1, true) and true or err, true)
  end)
end

cases.add("parts that Lua code gives", function()
  cases.equal(url.build{ scheme = "http", host = "[::1]", port = 80 },
              "http://[::1]:80")
  cases.equal(url.build{ path = "/a b?c#d%20\xff" }, "/a%20b%3Fc%23d%20%FF")
  cases.equal(url.build{ path = "/", query = "a=1&b=%20&c=x y#" },
              "/?a=1&b=%20&c=x%20y%23")
  cases.equal(url.build{ query = { n = 1, f = 0.5, b = true, l = {} } },
              "?b=true&f=0.5&n=1")
  cases.equal(url.build{}, "")
end)

for name, row in pairs{
  ["a mistyped part"] = { { hots = "h" }, "did you mean 'host'?" },
  ["http without a host"] = { { scheme = "http", path = "/" },
                              "'http' needs a host" },
  ["a bad scheme"] = { { scheme = "1http", host = "h" },
                       "'1http' is no scheme" },
  ["a scheme with its colon"] = { { scheme = "http:", host = "h" },
                                  "'http:' is no scheme" },
  ["a host with a path"] = { { host = "h/path" }, "byte 2 of the host" },
  ["a host with a user"] = { { host = "u@h" }, "byte 2 of the host" },
  ["a host with a port"] = { { host = "h:80" }, "is no IPv6 address" },
  ["a zone that is no escape"] = { { host = "fe80::1%x" }, "the '%' at byte 8" },
  ["port 0"] = { { host = "h", port = 0 }, "port must be a number, 1 to 65535" },
  ["a port without a host"] = { { port = 80 }, "port needs a host" },
  ["a user without a host"] = { { user = "u" }, "user needs a host" },
  ["a password without a user"] = { { host = "h", password = "p" },
                                    "password needs a user" },
  ["a path that joins the host"] = { { host = "h", path = "evil" },
                                     "must begin with '/'" },
  ["a path like a host"] = { { path = "//h" }, "cannot begin with '//'" },
  ["a path like a scheme"] = { { path = "a:b" }, "put './' before it" },
  ["a lone percent sign"] = { { path = "/100%" }, "path: the '%' at byte 5" },
  ["a number as a path"] = { { path = 1 }, "path must be a string, got number" },
  ["a number as a query"] = { { query = 1 }, "query: expected a table" },
  ["a function in the query"] = { { query = { f = print } },
                                  "query: 'f' must be a string" },
} do
  cases.add("not to be put together: " .. name, function()
    local err = cases.misuse("", url.build, row[1])
    cases.equal(err:find(row[2], 1, true) and true or err, true)
  end)
end

-- RFC 3986, section 2.3
local unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  .. "0123456789-._~"

cases.add("escape leaves what RFC 3986 does not reserve", function()
  cases.equal(url.escape(unreserved), unreserved)
  for i = 0, 255 do
    local c = string.char(i)
    local escaped = url.escape(c)
    if not unreserved:find(c, 1, true) then
      cases.equal(escaped, ("%%%02X"):format(i))
    end
    cases.equal(url.unescape(escaped), c)
    cases.equal(url.unescape(("%%%02x"):format(i)), c)
  end
end)

cases.add("unescape", function()
  cases.equal(url.unescape("a%20b%2fc%2Fd+e%25%00"), "a b/c/d+e%\0")
  cases.equal(url.unescape(""), "")
  for _, text in ipairs{ "%", "%4", "%g0", "%0g", "ab%" } do
    cases.misuse("molo.url.unescape: hexadecimal %25", url.unescape,
                 text)
  end
end)

cases.add("query is in order of the names", function()
  cases.equal(url.query{ b = 1, a = { "x", "y" }, ["c d"] = "e&f+", n = false },
              "a=x&a=y&b=1&c%20d=e%26f%2B&n=false")
  cases.equal(url.query{}, "")
  cases.misuse("molo.url.query: names are strings, got a number",
               url.query, { "a" })
  cases.misuse("molo.url.query: expected a table, got nil", url.query)
  cases.misuse("molo.url.query: 'a' table", url.query, { a = { {} } })
end)

cases.add("other arguments", function()
  cases.misuse("molo.url.parse: string, got no value", url.parse)
  cases.misuse("molo.url.build: expected a table, got string", url.build, "/")
  cases.misuse("molo.url.escape: string, got table", url.escape, {})
  cases.misuse("molo.url.unescape: string, got no value", url.unescape)
end)

cases.add("misuse has the line of the caller", function()
  cases.misuse("url.lua:", function() molo.url.parse("http:///") end)
end)

cases.start()

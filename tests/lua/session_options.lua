-- What options of requests and sessions are refused, and in what words: nothing
-- here is sent.
local molo = require "molo"
local cases = require "cases"

local URL = "http://127.0.0.1:9/"

-- An option, a value that is refused, words of the complaint.
local refused = {
  { "timeout", 0, "timeout: above 0" },
  { "connect_timeout", "soon", "connect_timeout" },
  { "connect_timeout", 0, "connect_timeout: above 0" },
  { "redirects", -1, "redirects: number false" },
  { "redirects", true, "redirects: number false" },
  { "max_body", 0, "max_body: bytes from 1" },
  { "max_body", "1 MB", "max_body: bytes" },
  { "discard", 1, "discard: true or false number" },
  { "expect", 99, "expect: status class" },
  { "expect", "5x", "expect: status class" },
  { "expect", {}, "expect: empty" },
  { "bearer", "", "bearer: token empty" },
  { "bearer", "a\r\nX: 1", "bearer: 0x0d" },
  { "bearer", 7, "bearer: token number" },
  { "auth", "me:secret", "auth: {user = ..., password string" },
  { "auth", { user = "me" }, "auth: password: string nil" },
  { "auth", { user = "a\nb", password = "" }, "auth: user line break" },
  { "auth", { user = "a:b", password = "" }, "auth: user ':' basic" },
  { "auth", { user = "a", password = "b", scheme = "kerberos" },
    "auth: scheme: basic digest ntlm" },
  { "auth", { usr = "a", password = "b" }, "unknown usr user" },
  { "verify", "no", "verify: true or false string" },
  { "ca", "/nowhere/ca.pem", "ca: '/nowhere/ca.pem' No such file" },
  { "cert", "/nowhere/c.pem", "cert: '/nowhere/c.pem' No such file" },
  { "key", true, "key: path PEM boolean" },
  { "proxy", "ftp://127.0.0.1:1", "proxy: http://HOST:PORT 'ftp://" },
  { "proxy", "127.0.0.1:3128", "proxy:" },
  { "proxy", 3128, "proxy: URL number" },
  { "http_version", 2, "http_version: 1.1 2-prior-knowledge" },
  { "http_version", "0.9", "http_version: 1.1 2-prior-knowledge" },
  { "compress", "lzma", "compress: decode 'lzma' gzip" },
  { "compress", 1, "compress: true number" },
  { "unix_socket", ("x"):rep(200), "unix_socket: longer than" },
  { "unix_socket", "a\0b", "unix_socket: NUL" },
  { "resolve", { ["example.com"] = "127.0.0.1" },
    "resolve: HOST:PORT 'example.com'" },
  { "resolve", { ["example.com:80"] = "a b" }, "resolve: address 'a b'" },
  { "connect_to", { ["example.com:80"] = "127.0.0.1" },
    "connect_to: HOST:PORT '127.0.0.1'" },
  { "connect_to", "127.0.0.1:80", "connect_to: table string" },
  { "headers", { A = {} }, "header 'A': string table" },
}

for i, row in ipairs(refused) do
  local name, value, words = row[1], row[2], row[3]
  cases.add(("%s refused, %d"):format(name, i), function(session)
    local options = { [name] = value }
    cases.misuse(words, session.get, session, URL, options)
    cases.misuse(words, session.configure, session, options)
    cases.misuse(words, molo.session, options)
  end)
end

-- Options of a request alone.
local of_requests = {
  { "vars", { id = {} }, "vars: 'id': string number table" },
  { "vars", { [1] = 2 }, "vars: names strings" },
  { "vars", { idd = 1 }, "vars: {idd} URL" },
  { "vars", {}, "vars: 'id' missing URL" },
  { "cookies", { a = "b;c" }, "cookies: cookie 'a' ';'" },
  { "cookies", { a = "b\r\nX: 1" }, "cookies: cookie 'a' line break" },
  { "cookies", { a = "b\0" }, "cookies: cookie 'a' 0x00" },
  { "cookies", { ["a=b"] = "c" }, "cookies: name 'a=b' '='" },
  { "cookies", { ["a\nb"] = "c" }, "cookies: name line break" },
}

for i, row in ipairs(of_requests) do
  local name, value, words = row[1], row[2], row[3]
  cases.add(("%s refused by requests, %d"):format(name, i), function(session)
    local url = name == "vars" and URL .. "{id}" or URL
    cases.misuse(words, session.get, session, url, { [name] = value })
  end)
end

cases.add("a parameter that would not be sent", function(session)
  for name, verb in pairs{ query = "get", form = "post" } do
    for _, value in ipairs{ { b = 1 }, { 1, b = 2 }, { 1, nil, 3, b = 1 } } do
      cases.misuse(name .. ": 'a' must be a string, number, boolean or a list of these, "
        .. "got a table with the key 'b'", session[verb], session, URL,
        { [name] = { a = value } })
    end
  end
  cases.misuse("query: 'a' key 'b'", molo.url.query, { a = { b = 1 } })
  cases.equal(molo.url.query{ a = {}, b = { 1, "x" } }, "b=1&b=x")
end)

cases.add("a body that is none", function(session)
  cases.misuse("options table string {body = ...}", session.post, session, URL, "text")
  for _, body in ipairs{ { a = 1 }, {}, true } do
    cases.misuse("body: string or {path = ...} tables use json or form", session.post,
                 session, URL, { body = body })
  end
  cases.misuse("unknown option 'pat': did you mean 'path'?", session.post, session, URL,
               { body = { path = "cases.lua", pat = 1 } })
end)

cases.add("a URL with a variable wants vars", function(session)
  local refuses = function(url, options)
    cases.misuse("the URL '" .. url .. "' has {id} and no vars to put there: give "
      .. "vars = {id = ...}, or write %7B for a '{'", session.get, session, url, options)
  end
  refuses(URL .. "items/{id}")
  refuses(URL .. "{}{a-b}/{id}/{name}?x={y}", { headers = {} })
  cases.misuse("{room_2} no vars", session.websocket, session, URL .. "{room_2}")
end)

cases.add("an unknown option suggests the nearest", function(session)
  cases.misuse("unknown connect_timeot connect_timeout", session.get, session,
               URL, { connect_timeot = 1 })
  cases.misuse("unknown beerer bearer", session.configure, session,
               { beerer = "x" })
end)

cases.add("an option of requests is not one of sessions", function(session)
  for _, name in ipairs{ "body", "json", "form", "query", "vars", "name",
                         "cookies" } do
    cases.misuse(("'%s' request session"):format(name), session.configure,
                 session, { [name] = "x" })
  end
end)

cases.add("configure with nothing, as of a token that did not come", function(session)
  local answer = {}
  cases.misuse("configure: empty nil", session.configure, session,
               { bearer = answer.token })
end)

cases.add("configure applies all or nothing", function(session)
  cases.misuse("max_body", session.configure, session,
               { base_url = "http://127.0.0.1:9/new", max_body = "x" })
  cases.misuse("no host base_url", session.get, session, "/there")
end)

cases.add("what is no cookie is refused", function(session)
  local good = { name = "a", value = "b", domain = "example.com" }
  local bad = {
    { "name", 1, "name: string number" },
    { "name", "a b", "space" },
    { "value", "x;y", "';'" },
    { "value", "x\ty", "0x09" },
    { "domain", "a/b", "domain:" },
    { "domain", "a\tb", "domain:" },
    { "path", "x", "path: '/'" },
    { "path", "/x\ty", "path: '/'" },
    { "secure", "yes", "secure: true or false" },
    { "expires", "tomorrow", "expires: seconds" },
    { "expire", 1, "unknown expire expires" },
  }
  for _, row in ipairs(bad) do
    local cookie = {}
    for key, value in pairs(good) do cookie[key] = value end
    cookie[row[1]] = row[2]
    cases.misuse(row[3], session.set_cookie, session, cookie)
  end
  cases.misuse("domain base_url", session.set_cookie, session,
               { name = "a", value = "b" })
  cases.misuse("name value", session.set_cookie, session, { name = "a" })
  cases.misuse("expected {name = ..., value = ...}, got string", session.set_cookie,
               session, "a", "1")
  cases.equal(session:cookies(), {})
end)

cases.add("cookies can be set, replaced and read", function(session)
  session:set_cookie{ name = "a", value = "1", domain = ".example.com",
                      path = "/x", secure = true, http_only = true,
                      subdomains = true, expires = 4000000000 }
  session:set_cookie{ name = "b", value = "", domain = "::1" }
  session:set_cookie{ name = "a", value = "2", domain = "example.com",
                      path = "/x" }
  session:set_cookie{ name = "gone", value = "x", domain = "example.com",
                      expires = 1 }
  cases.equal(session:cookies(), {
    { name = "b", value = "", domain = "::1", path = "/", secure = false,
      http_only = false, subdomains = false },
    { name = "a", value = "2", domain = "example.com", path = "/x",
      secure = false, http_only = false, subdomains = false },
  })
  -- What is read can be given to another session.
  local other = molo.session{}
  for _, cookie in ipairs(session:cookies()) do
    other:set_cookie(cookie)
  end
  cases.equal(other:cookies(), session:cookies())
  session:reset()
  cases.equal(session:cookies(), {})
  cases.equal(#other:cookies(), 2)
end)

cases.add("a method needs its session", function()
  cases.misuse("session first argument colon", function()
    molo.session{}.reset()
  end)
end)

cases.add("batch refuses what is no call", function(session)
  local bad = {
    { "GET", "session:batch: table string" },
    { { a = "GET" }, "call 'a' {method, url, options} string" },
    { { { "GET" } }, "call '1' method url strings" },
    { { x = { "GET", URL, timeout = 1 } }, "call 'x' unknown part 'timeout'" },
  }
  for _, row in ipairs(bad) do
    cases.misuse(row[2], session.batch, session, row[1])
  end
  cases.equal(session:batch{}, {})
end)

cases.start()

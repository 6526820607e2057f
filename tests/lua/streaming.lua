-- What is refused of files, sinks and events, and in what words: nothing here is
-- sent.
local molo = require "molo"
local cases = require "cases"

local URL = "http://127.0.0.1:9/"

-- Options of a request, words of the complaint.
local refused = {
  { { files = "a.png" }, "files: table string" },
  { { files = { a = "a.png" } }, "files: 'a': path data string" },
  { { files = { a = {} } }, "files: 'a': either path or data" },
  { { files = { a = { path = "x", data = "y" } } }, "files: 'a': only one of" },
  { { files = { a = { path = 7 } } }, "files: 'a': path: string number" },
  { { files = { a = { data = 7 } } }, "files: 'a': data: string number" },
  { { files = { a = { data = "", file = "x" } } }, "unknown 'file'" },
  { { files = { a = { data = "", filename = "a\0b" } } }, "filename: NUL" },
  { { files = { ["a\0b"] = { data = "" } } }, "files: NUL name" },
  { { files = { a = { data = "", content_type = "a\r\nX: 1" } } },
    "files: 'a': content_type: line break" },
  { { files = { a = { data = "", headers = { ["X A"] = "1" } } } },
    "files: headers: 'X A' space" },
  { { files = { a = { data = "", headers = { A = "1\n" } } } },
    "files: headers: 'A' line break" },
  { { files = { a = { data = "", headers = { ["content-type"] = "1" } } } },
    "files: headers: Content-Type content_type" },
  { { files = { { data = "" } } }, "files: list name" },
  { { files = { a = { name = "b", data = "" } } }, "files: 'a': two names 'b'" },
  { { files = { [1.5] = { data = "" } } }, "files: names strings number" },
  { { files = { a = { path = "nowhere/a.png" } } },
    "files: 'a': nowhere/a.png No such file relative scenario" },
  { { files = { a = { path = "/tmp" } } }, "files: 'a': '/tmp' regular file" },
  { { files = {}, body = "x" }, "only one of body, json files" },
  { { files = {}, json = {} }, "only one of body, json files" },
  { { files = {}, form = { ["a\0b"] = 1 } }, "form: NUL name" },
  { { body = {} }, "body: {path" },
  { { body = { path = 1 } }, "body: path: string number" },
  { { body = { pth = "x" } }, "body: {path = ...}" },
  { { body = { path = "nowhere.bin" } }, "body: nowhere.bin No such file" },
  { { body = { path = "streaming.lua" }, json = 1 }, "only one of body, json" },
  { { body = true }, "body: string {path boolean" },
  { { sink = true }, "sink: function boolean" },
  { { sink = print, body = true }, "body: string" },
}

for i, row in ipairs(refused) do
  local options, words = row[1], row[2]
  cases.add(("refused, %d"):format(i), function(session)
    cases.misuse(words, session.post, session, URL, options)
    cases.misuse(words, session.request, session, "PUT", URL, options)
  end)
end

cases.add("sessions have no such options", function(session)
  for _, name in ipairs{ "files", "sink" } do
    cases.misuse(("'%s' request session"):format(name), session.configure,
                 session, { [name] = {} })
  end
end)

cases.add("options of events", function(session)
  cases.misuse("options number", session.events, session, URL, 7)
  cases.misuse("reconnect: true false -1", session.events, session, URL,
               { reconnect = -1 })
  cases.misuse("reconnect: often 1.5", session.events, session, URL,
               { reconnect = 1.5 })
  cases.misuse("no option 'sink'", session.events, session, URL,
               { sink = print })
  cases.misuse("no option 'expect'", session.events, session, URL,
               { expect = 200 })
  cases.misuse("unknown option 'reconect': did you mean 'reconnect'?", session.events,
               session, URL, { reconect = true })
  cases.misuse("reconnect session:events alone", session.get, session, URL,
               { reconnect = true })
  cases.misuse("session:events: expected a URL, got nil", session.events, session)
  cases.misuse("unknown tiemout timeout", session.events, session, URL,
               { tiemout = 1 })
  cases.misuse("expected a URL", session.events, session, 7)
  cases.equal(session.sse, session.events)
end)

-- Nobody listens on port 9 of this machine.
cases.add("faults are those of requests", function(session)
  for _, options in ipairs{ { sink = print }, { files = {} } } do
    local kind, err = cases.kind_of(session.post, session, URL, options)
    cases.equal(kind, "connect")
    cases.equal(err.url, URL)
    cases.equal(err.method, "POST")
  end
  cases.equal(cases.kind_of(session.events, session, URL), "connect")
end)

cases.add("a body that is refused leaves nothing behind", function(session)
  for _ = 1, 100 do
    pcall(session.post, session, URL, { files = {
      a = { path = "streaming.lua" }, b = { path = "nowhere" },
    } })
  end
  local kind = cases.kind_of(session.post, session, URL, { files = {
    a = { path = "streaming.lua" },
  } })
  cases.equal(kind, "connect")
end)

molo.on("request_start", function() end)

cases.start{ workers = 2 }

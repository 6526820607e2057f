-- What session:websocket refuses before it connects anywhere.
local cases = require "cases"

-- Nobody listens there: port 1 needs privileges that a test does not use.
local NOWHERE = "ws://127.0.0.1:1/"

local function misuse(session, words, url, options)
  return cases.misuse(words, session.websocket, session, url, options)
end

cases.add("the URL", function(session)
  misuse(session, "session:websocket: expected a URL, got nil")
  misuse(session, "session:websocket: expected a URL, got table", {})
  misuse(session, "not supported", "ftp://127.0.0.1/")
  misuse(session, "has no host", "wss:///")
  misuse(session, "has a line break", "ws://127.0.0.1/\r\nX: y")
end)

cases.add("unknown options", function(session)
  misuse(session, "unknown option 'protocol': did you mean 'protocols'?",
    NOWHERE, { protocol = "chat" })
  misuse(session, "unknown option 'redirects'", NOWHERE, { redirects = 3 })
  misuse(session, "unknown option 'body'", NOWHERE, { body = "x" })
  misuse(session, "expected a table, got string", NOWHERE, "chat")
end)

cases.add("protocols", function(session)
  misuse(session, "protocols: expected names of subprotocols such as got a b",
    NOWHERE, { protocols = { "a b" } })
  misuse(session, "protocols: got a, b", NOWHERE, { protocols = "a, b" })
  misuse(session, "protocols: got an empty one", NOWHERE, { protocols = { "" } })
  misuse(session, "protocols: got number", NOWHERE, { protocols = { 1 } })
  misuse(session, "protocols: the list is empty", NOWHERE, { protocols = {} })
  misuse(session, "protocols: too many or too long names", NOWHERE,
    { protocols = { ("x"):rep(600) } })
end)

cases.add("limits", function(session)
  misuse(session, "max_message: expected a number of bytes from 1 on", NOWHERE,
    { max_message = 0 })
  misuse(session, "max_messages: expected a number of messages from 1 on",
    NOWHERE, { max_messages = "many" })
  misuse(session, "close_timeout", NOWHERE, { close_timeout = {} })
  misuse(session, "timeout: must be above 0", NOWHERE, { timeout = 0 })
end)

cases.add("headers of the handshake", function(session)
  misuse(session, "header 'Sec-WebSocket-Key' cannot be set: it belongs to the "
    .. "handshake", NOWHERE, { headers = { ["Sec-WebSocket-Key"] = "x" } })
  misuse(session, "header 'Sec-WebSocket-Protocol' cannot be set: use the option "
    .. "'protocols'", NOWHERE,
    { headers = { ["sec-websocket-protocol"] = "x" } })
  misuse(session, "header 'Upgrade' cannot be set", NOWHERE,
    { headers = { Upgrade = "h2c" } })
end)

cases.add("authentication", function(session)
  misuse(session, "auth: a WebSocket has no scheme digest or ntlm", NOWHERE,
    { auth = { user = "me", password = "x", scheme = "digest" } })
end)

cases.add("nobody there", function(session)
  local kind, err = cases.kind_of(session.websocket, session, NOWHERE)
  cases.equal({ kind, err.phase, err.url, err.method },
    { "connect", "connect", "http://127.0.0.1:1/", "GET" })
  -- Nothing is left behind that would keep the session from a fresh start.
  session:reset()
end)

cases.start()

-- Who we are: cookies, basic and bearer credentials, kept for the session of a
-- worker, and a second user in the same run.
--
--   molo serve
--   molo run scenarios/login.lua -w 5 -r 10
--
-- With --http-debug what the first worker sends is shown; the password, the
-- token and the cookies are not.
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

local function headers_of(answer)
  return answer:json().headers
end

-- Once for each worker, before its first run.
molo.setup_session(function(session)
  -- /echo sends back what it got; a real server would answer with a token.
  local login = session:post("/echo", {
    form = { user = "user" .. session.worker_id, password = "secret" },
    expect = 200,
  })
  local token = molo.hash("sha256", login:json().body)
  -- Every request of this session carries it from now on.
  session:configure { bearer = token }
  session.state.token = token
end)

molo.scenario("login", function(session)
  -- What a server sets is kept, too; this is how a scenario does.
  session:set_cookie { name = "visit", value = tostring(session.step), path = "/" }
  local seen = headers_of(session:get("/echo"))
  molo.expect("token", seen.Authorization == "Bearer " .. session.state.token)
  molo.expect("cookie", seen.Cookie == "visit=" .. session.step)

  -- Another's name for one request; the session stays who it is.
  local admin = { user = "admin", password = "secret" }
  seen = headers_of(session:get("/echo", { auth = admin }))
  molo.expect("admin", seen.Authorization == "Basic " .. molo.base64.encode("admin:secret"))
  seen = headers_of(session:get("/echo", { bearer = false }))
  molo.expect("nobody", seen.Authorization == nil)

  -- Somebody else with a jar and connections of their own.
  local guest = molo.session {}
  seen = headers_of(guest:get("/echo"))
  molo.expect("guest", seen.Authorization == nil and seen.Cookie == nil)

  -- Only this request has it, beside those of the jar.
  seen = headers_of(session:get("/echo", { cookies = { theme = "dark" } }))
  molo.expect("own", seen.Cookie:find("theme=dark", 1, true), seen.Cookie)
  molo.expect("and the jar's", seen.Cookie:find("visit=", 1, true), seen.Cookie)
  molo.expect("one in the jar", #session:cookies() == 1)
end)

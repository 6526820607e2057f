-- Redirects and everything that can go wrong: what an error says, how a run goes
-- on after one that it expects, and what counts as failed.
--
--   molo serve
--   molo run scenarios/redirects_and_errors.lua -w 5 -r 10
local molo = require "molo"

molo.options { base_url = "http://127.0.0.1:8642" }

molo.scenario("redirects", function(session)
  -- Followed; every hop is a request of its own, and counted.
  local page = session:get("/redirect/2", { name = "two hops" })
  molo.expect("arrived", page.status == 200)
  molo.expect("over two", #page.history == 2 and page.history[1].status == 302)

  -- Not followed: the answer is the redirect.
  page = session:get("/redirect/1", { redirects = false, name = "one hop" })
  molo.expect("not followed", page.status == 302 and page.headers.location == "/")

  -- Too many are an error, with a kind to tell it from others.
  local none, err = molo.try(session.get, session, "/redirect/5", { redirects = 3, name = "loop" })
  molo.expect("no answer", none == nil and err.kind == "redirect", err)
end)

molo.scenario("errors", function(session)
  local function fails(kind, url, options)
    local _, err = molo.try(session.get, session, url, options)
    molo.expect(kind, err and err.kind == kind, err)
    return err
  end

  -- A status that was not expected is an error only if one was expected.
  molo.expect("an answer", session:get("/status/503").status == 503)
  local err = fails("http", "/status/503", { expect = "2xx" })
  molo.expect("which", err.status == 503)

  -- Nobody answered, and how far it got.
  err = fails("timeout", "/delay/5", { timeout = 0.2 })
  molo.expect("phase", err.phase == "wait", err.phase)
  err = fails("connect", "http://127.0.0.1:1/", { name = "nobody there" })
  molo.expect("phase", err.phase == "connect", err.phase)

  -- The connection ends without an answer.
  fails("reset", "/flaky?p=1&mode=close", { name = "/flaky" })

  -- More than we take.
  fails("too_large", "/bytes/10000", { max_body = 5000 })
end)

#!/usr/bin/env python3
"""Options of requests and sessions, as a server sees them."""

import base64
import os
import socket
import ssl
import sys

import harness
from certificates import certificate
from http_server import Server
from nginx import Nginx

LIBRARY = """
    local function seen(answer)
        local got = answer:json()
        return got.headers, got
    end
    local function equal(what, got, wanted)
        molo.expect(what, got == wanted, tostring(got))
    end
    molo.scenario('a', function(session)
%s
    end)
"""


def play(t, server, body, *arguments, code=0):
    text = LIBRARY % body.strip("\n")
    outcome = t.run(text, "-r", "1", "--base-url", server.url, *arguments)
    outcome.expect(code)
    return outcome


def test_variables_of_a_url(t):
    with Server("a") as server:
        outcome = play(t, server, """
    for id = 1, 3 do
        session:get("/items/{id}/{part}", { vars = { id = id, part = "a/b ?" },
                                            query = { x = 1 } })
    end
    session:get("/{a}{a}", { vars = { a = "z" }, name = "twice" })
    session:get("/{a-b}{}{?filter={a}")
    """)
        t.equal(server.seen[2], "/items/3/a%2Fb%20%3F?x=1", "target")
        t.equal(server.seen[3:], ["/zz", "/{a-b}{}{?filter={a}"], "targets")
    t.equal(outcome.endpoints, {
        "GET /items/{id}/{part}": 3, "GET twice": 1, "GET /{a-b}{}{": 1}, "labels")


def test_history(t):
    with Server("a") as server:
        play(t, server, """
    local base = "%s"
    local page = session:get("/go?/go?/echo")
    equal("count", #page.history, 2)
    equal("first", page.history[1].url, base .. "/go?/go?/echo")
    equal("status", page.history[1].status, 302)
    equal("second", page.history[2].url, base .. "/go?/echo")
    equal("url", page.url, base .. "/echo")
    equal("none", #session:get("/echo").history, 0)
    equal("refused", #session:get("/go?/echo", { redirects = false }).history, 0)
    """ % server.url)


def test_expected_classes(t):
    with Server("a") as server:
        outcome = play(t, server, """
    session:get("/digest", { expect = "4xx" })
    session:get("/digest", { expect = { 200, 401 } })
    local _, err = molo.try(session.get, session, "/digest",
                            { expect = { "2xx", "3xx" } })
    equal("kind", err.kind, "http")
    session:configure{ expect = "2xx" }
    _, err = molo.try(session.get, session, "/digest")
    equal("from the session", err.kind, "http")
    equal("taken back", session:get("/digest", { expect = false }).status, 401)
    """)
    t.equal(outcome.result["requests"]["failed"], 3, "failed")


def test_a_status_that_is_not_expected_is_told_with_those_that_are(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            for _, expect in ipairs{ 200, { 200, 204 }, { 200, "3xx", 404 } } do
                local _, err = molo.try(session.get, session, "/status/503",
                                        { expect = expect })
                molo.log("info", "MARK", err.status, err.message, err.body)
            end
        end)
        """, "-r", "1").expect(0)
    for mark, expected in zip(outcome.marks, ("200", "200 or 204", "200, 3xx or 404"),
                              strict=True):
        t.equal(mark, "503 GET %s/status/503: unexpected status 503, not %s "
                "503 Service Unavailable" % (t.server.url, expected))


def test_max_body_and_discard(t):
    with Server("a") as server:
        play(t, server, """
    local _, err = molo.try(session.get, session, "/big", { max_body = 49999 })
    equal("kind", err.kind, "too_large")
    molo.expect("says", tostring(err):find("larger than 50.0 kB", 1, true),
                tostring(err))
    equal("just fits", #session:get("/big", { max_body = 50000 }).body, 50000)
    local page = session:get("/big", { discard = true })
    equal("body", page.body, "")
    molo.expect("counted", page.bytes_received > 50000)
    _, err = molo.try(session.get, session, "/big",
                      { max_body = 49999, discard = true })
    equal("limits what is not kept", err.kind, "too_large")
    """)


def test_connect_timeout(t):
    with Server("a") as server:
        play(t, server, """
    -- TLS is part of connecting, and this server does not speak it.
    local _, err = molo.try(session.get, session, "https://127.0.0.1:%d/",
                            { connect_timeout = 3, timeout = 50 })
    equal("phase", err.phase, "tls")
    equal("kind", err.kind, "timeout")
    molo.expect("says", tostring(err):find("no connection within 3 s", 1,
                true), tostring(err))
    """ % silent_port(t))


def silent_port(t):
    """Accepts connections and says nothing."""
    t.silent = socket.socket()
    t.silent.bind(("127.0.0.1", 0))
    t.silent.listen(8)
    return t.silent.getsockname()[1]


def test_options_are_merged_in_order(t):
    with Server("a") as server:
        scenario = """
            molo.options{ base_url = "%s", session = { headers = {
                A = "options", B = "options", C = "options", D = "options" } } }
            molo.setup(function()
                return { headers = { B = "setup", C = "setup", D = "setup" } }
            end)
            molo.scenario("a", function(session)
                session:configure{ headers = { C = "configure",
                                               D = "configure" } }
                local got = session:get("/echo", { headers = { D = "call" } })
                    :json().headers
                for _, name in ipairs{ "a", "b", "c", "d" } do
                    molo.log("info", "MARK", name, got[name][1])
                end
                molo.log("info", "MARK",
                         session:get("/echo"):json().headers.d[1])
            end)
            """ % server.url
        outcome = t.run(scenario, "-r", "1").expect(0)
    t.equal(outcome.marks, ["a options", "b setup", "c configure", "d call",
                            "configure"], "headers")


def test_cookies_come_back(t):
    with Server("a") as server:
        play(t, server, """
    session:get("/set?a=1&b=2+HttpOnly&c=3+Path=/other")
    local got = seen(session:get("/echo"))
    equal("headers", #got.cookie, 1)
    molo.expect("a and b", got.cookie[1] == "a=1; b=2"
                or got.cookie[1] == "b=2; a=1", got.cookie[1])
    molo.expect("path", seen(session:get("/other/x")).cookie[1]
                :find("c=3", 1, true))
    equal("count", #session:cookies(), 3)
    for _, cookie in ipairs(session:cookies()) do
        equal("domain", cookie.domain, "127.0.0.1")
        equal("http_only", cookie.http_only, cookie.name == "b")
    end
    session:get("/set?a=+Max-Age=0&b=5")
    equal("removed", seen(session:get("/echo")).cookie[1], "b=5")
    """)


def test_cookies_of_one_call(t):
    with Server("a") as server:
        play(t, server, """
    equal("alone", seen(session:get("/echo", { cookies = { z = 1, y = "a b" } }))
          .cookie[1], "y=a b; z=1")
    equal("not kept", seen(session:get("/echo")).cookie, nil)
    session:get("/set?a=1")
    local got = seen(session:get("/echo", { cookies = { z = 1 } }))
    equal("one header", #got.cookie, 1)
    equal("beside the jar", got.cookie[1], "a=1; z=1")
    equal("another host", seen(session:get("/go?http://localhost:%d/echo",
          { cookies = { z = 1 } })).cookie, nil)
    """ % server.port)


def test_cookies_belong_to_a_session(t):
    with Server("a") as server:
        play(t, server, """
    local other = molo.session{}
    other:get("/set?who=other")
    session:get("/set?who=me")
    equal("mine", seen(session:get("/echo")).cookie[1], "who=me")
    equal("other", seen(other:get("/echo")).cookie[1], "who=other")
    session:reset()
    equal("reset", seen(session:get("/echo")).cookie, nil)
    equal("kept", seen(other:get("/echo")).cookie[1], "who=other")
    session:set_cookie{ name = "who", value = "again" }
    equal("set", seen(session:get("/echo")).cookie[1], "who=again")
    """)


def test_cookies_of_requests_at_once(t):
    with Server("a") as server:
        play(t, server, """
    local calls = {}
    for i = 1, 8 do
        calls[i] = function() session:get("/set?c" .. i .. "=" .. i) end
    end
    molo.all(calls)
    local got = seen(session:get("/echo")).cookie[1]
    for i = 1, 8 do
        molo.expect("c" .. i, got:find("c" .. i .. "=" .. i, 1, true), got)
    end
    """)


def test_reset_while_a_request_is_under_way(t):
    port = silent_port(t)
    with Server("a") as server:
        play(t, server, """
    local task = molo.spawn(function()
        session:get("http://127.0.0.1:%d/", { timeout = 50 })
    end)
    molo.sleep(0)
    local ok, err = pcall(session.reset, session)
    molo.expect("refused", not ok
                and err:find("session:reset: a request", 1, true), err)
    task:cancel()
    pcall(task.join, task)
    session:reset()
    """ % port)


def test_reset_closes_connections(t):
    with Server("a") as server:
        outcome = play(t, server, """
    session:get("/echo")
    session:get("/echo")
    session:reset()
    session:get("/echo")
    """)
    t.equal(outcome.result["metrics"]["http_req_connect"]["count"], 2,
            "connections")


def test_basic_and_bearer(t):
    basic = "Basic " + base64.b64encode(b"me:s:e").decode()
    with Server("a") as server, Server("b") as other:
        play(t, server, """
    local auth = { user = "me", password = "s:e" }
    local function sent(url, options)
        local got = seen(session:get(url, options)).authorization
        return got and table.concat(got, "|")
    end
    equal("basic", sent("/echo", { auth = auth }), "%s")
    equal("bearer", sent("/echo", { bearer = "tok" }), "Bearer tok")
    equal("same host", sent("/go?/echo", { bearer = "tok" }), "Bearer tok")
    equal("another", sent("/go?%s/echo", { bearer = "tok" }), nil)
    session:configure{ bearer = "mine" }
    equal("session", sent("/echo"), "Bearer mine")
    equal("instead", sent("/echo", { auth = auth }), "%s")
    equal("without", sent("/echo", { bearer = false }), nil)
    """ % (basic, other.url, basic))


def test_digest(t):
    with Server("a") as server, Server("b") as other:
        outcome = play(t, server, """
    local auth = { user = "me", password = "secret", scheme = "digest" }
    equal("body", session:get("/digest", { auth = auth }).body, "welcome")
    local wrong = { user = "me", password = "no", scheme = "digest" }
    equal("wrong", session:get("/digest", { auth = wrong }).status, 401)
    equal("another host", session:get("/go?%s/digest", { auth = auth }).status,
          401)
    """ % other.url)
        t.equal(outcome.result["requests"]["total"],
                len(server.seen) + len(other.seen), "requests")
        t.equal(len(other.seen), 1, "requests elsewhere")


def test_compress(t):
    with Server("a") as server:
        play(t, server, """
    equal("asked", seen(session:get("/echo", { compress = "gzip" }))
          ["accept-encoding"][1], "gzip")
    local page = session:get("/gzip", { compress = true })
    equal("decoded", #page.body, 10000)
    molo.expect("wire", page.bytes_received < 2000)
    equal("not asked", seen(session:get("/echo"))["accept-encoding"], nil)
    """)


def test_unix_socket(t):
    path = os.path.join(t.directory, "s")
    with Server("tcp") as server, Server("unix", path):
        play(t, server, """
    local _, got = seen(session:get("/echo", { unix_socket = "%s" }))
    equal("peer", got.peer, "unix")
    equal("host", got.headers.host[1], "127.0.0.1:%d")
    _, got = seen(session:get("/echo"))
    equal("next one", got.peer, "tcp")
    local _, err = molo.try(session.get, session, "/",
                            { unix_socket = "%s.none" })
    equal("kind", err.kind, "connect")
    molo.expect("says", tostring(err):find("%s.none", 1, true), tostring(err))
    """ % (path, server.port, path, path))


def test_resolve_and_connect_to(t):
    with Server("a") as server, Server("b") as other:
        play(t, server, """
    local url = "http://shop.invalid:%d/echo"
    local _, got = seen(session:get(url, { resolve = {
        ["shop.invalid:%d"] = "127.0.0.1" } }))
    equal("peer", got.peer, "a")
    equal("host", got.headers.host[1], "shop.invalid:%d")
    _, got = seen(session:get(url, { connect_to = {
        ["shop.invalid:%d"] = "127.0.0.1:%d" } }))
    equal("elsewhere", got.peer, "b")
    """ % (server.port, server.port, server.port, server.port, other.port))


def test_proxy(t):
    with Server("a") as server, Server("proxy") as proxy:
        play(t, server, """
    local _, got = seen(session:get("/echo", { proxy = "%s" }))
    equal("peer", got.peer, "proxy")
    equal("whole URL", got.target, "%s/echo")
    session:configure{ proxy = "%s" }
    _, got = seen(session:get("/echo", { proxy = false }))
    equal("direct", got.peer, "a")
    """ % (proxy.url, server.url, proxy.url))


def test_http_version(t):
    with Server("a") as server:
        play(t, server, """
    session:configure{ http_version = "1.1" }
    equal("1.1", session:get("/echo").http_version, "1.1")
    local _, err = molo.try(session.get, session, "/echo",
                            { http_version = "2-prior-knowledge", timeout = 20 })
    molo.expect("no HTTP/2 here", err)
    """)


def test_certificates(t):
    cert, key = certificate(t.directory, "server")
    other, _ = certificate(t.directory, "other")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with Server("a", tls=tls) as server:
        body = """
    local function kind(options)
        session:reset()
        local page, err = molo.try(session.get, session, "/echo", options)
        return page and page.status or err.kind
    end
    equal("unknown", kind(), "tls")
    equal("trusted", kind{ ca = "%s" }, 200)
    equal("another is trusted", kind{ ca = "%s" }, "tls")
    equal("not verified", kind{ verify = false }, 200)
    equal("as before", kind(), "tls")
    session:configure{ ca = "%s" }
    equal("of the session", kind(), 200)
    equal("taken back", kind{ ca = false }, "tls")
    """ % (cert, other, cert)
        play(t, server, body)
        play(t, server, """
    equal("-k", session:get("/echo").status, 200)
    local page, err = molo.try(session.get, session, "/echo", { verify = true })
    equal("all the same", err and err.kind, "tls")
    """, "-k")


def test_client_certificate(t):
    cert, key = certificate(t.directory, "server")
    mine, my_key = certificate(t.directory, "client")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(mine)
    with Server("a", tls=tls) as server:
        play(t, server, """
    local page, err = molo.try(session.get, session, "/echo")
    molo.expect("refused", page == nil)
    session:reset()
    equal("known", session:get("/echo", { cert = "%s", key = "%s" }).status, 200)
    """ % (mine, my_key), "-k")


def test_http2_prior_knowledge(t):
    with Nginx(t.directory, """
            server {
                listen 127.0.0.1:%(port)d http2;
                location / { return 200 "hi"; }
            }
            """, log="$server_protocol") as nginx:
        outcome = t.run("""
            molo.options{ session = { http_version = "2-prior-knowledge" } }
            molo.scenario("a", function(session)
                for i = 1, 5 do
                    local page = session:get("%s/")
                    molo.expect("body", page.body == "hi")
                    molo.expect("version", page.http_version == "2")
                end
            end)
            """ % nginx.url, "-r", "2", "-w", "3")
    outcome.expect(0)
    t.equal(outcome.result["requests"]["total"], 30, "requests")
    t.equal(nginx.log_lines(), [["HTTP/2.0"]] * 30, "log")


def test_batch(t):
    with Server("a") as server:
        outcome = play(t, server, """
    local got = session:batch{ a = { "GET", "/meet?1" },
                               b = { "POST", "/meet?2", { body = "x" } },
                               { "GET", "/meet", { query = { n = 3 } } } }
    equal("a", got.a.body, "1")
    equal("b", got.b.body, "2")
    equal("1", got[1].body, "n=3")
    local all, err = molo.try(session.batch, session, {
        { "GET", "/digest", { expect = 200 } }, { "GET", "/echo" },
        { "GET", "/digest", { expect = 500 } } })
    equal("nothing", all, nil)
    equal("kind", err.kind, "http")
    equal("others", #err.errors, 1)
    """)
        t.equal(outcome.result["requests"]["total"], 6, "requests")
        t.equal(len(server.seen), 6, "requests at the server")


def test_simulated_sessions_take_all_options(t):
    scenario = """
        molo.scenario("a", function(session)
            session:configure{
                auth = { user = "a", password = "b", scheme = "digest" },
                bearer = "t", verify = false, proxy = "http://127.0.0.1:1",
                http_version = "2", compress = true, unix_socket = "/none",
                resolve = { ["a:1"] = "127.0.0.1" },
                connect_to = { ["a:1"] = "b:2" }, connect_timeout = 1,
                max_body = 10, discard = true, expect = "2xx", redirects = 2,
                timeout = "20s", headers = { A = "b" } }
            session:post("http://h/{id}", { vars = { id = 1 }, body = "x",
                                            cookies = { a = 1 }, name = "n",
                                            query = { q = 1 } })
            session:set_cookie{ name = "a", value = "b", domain = "h" }
            session:reset()
            molo.expect("no jar", #session:cookies() == 0)
        end)
        """
    t.run(scenario, "-r", "1", "--sim").expect(0)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

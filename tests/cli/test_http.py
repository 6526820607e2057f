#!/usr/bin/env python3
"""Requests as the server sees them, and errors as scenarios see them."""

import json
import socket
import sys

import harness


def run_session(t, body, *arguments, code=0):
    """Runs `body` once as a scenario named "a"; the server is up."""
    t.server
    lines = body.strip("\n")
    return t.run("molo.scenario('a', function(session)\n%s\nend)\n" % lines,
                 "-r", "1", *arguments).expect(code)


def echo_of(t, call):
    """What the server got of the request `call`, checked in Lua."""
    outcome = run_session(
        t, "    molo.log('info', 'MARK', molo.json.encode(%s:json()))" % call)
    return json.loads(outcome.marks[0])


def test_verbs(t):
    run_session(t, """
    for _, verb in ipairs{ "get", "post", "put", "patch", "delete" } do
        local page = session[verb](session, "/echo")
        molo.expect(verb, page.ok and page.status == 200)
        molo.expect("seen as " .. verb,
                    page:json().method == verb:upper())
    end
    local head = session:head("/echo")
    molo.expect("head", head.ok and head.body == "")
    """)
    t.equal(t.server.total(), 6, "requests at the server")


def test_request_with_any_method(t):
    got = echo_of(t, "session:request('REPORT', '/echo')")
    t.equal(got["method"], "REPORT", "method")


def test_headers(t):
    got = echo_of(t, "session:get('/echo', { headers = "
                     "{ ['X-Trace'] = 'abc', Accept = 'text/plain' } })")
    headers = {name.lower(): value for name, value in got["headers"].items()}
    t.equal(headers["x-trace"], "abc", "X-Trace")
    t.equal(headers["accept"], "text/plain", "Accept")
    t.contains(headers["user-agent"], "molo")


def test_query_is_escaped(t):
    run_session(t, """
    local page = session:get("/echo", {
        query = { q = "a b&c=d/\\u{e9}", n = 7 } })
    local query = page:json().query
    molo.expect("q", query.q == "a b&c=d/\\u{e9}")
    molo.expect("n", query.n == "7")
    """)


def test_query_is_added_to_that_of_the_url(t):
    got = echo_of(t, "session:get('/echo?a=1', { query = { b = 2 } })")
    t.equal(got["query"], {"a": "1", "b": "2"}, "query")


def test_query_is_no_part_of_the_label(t):
    outcome = run_session(t, """
    session:get("/echo?a=1")
    session:get("/echo", { query = { a = 2 } })
    """)
    t.equal([(e["name"], e["count"]) for e in outcome.result["endpoints"]],
            [("/echo", 2)], "endpoints")


def test_a_body_that_is_not_json(t):
    run_session(t, """
    for body, text in pairs{
        ["<html>"] = "the body is not JSON (status 200): invalid token "
            .. "near '<' at line 1, column 1",
        [""] = "the body is not JSON (status 200): it is empty",
    } do
        session:put("/pad/x", { body = body })
        local page = session:get("/pad/x")
        local _, err = molo.try(page.json, page)
        molo.expect(body, err.kind == "decode" and err.message == text, err)
    end
    """)


def test_body(t):
    run_session(t, r"""
    local bytes = "a\0b\r\n\xff" .. ("x"):rep(100000)
    session:put("/pad/x", { body = bytes })
    molo.expect("same bytes", session:get("/pad/x").body == bytes)
    session:put("/pad/x", { body = "" })
    molo.expect("empty", session:get("/pad/x").body == "")
    """)


def test_json(t):
    run_session(t, """
    local page = session:post("/echo", {
        json = { name = "n", list = { 1, 2, 3 }, big = 9007199254740993 } })
    local got = page:json()
    local value = molo.json.decode(got.body)
    molo.expect("name", value.name == "n")
    molo.expect("list", #value.list == 3 and value.list[3] == 3)
    molo.expect("64 bits", value.big == 9007199254740993)
    local kind
    for name, v in pairs(got.headers) do
        if name:lower() == "content-type" then kind = v end
    end
    molo.expect("content type", kind == "application/json")
    """)


def test_form(t):
    got = echo_of(t, "session:post('/echo', "
                     "{ form = { a = 'x y', ['b&'] = '1=2' } })")
    headers = {name.lower(): value for name, value in got["headers"].items()}
    t.equal(headers["content-type"], "application/x-www-form-urlencoded",
            "Content-Type")
    t.equal(sorted(got["body"].replace("+", "%20").split("&")),
            ["a=x%20y", "b%26=1%3D2"], "body")


def test_body_and_json_together_are_refused(t):
    outcome = run_session(
        t, "    session:post('/echo', { body = 'x', json = {} })", code=1)
    t.contains(outcome.out + outcome.err, "body", "json")
    t.equal(t.server.total(), 0, "requests at the server")


def test_names_of_what_is_open(t):
    outcome = run_session(t, """
        local ws <close> = session:websocket("/ws")
        print("MARK", pcall(function() ws:recieve() end))
        local events <close> = session:events("/events")
        print("MARK", pcall(function() events:nxt() end))
        local page = session:get("/echo")
        print("MARK", pcall(page.json))
        print("MARK", pcall(page.headers.all, "via"))
        print("MARK", pcall(page.headers.all, page.headers))
        print("MARK", pcall(function() page.status = 200 end))
        print("MARK", pcall(function() page.headers.via = "me" end))
        """)
    for mark, words in zip(outcome.marks, (
            "websocket has no method 'recieve': did you mean 'receive'?",
            "stream of events has no method 'nxt': did you mean 'next'?",
            "json: call it on a response, with a colon: response:json()",
            "all: call it on the headers of a response, with a colon",
            "headers:all: the name must be a string, got no value",
            "a response cannot be changed",
            "a response cannot be changed"), strict=True):
        t.contains(mark, words)


def test_response(t):
    run_session(t, """
    session:put("/pad/x", { body = "text" })
    local page = session:get("/pad/x")
    molo.expect("status", page.status == 200 and page.ok == true)
    molo.expect("body", page.body == "text")
    molo.expect("headers", tonumber(page.headers["X-Version"]) == 1)
    molo.expect("any case", page.headers["x-VERSION"]
                == page.headers["X-Version"])
    molo.expect("absent", page.headers["X-Absent"] == nil)
    molo.expect("all", #page.headers:all("x-version") == 1)
    molo.expect("url", page.url:match("^http://127.0.0.1:%d+/pad/x$"))
    molo.expect("elapsed", page.elapsed > 0)
    molo.expect("wait", page.timings.wait > 0)
    molo.expect("bytes", page.bytes_received > 4)
    """)


def test_json_of_what_is_none(t):
    run_session(t, """
    session:put("/pad/x", { body = "{no json" })
    local page = session:get("/pad/x")
    local value, err = molo.try(page.json, page)
    molo.expect("nil", value == nil)
    molo.expect("kind", err.kind == "decode")
    """)


def test_status_without_expect_does_not_raise(t):
    outcome = run_session(t, """
    for _, status in ipairs{ 200, 204, 302, 404, 503 } do
        local page = session:get("/status/" .. status, { redirects = false })
        molo.expect("status", page.status == status)
        molo.expect("ok", page.ok == (status < 400))
    end
    """)
    t.equal(outcome.result["requests"]["total"], 5, "total")
    t.equal(outcome.result["requests"]["failed"], 2, "failed")


def test_status_with_expect_raises(t):
    outcome = run_session(t, """
    molo.expect("as expected",
                session:get("/status/404", { expect = 404 }).status == 404)
    molo.expect("one of", session:get("/status/409",
                { expect = { 200, 409 } }).status == 409)
    local page, err = molo.try(session.get, session, "/status/503",
                               { expect = 200 })
    molo.expect("raised", page == nil and err.kind == "http")
    molo.expect("says", tostring(err):find("503", 1, true))
    """)
    t.equal(outcome.result["requests"]["failed"], 1, "failed")


def test_what_fails_for_each_item_is_one_error(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local id = ("%d-%d"):format(session.worker_id, session.step)
            session:get("/items/{id}/price", { vars = { id = id }, expect = 200 })
        end)
        """, "-w", "3", "-r", "4").expect(1)
    error = outcome.error("http")
    t.equal(error["count"], 12, "count")
    t.matches(error["message"], r"GET \S+/items/\d-1/price: unexpected status 404, not 200$")


def test_requests_of_fixtures_have_a_count_and_no_rate(t):
    t.server
    outcome = t.run("""
        molo.setup_session(function(session) session:post("/echo", { name = "login" }) end)
        molo.scenario("a", function(session) session:get("/") end)
        """, "-w", "2", "-r", "3").expect(0)
    t.matches(outcome.out, r"^POST +login +2 +0 +-( +-)+$")
    t.matches(outcome.out, r"^GET +/ +6 +0 +[\d.]+/s ")


def test_name_is_the_label(t):
    outcome = run_session(t, """
    for i = 1, 3 do session:get("/status/20" .. i - 1, { name = "any" }) end
    """)
    t.equal([(e["name"], e["count"]) for e in outcome.result["endpoints"]],
            [("any", 3)], "endpoints")


def test_timeout(t):
    outcome = run_session(t, """
    local page, err = molo.try(session.get, session, "/delay/30",
                               { timeout = 0.2 })
    molo.expect("kind", page == nil and err.kind == "timeout")
    molo.expect("url", err.url:find("/delay/30", 1, true))
    molo.expect("method", err.method == "GET")
    molo.expect("phase", err.phase == "wait")
    molo.expect("goes on", session:get("/").ok)
    """)
    t.check(outcome.seconds < 25, "waited for the answer")
    t.equal(outcome.result["requests"],
            dict(outcome.result["requests"], total=2, failed=1), "requests")


def test_timeout_option(t):
    outcome = run_session(t, "    session:get('/delay/30')",
                          "--timeout", "200ms", code=1)
    t.equal(len(outcome.errors("timeout")), 1, "errors")


def test_connect_refused(t):
    with socket.socket() as taken:
        # Bound but not listening: whoever connects is refused.
        taken.bind(("127.0.0.1", 0))
        outcome = run_session(t, """
    local page, err = molo.try(session.get, session, "http://127.0.0.1:%d/")
    molo.expect("kind", page == nil and err.kind == "connect")
    molo.expect("phase", err.phase == "connect")
    """ % taken.getsockname()[1])
    # Nothing reached a server.
    t.equal(outcome.result["requests"]["failed"],
            outcome.result["requests"]["total"], "failed")
    t.equal(t.server.total(), 0, "requests at the server")


def test_unknown_host(t):
    run_session(t, """
    local page, err = molo.try(session.get, session,
                               "http://nowhere.invalid/", { timeout = 20 })
    molo.expect("kind", page == nil
                and (err.kind == "dns" or err.kind == "timeout"))
    """)


def test_connection_closed_without_an_answer(t):
    run_session(t, """
    local page, err = molo.try(session.get, session,
                               "/flaky?p=1&mode=close")
    molo.expect("kind", page == nil and err.kind == "reset")
    """)


def test_an_uncaught_error_fails_the_run_under_its_kind(t):
    outcome = run_session(
        t, "    session:get('/flaky?p=1&mode=close')", code=1)
    outcome.expect_runs(started=1, failed=1)
    error = outcome.error("reset")
    t.equal(error["count"], 1, "count")
    t.matches(error["first"]["where"], r"\.lua:3$")


def test_splitting_characters_are_refused_before_anything_is_sent(t):
    bad = ["\\r\\nX-Evil: 1", "a\\nb", "a\\rb", "a\\0b"]
    calls = []
    for text in bad:
        calls += [
            'session:get("/echo", { headers = { A = "%s" } })' % text,
            'session:get("/echo", { headers = { ["A%s"] = "b" } })' % text,
            'session:get("/echo%s")' % text,
            'session:request("GET%s", "/echo")' % text,
        ]
    body = "\n".join(
        "    molo.expect(%d, not pcall(function() %s end))" % (i, call)
        for i, call in enumerate(calls))
    outcome = run_session(t, body.replace("expect(", "expect('case ' .. "))
    t.equal(sum(c["passes"] for c in outcome.result["checks"].values()),
            len(calls), "refused")
    t.equal(t.server.total(), 0, "requests at the server")
    t.equal(outcome.result["requests"]["total"], 0, "requests.total")


def test_other_schemes_are_refused(t):
    secret = t.file("secret.txt", "nobody may read this")
    for url in ("file://" + secret, "ftp://127.0.0.1/", "gopher://127.0.0.1/",
                "javascript:1", "//127.0.0.1/"):
        outcome = run_session(t, """
    local ok, err = pcall(session.get, session, "%s")
    molo.expect("refused", not ok)
    molo.log("info", "MARK", tostring(err))
    """ % url)
        t.lacks(outcome.marks[0], "nobody may read this")
    t.equal(t.server.total(), 0, "requests at the server")


def test_redirect_to_another_scheme_is_not_followed(t):
    """A server must not lead the client to a local file."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.settimeout(harness.PATIENCE)
    t.server
    running = t.start("""
        molo.scenario("a", function(session)
            local page, err = molo.try(session.get, session,
                                       "http://127.0.0.1:%d/")
            molo.log("info", "MARK", page and page.body or err.kind)
        end)
        """ % listener.getsockname()[1], "-r", "1")
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd"
                       b"\r\nContent-Length: 0\r\n\r\n")
    outcome = running.finish()
    connection.close()
    listener.close()
    t.lacks(outcome.err, "root:")
    t.equal(outcome.marks, ["redirect"], "marks")


def test_relative_url_without_base_url(t):
    outcome = t.run("""
        molo.scenario("a", function(session) session:get("/x") end)
        """, "-r", "1").expect(1)
    t.contains(outcome.out + outcome.err, "base_url")


def test_redirects_are_counted_hop_by_hop(t):
    outcome = run_session(t, """
    local page = session:get("/redirect/3")
    molo.expect("arrived", page.status == 200)
    """)
    total = t.server.total()
    t.equal(total, 4, "requests at the server")
    t.equal(outcome.result["requests"]["total"], total, "requests.total")
    t.equal(sum(e["count"] for e in outcome.result["endpoints"]), total,
            "endpoints")


def test_redirects_can_be_refused_and_bounded(t):
    run_session(t, """
    local page = session:get("/redirect/3", { redirects = false })
    molo.expect("not followed", page.status >= 301 and page.status <= 308)
    local _, err = molo.try(session.get, session, "/redirect/5",
                            { redirects = 2 })
    molo.expect("kind", err.kind == "redirect")
    """)
    t.equal(t.server.total(), 4, "requests at the server")


def test_server_errors_with_probability(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/flaky?p=0.5")
        end)
        """, "-w", "4", "-r", "50").expect(0)
    requests = outcome.result["requests"]
    t.equal(requests["total"], t.server.total(), "requests.total")
    t.check(0 < requests["failed"] < 200, "failed: %r" % requests)


def test_connections_are_kept(t):
    outcome = run_session(t, """
    session:get("/")
    for i = 1, 5 do
        local timings = session:get("/").timings
        molo.expect("kept", (timings.connect or 0) == 0)
    end
    """)
    t.equal(outcome.result["metrics"]["http_req_connect"]["count"], 1,
            "connections")


def test_workers_have_connections_of_their_own(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session) session:get("/") end)
        """, "-w", "7", "-r", "5").expect(0)
    t.equal(outcome.result["metrics"]["http_req_connect"]["count"], 7,
            "connections")


def test_default_headers_and_insecure_options(t):
    outcome = run_session(t, """
    local headers = session:get("/echo").body
    molo.expect("sent", headers:find("from the command line", 1, true))
    """, "-H", "X-From: from the command line")
    outcome.expect_runs(ok=1)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

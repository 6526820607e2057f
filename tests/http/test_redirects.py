#!/usr/bin/env python3
"""Who gets to know credentials and cookies: where a redirect leads to another
host, and where it does not. See rows.py."""

import functools
import sys

import rows
from misbehaving import Server, redirects_to, says


def redirect_drops_credentials(t):
    with Server() as other:
        target = b"%s/good" % other.url.encode()
        with Server(redirects_to(target)) as server:
            outcome = rows.run_pair(
                t, server.url + "/bad", server.url,
                options="{ headers = { Authorization = 'Basic c2VjcmV0',"
                        " Cookie = 'a=b', ['X-Kept'] = 'yes' } }")
    rows.expect_answer(t, outcome, 200, 4, total=3)
    t.equal(server.requests[0].headers["authorization"], "Basic c2VjcmV0",
            "at the first")
    seen = other.requests[0].headers
    t.equal([name in seen for name in ("authorization", "cookie", "x-kept")],
            [False, False, True], "at the other")


def redirect_drops_digest(t):
    """The user's name and password stay with the first host, too."""
    challenge = (b'HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm="r", '
                 b'nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n')
    with Server(says(challenge, then="keep")) as other:
        target = b"%s/bad" % other.url.encode()
        with Server(redirects_to(target)) as server:
            outcome = rows.run_pair(
                t, server.url + "/bad", server.url,
                options="{ auth = { user = 'me', password = 'hunter2', "
                        "scheme = 'digest' } }")
    rows.expect_answer(t, outcome, 401, 0, total=3, failed=1)
    t.equal([r.headers.get("authorization") for r in other.requests], [None],
            "Authorization at the other")


def redirect_drops_cookies_of_the_jar(t):
    """Ports share cookies (RFC 6265 section 8.5); hosts do not."""
    with Server() as other:
        target = b"http://localhost:%d/good" % other.port

        def behave(peer, request):
            peer.send(b"HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: "
                      + target + b"\r\nContent-Length: 0\r\n\r\n")

        with Server(behave) as server:
            outcome = rows.run_pair(t, server.url + "/bad", server.url)
    rows.expect_answer(t, outcome, 200, 4, total=3)
    t.check("cookie" not in other.requests[0].headers, "Cookie at the other")
    t.equal(server.requests[-1].headers.get("cookie"), "a=b",
            "Cookie at the first")


def jar_per_worker(t):
    """Each worker gets back what it was given, and nothing else."""
    def behave(peer, request):
        own = request.path.rpartition("?")[2].encode()
        given = request.headers.get("cookie", "none").encode()
        peer.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=" + own + b"\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(given) + given)

    with Server(behave) as server:
        outcome = t.run("""
            molo.scenario("a", function(session)
                local own = "id=" .. session.worker_id
                local page = session:get("%s/x?" .. session.worker_id)
                local wanted = session.step == 1 and "none" or own
                molo.expect("mine", page.body == wanted, page.body)
            end)
            """ % server.url, "-w", "10", "-r", "5").expect(0)
    outcome.expect_runs(ok=50)
    t.equal(len(server.requests), 50, "requests")


def redirect_keeps_credentials(t):
    with Server(redirects_to(b"/good")) as server:
        outcome = rows.run_pair(
            t, server.url + "/bad", server.url,
            options="{ headers = { Authorization = 'Basic c2VjcmV0' } }")
    rows.expect_answer(t, outcome, 200, 4, total=3)
    t.equal([r.headers.get("authorization") for r in server.requests],
            ["Basic c2VjcmV0"] * 2 + [None], "Authorization")


def redirect_keeps_the_user_of_the_url(prefix, t):
    """Servers do not repeat it in Location."""
    server = Server(lambda peer, request: redirects_to(
        prefix(server).encode() + b"/good")(peer, request))
    with server:
        outcome = rows.run_pair(
            t, server.url.replace("//", "//me:hunter2@") + "/bad", server.url)
    rows.expect_answer(t, outcome, 200, 4, total=3)
    t.equal([r.headers.get("authorization") for r in server.requests],
            ["Basic bWU6aHVudGVyMg=="] * 2 + [None], "Authorization")


def redirect_drops_the_user_of_the_url(t):
    with Server() as other:
        target = b"%s/good" % other.url.encode()
        with Server(redirects_to(target)) as server:
            outcome = rows.run_pair(
                t, server.url.replace("//", "//me:hunter2@") + "/bad",
                server.url)
    rows.expect_answer(t, outcome, 200, 4, total=3)
    t.equal([r.headers.get("authorization") for r in other.requests], [None],
            "Authorization at the other")


def all_tests():
    return {
        "redirect to another port drops credentials":
            redirect_drops_credentials,
        "redirect to the same origin keeps credentials":
            redirect_keeps_credentials,
        "redirect to the same origin keeps the user of the URL":
            functools.partial(redirect_keeps_the_user_of_the_url,
                              lambda server: server.url),
        "redirect to a path keeps the user of the URL":
            functools.partial(redirect_keeps_the_user_of_the_url,
                              lambda server: ""),
        "redirect to another port drops the user of the URL":
            redirect_drops_the_user_of_the_url,
        "redirect to another port drops user and password":
            redirect_drops_digest,
        "redirect to another host drops cookies":
            redirect_drops_cookies_of_the_jar,
        "a jar for each worker": jar_per_worker,
    }


if __name__ == "__main__":
    sys.exit(rows.main(all_tests()))

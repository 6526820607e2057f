#!/usr/bin/env python3
"""Exchanges in which the server answers more than once: challenges with
something to read in them, and 100 Continue. What was sent, received and waited
for is that of all of them. See rows.py."""

import functools
import sys

import proxies
import rows
from misbehaving import Server

OK = b"HTTP/1.1 200 OK\r\n"
PAUSE = 0.3

AUTH = ("{ auth = { user = '%s', password = '%s', scheme = 'digest' }%%s }"
        % (proxies.USER, proxies.PASSWORD))


def sized(body):
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body):
    return (b"Transfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")


def challenging(refusal, answer, pause=0.0):
    """Wants digest credentials; both say in which framing the bodies come."""
    _, words = proxies.SCHEMES["digest"]

    def behave(peer, request):
        given = request.headers.get("authorization", "")
        peer.wait(pause)
        if proxies.digest_is_right(given, request.method, request.path):
            peer.send(OK + answer(b"welcome"))
        else:
            peer.send(b"HTTP/1.1 401 Who\r\nWWW-Authenticate: "
                      + words.encode() + b"\r\n" + refusal(b"who are you?"))
    return behave


def bytes_of_both(refusal, answer, method, t):
    more = ", body = 'text'" if method == "POST" else ""
    with Server(challenging(refusal, answer)) as server:
        outcome = rows.run_pair(t, server.url + "/secret", server.url,
                                method=method, options=AUTH % more)
    rows.expect_answer(t, outcome, 200, len("welcome"), total=3)
    rows.expect_wire(t, outcome, server)


def bytes_of_a_refusal(framing, t):
    """The second 401 is the answer."""
    with Server(challenging(framing, framing)) as server:
        outcome = rows.run_pair(
            t, server.url + "/secret", server.url,
            options=AUTH.replace(proxies.PASSWORD, "wrong") % "")
    rows.expect_answer(t, outcome, 401, len("who are you?"), total=3, failed=1)
    rows.expect_wire(t, outcome, server)


def expect_wait(t, server, options, silent, method="post", before=""):
    """The pauses are of waiting for answers, not of sending or receiving."""
    outcome = t.run("""
        molo.scenario("a", function(session)
            %s
            local page = session:%s("%s/secret", %s)
            molo.expect("status", page.status == 200, page.status)
            molo.log("info", "MARK", page.timings.wait)
        end)
        """ % (before, method, server.url, options), "-r", "1").expect(0)
    # Most of it: who is not let run after sending notes later that it has sent.
    t.check(float(outcome.marks[0]) > silent * 0.75,
            "waited for %s s, and the server was silent for %s s"
            % (outcome.marks[0], silent))


def wait_for_a_challenge(method, kept, t):
    """That for the challenge counts as well."""
    with Server(challenging(sized, sized, PAUSE)) as server:
        more = ", body = 'text'" if method == "post" else ""
        expect_wait(t, server, AUTH % more, 2 * PAUSE, method,
                    "session:get('%s/good')" % server.url if kept else "")


def wait_after_100_continue(size, t):
    def slow(peer, request):
        peer.wait(PAUSE)
        peer.send(OK + sized(b"%d" % len(request.body)))

    with Server(slow, accept=lambda peer: peer.send(
            b"HTTP/1.1 100 Continue\r\n\r\n")) as server:
        expect_wait(t, server, "{ body = ('x'):rep(%d), "
                    "headers = { Expect = '100-continue' } }" % size, PAUSE)


def all_tests():
    part = functools.partial
    return {
        "a challenge with a body":
            part(bytes_of_both, sized, sized, "GET"),
        "a challenge in chunks":
            part(bytes_of_both, chunked, sized, "GET"),
        "a challenge with a body, the answer in chunks":
            part(bytes_of_both, sized, chunked, "GET"),
        "a challenge to a POST":
            part(bytes_of_both, sized, sized, "POST"),
        "the wrong password": part(bytes_of_a_refusal, sized),
        "the wrong password, in chunks": part(bytes_of_a_refusal, chunked),
        "waiting for a challenge": part(wait_for_a_challenge, "get", False),
        "waiting for a challenge to a POST":
            part(wait_for_a_challenge, "post", False),
        "waiting for a challenge on a kept connection":
            part(wait_for_a_challenge, "post", True),
        "waiting after 100 Continue": part(wait_after_100_continue, 10),
        "waiting after 100 Continue, with a large body":
            part(wait_after_100_continue, 3000000),
    }


if __name__ == "__main__":
    sys.exit(rows.main(all_tests()))

#!/usr/bin/env python3
"""NTLM: three messages on one connection, which is known after that. See
rows.py and ntlm.py."""

import sys

import ntlm
import rows
from misbehaving import Server


AUTH = "{ auth = { user = 'me', password = '%s', scheme = 'ntlm' }%s }"


def run(t, password, seen, method="GET", more="", twice=False):
    options = AUTH % (password, more)
    with Server(ntlm.behaviour("me", "hunter2", seen)) as server:
        url = server.url + "/secret"
        outcome = rows.run_pair(
            t, url, server.url, method=method, options=options,
            before="session:get('%s', %s)" % (url, options) if twice else "")
    if "no ntlm" in outcome.err:
        raise rows.Skip("this libcurl has no NTLM")
    return outcome, server


def hash_of_empty_text(t):
    """The hash is our own: it has to be right before it judges others."""
    t.equal(ntlm.md4(b"").hex(), "31d6cfe0d16ae931b73c59d7e0c089c0", "empty")
    t.equal(ntlm.md4(b"abc").hex(), "a448017aaf21d8525fc10ae87aa6729d", "abc")


def right(t):
    """The first of two is answered with a challenge, which is no failure; each
    one is counted."""
    seen = []
    outcome, server = run(t, "hunter2", seen)
    rows.expect_answer(t, outcome, 200, 7, total=3)
    t.equal(seen, [(1, 1), (1, 3)], "messages")
    rows.expect_wire(t, outcome, server)


def with_a_body(t):
    """Nothing of it is sent until the server knows us."""
    seen = []
    outcome, server = run(t, "hunter2", seen, method="POST",
                          more=", body = 'text'")
    rows.expect_answer(t, outcome, 200, 7, total=3)
    t.equal([request.body for request in server.requests[:2]], [b"", b"text"],
            "bodies")


def wrong(t):
    seen = []
    outcome, server = run(t, "wrong", seen)
    rows.expect_answer(t, outcome, 401, 0, total=3, failed=1)
    t.equal([kind for _, kind in seen], [1, 3], "messages")
    t.equal(len(server.requests), 3, "requests at the server")


def known_connection(t):
    """The next request of the worker takes the connection as it is."""
    seen = []
    outcome, _ = run(t, "hunter2", seen, twice=True)
    rows.expect_answer(t, outcome, 200, 5, total=4)
    t.equal(seen, [(1, 1), (1, 3), (1, None)], "messages")


def all_tests():
    return {
        "the hash that judges": hash_of_empty_text,
        "the right password": right,
        "the right password, with a body": with_a_body,
        "the wrong password": wrong,
        "a connection that is known": known_connection,
    }


if __name__ == "__main__":
    sys.exit(rows.main(all_tests()))

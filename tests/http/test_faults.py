#!/usr/bin/env python3
"""Every way a server or the network can fail a request: how it is told, what it
counts for, and that the worker goes on. See rows.py."""

import functools
import gzip
import os
import socket
import sys

import rows
from misbehaving import FullBacklog, Refusing, Server, redirects_to, says

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZE = b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DETAIL = r" \(.+\)"
NO_ANSWER = "connection closed without an answer"
CUT = "connection closed while "
SHORT = "connection closed before the end of the body" + DETAIL


def endless_header(peer, request):
    peer.send(HEAD)
    line = b"X-More: " + b"m" * 4000 + b"\r\n"
    while peer.send(line):
        pass
    peer.close()


def endless_interim(peer, request):
    while peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50):
        pass
    peer.close()


def drip(peer, request):
    peer.send(HEAD + SIZE % 1000)
    while not peer.wait(0.02) and peer.send(b"."):
        pass
    peer.close()


def drip_header(peer, request):
    peer.send(HEAD)
    while not peer.wait(0.02) and peer.send(b"X-A: b\r\n"):
        pass
    peer.close()


# A server of ours answers in less, even when it waits for a processor.
SECONDS = rows.SECONDS
TIMEOUT = {"options": "{ timeout = %d }" % SECONDS, "wire": False}
LATE = "no answer within %d s, " % SECONDS

COMPRESS = {"options": "{ compress = true }", "wire": False}
# 64 MB of zeros.
BOMB = gzip.compress(bytes(64000000))
BROKEN = gzip.compress(os.urandom(3000))
BEHIND = gzip.compress(b"a") + b"and more"
BROKEN = BROKEN[:500] + bytes(1000) + BROKEN[1500:]

# name: behaviour, (kind, phase, message), and what differs:
#   method, options  of the request
#   total, failed, unsent  of the counts (2, 1, 0)
#   encoding  that libcurl may lack
#   wire=False       bytes are not compared: the client left before the end
FAULTS = {
    "reset before the answer":
        (says(then="reset"), ("reset", "wait", CUT + "waiting for the first "
                              "byte" + DETAIL), {}),
    "reset in the middle of the header":
        (says(HEAD + b"X-Half: ", then="reset"),
         ("reset", "receive", CUT + "receiving the answer" + DETAIL),
         {"wire": False}),
    "reset after the header":
        (says(HEAD + SIZE % 10, then="reset"),
         ("reset", "receive", CUT + "receiving the answer" + DETAIL), {}),
    "closed before the answer":
        (says(), ("reset", "wait", NO_ANSWER), {}),
    "closed before the answer to a POST":
        (says(), ("reset", "wait", NO_ANSWER),
         {"method": "POST", "options": "{ body = 'text' }"}),
    "closed in the middle of the header":
        (says(HEAD + b"Content-Le"),
         ("protocol", "receive", "connection closed in the middle of the "
          "header"), {"wire": False}),
    "closed after the status line":
        (says(HEAD), ("protocol", "receive", "connection closed in the middle "
                      "of the header"), {}),
    "interim answer and no other":
        (says(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
         ("reset", "receive", NO_ANSWER), {}),
    "endless interim answers":
        (endless_interim, ("too_large", "receive",
                           "the headers are larger than 256 kB"),
         {"wire": False}),
    "truncated body":
        (says(HEAD + SIZE % 10 + b"12345"), ("protocol", "receive", SHORT), {}),
    "truncated chunk":
        (says(CHUNKED + b"a\r\n12345"), ("protocol", "receive", SHORT), {}),
    "no last chunk":
        (says(CHUNKED + b"5\r\n12345\r\n"), ("protocol", "receive", SHORT), {}),
    "bad chunk size":
        (says(CHUNKED + b"xyz\r\n12345\r\n0\r\n\r\n"),
         ("protocol", "receive", ".*chunk.*"), {}),
    "huge chunk size":
        (says(CHUNKED + b"fffffffffffffffffffff\r\n1"),
         ("protocol", "receive", ".*chunk.*"), {}),
    "bad status line":
        (says(b"HTTP/1.1 abc Hello\r\nContent-Length: 0\r\n\r\n"),
         ("protocol", "receive", ".+"), {"wire": False}),
    "status line without a status":
        (says(b"HTTP/20 hello\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
         ("protocol", "receive", "the answer has no status"),
         {"wire": False}),
    "no HTTP at all":
        (says(b"220 mail.example ESMTP\r\n"),
         ("protocol", "receive", "the answer is not HTTP; should .+"), {"wire": False}),
    "unsupported version":
        (says(b"HTTP/7.3 200 OK\r\nContent-Length: 0\r\n\r\n"),
         ("protocol", "receive",
          r"Unsupported HTTP version \(7\.3\) in response"),
         {"wire": False}),
    "header line of 200 kB":
        (says(HEAD + b"X-Long: " + b"x" * 200000 + b"\r\n" + SIZE % 0),
         ("too_large", "receive", "a header line is larger than 100 kB"),
         {"wire": False}),
    "endless header":
        (endless_header, ("too_large", "receive",
                          "the headers are larger than 256 kB"),
         {"wire": False}),
    "nothing at all":
        (says(then="hold"), ("timeout", "wait", LATE +
                             "waiting for the first byte"), TIMEOUT),
    "half a body":
        (says(HEAD + SIZE % 10 + b"12345", then="hold"),
         ("timeout", "receive", LATE + "receiving the answer"),
         dict(TIMEOUT, wire=True)),
    "slow drip of a body":
        (drip, ("timeout", "receive", LATE + "receiving the "
                "answer"), TIMEOUT),
    "slow drip of a header":
        (drip_header, ("timeout", "receive", LATE +
                       "receiving the answer"), TIMEOUT),
    "negative content-length":
        (says(HEAD + b"Content-Length: -5\r\n\r\n12345"),
         ("protocol", "receive", ".*Content-Length.*"), {"wire": False}),
    "content-length that is no number":
        (says(HEAD + b"Content-Length: five\r\n\r\n12345"),
         ("protocol", "receive", ".*Content-Length.*"), {"wire": False}),
    "two content-lengths that differ":
        (says(HEAD + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n12345"),
         ("protocol", "receive", ".*Content-Length.*"), {"wire": False}),
    "a list of content-lengths that differ":
        (says(HEAD + b"Content-Length: 5, 50\r\n\r\n12345"),
         ("protocol", "receive", ".*Content-Length.*"), {"wire": False}),
    "corrupt gzip":
        (says(HEAD + b"Content-Encoding: gzip\r\n" + SIZE % 5 + b"12345"),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         {"options": "{ headers = { ['Accept-Encoding'] = 'gzip' } }"}),
    "unknown content-encoding":
        (says(HEAD + b"Content-Encoding: fancy\r\n" + SIZE % 5 + b"12345"),
         ("decode", "receive", "the body could not be decoded "
          r"\(Unrecognized content encoding type\..+\)"), COMPRESS),
    "several content-encodings, one of them unknown":
        (says(HEAD + b"Content-Encoding: gzip, fancy\r\n" + SIZE % 5
              + b"12345"),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         COMPRESS),
    "corrupt gzip in the middle":
        (says(HEAD + b"Content-Encoding: gzip\r\n" + SIZE % len(BROKEN)
              + BROKEN),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         COMPRESS),
    "gzip with something behind it":
        (says(HEAD + b"Content-Encoding: gzip\r\n" + SIZE % len(BEHIND)
              + BEHIND),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         COMPRESS),
    "corrupt deflate":
        (says(HEAD + b"Content-Encoding: deflate\r\n" + SIZE % 5 + b"12345"),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         COMPRESS),
    "corrupt brotli":
        (says(HEAD + b"Content-Encoding: br\r\n" + SIZE % 5
              + b"\xff\xff\xff\xff\xff"),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         dict(COMPRESS, encoding="br")),
    "corrupt zstd":
        (says(HEAD + b"Content-Encoding: zstd\r\n" + SIZE % 5 + b"12345"),
         ("decode", "receive", "the body could not be decoded" + DETAIL),
         dict(COMPRESS, encoding="zstd")),
    "gzip bomb":
        (says(HEAD + b"Content-Encoding: gzip\r\n" + SIZE % len(BOMB) + BOMB),
         ("too_large", "receive", r"the body is larger than 1\.0 MB"),
         {"options": "{ compress = true, max_body = 1000000 }",
          "wire": False}),
    "gzip bomb that is not kept":
        (says(HEAD + b"Content-Encoding: gzip\r\n" + SIZE % len(BOMB) + BOMB),
         ("too_large", "receive", r"the body is larger than 1\.0 MB"),
         {"options": "{ compress = true, max_body = 1000000, discard = true }",
          "wire": False}),
    "redirect loop":
        (redirects_to(b"/loop"), ("redirect", "receive",
                                  "more than 3 redirects"),
         {"options": "{ redirects = 3 }", "total": 5}),
    "redirect to a file":
        (redirects_to(b"file:///etc/passwd"),
         ("redirect", "receive", "redirect refused: URL 'file:///etc/passwd' "
          "does not start with http:// or https://"
          "|redirect refused: URL scheme 'file' is not supported: only http "
          "and https are"), {}),
    "redirect to what is no URL":
        (redirects_to(b"http://[zz]/"),
         ("redirect", "receive", ".*(Location|redirect refused).*"), {}),
}

# Odd, and an answer all the same: behaviour, (status, size), differences.
ANSWERS = {
    "interim answers":
        (says(b"HTTP/1.1 102 Processing\r\n\r\n",
              b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
              HEAD + SIZE % 2 + b"ok", then="keep"), (200, 2), {}),
    "body longer than its content-length":
        (says(HEAD + SIZE % 2 + b"ok and more", then="keep"), (200, 2),
         {"wire": False}),
    "two content-lengths that agree":
        (says(HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
              then="keep"), (200, 2), {}),
    "a list of content-lengths that agree":
        (says(HEAD + b"Content-Length: 2, 2\r\n\r\nok", then="keep"),
         (200, 2), {}),
    "no content-length":
        (says(HEAD + b"\r\nall there is"), (200, 12), {}),
    "unknown content-encoding that nobody asked for":
        (says(HEAD + b"Content-Encoding: fancy\r\n" + SIZE % 5 + b"12345",
              then="keep"), (200, 5), {}),
    "redirect without a target":
        (says(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", then="keep"),
         (302, 0), {}),
    "chunked":
        (says(CHUNKED + b"5\r\n12345\r\n6;ext=1\r\n678901\r\n0\r\n\r\n",
              then="keep"), (200, 11), {}),
    "chunked with a trailer":
        (says(CHUNKED + b"5\r\n12345\r\n0\r\nX-Sum: 1\r\n\r\n", then="keep"),
         (200, 5), {}),
    "chunked in many pieces":
        (lambda peer, request: (
            peer.send(CHUNKED),
            [peer.wait(0.01) or peer.send(bytes([byte]))
             for byte in b"5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n"]), (200, 8),
        {}),
    "answer to a POST before its body":
        (says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n"
              b"Connection: close\r\n\r\n"), (413, 0),
         {"method": "POST", "options": "{ body = ('x'):rep(3) }",
          "failed": 1}),
}


def run_row(t, behave, differences):
    """The outcome and the server."""
    wanted = dict(differences)
    if wanted.get("encoding"):
        rows.need_encoding(t, wanted["encoding"])
    with Server(behave) as server:
        outcome = rows.run_pair(
            t, server.url + "/bad", server.url,
            method=wanted.get("method", "GET"),
            options=wanted.get("options", "{}"))
    if wanted.get("wire", True):
        rows.expect_wire(t, outcome, server)
    return outcome, server


def counts_of(differences):
    return {name: differences[name] for name in ("total", "failed", "unsent")
            if name in differences}


def fault(behave, told, differences, t):
    outcome, server = run_row(t, behave, differences)
    rows.expect_fault(t, outcome, *told, **counts_of(differences))
    t.equal(len(server.requests), outcome.result["requests"]["total"],
            "requests at the server")


def answer(behave, wanted, differences, t):
    outcome, _ = run_row(t, behave, differences)
    rows.expect_answer(t, outcome, *wanted, **counts_of(differences))


# --- before there is a connection ---

def refused(t):
    with Refusing() as port, Server() as server:
        outcome = rows.run_pair(t, port.url + "/", server.url)
    rows.expect_fault(t, outcome, "connect", "connect",
                      r"connection refused \(127\.0\.0\.1:\d+\)", unsent=1)


def connect_timeout(t):
    with FullBacklog() as port, Server() as server:
        outcome = rows.run_pair(t, port.url + "/", server.url,
                                options=TIMEOUT["options"])
    rows.expect_fault(t, outcome, "timeout", "connect",
                      LATE + "connecting", unsent=1)


def unknown_host(t):
    # Longer than a label of a name may be, so no name server is asked.
    host = "n" * 64 + ".invalid"
    with Server() as server:
        outcome = rows.run_pair(t, "http://%s/" % host, server.url)
    rows.expect_fault(t, outcome, "dns", "dns",
                      "host name '%s' not found" % host, unsent=1)


def run_reaching(t, options, *told, before=""):
    """A request that goes elsewhere than its URL says, where nobody is."""
    with Refusing() as port, Server() as server:
        to = port.url.rsplit(":", 1)[1]
        outcome = rows.run_pair(
            t, "http://shop.invalid:81/", server.url,
            options=options.replace("PORT", to), before=before)
    rows.expect_fault(t, outcome, *told, unsent=1)


def resolve_refused(t):
    with Refusing() as port, Server() as server:
        to = port.url.rsplit(":", 1)[1]
        outcome = rows.run_pair(
            t, "http://shop.invalid:%s/" % to, server.url,
            options="{ resolve = { ['shop.invalid:%s'] = '127.0.0.1' } }" % to)
    rows.expect_fault(t, outcome, "connect", "connect",
                      r"connection refused \(127\.0\.0\.1:%s\)" % to, unsent=1)


def connect_to_refused(t):
    run_reaching(t, "{ connect_to = { ['shop.invalid:81'] = '127.0.0.1:PORT' "
                 "} }", "connect", "connect",
                 r"connection refused \(127\.0\.0\.1:\d+\)")


def unix_socket_absent(t):
    path = os.path.join(t.directory, "none")
    run_reaching(t, "{ unix_socket = '%s' }" % path, "connect", "connect",
                 r"no such file or directory \(%s\)" % path)


def unix_socket_refused(t):
    """The file is there, and nobody listens."""
    path = os.path.join(t.directory, "left")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    run_reaching(t, "{ unix_socket = '%s' }" % path, "connect", "connect",
                 r"connection refused \(%s\)" % path)


# --- a kept connection ---

KEPT = 'session:get("%s/good")'


def run_kept(t, accept_second, how="close", **options):
    """The first request is answered, the second finds its connection end."""
    def behave(peer, request):
        if peer.number > 1 and accept_second:
            peer.send(HEAD + SIZE % 2 + b"ok")
        else:
            getattr(peer, how)()

    with Server(behave) as server:
        outcome = rows.run_pair(t, server.url + "/bad", server.url,
                                before=KEPT % server.url, **options)
    rows.expect_wire(t, outcome, server)
    return outcome, server


def kept_ended(method, how, t):
    """Sent again by the transport, and counted twice, as at the server; what
    went out in vain has failed."""
    options = "{ body = 'text' }" if method == "POST" else "{}"
    outcome, server = run_kept(t, True, how, method=method, options=options)
    rows.expect_answer(t, outcome, 200, 2, total=4, failed=1)
    t.equal(server.paths(), ["GET /good", method + " /bad", method + " /bad",
                             "GET /good"], "requests at the server")


def kept_closed_twice(t):
    outcome, server = run_kept(t, False)
    rows.expect_fault(t, outcome, "reset", "wait", NO_ANSWER, total=4,
                      failed=2)


def idle_closed(t):
    """A server that closes a connection between two requests fails none."""
    def close_after(peer, request):
        peer.send(HEAD + SIZE % 2 + b"ok")
        peer.close()

    with Server(close_after) as server:
        outcome = rows.run_pair(t, server.url + "/last", server.url,
                                "--delay", "100ms")
    rows.expect_answer(t, outcome, 200, 2)
    rows.expect_wire(t, outcome, server)
    t.equal(server.connections, 2, "connections")


def all_tests():
    tests = {name: functools.partial(fault, *row)
             for name, row in FAULTS.items()}
    tests.update({name: functools.partial(answer, *row)
                  for name, row in ANSWERS.items()})
    tests.update({
        "connection refused": refused,
        "connect timeout": connect_timeout,
        "name that does not resolve": unknown_host,
        "kept connection closed under a GET":
            functools.partial(kept_ended, "GET", "close"),
        "kept connection closed under a POST":
            functools.partial(kept_ended, "POST", "close"),
        "kept connection reset under a GET":
            functools.partial(kept_ended, "GET", "reset"),
        "kept connection closed, and the new one": kept_closed_twice,
        "kept connection closed while idle": idle_closed,
        "resolve to where nobody listens": resolve_refused,
        "connect_to where nobody listens": connect_to_refused,
        "unix socket that is not there": unix_socket_absent,
        "unix socket that nobody listens on": unix_socket_refused,
    })
    return tests


if __name__ == "__main__":
    sys.exit(rows.main(all_tests()))

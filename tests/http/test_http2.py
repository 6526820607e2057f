#!/usr/bin/env python3
"""HTTP/2: what a server can do to a stream and to a connection, and how the
requests of a worker share one. See rows.py."""

import functools
import re
import shutil
import subprocess
import sys
import tempfile

import http2_server
import rows
from certificates import certificate
from http2_server import ERRORS, Server2
from misbehaving import GOOD, Server
from nginx import Nginx

PAUSE = 0.3
SECONDS = rows.SECONDS


def half(stream):
    stream.head(200, ("content-length", "10"))
    stream.data(b"12345")


def then(*steps):
    def behave(stream):
        for step in steps:
            step(stream)
    return behave


def reset(error):
    return lambda stream: stream.reset(error)


def goaway(last, error=ERRORS.NO_ERROR):
    return lambda stream: stream.peer.goaway(
        stream.identity if last else 0, error)


def answer_with_goaway(stream):
    """In one piece: what the client sends in between nobody here would see."""
    h2 = stream.peer.h2
    h2.send_headers(stream.identity, [(":status", "200"),
                                      ("content-length", "2")])
    h2.send_data(stream.identity, b"ok", True)
    stream.peer.goaway(stream.identity)


def close(stream):
    stream.peer.close()


def raw(data):
    return lambda stream: stream.peer.raw(data)


def once(harm):
    """The first request is harmed, the others are answered."""
    return lambda stream: (harm(stream) if stream.number == 1
                           else stream.answer(b"ok"))


def pause(stream):
    """So that what was sent before is not read together with what follows."""
    stream.peer.peer.wait(0.3)


def nothing(stream):
    pass


BY_SERVER = "the server reset the HTTP/2 stream: "
MALFORMED = "the answer is malformed HTTP/2"
GOAWAY = r"the server ended the HTTP/2 connection \(GOAWAY\)"
NO_ANSWER = "connection closed without an answer"
SHORT = r"connection closed before the end of the body \(.+\)"

# name: behaviour, (kind, phase, message), and what differs: options, total and
# failed as in test_faults.py; again: libcurl may send it again, which counts
FAULTS = {
    "RST_STREAM before the answer":
        (reset(ERRORS.INTERNAL_ERROR),
         ("reset", "wait", BY_SERVER + "INTERNAL_ERROR"), {}),
    "RST_STREAM that cancels":
        (reset(ERRORS.CANCEL), ("reset", "wait", BY_SERVER + "CANCEL"), {}),
    "RST_STREAM in the middle of a body":
        (then(half, pause, reset(ERRORS.INTERNAL_ERROR)),
         ("reset", "receive", BY_SERVER + "INTERNAL_ERROR"), {}),
    "stream closed without an answer":
        (reset(ERRORS.NO_ERROR), ("reset", "wait", "the server closed the "
                                 "HTTP/2 stream without an answer"), {}),
    "refused stream, again and again":
        (reset(ERRORS.REFUSED_STREAM),
         ("reset", "wait", r"connection closed while waiting for the first byte "
          r"\(Connection died, tried 5 times before giving up\)"),
         {"total": 7, "failed": 6}),
    "GOAWAY without an answer":
        (goaway(False), ("reset", "wait", GOAWAY), {}),
    "GOAWAY and closed, without an answer":
        (then(goaway(True, ERRORS.ENHANCE_YOUR_CALM), close),
         ("reset", "wait", NO_ANSWER), {}),
    "GOAWAY and closed, in the middle of a body":
        (then(half, pause, goaway(True, ERRORS.INTERNAL_ERROR), close),
         ("protocol", "receive", SHORT), {}),
    "closed before the answer":
        (close, ("reset", "wait", NO_ANSWER), {}),
    "closed in the middle of a body":
        (then(half, pause, close), ("protocol", "receive", SHORT), {}),
    "body shorter than its content-length":
        (then(half, lambda stream: stream.data(b"", end=True)),
         ("protocol", "receive", MALFORMED), {}),
    "no status":
        (lambda stream: (
            stream.peer.h2.send_headers(stream.identity, [("a", "b")], True),
            stream.peer.flush()), ("protocol", "receive", MALFORMED), {}),
    "status that is no number":
        (lambda stream: stream.head("abc", end=True),
         ("protocol", "receive", MALFORMED), {}),
    "header name in capitals":
        (lambda stream: stream.head(200, ("X-Capital", "b"), end=True),
         ("protocol", "receive", MALFORMED), {}),
    "HTTP/1.1 instead of frames":
        (raw(b"HTTP/1.1 200 OK\r\n\r\n" * 10),
         ("reset", "wait", NO_ANSWER), {}),
    "frame that is too large":
        (raw(b"\xff\xff\xff\0\0\0\0\0\x01"), ("reset", "wait", NO_ANSWER),
         {}),
    "compression of headers that is broken":
        (raw(b"\0\0\x04\x01\x05\0\0\0\x01\xff\xff\xff\xff"),
         ("reset", "wait", NO_ANSWER), {}),
    "headers without end":
        (lambda stream: stream.head(200, *[("x%d" % n, "y" * 4000)
                                           for n in range(100)], end=True),
         ("too_large", "receive",
          "the headers are larger than libcurl takes of HTTP/2"),
         {"again": True}),
    "nothing at all":
        (nothing, ("timeout", "wait", "no answer within %d s, waiting for the "
                   "first byte" % SECONDS),
         {"options": "timeout = %d" % SECONDS}),
    "half a body":
        (half, ("timeout", "receive", "no answer within %d s, receiving the "
                "answer" % SECONDS), {"options": "timeout = %d" % SECONDS}),
}

# name: behaviour, (status, size), differences
ANSWERS = {
    "an answer": (lambda stream: stream.answer(b"ok"), (200, 2), {}),
    "interim answers":
        (lambda stream: (stream.head(103, ("link", "a")), stream.answer(b"ok")),
         (200, 2), {}),
    "a trailer":
        (lambda stream: (
            stream.head(), stream.data(b"ok"),
            stream.peer.h2.send_headers(stream.identity, [("x-sum", "1")], True),
            stream.peer.flush()), (200, 2), {}),
    "refused stream, once":
        (once(reset(ERRORS.REFUSED_STREAM)), (200, 2),
         {"total": 3, "failed": 1}),
    "GOAWAY after the answer":
        (answer_with_goaway, (200, 2), {}),
}


def run_row(pair, behave, differences, t):
    """Over TLS, which agrees on HTTP/2, and from the first byte on."""
    outcomes = []
    for version, tls in (("2", http2_server.tls_context(pair)),
                         ("2-prior-knowledge", None)):
        with Server2(behave, tls=tls) as server:
            outcome = rows.run_pair(
                t, server.url + "/bad", server.url, "-k",
                before="session:configure{ http_version = '%s' }" % version,
                options="{ %s }" % differences.get("options", ""))
        t.equal(len(server.streams), outcome.result["requests"]["total"],
                "requests at the server")
        outcomes.append((outcome, server))
    return outcomes


def counts_of(differences):
    return {name: differences[name] for name in ("total", "failed")
            if name in differences}


def fault(pair, behave, told, differences, t):
    # The second run keeps the version of the first.
    for outcome, server in run_row(pair, behave, differences, t):
        counts = counts_of(differences)
        if differences.get("again"):
            total = len(server.streams)
            counts = {"total": total, "failed": total - 1}
        rows.expect_fault(t, outcome, *told, **counts)


def answer(pair, behave, wanted, differences, t):
    for outcome, _ in run_row(pair, behave, differences, t):
        rows.expect_answer(t, outcome, *wanted, **counts_of(differences))


def not_agreed_on(pair, t):
    """A server that speaks HTTP/1.1 only is fine."""
    context = http2_server.tls_context(pair, ["http/1.1"])
    with Server(tls=context) as server:
        outcome = rows.run_pair(t, server.url + "/good", server.url, "-k",
                                options="{ http_version = '2' }")
    rows.expect_answer(t, outcome, 200, 4)


def without_http3(t):
    """Where libcurl has none; the request is not sent, and not counted."""
    if "HTTP3" in subprocess.run(["curl-config", "--features"],
                                 capture_output=True, text=True,
                                 check=False).stdout.split():
        raise rows.Skip("this libcurl has HTTP/3")
    with Server() as server:
        outcome = t.run("""
            molo.scenario("a", function(session)
                session:get("%s/good", { http_version = "3" })
            end)
            """ % server.url, "-r", "1").expect(1)
    t.equal(server.requests, [], "requests at the server")
    t.equal(outcome.result["requests"]["total"], 0, "requests")
    t.matches(outcome.result["errors"][0]["message"],
              "http_version: the libcurl in use has no HTTP/3")


# --- one connection for all ---

BATCH = """
    molo.scenario("a", function(session)
        local calls = {}
        for i = 1, 8 do
            calls[i] = { "GET", "%s/good?" .. i, { http_version = "%s" } }
        end
        for i, page in ipairs(session:batch(calls)) do
            molo.expect("status", page.status == 200)
            molo.expect("version", page.http_version == "%s")
        end
    end)
    """


def shared(pair, t):
    """Of a worker; workers do not share."""
    with Server2(tls=http2_server.tls_context(pair)) as server:
        outcome = t.run(BATCH % (server.url, "2", "2"), "-k", "-r", "3",
                        "-w", "2").expect(0)
    t.equal(outcome.result["requests"]["total"], 48, "requests")
    t.equal(len(server.streams), 48, "requests at the server")
    t.equal(server.connections, 2, "connections")


def together(pair, t):
    """They are all under way before the first is answered."""
    waiting = []

    def behave(stream):
        waiting.append(stream)
        if len(waiting) == 8:
            for one in waiting:
                one.answer(b"ok")

    with Server2(behave, tls=http2_server.tls_context(pair)) as server:
        t.run((BATCH % (server.url, "2", "2")).replace("/good", "/meet"),
              "-k", "-r", "1").expect(0)
    t.equal(server.connections, 1, "connections")


def not_shared(t):
    """HTTP/1.1 has one for each, and none waits for another."""
    with Server() as server:
        t.run(BATCH % (server.url, "2", "1.1"), "-r", "1").expect(0)
    t.equal(server.connections, 8, "connections")


def goaway_among_many(pair, t):
    """What the server did not take is sent again or told as a fault. So may be
    answers that arrived with GOAWAY: libcurl then gives them up. Nothing hangs,
    and each time it was sent is counted."""
    def behave(stream):
        if stream.peer.number > 1 or stream.number <= 4:
            stream.answer(b"ok")
        elif stream.number == 5:
            stream.peer.goaway(stream.identity - 2)

    with Server2(behave, tls=http2_server.tls_context(pair)) as server:
        outcome = t.run("""
            molo.scenario("a", function(session)
                local calls = {}
                for i = 1, 8 do
                    calls[i] = { "GET", "%s/x?" .. i, { timeout = %d } }
                end
                molo.try(session.batch, session, calls)
                local page = session:get("%s/good")
                molo.expect("goes on", page.body == "good")
            end)
            """ % (server.url, SECONDS * 3, server.url), "-k", "-r", "1")
    outcome.expect(0)
    requests = outcome.result["requests"]
    # At the least the fifth: the others may not be sent yet when it is refused.
    t.check(1 <= requests["failed"] < requests["total"], "%r" % requests)
    t.check(len(server.streams) <= requests["total"] <= 9 + 8,
            "%d at the server, %r" % (len(server.streams), requests))


PHASES = """
    molo.scenario("a", function(session)
        local calls = {}
        for i = 1, 4 do
            calls[i] = { "GET", "%s/x?" .. i, { timeout = %d } }
        end
        local pages, err = molo.try(session.batch, session, calls)
        for i = 1, 4 do
            if pages then
                local times = pages[i].timings
                molo.log("info", "MARK", i, times.connect or 0, times.wait,
                         pages[i].elapsed)
            else
                local one = i == 1 and err or err.errors[i - 1]
                molo.log("info", "MARK", one.kind, one.phase, one.message)
            end
        end
    end)
    """


def phases_of_those_who_wait(pair, t):
    """Those who wait for the connection of another wait to be connected, and
    for the first byte of their own answers."""
    def slow(stream):
        stream.peer.peer.wait(PAUSE)
        stream.answer(b"ok")

    with Server2(slow, accept=lambda peer: peer.wait(PAUSE),
                 tls=http2_server.tls_context(pair)) as server:
        outcome = t.run(PHASES % (server.url, 60), "-k", "-r", "1").expect(0)
    t.equal(server.connections, 1, "connections")
    expect_to_connect(t, outcome)


def phases_of_those_who_waited_in_vain(pair, t):
    """There is no HTTP/2, so that each needs a connection of its own."""
    def slow(peer, request):
        peer.wait(PAUSE)
        peer.send(GOOD)

    with Server(slow, accept=lambda peer: peer.wait(PAUSE),
                tls=http2_server.tls_context(pair, ("http/1.1",))) as server:
        outcome = t.run(PHASES % (server.url, 60), "-k", "-r", "1").expect(0)
    t.equal(server.connections, 4, "connections")
    expect_to_connect(t, outcome)


def expect_to_connect(t, outcome):
    times = [[float(word) for word in mark.split()] for mark in outcome.marks]
    t.check(all(connect > PAUSE / 2 and wait > PAUSE / 2
                and connect + wait < elapsed + 0.001
                for i, connect, wait, elapsed in times if i > 1),
            "number, connect, wait, elapsed: %r" % times)
    t.check(len(times) == 4, "%r" % times)


def timeout_of_those_who_wait(pair, t):
    """The name they know, from the one that connects for all of them."""
    with Server2(accept=lambda peer: peer.hold(),
                 tls=http2_server.tls_context(pair)) as server:
        outcome = t.run(PHASES % (server.url.replace("127.0.0.1", "localhost"),
                                  SECONDS), "-k", "-r", "1")
    told = sorted({re.sub(" GET .*, ", " ", mark) for mark in outcome.marks})
    t.equal(told, ["timeout connect connecting",
                   "timeout tls in the TLS handshake"], "faults")


def shared_at_nginx(pair, t):
    servers = """
        server {
            listen 127.0.0.1:%%(port)d ssl http2;
            ssl_certificate %s;
            ssl_certificate_key %s;
            location / { return 200 "good"; }
        }
        """ % pair
    with Nginx(t.directory, servers,
               log="$connection $server_protocol") as nginx:
        t.run(BATCH % ("https://127.0.0.1:%d" % nginx.port, "2", "2"), "-k",
              "-r", "2", "-w", "3").expect(0)
    lines = nginx.log_lines()
    t.equal(len(lines), 48, "requests in the log")
    t.equal({protocol for _, protocol in lines}, {"HTTP/2.0"}, "protocols")
    t.equal(len({connection for connection, _ in lines}), 3, "connections")


def all_tests(pair):
    part = functools.partial
    tests = {name: part(fault, pair, *row) for name, row in FAULTS.items()}
    tests.update({name: part(answer, pair, *row)
                  for name, row in ANSWERS.items()})
    tests.update({
        "a server without HTTP/2": part(not_agreed_on, pair),
        "HTTP/3 where libcurl has none": without_http3,
        "a batch shares a connection": part(shared, pair),
        "a batch is under way at once": part(together, pair),
        "a batch over HTTP/1.1 shares none": not_shared,
        "GOAWAY among many streams": part(goaway_among_many, pair),
        "phases of those who share a connection":
            part(phases_of_those_who_wait, pair),
        "phases of those who wait for a connection and cannot share it":
            part(phases_of_those_who_waited_in_vain, pair),
        "timeout of those who share a connection":
            part(timeout_of_those_who_wait, pair),
        "a batch shares a connection at nginx": part(shared_at_nginx, pair),
    })
    return tests


def main():
    directory = tempfile.mkdtemp(prefix="molo-http2-")
    try:
        pair = certificate(directory, "http2")
        return rows.main(all_tests(pair))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Every way a server can fail a WebSocket: in the handshake, in frames, at the
end. Each row is one molo whose first run meets the fault and whose second run
asks for what works. See rows.py."""

import base64
import functools
import re
import struct
import sys

import rows
from certificates import certificate
from misbehaving import TLS_ALERT, Refusing, Server, tls_context
from websocket_frames import (BINARY, CLOSE, PING, PONG, TEXT, agrees, answers,
                              close_frame, frame, head_of, sends)

SCENARIO = """
    molo.scenario("a", function(session)
        if session.step > 1 then
            local page = session:get("%(good)s/good")
            molo.log("info", "MARK", "next", page.status, page.body)
            return
        end
        local ok, err = pcall(function()
            local ws <close> = session:websocket("%(url)s", %(options)s)
            molo.log("info", "MARK", "open", ws:protocol())
            %(body)s
        end)
        if not ok then
            molo.log("info", "MARK", "fault", err.kind, err.phase or err.code,
                     err.message or err, err.status, err.body)
            error(err, 0)
        end
    end)
    """

# What a scenario does with the connection unless the row says otherwise.
RECEIVE = """
    while true do
        local data, kind, reason = ws:receive()
        molo.log("info", "MARK", "got", data, kind, reason)
        if data == nil then break end
    end
    """


def endless_header(peer, request):
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
    while peer.send(b"X-More: " + b"m" * 4000 + b"\r\n"):
        pass
    peer.close()


def drip_header(peer, request):
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
    while not peer.wait(0.02) and peer.send(b"X-A: b\r\n"):
        pass
    peer.close()


def drip_frame(peer, request):
    peer.send(head_of(request) + b"\x81\x7e\x10\x00")
    while not peer.wait(0.02) and peer.send(b"."):
        pass
    peer.close()


SECONDS = rows.SECONDS
LATE = "no answer within %d s, " % SECONDS
SOON = {"options": "{ timeout = %d }" % SECONDS}
BAD = "bad WebSocket handshake: "
SENT = "the server sent "
UNEXPECTED = "unexpected status %d, not 101"

# name: behaviour, (kind, phase or code, message), and what differs:
#   options, body     of the scenario
#   close             code of the close frame that the client sent; None: none
#   failed            requests that failed (0: the handshake was good)
HANDSHAKES = {
    "refused with 403":
        (answers(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
         ("http", "nil", UNEXPECTED % 403), {"end": "403 no"}),
    "refused with 403 in chunks":
        (answers(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", then="hold"),
         ("http", "nil", UNEXPECTED % 403), {"end": "403 no!"}),
    "answered with 200":
        (answers(b"HTTP/1.1 200 OK\r\n\r\nhello"),
         ("http", "nil", UNEXPECTED % 200), {"end": "200 hello"}),
    "redirected":
        (answers(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n"
                 b"Content-Length: 0\r\n\r\n"),
         ("http", "nil", UNEXPECTED % 302), {}),
    "bad accept key":
        (agrees(accept=b"c29tZXRoaW5nIGVsc2U="),
         ("protocol", "receive", BAD + r"Sec-WebSocket-Accept is "
          r"'c29tZXRoaW5nIGVsc2U=', which does not answer the key \(that would "
          r"be '.{28}'\)"), {}),
    "no accept key":
        (agrees(without=b"Sec-"),
         ("protocol", "receive", BAD + "the header Sec-WebSocket-Accept is "
          "missing"), {}),
    "no Upgrade header":
        (agrees(without=b"Upgrade"),
         ("protocol", "receive", BAD + "the header Upgrade is missing"), {}),
    "no Connection header":
        (agrees(without=b"Connection"),
         ("protocol", "receive", BAD + "the header Connection is not "
          "'Upgrade'"), {}),
    "subprotocol nobody asked for":
        (agrees(b"Sec-WebSocket-Protocol: chat"),
         ("protocol", "receive", BAD + "the server chose the subprotocol "
          "'chat', and none was asked for"), {}),
    "another subprotocol":
        (agrees(b"Sec-WebSocket-Protocol: chat"),
         ("protocol", "receive", BAD + "the server chose the subprotocol "
          "'chat', which is none of: a, Chat"),
         {"options": "{ protocols = {'a', 'Chat'} }"}),
    "extension nobody asked for":
        (agrees(b"Sec-WebSocket-Extensions: permessage-deflate"),
         ("protocol", "receive", BAD + "the server uses the extension "
          "'permessage-deflate', and none was asked for"), {}),
    "no HTTP at all":
        (answers(b"220 mail.example ESMTP\r\n", then="hold"),
         ("protocol", "receive", "the answer is not HTTP/1.1"), {}),
    "TLS where HTTP is spoken":
        (answers(TLS_ALERT),
         ("protocol", "receive", "the answer is TLS: .+ begin with wss://.+"), {}),
    "endless header":
        (endless_header, ("too_large", "receive", "the headers are larger than 64 kB"), {}),
    "closed before the answer":
        (answers(), ("reset", "wait", "connection closed without an answer"),
         {}),
    "closed in the middle of the header":
        (answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgra"),
         ("protocol", "receive", "connection closed in the middle of the "
          "header"), {}),
    "no answer":
        (answers(then="hold"), ("timeout", "wait", LATE +
                                "waiting for the first byte"), SOON),
    "slow drip of a header":
        (drip_header, ("timeout", "receive", LATE + "receiving the answer"),
         SOON),
}

MALFORMED = (SENT + "a frame that cannot be: a control frame in fragments or of "
             "more than 125 bytes, or a length in more bytes than needed")
CUT = "connection closed without a close frame"
FRAMES = {
    "reserved bits":
        (sends(frame(TEXT, b"a", rsv=4)),
         ("protocol", "1002", SENT + r"a frame with reserved bits set \(0x4\), "
          "though no extension was agreed on"), {}),
    "unknown opcode":
        (sends(frame(3, b"a")),
         ("protocol", "1002", SENT + "a frame with the unknown opcode 0x3"),
         {}),
    "masked frame":
        (sends(frame(TEXT, b"a", mask=b"abcd")),
         ("protocol", "1002", SENT + "a masked frame: only clients mask"), {}),
    "fragmented control frame":
        (sends(frame(PING, b"a", fin=False)),
         ("protocol", "1002", MALFORMED), {}),
    "control frame that is too long":
        (sends(frame(PING, b"a" * 126)),
         ("protocol", "1002", MALFORMED), {}),
    "length in more bytes than needed":
        (sends(b"\x81\x7e\x00\x01a"), ("protocol", "1002", MALFORMED), {}),
    "continuation of nothing":
        (sends(frame(0, b"a")),
         ("protocol", "1002", SENT + "a continuation frame where no message had "
          "begun"), {}),
    "message within a message":
        (sends(frame(TEXT, b"a", fin=False) + frame(TEXT, b"b")),
         ("protocol", "1002", SENT + "a new message before the last fragment of "
          "the one before"), {}),
    "text that is not UTF-8":
        (sends(frame(TEXT, b"\xc3\x28")),
         ("protocol", "1007", SENT + "a text message that is not UTF-8"), {}),
    "text cut within a character":
        (sends(frame(TEXT, b"\xc3")),
         ("protocol", "1007", SENT + "a text message that is not UTF-8"), {}),
    "message that is too large":
        (sends(frame(BINARY, b"x" * 1001)),
         ("too_large", "1009", SENT + r"a message larger than max_message "
          r"\(1(\.0)? kB\)"), {"options": "{ max_message = 1000 }"}),
    "fragments that are too large together":
        (sends(frame(BINARY, b"x" * 600, fin=False) + frame(0, b"x" * 600)),
         ("too_large", "1009", SENT + r"a message larger than max_message "
          r"\(1(\.0)? kB\)"), {"options": "{ max_message = 1000 }"}),
    "close code out of range":
        (sends(close_frame(999)),
         ("protocol", "1002", SENT + "a close frame with the invalid code 999"),
         {}),
    "close code that is never sent":
        (sends(close_frame(1006)),
         ("protocol", "1002", SENT + "a close frame with the invalid code "
          "1006"), {}),
    "close frame of one byte":
        (sends(frame(CLOSE, b"a")),
         ("protocol", "1002", SENT + "a close frame with half a code"), {}),
    "close reason that is not UTF-8":
        (sends(close_frame(1000, b"\xff")),
         ("protocol", "1007", SENT + "a close frame whose reason is not UTF-8"),
         {}),
    "end without a close frame":
        (sends(frame(TEXT, b"a"), then="close"), ("reset", "1006", CUT),
         {"close": None}),
    "end in the middle of a frame":
        (sends(frame(TEXT, b"abcdef")[:4], then="close"), ("reset", "1006", CUT),
         {"close": None}),
    "reset":
        (sends(then="reset"), ("reset", "1006", r"connection closed \(.+\)"),
         {"close": None}),
    "nothing comes":
        (sends(then="hold"), ("timeout", "nil", "no message came within %d s"
                              % SECONDS), dict(SOON, close=None)),
    "slow drip of a message":
        (drip_frame, ("timeout", "nil", "no message came within %d s" % SECONDS),
         dict(SOON, close=None)),
    "no pong at all":
        (sends(then="hold"),
         ("timeout", "1006", "the server did not answer a ping within 200 ms "
          r"\(ping_interval\)"),
         {"options": "{ ping_interval = '200ms' }", "close": None}),
    "no pong":
        (sends(then="hold"), ("timeout", "nil", "no pong came within 200 ms"),
         {"body": "ws:ping('x', { timeout = 0.2 })", "close": None}),
}


def run_pair(t, server_url, url, wanted):
    scenario = SCENARIO % {
        "url": url, "good": server_url,
        "options": wanted.get("options", "{}"),
        "body": wanted.get("body", RECEIVE)}
    return rows.start(t, scenario, "-r", "2").finish()


def expect_fault(t, outcome, told, failed, end, unsent=0):
    kind, phase, message = told
    outcome.expect(1).expect_runs(started=2, ok=1, failed=1, interrupted=0)
    said = "\n".join(outcome.marks)
    match = re.search(r"^fault (\S+) (\S+) (?:GET|WebSocket) \S+: (.*)$", said,
                      re.MULTILINE)
    t.check(match, "no fault was told:\n" + outcome.describe())
    t.equal(match.group(1, 2), (kind, phase), "kind, and phase or code")
    t.check(re.fullmatch(message + " " + end, match.group(3)),
            "message: %r, not %r" % (match.group(3), message + " " + end))
    errors = outcome.result["errors"]
    t.equal([(e["kind"], e["count"]) for e in errors], [(kind, 1)], "errors")
    t.matches(errors[0]["first"]["where"], r"\.lua:\d+$")
    rows.expect_counts(t, outcome, 2, failed, unsent)


def handshake(behave, told, wanted, t):
    with Server(behave) as server:
        outcome = run_pair(t, server.url, server.url + "/ws", wanted)
    expect_fault(t, outcome, told, 1, wanted.get("end", r".*"))
    t.equal(len(server.requests), 2, "requests at the server")


def frames(behave, told, wanted, t):
    with Server(behave) as server:
        server.seen = None
        outcome = run_pair(t, server.url,
                           server.url.replace("http", "ws") + "/ws", wanted)
        code = wanted.get("close", int(told[1]) if told[1] != "nil" else None)
        if code is not None:
            # Its thread may still be reading when molo has ended.
            for _ in range(500):
                if server.seen is not None or server.ending.wait(0.02):
                    break
            t.equal([(op, struct.unpack("!H", data[:2])[0])
                     for op, data in server.seen or []], [(CLOSE, code)],
                    "frames of the client")
    expect_fault(t, outcome, told, 0, r"nil nil")
    t.equal(len(server.requests), 2, "requests at the server")


# --- before there is a connection ---

def refused(t):
    with Refusing() as port, Server() as server:
        outcome = run_pair(t, server.url, port.url + "/ws", {})
    expect_fault(t, outcome, ("connect", "connect",
                              r"connection refused \(127\.0\.0\.1:\d+\)"),
                 1, ".*", unsent=1)


def self_signed(t):
    pair = certificate(t.directory, "self")
    with Server(agrees(), tls=tls_context(pair)) as server, Server() as good:
        outcome = run_pair(t, good.url,
                           server.url.replace("https", "wss") + "/ws", {})
    expect_fault(t, outcome, ("tls", "tls", ".*certificate.*"), 1, ".*",
                 unsent=1)


# --- what is odd, and no fault ---

def in_order(t):
    """Fragments with a ping in between, a message with the handshake, and an
    end with code and reason."""
    parts = (frame(TEXT, b"first"), frame(TEXT, b"in ", fin=False),
             frame(PING, b"are you there"), frame(0, b"two ", fin=False),
             frame(0, b"parts"), frame(PONG, b"unasked"), frame(TEXT, b""),
             close_frame(4001, b"enough"))
    with Server(sends(*parts)) as server:
        server.seen = None
        outcome = run_pair(t, server.url, server.url + "/ws", {})
        for _ in range(500):
            if server.seen is not None or server.ending.wait(0.02):
                break
    outcome.expect(0).expect_runs(started=2, ok=2)
    t.equal([mark for mark in outcome.marks if mark.startswith("got")],
            ["got first text nil", "got in two parts text nil",
             "got text nil", "got nil 4001 enough"], "messages")
    t.equal(server.seen, [(PONG, b"are you there"),
                          (CLOSE, struct.pack("!H", 4001))],
            "frames of the client")
    metrics = outcome.result["metrics"]
    t.equal((metrics["ws_msgs_sent"]["count"],
             metrics["ws_msgs_received"]["count"]), (0, 3), "messages")
    requests = outcome.result["requests"]
    t.equal((requests["total"], requests["failed"]), (2, 0), "requests")
    t.equal((requests["bytes_sent"], requests["bytes_received"]),
            (server.bytes_in, server.bytes_out), "bytes at the server")


def interim_answer(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                  + head_of(request, b"Sec-WebSocket-Protocol: b")
                  + close_frame(1000))
        peer.hold()

    with Server(behave) as server:
        outcome = run_pair(t, server.url, server.url + "/ws",
                           {"options": "{ protocols = {'a', 'b'} }"})
    outcome.expect(0)
    t.equal(outcome.marks[:2], ["open b", "got nil 1000"], "marks")


def request_as_sent(t):
    """Cookies of the jar, headers, query, credentials; and what an answer sets
    goes into the jar."""
    def behave(peer, request):
        if request.path == "/set":
            peer.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/ws\r\n"
                      b"Set-Cookie: b=2; Path=/\r\nSet-Cookie: c=3; Path=/no\r\n"
                      b"Content-Length: 0\r\n\r\n")
            return
        peer.send(head_of(request, b"Set-Cookie: d=4; Max-Age=100; Path=/",
                          b"Set-Cookie: e=5; Domain=example.org",
                          b"Set-Cookie: b=; Path=/; Expires=Thu, 01 Jan 1970 "
                          b"00:00:00 GMT") + close_frame(1000))
        peer.hold()

    with Server(behave) as server:
        scenario = """
            molo.scenario("a", function(session)
                session:get("%s/set")
                session:websocket("ws://127.0.0.1:%d/ws/{room}", {
                    vars = { room = "a b" }, query = { x = "1 2" },
                    headers = { ["X-Mine"] = "yes", Cookie = "own=0" },
                    auth = { user = "me", password = "secret" } })
                for _, cookie in ipairs(session:cookies()) do
                    molo.log("info", "MARK", cookie.name, cookie.value,
                             cookie.path, cookie.domain)
                end
            end)
            """ % (server.url, server.port)
        outcome = rows.start(t, scenario, "-r", "1").finish().expect(0)
    sent = server.requests[1]
    t.equal((sent.method, sent.path), ("GET", "/ws/a%20b?x=1%202"), "target")
    t.equal({name: sent.headers.get(name) for name in
             ("cookie", "x-mine", "authorization", "sec-websocket-version",
              "host")},
            {"cookie": "own=0; a=1; b=2", "x-mine": "yes",
             "authorization": "Basic bWU6c2VjcmV0",
             "sec-websocket-version": "13",
             "host": "127.0.0.1:%d" % server.port}, "headers")
    t.equal(sorted(outcome.marks), ["a 1 /ws 127.0.0.1", "c 3 /no 127.0.0.1",
                                    "d 4 / 127.0.0.1"], "jar")
    t.equal(outcome.endpoints, {"GET /set": 1, "GET /ws/{room}": 1}, "labels")


def user_of_the_url(t):
    """As other requests have it; what a script says goes first."""
    def behave(peer, request):
        peer.send(head_of(request) + close_frame(1000))
        peer.hold()

    users = ["ann:s%3Acret%21", "ann", "a%C3%A4:", "ann:50%"]
    with Server(behave) as server:
        scenario = """
            molo.scenario("a", function(session)
                for _, user in ipairs{ %s } do
                    local url = "http://" .. user .. "@127.0.0.1:%d/"
                    session:get(url .. "good")
                    session:websocket(url .. "ws")
                    session:websocket(url .. "ws", { bearer = "token" })
                end
            end)
            """ % (", ".join("'%s'" % user for user in users), server.port)
        rows.start(t, scenario, "-r", "1").finish().expect(0)
    said = [request.headers.get("authorization")
            for request in server.requests]
    t.equal(said[0], "Basic " + base64.b64encode(b"ann:s:cret!").decode(),
            "of a request")
    t.equal(said[1::3], said[0::3], "of WebSockets, and of requests")
    t.equal(set(said[2::3]), {"Bearer token"}, "of those with a token")
    t.check(all("@" not in request.headers["host"]
                for request in server.requests), "Host without the user")


def left_open(t):
    """What a run leaves open is closed with it, as going away."""
    with Server(sends()) as server:
        server.seen = None
        scenario = """
            molo.scenario("a", function(session)
                session.state.ws = session:websocket("%s/ws")
                molo.log("info", "MARK", "open")
            end)
            """ % server.url
        outcome = rows.start(t, scenario, "-r", "1").finish().expect(0)
        for _ in range(500):
            if server.seen is not None or server.ending.wait(0.02):
                break
    t.equal(server.seen, [(CLOSE, struct.pack("!H", 1001))], "frames")
    t.equal(outcome.result["metrics"]["ws_session_duration"]["count"], 1,
            "sessions")


def aborted_opening(t):
    """A handshake that never ends is left at the end of the test."""
    with Server(answers(then="hold")) as server:
        scenario = """
            molo.scenario("a", function(session)
                session:websocket("%s/ws")
            end)
            """ % server.url
        outcome = rows.start(t, scenario, "-d", "300ms", "--graceful-stop",
                             "100ms").finish()
    t.equal(outcome.runs["interrupted"], 1, "interrupted")
    t.equal((outcome.result["requests"]["total"],
             outcome.result["requests"]["failed"]), (1, 1), "requests")
    t.lacks(outcome.err, "runtime error:", "Sanitizer")


def backpressure(t):
    """A server that says more than is taken has to wait, and nothing is lost.
    """
    count, size = 300, 100000

    def behave(peer, request):
        peer.send(head_of(request))
        for i in range(count):
            peer.send(frame(BINARY, struct.pack("!I", i) + b"x" * size))
        peer.send(close_frame(1000))
        peer.hold()

    with Server(behave) as server:
        scenario = """
            molo.scenario("a", function(session)
                local ws = session:websocket("%s/ws", { max_messages = 2 })
                molo.sleep(0.5)
                local n = 0
                for data in ws:messages() do
                    molo.expect("order", string.unpack(">I4", data) == n)
                    n = n + 1
                end
                molo.log("info", "MARK", "got", n)
            end)
            """ % server.url
        outcome = rows.start(t, scenario, "-r", "1").finish().expect(0)
    t.equal(outcome.marks, ["got %d" % count], "messages")
    t.check(outcome.result["generator"]["max_rss"] < 300e6,
            "memory: %r" % outcome.result["generator"])


def all_tests():
    tests = {name: functools.partial(handshake, *row)
             for name, row in HANDSHAKES.items()}
    tests.update({name: functools.partial(frames, *row)
                  for name, row in FRAMES.items()})
    tests.update({
        "connection refused": refused,
        "wss with a self-signed certificate": self_signed,
        "all in order": in_order,
        "interim answer and a subprotocol": interim_answer,
        "the request as it is sent": request_as_sent,
        "the user of the URL": user_of_the_url,
        "left open at the end of a run": left_open,
        "opening that is aborted": aborted_opening,
        "backpressure": backpressure,
    })
    return tests


if __name__ == "__main__":
    sys.exit(rows.main(all_tests()))

#!/usr/bin/env python3
"""Bodies piece by piece: what others read of an upload, what an nginx counts of
it, sinks that take their time, and server-sent events from servers that cut them
anywhere."""

import email
import email.policy
import os
import re
import socket
import sys
import threading
import time

import rows
import test_true_counts
from rows import harness

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CLOSES = HEAD + b"Connection: close\r\n\r\n"


class Server:
    """Calls answer(connection, head, body) for each request, on a thread for
    each connection; false ends the connection."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(harness.PATIENCE)
            try:
                while self._serve_one(connection):
                    pass
            except OSError:
                pass

    def _serve_one(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            got = connection.recv(65536)
            if not got:
                return False
            data += got
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        while length and len(body) < int(length.group(1)):
            body += connection.recv(65536)
        self.requests.append((head, body))
        return self.answer(connection, head, body)


def ok(connection, _head, _body):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return True


def run(t, scenario, *arguments):
    """Once, unless the arguments say how often."""
    if "-r" not in arguments:
        arguments += ("-r", "1")
    return rows.start(t, scenario, *arguments).finish()


# --- uploads ---

UPLOADS = """
    molo.scenario("a", function(session)
        session:post("/form", {
            form = { who = "me", tag = { "x", "y" } },
            files = {
                page = { path = "page.html" },
                blob = { data = "\\0\\r\\n--\\255", filename = "a\\"b.bin",
                         headers = { ["X-Part"] = "1" } },
                many = {
                    { data = "one", filename = "1.txt" },
                    { data = "two", filename = "2", content_type = "text/x" },
                },
            },
        })
        session:post("/list", { files = {
            { name = "b", data = "2" }, { name = "a", data = "1" },
        } })
        session:put("/raw", { body = { path = "page.html" } })
    end)
    """


def write_page(t, size):
    page = bytes(range(256)) * (size // 256)
    with open(os.path.join(t.directory, "page.html"), "wb") as file:
        file.write(page)
    return page


def parts_of(request):
    """(name, filename, type, X-Part, bytes) of each part, as Python's own
    parser reads them."""
    head, body = request
    kind = re.search(rb"\r\n(Content-Type: [^\r]*)", head).group(1)
    message = email.message_from_bytes(kind + b"\r\n\r\n" + body,
                                       policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        found.append((
            part.get_param("name", header="content-disposition"),
            part.get_filename(), part.get_content_type()
            if part["content-type"] else None, part["x-part"],
            part.get_payload(decode=True)))
    return found


def others_read_the_parts(t):
    page = write_page(t, 256000)
    with Server(ok) as server:
        outcome = run(t, UPLOADS, "--base-url", server.url)
    outcome.expect(0)
    t.equal(len(server.requests), 3, "requests")
    form, in_a_list, raw = server.requests
    t.equal(parts_of(form), [
        ("tag", None, None, None, b"x"),
        ("tag", None, None, None, b"y"),
        ("who", None, None, None, b"me"),
        ("blob", "a%22b.bin", "application/octet-stream", "1",
         b"\0\r\n--\xff"),
        ("many", "1.txt", "text/plain", None, b"one"),
        ("many", "2", "text/x", None, b"two"),
        ("page", "page.html", "text/html", None, page),
    ], "parts")
    t.equal([part[0] for part in parts_of(in_a_list)], ["b", "a"],
            "order of a list")
    t.equal(raw[1], page, "body from a file")
    t.check(b"Content-Type" not in raw[0], "a type was made up")
    t.equal(outcome.result["requests"]["bytes_sent"],
            sum(len(head) + 4 + len(body) for head, body in server.requests),
            "bytes_sent")


def the_same_boundary_for_a_seed(t):
    write_page(t, 256)
    seen = []
    for seed in ("1", "1", "2"):
        with Server(ok) as server:
            run(t, UPLOADS, "--base-url", server.url, "--seed",
                seed).expect(0)
        seen.append([re.search(rb"boundary=(\S+)", head).group(1)
                     for head, _ in server.requests[:2]])
    t.equal(seen[0], seen[1], "boundaries of one seed")
    t.check(len({word for one in seen[1:] for word in one}) == 4,
            "boundaries repeat: %r" % seen)


def nginx_counts_the_same(t):
    page = write_page(t, 300 * 256)
    scenario = """
        molo.scenario("a", function(session)
            local seq = session.worker_id .. "-" .. session.step
            local options = { headers = { ["X-Seq"] = seq } }
            local turn = session.step % 4
            if turn == 0 then
                options.files = { a = { path = "page.html" } }
            elseif turn == 1 then
                options.files = { a = { data = ("x"):rep(session.step) } }
            elseif turn == 2 then
                options.files = {
                    a = { data = ("x"):rep(SIZE) }, b = { path = "page.html" } }
            else
                options.body = { path = "page.html" }
            end
            local page = session:post("/post", options)
            molo.log("info", "MARK", seq, page.status)
        end)
        """.replace("SIZE", str(len(page)))
    with test_true_counts.Nginx(t.directory) as nginx:
        outcome = run(t, scenario, "-w", "4", "-r", "60", "--base-url",
                      nginx.url)
    outcome.expect(0).expect_runs(ok=240)
    test_true_counts.expect_same(t, outcome, nginx.log())


# --- sinks ---

def a_sink_holds_the_server_back(t):
    sent = []

    def endless(connection, _head, _body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        piece = b"x" * 65536
        for _ in range(1600):
            connection.sendall(piece)
            sent.append(len(piece))
        return False

    with Server(endless) as server:
        outcome = run(t, """
            molo.scenario("a", function(session)
                local got = 0
                local page = session:get("/", { sink = function(chunk, head)
                    got = got + #chunk
                    molo.expect("head", head.status == 200 and head.body == "")
                    molo.sleep(0.3)
                    return got < 100000
                end })
                molo.log("info", "MARK", page.status, #page.body,
                         page.truncated)
            end)
            """, "--base-url", server.url)
    outcome.expect(0)
    t.equal(outcome.marks, ["200 0 true"], "marks")
    t.equal(outcome.result["requests"]["failed"], 0, "requests.failed")
    # What the buffers of two sockets hold, of a hundred megabytes.
    t.check(sum(sent) < 30e6, "%d bytes were sent" % sum(sent))


def a_sink_gets_digits(t):
    """A piece that looks like a number is none."""
    taken = threading.Event()

    def count_down(connection, _head, _body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0\n")
        # Not before the sink has had that much, and waits for more.
        taken.wait(harness.PATIENCE)
        time.sleep(0.3)
        connection.sendall(b"1\n")
        return True

    def answer(connection, head, body):
        if head.startswith(b"GET /taken"):
            taken.set()
            return ok(connection, head, body)
        return count_down(connection, head, body)

    with Server(answer) as server:
        outcome = run(t, """
            molo.scenario("a", function(session)
                session:get("/", { sink = function(chunk)
                    molo.log("info", "MARK", type(chunk), chunk)
                    session:get("/taken")
                end })
            end)
            """, "--base-url", server.url)
    outcome.expect(0)
    t.equal(outcome.marks, ["string 0", "string 1"], "marks")


def an_error_in_a_sink(t):
    target = t.server
    outcome = run(t, """
        molo.scenario("a", function(session)
            if session.step == 1 then
                session:get("/bytes/5000000", { sink = function()
                    error("no more of this")
                end })
            end
            molo.log("info", "MARK", session:get("/bytes/5").status)
        end)
        """, "-r", "2", "--base-url", target.url)
    outcome.expect(1).expect_runs(ok=1, failed=1)
    t.equal(outcome.marks, ["200"], "marks")
    t.check("no more of this" in outcome.out + outcome.err,
            "the error is not told")
    t.check(re.search(r"at \S+:5", outcome.out), "nor where it was")


def sinks_in_a_batch(t):
    target = t.server
    outcome = run(t, """
        molo.scenario("a", function(session)
            local sizes = { a = 0, b = 0 }
            local calls = {}
            for name in pairs(sizes) do
                calls[name] = { "GET", "/bytes/300000", {
                    compress = false,
                    sink = function(chunk)
                        sizes[name] = sizes[name] + #chunk
                        molo.sleep(0.001)
                    end } }
            end
            local answers = session:batch(calls)
            molo.log("info", "MARK", sizes.a, sizes.b, answers.a.status,
                     answers.a.truncated)
        end)
        """, "--base-url", target.url)
    outcome.expect(0)
    t.equal(outcome.marks, ["300000 300000 200 false"], "marks")


def the_end_closes_what_is_open(t):
    target = t.server
    outcome = run(t, """
        molo.scenario("a", function(session)
            local other = molo.session()
            session:events("/events?every=30s")
            other:events("/events?every=30s")
            session:get("/bytes/5000000", { sink = function()
                return false
            end })
        end)
        """, "-w", "2", "-r", "3", "--base-url", target.url)
    outcome.expect(0).expect_runs(ok=6)
    t.equal(outcome.result["requests"]["total"], 18, "requests.total")
    t.equal(outcome.result["requests"]["failed"], 0, "requests.failed")


# --- events ---

LISTEN = """
    molo.scenario("a", function(session)
        local ok, err = pcall(function()
            local stream = session:events("/", %s)
            for event in stream do
                molo.log("info", "MARK", event.event, event.id, event.data)
            end
        end)
        molo.log("info", "MARK", ok and "end" or err.kind)
        if not ok then
            molo.log("info", "TOLD", err.message)
        end
    end)
    """


def listen(t, answer, options="{}"):
    with Server(answer) as server:
        outcome = run(t, LISTEN % options, "--base-url", server.url)
    outcome.expect(0)
    return outcome, server


def events_cut_anywhere(t):
    text = (b"\xef\xbb\xbf: hello\r\nretry: 10\r\n\r\nid: 1\rdata: a\r"
            b"data: b\r\revent: x\ndata: c\n\ndata: never ended\n")

    def answer(connection, _head, _body):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in text:
            connection.sendall(b"1\r\n" + bytes([byte]) + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        return True

    outcome, _ = listen(t, answer)
    # Marks end with their line.
    t.equal(outcome.marks, ["message 1 a", "x 1 c", "end"], "marks")
    t.contains(outcome.err, "message 1 a\nb\n")
    t.equal(outcome.result["requests"]["total"], 1, "requests.total")


def reconnecting(t):
    def answer(connection, head, _body):
        last = re.search(rb"\r\nLast-Event-ID: (\d+)", head)
        seen = int(last.group(1)) if last else 0
        if seen == 4:
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            return True
        connection.sendall(CLOSES + b"retry: 1\nid: %d\ndata: d\n\nid: 9\n"
                           % (seen + 1))
        return False

    outcome, server = listen(t, answer, "{ reconnect = true }")
    t.equal(outcome.marks, ["message %d d" % n for n in (1, 2, 3, 4)] +
            ["end"], "marks")
    t.equal(len(server.requests), 5, "connections")
    metrics = outcome.result["metrics"]
    t.equal((metrics["sse_events"]["count"],
             metrics["sse_first_event"]["count"],
             metrics["sse_event_gap"]["count"]), (4, 4, 0), "metrics")
    outcome, server = listen(t, answer, "{ reconnect = 1 }")
    t.equal(outcome.marks, ["message 1 d", "message 2 d", "end"], "marks")
    outcome, server = listen(t, answer)
    t.equal(outcome.marks, ["message 1 d", "end"], "marks")
    t.check(b"\r\nAccept: text/event-stream\r\n" in server.requests[0][0] +
            b"\r\n", "no Accept")


def reconnecting_at_once(t):
    """A server may ask for no pause at all; one that is gone gets one."""
    def answer(connection, _head, _body):
        connection.sendall(CLOSES + b"retry: 0\ndata: d\n\n")
        return False

    outcome, _ = listen(t, answer, "{ reconnect = 4 }")
    t.equal(outcome.marks, ["message nil d"] * 5 + ["end"], "marks")
    # Browsers wait 3 s where nothing was said.
    t.check(outcome.result["duration"] < 9, "it paused")


def events_have_tags(t):
    target = t.server
    outcome = run(t, """
        molo.options{ thresholds = {
            "sse_events{name=prices}:count == 3",
            "sse_events{name=/events}:count == 2",
            "sse_events{part=b}:count == 2",
            "sse_event_gap{name=prices,scenario=a}:max < 1h",
            "sse_first_event{name=prices}:max < 1h",
            "sse_event_gap{name=/events,part=c}:max < 1h",
        } }
        molo.scenario("a", function(session)
            for _ in session:events("/events?count=3&every=0.01",
                                    { name = "prices" }) do end
            for _ in session:events("/events?count=2&every=0.01",
                                    { tags = { part = "b" } }) do end
        end)
        """, "--base-url", target.url)
    outcome.expect(99)
    t.equal([row["ok"] for row in outcome.result["thresholds"]],
            [True] * 5 + [False], "thresholds")
    t.matches(outcome.out, r"(?m)^sse +5 events read \(.+/s\)   first after "
              r"\S+ \S+, then every \S+ \S+ \(p50\)$")


def sends(data):
    def answer(connection, _head, _body):
        connection.sendall(data)
        return False
    return answer


def what_is_no_stream(t):
    table = [
        (sends(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
               b"Content-Length: 0\r\n\r\n"), "{}", "protocol",
         "Content-Type 'text/html' instead of text/event-stream"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "{}",
         "protocol", "no Content-Type instead of text/event-stream"),
        (sends(b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"),
         "{ reconnect = true }", "http", "unexpected status 503, not 200 or 204"),
        (sends(CLOSES + b"data: " + b"x" * 3000), "{ max_body = 2000 }",
         "too_large", "an event is larger than 2.0 kB (max_body)"),
        (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\ndata"), "{}",
         "protocol", ""),
        (sends(b""), "{}", "reset", "connection closed without an answer"),
        (lambda connection, *_: connection.recv(1), "{ timeout = '200ms' }",
         "timeout", "no answer within 200 ms"),
    ]
    for answer, options, kind, text in table:
        outcome, _ = listen(t, answer, options)
        t.equal(outcome.marks, [kind], "kind of " + text)
        t.check(text in outcome.err, "%r is missing in:\n%s"
                % (text, outcome.err))


if __name__ == "__main__":
    sys.exit(rows.main({
        "others read the parts": others_read_the_parts,
        "the same boundary for a seed": the_same_boundary_for_a_seed,
        "nginx counts the same": nginx_counts_the_same,
        "a sink holds the server back": a_sink_holds_the_server_back,
        "a sink gets digits": a_sink_gets_digits,
        "an error in a sink": an_error_in_a_sink,
        "sinks in a batch": sinks_in_a_batch,
        "the end closes what is open": the_end_closes_what_is_open,
        "events cut anywhere": events_cut_anywhere,
        "reconnecting": reconnecting,
        "reconnecting at once": reconnecting_at_once,
        "events have tags": events_have_tags,
        "what is no stream": what_is_no_stream,
    }))

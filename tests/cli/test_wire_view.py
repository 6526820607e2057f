#!/usr/bin/env python3
"""--http-debug and -vv: what goes over the wire, shown to people, whatever the
bytes, and never with a credential in it."""

import base64
import gzip
import os
import re
import sys

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "http"))

from misbehaving import Refusing, Server  # noqa: E402
from proxies import http_proxy  # noqa: E402

LINE = re.compile(r"^([<>*]) \[(?:w(\d+)|global) s(\d+) #(\d+) \+\d+\.\d{3}ms\] ?"
                  r"(.*)$")


def answer(body, *headers):
    """A behaviour that sends this body."""
    def behave(peer, request):
        head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
        head += "".join(line + "\r\n" for line in headers)
        peer.send(head.encode() + b"\r\n" + body)
    return behave


class View:
    """The lines of one run, taken apart."""

    def __init__(self, t, outcome):
        # A build with sanitizers goes on after some of its reports.
        t.lacks(outcome.err, "runtime error:", "Sanitizer")
        self.lines = [LINE.match(line).groups()
                      for line in outcome.err.splitlines() if LINE.match(line)]

    def of(self, direction):
        return [line[4] for line in self.lines if line[0] == direction]

    def text(self, direction):
        return "\n".join(self.of(direction))

    def body(self, direction):
        """What stands behind the first empty line."""
        lines = self.of(direction)
        return lines[lines.index("") + 1:]


def scenario(calls):
    return "molo.scenario('a', function(session)\n%s\nend)\n" % calls


def run_view(t, behave, calls, *arguments, code=0, runs="1"):
    with Server(behave) as server:
        outcome = t.run(scenario(calls), "-r", runs, "--base-url", server.url,
                        "--http-debug", *arguments)
    outcome.expect(code)
    return View(t, outcome), outcome


def test_heads_bodies_and_connections(t):
    view, _ = run_view(
        t, answer(b"line 1\nline 2\n", "X-Mark: yes"),
        "session:post('/path?q=1', { body = 'sent text',"
        " headers = { ['X-Own'] = 'mine' } })\nsession:get('/second')")
    sent = view.text(">")
    t.contains(sent, "POST /path?q=1 HTTP/1.1", "X-Own: mine",
               "Content-Length: 9", "sent text", "GET /second HTTP/1.1")
    t.contains(view.text("<"), "HTTP/1.1 200 OK", "X-Mark: yes", "line 1",
               "line 2")
    notes = view.text("*")
    t.contains(notes, "Trying 127.0.0.1:", "Connected to 127.0.0.1",
               "Re-using existing connection", "HTTP/1.1 200 (")
    t.equal(sorted({line[3] for line in view.lines}), ["1", "2"], "numbers")


def test_only_the_first_worker(t):
    view, outcome = run_view(t, answer(b"hello"), "session:get('/')",
                             "-w", "3", runs="2")
    outcome.expect_runs(ok=6)
    t.equal({line[1] for line in view.lines}, {"0"}, "workers")
    t.equal(sorted({line[2:4] for line in view.lines}),
            [("1", "1"), ("2", "2")], "step and number")


def test_sessions_of_a_worker_count_together(t):
    view, _ = run_view(t, answer(b""), """
        local other = molo.session{}
        session:get('/a')
        other:get('/b')""")
    t.equal([line[3:] for line in view.lines if "GET" in line[4]],
            [("1", "GET /a HTTP/1.1"), ("2", "GET /b HTTP/1.1")], "requests")


def test_global_fixtures(t):
    with Server(answer(b"")) as server:
        outcome = t.run("""
            molo.global_setup(function(session) session:get('/first') end)
            molo.scenario('a', function(session) end)
            """, "-r", "1", "--base-url", server.url, "--http-debug")
    t.matches(outcome.err, r"^> \[global s\d+ #1 \+[\d.]+ms\] GET /first")


def test_nothing_unless_asked(t):
    with Server(answer(b"")) as server:
        outcome = t.run(scenario("session:get('/')"), "-r", "1",
                        "--base-url", server.url)
    t.lacks(outcome.err, "GET /", "HTTP/1.1")


def test_shown_with_quiet(t):
    view, _ = run_view(t, answer(b""), "session:get('/')", "-q")
    t.contains(view.text(">"), "GET / HTTP/1.1")


# --- bodies of all kinds ---

def test_empty_body(t):
    view, _ = run_view(t, answer(b""), "session:post('/', { body = '' })")
    t.equal((view.body(">"), view.body("<")), ([], []), "bodies")


def test_binary_body(t):
    view, _ = run_view(t, answer(bytes(range(256))),
                       "session:post('/', { body = '\\0\\1\\255' })")
    t.equal(view.body(">"), ["[3 bytes of binary]"], "sent")
    t.equal(view.body("<"), ["[256 bytes of binary]"], "received")


def test_text_beyond_ascii(t):
    view, _ = run_view(t, answer("grüße\n\u2603".encode()),
                       "session:get('/')")
    t.equal(view.body("<"), ["grüße", "\u2603"], "received")


def test_controls_are_escaped(t):
    view, outcome = run_view(t, answer(b"red \x1b[31m text", "X-A: \x1b[0m\x7f"),
                             "session:get('/')")
    t.equal(view.body("<"), ["red \\x1b[31m text"], "received")
    t.contains(view.text("<"), "X-A: \\x1b[0m\\x7f")
    t.lacks(outcome.err, "\x1b")


def test_long_body_is_cut(t):
    text = "".join("%07d\n" % n for n in range(10000))
    view, _ = run_view(t, answer(text.encode()),
                       "session:post('/', { body = ('x'):rep(5000) })")
    t.equal(view.body(">"), ["x" * 4096, "[904 more bytes]"], "sent")
    lines = view.body("<")
    t.equal((len(lines), lines[0], lines[511], lines[512]),
            (513, "0000000", "0000511", "[75904 more bytes]"), "received")


def test_body_cut_within_a_character(t):
    for shift in range(3):
        text = "a" * shift + "\u2603" * 3000
        view, _ = run_view(t, answer(text.encode()), "session:get('/')")
        lines = view.body("<")
        t.matches(lines[0], "^a{%d}\u2603+(\\\\x[0-9a-f]{2}){0,2}$" % shift)
        t.equal(lines[1], "[%d more bytes]" % (shift + 9000 - 4096), "rest")


def test_compressed_body(t):
    packed = gzip.compress(b"text " * 1000)
    behave = answer(packed, "Content-Encoding: gzip")
    view, _ = run_view(t, behave, "session:get('/', { compress = 'gzip' })")
    t.check(view.body("<")[0].startswith("text text "), "decoded")
    t.contains(view.text("*"),
               "body: 5000 bytes, from %d on the wire" % len(packed))
    view, _ = run_view(t, behave, "session:get('/')")
    t.equal(view.body("<"), ["[%d bytes of binary, encoded as gzip]"
                             % len(packed)], "as it came")


def test_chunked_body(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"3\r\none\r\n4\r\n two\r\n0\r\nX-Sum: 1\r\n\r\n")
    view, outcome = run_view(t, behave, "session:get('/')")
    t.contains(view.text("<"), "one two")
    # As without the view: framing included.
    head = len(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    t.check(outcome.result["requests"]["bytes_received"] > head + 7 + 10,
            "bytes_received")


def test_multipart_body(t):
    body = (b'--b\r\nContent-Disposition: form-data; name="user"\r\n\r\n'
            b'me\r\n'
            b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n'
            b'hunter2\r\n'
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
            b'\x89PNG\0\0\r\n--b--\r\n')
    view, outcome = run_view(
        t, answer(body, "Content-Type: multipart/form-data; boundary=b"),
        "session:get('/')")
    t.equal([line for line in view.body("<") if "Content" not in line and line],
            ["--b", "me", "--b", "***", "--b", "[6 bytes of binary]", "--b--"],
            "parts")
    t.lacks(outcome.err, "hunter2")


def test_event_stream_is_shown_as_it_comes(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in (1, 2):
            peer.send(b"data: %d\n\n" % number)
            peer.wait(0.1)
        peer.close()
    view, _ = run_view(t, behave, "session:get('/')")
    t.equal([line for line in view.body("<") if line],
            ["data: 1", "data: 2"], "events")


def test_stream_that_is_closed_early(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                  b"data: first\n\n")
        peer.hold()
    view, _ = run_view(t, behave, """
        do
            local stream <close> = session:events('/events')
            molo.expect('event', stream:next().data == 'first')
        end
        session:get('/good')""", runs="2")
    t.contains(view.text("<"), "data: first", "good")
    t.equal(sorted({line[2:4] for line in view.lines}),
            [("1", "1"), ("1", "2"), ("2", "3"), ("2", "4")], "step, number")
    ends = [line for line in view.of("*") if line.startswith("HTTP/1.1 200 (")]
    t.equal(len(ends), 4, "ends")


def test_uploaded_files(t):
    path = t.file("picture", "")
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * 4)
    view, outcome = run_view(t, answer(b""), """
        session:post('/', { form = { user = 'me', password = 'hunter2' },
                            files = { picture = { path = '%s' },
                                      note = { data = 'plain words' } } })
        """ % path)
    sent = view.text(">")
    t.contains(sent, 'name="picture"', "[1024 bytes of binary]", "plain words",
               'name="password"')
    t.lacks(outcome.err, "hunter2")


def test_websocket_handshake(t):
    t.server
    outcome = t.run(scenario("""
        local ws = session:websocket('/ws?token=s3cr3t-t0ken')
        ws:send('hello')
        molo.expect('echo', ws:receive() == 'hello')
        ws:close()"""), "-r", "1", "--http-debug").expect(0)
    view = View(t, outcome)
    t.contains(view.text(">"), "GET /ws?token=*** HTTP/1.1")
    t.matches(view.text("<"), "HTTP/1.1 101 ")
    t.lacks(outcome.err, "s3cr3t-t0ken")


# --- secrets ---

SECRETS = ["hunter2", "s3cr3t-t0ken", "k3y-of-mine", "c00kie-value",
           base64.b64encode(b"me:hunter2").decode()]

SECRET_CALLS = """
    session:get('http://me:hunter2@127.0.0.1:%(port)d/?access_token=s3cr3t-t0ken&x=1')
    session:get('/', { auth = { user = 'me', password = 'hunter2' } })
    session:get('/', { bearer = 's3cr3t-t0ken' })
    session:get('/', { headers = { ['X-Api-Key'] = 'k3y-of-mine',
                                   ['Proxy-Authorization'] = 'Basic s3cr3t-t0ken' },
                       cookies = { sid = 'c00kie-value' } })
    session:post('/', { json = { user = 'me', password = 'hunter2',
                                 nested = { { api_key = 'k3y-of-mine' } } } })
    session:post('/', { form = { user = 'me', passwd = 'hunter2' } })
    session:get('/', { query = { token = 's3cr3t-t0ken' } })
    session:get('/', { auth = { user = 'me', password = 'hunter2',
                                scheme = 'digest' } })
"""


def telling(peer, request):
    """Sets a cookie, asks for credentials, and says back all it was told."""
    echo = "".join("%s: %s\n" % pair for pair in request.headers.items())
    body = (echo + request.path).encode() + b"\n" + request.body
    head = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
            "Set-Cookie: session=c00kie-value; Path=/; HttpOnly\r\n" % len(body))
    peer.send(head.encode() + b"\r\n" + body)


def run_secret_calls(t, *arguments):
    with Server(telling) as server:
        calls = SECRET_CALLS % {"port": server.port}
        outcome = t.run(scenario(calls), "-r", "1", "--base-url", server.url,
                        *arguments).expect(0)
        t.check(any(b"hunter2" in r.body for r in server.requests),
                "the server was not told")
    t.lacks(outcome.err, *SECRETS)
    return outcome


def test_credentials_are_hidden(t):
    outcome = run_secret_calls(t, "--http-debug")
    view = View(t, outcome)
    sent = view.text(">")
    t.contains(sent, "GET /?access_token=***&x=1", "Authorization: Basic ***",
               "Authorization: Bearer ***", "X-Api-Key: ***",
               "Proxy-Authorization: Basic ***", "sid=***",
               '"password":***', '"api_key":***', "passwd=***&user=me",
               "GET /?token=*** HTTP/1.1")
    t.contains(view.text("<"), "Set-Cookie: session=***; Path=/; HttpOnly")


def test_credentials_are_hidden_in_brief(t):
    outcome = run_secret_calls(t, "-vv")
    t.contains(outcome.err, "?access_token=***&x=1", "me:***@127.0.0.1")


def test_secrets_of_the_script(t):
    """Whatever is taken with molo.secret, wherever it stands."""
    def behave(peer, request):
        body = b"you asked for " + request.path.encode()
        peer.send(b"HTTP/1.1 200 OK\r\nX-Path: %s\r\nContent-Length: %d\r\n\r\n"
                  % (request.path.encode(), len(body)) + body)
    with Server(behave) as server:
        outcome = t.run("""
            local key = molo.secret('KEY')
            molo.scenario('a', function(session)
                session:post('/' .. key .. '/x', { body = 'so ' .. key .. '!' })
            end)
            """, "-r", "1", "-e", "KEY=very private", "--http-debug", "-vv",
                        "--base-url", server.url)
        # A space cannot stand in a URL as it is.
        t.equal(len(server.requests), 0, "requests")
        outcome = t.run("""
            local key = molo.secret('KEY')
            molo.scenario('a', function(session)
                session:post('/{key}/x', { vars = { key = key },
                                           body = 'so ' .. key .. '!' })
            end)
            """, "-r", "1", "-e", "KEY=very private", "--http-debug", "-vv",
                        "--base-url", server.url).expect(0)
        t.equal(server.paths(), ["POST /very%20private/x"], "requests")
    view = View(t, outcome)
    t.contains(view.text(">"), "POST /***/x HTTP/1.1", "so ***!")
    t.contains(view.text("<"), "X-Path: /***/x", "you asked for /***/x")
    t.lacks(outcome.err, "very private", "very%20private")


def test_password_of_a_proxy(t):
    with Server(http_proxy("basic")) as proxy:
        outcome = t.run(scenario("""
            session:get('http://target.invalid/', {
                proxy = 'http://me:hunter2@127.0.0.1:%d' })
            """ % proxy.port), "-r", "1", "--http-debug").expect(0)
        t.check("proxy-authorization" in proxy.requests[-1].headers, "proxy")
    t.lacks(outcome.err, *SECRETS)
    t.contains(outcome.err, "Proxy-Authorization: Basic ***")


# --- how requests end ---

def test_faults(t):
    with Refusing() as port:
        outcome = t.run(scenario(
            "molo.try(session.get, session, '%s/?token=abcd')" % port.url),
            "-r", "1", "--http-debug").expect(0)
    view = View(t, outcome)
    t.matches(view.text("*"), r"no answer, connect: connection refused "
              r"\(127\.0\.0\.1:\d+\) \(0 B sent, 0 B received, .*\)$")
    t.lacks(outcome.err, "abcd")


def test_aborted_request(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        peer.hold()
    view, _ = run_view(t, behave, """
        local half = molo.event('half')
        local task = molo.spawn(function()
            session:get('/', { timeout = 50, sink = function() half:set() end })
        end)
        half:wait()
        task:cancel()
        pcall(task.join, task)""")
    t.equal(view.body("<"), ["half"], "received")
    t.contains(view.text("*"), "aborted (")


def test_sent_again_is_shown_twice(t):
    def behave(peer, request):
        if peer.answered:
            peer.close()
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    view, _ = run_view(t, behave, "session:get('/')\n"
                       "session:post('/again', { body = 'text' })")
    t.equal(view.of(">").count("POST /again HTTP/1.1"), 2, "sent")
    t.equal(view.of(">").count("text"), 2, "bodies")
    t.contains(view.text("*"), ", sent 2 times)")


def test_each_hop_has_a_number(t):
    def behave(peer, request):
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n"
                  b"Content-Length: 0\r\n\r\n")
    view, _ = run_view(t, behave, "session:get('/a')")
    t.equal([line[3:] for line in view.lines if line[4].startswith("GET")],
            [("1", "GET /a HTTP/1.1"), ("2", "GET /good HTTP/1.1")], "hops")


def test_brief_lines(t):
    with Server(answer(b"hello")) as server:
        outcome = t.run(scenario("session:post('/x', { body = 'abc' })"),
                        "-r", "1", "-w", "2", "-vv", "--base-url", server.url)
    for worker in "01":
        t.matches(outcome.err, r"^molo: \[w%s s1 #1\] > POST http://127\.0\.0\.1"
                  r":\d+/x, a body of 3 B$" % worker)
        t.matches(outcome.err, r"^molo: \[w%s s1 #1\] < POST http://127\.0\.0\.1"
                  r":\d+/x: HTTP/1\.1 200 \(\S+ B sent, 43 B received, [^,]+, "
                  r"\S+ \S+ of it waiting for the first byte\)$" % worker)
    t.lacks(outcome.err, "hello")


FORM = """session:post('http://h/form', {
    form = { kind = 'tea' },
    files = { list = { data = 'so much', filename = 'list.txt' } } })"""


def test_brief_line_of_a_form(t):
    outcome = t.run(scenario(FORM), "-r", "1", "-vv", "--sim").expect(0)
    size = t.matches(outcome.err, r" > POST .*, a body of (\d+) B$").group(1)
    t.check(int(size) > len("tea") + len("so much"), "size: " + size)


def test_simulated_form(t):
    outcome = t.run(scenario(FORM), "-r", "1", "--sim",
                    "--http-debug").expect(0)
    sent = View(t, outcome).of(">")
    t.contains("\n".join(sent), "tea", "so much")
    size = sum(len(line) + 2 for line in sent[sent.index("") + 1:])
    t.contains("\n".join(sent), "Content-Length: %d" % size)


def test_simulated_requests(t):
    outcome = t.run("""
        molo.scenario('a', function(session)
            session:put('http://h/x?token=abcd', { body = 'stored' })
            session:get('http://h/x?token=abcd')
        end)
        """, "-r", "1", "--sim", "--http-debug").expect(0)
    view = View(t, outcome)
    t.contains(view.text(">"), "PUT /x?token=*** HTTP/1.1", "Host: h", "stored",
               "Content-Length: 6")
    t.contains(view.text("<"), "HTTP/1.1 200 OK", "Content-Length: 6", "stored")
    t.lacks(outcome.err, "abcd")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""--precheck: a test begins when a URL answers, or not at all."""

import contextlib
import http.server
import signal
import socket
import sys
import threading

import harness

# Two attempts, with a second for each to be answered: one that the end of the time
# cut off would have another tale to tell.
TWICE = ("--precheck-timeout", "2s", "--precheck-every", "1s")

SCENARIO = """
    molo.global_setup(function() molo.log("info", "MARK global_setup") end)
    molo.scenario("a", function(session) end)
    molo.global_teardown(function() molo.log("info", "MARK end") end)
    """


class Answers:
    """A server that answers with these statuses, and on with the last; None: not at all."""

    def __init__(self, *statuses):
        left = list(statuses)
        self.asked = asked = []
        self.headers = headers = []
        self.over = over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                headers.append(self.headers)
                status = left.pop(0) if len(left) > 1 else left[0]
                if status is None:
                    over.wait(60)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/ready" % self.server.server_port
        # How often it looks whether it is to end.
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextlib.contextmanager
def closed_port():
    """One that is taken, so that nobody else gets it, and not open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "http://127.0.0.1:%d/" % taken.getsockname()[1]


def test_it_answers(t):
    with Answers(200) as server:
        outcome = t.run(SCENARIO, "-r", "2", "--precheck", server.url).expect(0)
        t.equal(server.asked, ["/ready"], "requests")
    outcome.expect_runs(ok=2)
    t.equal(outcome.result["requests"]["total"], 0, "counted requests")
    t.equal(outcome.marks, ["global_setup", "end"], "fixtures")


def test_it_is_asked_with_the_headers_of_the_command_line(t):
    with Answers(200) as server:
        t.run(SCENARIO, "-r", "1", "--precheck", server.url, "-H",
              "Authorization: Bearer abc").expect(0)
        t.equal(server.headers[0]["Authorization"], "Bearer abc", "header")


def test_it_answers_after_a_while(t):
    with Answers(503, 503, 204) as server:
        t.run(SCENARIO, "-r", "1", "--precheck", server.url,
              "--precheck-every", "10ms", "--precheck-timeout", "60").expect(0)
        t.equal(len(server.asked), 3, "requests")


def test_nobody_listens(t):
    with closed_port() as url:
        outcome = t.run(SCENARIO, "-r", "1", "--precheck", url,
                        "--precheck-timeout", "300ms").expect(3)
    t.contains(outcome.err, "precheck: GET %s: connect: " % url, "refused",
               "(waited 300 ms)")
    t.contains(outcome.out, "precheck: GET " + url)
    t.contains(outcome.result["exit"]["reason"], "precheck: GET " + url)
    t.equal(outcome.marks, [], "fixtures")
    outcome.expect_runs(started=0)


def test_it_answers_with_an_error(t):
    with Answers(503) as server:
        outcome = t.run(SCENARIO, "-r", "1", "--precheck", server.url,
                        *TWICE).expect(3)
        t.equal(len(server.asked), 2, "requests")
    t.contains(outcome.err, "precheck: GET %s: answered 503 (waited 2 s)"
               % server.url)


def test_the_reason_is_not_that_the_last_attempt_was_cut_off(t):
    with Answers(503, None) as server:
        outcome = t.run(SCENARIO, "-r", "1", "--precheck", server.url, *TWICE).expect(3)
        t.equal(len(server.asked), 2, "requests")
    t.contains(outcome.err, "precheck: GET %s: answered 503 (waited 2 s)" % server.url)
    with Answers(None) as server:
        outcome = t.run(SCENARIO, "-r", "1", "--precheck", server.url,
                        "--precheck-timeout", "300ms").expect(3)
    t.contains(outcome.err, "precheck: GET %s: timeout: " % server.url)


def test_the_status_it_is_to_have(t):
    with Answers(200, 404) as server:
        t.run(SCENARIO, "-r", "1", "--precheck", server.url, "--precheck-every",
              "10ms", "--precheck-status", "404").expect(0)
    with Answers(200) as server:
        outcome = t.run(SCENARIO, "-r", "1", "--precheck", server.url, *TWICE,
                        "--precheck-status", "404").expect(3)
        t.contains(outcome.err, "answered 200, not 404")


def test_in_the_script(t):
    with Answers(503, 404) as server:
        t.run("molo.options{ precheck = { url = '%s', timeout = 60,\n"
              "every = 0.01, status = 404 } }\n" % server.url + SCENARIO,
              "-r", "1").expect(0)
        t.equal(len(server.asked), 2, "requests")
    with Answers(200) as server:
        t.run("molo.options{ precheck = '%s' }\n" % server.url + SCENARIO,
              "-r", "1").expect(0)
        t.equal(len(server.asked), 1, "requests")


def test_mistakes_in_the_script(t):
    for text, problem in (
            ("precheck = { uri = 'http://h/' }",
             "precheck: unknown option 'uri' (there are: url, timeout"),
            ("precheck = { url = 'ftp://h/' }", "'ftp://h/' is not an address"),
            ("precheck = { url = 'http://h/', status = 'ok' }",
             "'ok' is not a status")):
        outcome = t.run("molo.options{ %s }\n" % text + SCENARIO).expect(2)
        t.contains(outcome.err, problem)


def test_a_signal_ends_it(t):
    with closed_port() as url:
        running = t.start(SCENARIO, "-r", "1", "--precheck", url,
                          "--precheck-timeout", "1h", "-v")
        running.wait_for_err("waiting for " + url)
        running.send(signal.SIGINT)
        outcome = running.finish().expect(130)
    t.equal(outcome.marks, [], "fixtures")
    outcome.expect_runs(started=0)


def test_a_simulated_run_asks_nobody(t):
    with closed_port() as url:
        t.run(SCENARIO, "-r", "1", "--sim", "--precheck", url).expect(0)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

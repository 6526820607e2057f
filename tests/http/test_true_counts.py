#!/usr/bin/env python3
"""What molo counts is what an nginx has in its log: request for request, byte
for byte, however a run ends. The server closes each connection after its
hundredth request and answers in three ways: with a length, without, and with
compressed chunks."""

import collections
import signal
import sys
import time

import rows
import nginx
from rows import harness

WORKERS = 20
TOTAL = 1000 if harness.WRAPPER else 10000

LOG = ("$request_method $uri $status "
       "$request_length $bytes_sent $http_x_seq")

SERVERS = """
    keepalive_requests 100;
    gzip_types text/plain;
    gzip_min_length 0;
    default_type text/plain;
    server {
        listen 127.0.0.1:%(port)d backlog=1024;
        location /hello { return 200 "hello\\n"; }
        location /missing { return 404; }
        # Who answers without reading the body does not count it either.
        location /post { proxy_pass http://unix:%(dir)s/answer.sock; }
        location /chunks { gzip on; alias %(dir)s/page.txt; }
        # Takes half a minute.
        location /slow { limit_rate 1000; alias %(dir)s/page.txt; }
    }
    server {
        listen unix:%(dir)s/answer.sock;
        access_log off;
        location / { return 200 "posted\n"; }
    }
    """

SCENARIO = """
    molo.scenario("a", function(session)
        local seq = session.worker_id .. "-" .. session.step
        local options = { headers = { ["X-Seq"] = seq } }
        local turn = session.step % 4
        local page
        if turn == 0 then
            page = session:get("/hello", options)
        elseif turn == 1 then
            options.body = ("x"):rep(session.step)
            page = session:post("/post", options)
        elseif turn == 2 then
            options.headers["Accept-Encoding"] = "gzip"
            page = session:get("/chunks", options)
        else
            page = session:get("/missing", options)
        end
        molo.log("info", "MARK", seq, page.status)
    end)
    """


class Nginx(nginx.Nginx):
    def __init__(self, directory):
        if nginx.program() is None:
            raise rows.Skip("nginx is not installed")
        super().__init__(directory, SERVERS, log=LOG)
        with open(self.path("page.txt"), "w", encoding="ascii") as page:
            page.writelines("line %d of a page\n" % n for n in range(2000))

    def log(self):
        """(method, path, status, bytes in, bytes out, number) a request."""
        return [(method, path, int(status), int(size_in), int(size_out), seq)
                for method, path, status, size_in, size_out, seq
                in self.log_lines()]


def statuses(endpoints):
    """{"GET /hello": {"200": 5}, ...}"""
    return {"%s %s" % (row["method"], row["name"]): row["status"]
            for row in endpoints}


def expect_same(t, outcome, log):
    requests = outcome.result["requests"]
    seen = collections.Counter("%s %d" % (entry[5], entry[2]) for entry in log)
    told = collections.Counter(outcome.marks)
    t.equal(sorted((seen - told).elements()), [], "numbers and statuses only in the log")
    t.equal(sorted((told - seen).elements()), [], "numbers and statuses only at the client")
    t.equal(requests["total"], len(log), "requests.total")
    t.equal(requests["unsent"], 0, "requests.unsent")
    t.equal(requests["failed"], sum(entry[2] == 404 for entry in log),
            "requests.failed")
    t.equal(requests["bytes_sent"], sum(entry[3] for entry in log),
            "bytes_sent")
    t.equal(requests["bytes_received"], sum(entry[4] for entry in log),
            "bytes_received")
    t.equal(outcome.endpoints, dict(collections.Counter(
        "%s %s" % entry[:2] for entry in log)), "endpoints")
    by_status = collections.defaultdict(collections.Counter)
    for method, path, status, *_ in log:
        by_status["%s %s" % (method, path)][str(status)] += 1
    t.equal(statuses(outcome.result["endpoints"]),
            {name: dict(counts) for name, counts in by_status.items()},
            "statuses of endpoints")
    t.check(log, "the log is empty")


def run(t, nginx, *arguments):
    return rows.start(t, SCENARIO, "-w", str(WORKERS), "--base-url", nginx.url,
                      *arguments)


def all_of_them(t):
    with Nginx(t.directory) as nginx:
        outcome = run(t, nginx, "-r", str(TOTAL // WORKERS)).finish()
    outcome.expect(0).expect_runs(ok=TOTAL)
    expect_same(t, outcome, nginx.log())
    t.equal(len(nginx.log()), TOTAL, "requests in the log")


def until_interrupted(t):
    with Nginx(t.directory) as nginx:
        running = run(t, nginx, "-r", str(TOTAL))
        # In the midst of it: all workers have sent, and have more to send.
        running.wait_for("the hundredth round", r"-\d{3,} ",
                         lambda: "\n".join(running.err().splitlines()[-50:]))
        running.send(signal.SIGINT)
        outcome = running.finish().expect(130)
    outcome.expect_runs(failed=0, interrupted=0)
    expect_same(t, outcome, nginx.log())


def on_a_schedule(t):
    """Workers take turns, and connections with them. A machine that is too slow
    for the rate drops runs at the end, which are then no requests."""
    rate, seconds = (50, 2) if harness.WRAPPER else (300, 3)
    with Nginx(t.directory) as nginx:
        outcome = rows.start(t, SCENARIO, "-w", str(WORKERS), "--rate",
                             "%d/s" % rate, "-d", str(seconds), "--max-lag",
                             "30s", "--base-url", nginx.url).finish()
    outcome.expect(0).expect_runs(failed=0, interrupted=0)
    t.equal(outcome.runs["ok"] + outcome.runs["dropped"], rate * seconds, "runs")
    expect_same(t, outcome, nginx.log())


def cut_off(t):
    """Without grace requests are given up that the server has begun to answer.
    Its log has their numbers, too; all that were answered are in it with their
    status, and none that was not asked for."""
    asked = SCENARIO.replace("local page\n", """local page
        molo.log("info", "MARK", "asks", seq)
        if session.step > 4 then
            session:get("/slow", options)
        end
        """, 1)
    with Nginx(t.directory) as nginx:
        running = rows.start(t, asked, "-w", str(WORKERS), "-d", "1h",
                             "--graceful-stop", "0", "--base-url", nginx.url)
        running.wait_for("all to ask for it", r"(asks\s+\d+-5\s[^\0]*){%d}"
                         % WORKERS, running.err)
        time.sleep(0.5)  # for what is shown: answers that have begun
        running.send(signal.SIGINT)
        outcome = running.finish().expect(130)
    outcome.expect_runs(failed=0)
    log = nginx.log()
    seen = {entry[5]: entry[2] for entry in log}
    t.equal(len(seen), len(log), "numbers, each once")
    asked_for = {mark.split()[1] for mark in outcome.marks
                 if mark.startswith("asks")}
    answered = {words[0]: int(words[1]) for words in
                (mark.split() for mark in outcome.marks) if words[0] != "asks"}
    t.equal({number: seen.get(number) for number in answered}, answered,
            "statuses of what was answered")
    t.equal(sorted(set(seen) - asked_for), [], "numbers only in the log")
    t.equal(len(asked_for) - len(answered), WORKERS,
            "requests without an answer")
    requests = outcome.result["requests"]
    t.equal(requests["total"], len(asked_for), "requests.total")
    t.equal(outcome.runs["interrupted"], len(asked_for) - len(answered),
            "runs.interrupted")


def until_time_is_over(t):
    with Nginx(t.directory) as nginx:
        outcome = run(t, nginx, "-d", "1").finish()
    outcome.expect(0).expect_runs(failed=0, interrupted=0)
    expect_same(t, outcome, nginx.log())


if __name__ == "__main__":
    sys.exit(rows.main({
        "ten thousand requests": all_of_them,
        "until it is interrupted": until_interrupted,
        "until its time is over": until_time_is_over,
        "on a schedule": on_a_schedule,
        "cut off": cut_off,
    }))

#!/usr/bin/env python3
"""A server stands still for a second in the midst of a load with a schedule.

Run k is due k / RATE after the first one, and the stall begins with the request
of run FIRST. So a visitor who came with run k waits SECONDS - (k - FIRST) / RATE
until the stall is over, if that is positive, and no time worth mentioning
otherwise; if that request came late, for as much longer. (The server's clock tells
when the stall was over, and the quickest of the requests before it, when run 0 was
due.) That is what response times have to be, value by value, whether molo
could send the request at once or had no worker for it. A tool that measures from
the sending only, and sends no more while it waits, has seen next to nothing of
the stall; molo's service times show how little.
"""

import signal
import sys
import time

import proof
import stalling
from proof import harness

# Slow enough that what has queued up takes no time worth mentioning afterwards.
RATE, LENGTH = 40, 3
TOTAL = RATE * LENGTH
FIRST, SECONDS = 40, 1.0
# Of response times, from what follows from the schedule.
WITHIN = 0.010
# At its end a stall leaves a queue, which takes a while to be gone on a machine
# with other things to do: who came last waits longer by that.
AT_THE_END = {"below": 0.2, "late": 0.050}
# Of times that count from the sending: a run that begins late, because the
# machine had other things to do, waits for as much less at the server.
SENT_WITHIN = 0.050
# Far from both what the server takes and what it lets wait.
BETWEEN = 0.1

SCENARIO = """
    molo.options{ workloads = { visits = {
        executor = "%(executor)s", rate = "%(rate)d/s",
        duration = "%(length)ds", %(keys)s } } }
    molo.scenario("visit", function(session)
        session:get("%(url)s/page")
    end)
    """


def waits(server, rate=RATE, total=TOTAL, first=FIRST, workers=1):
    """Of the visitors, in the order in which they came, `workers` at a time."""
    due = min(at - k // workers / rate for k, at in enumerate(server.arrivals))
    return [max(0.0, server.resumed_at - due - k / rate) if k >= first else 0.0
            for k in range(total) for _ in range(workers)]


def load(t, keys, *options, executor="constant_rate", rate=RATE, length=LENGTH,
         first=FIRST):
    with stalling.Server(first, SECONDS) as server:
        outcome = t.run(SCENARIO % {
            "executor": executor, "rate": rate, "length": length, "keys": keys,
            "url": server.url}, *options)
    return outcome, server


def expect_all(t, outcome, server, total=TOTAL):
    outcome.expect(0).expect_runs(started=total, ok=total, dropped=0)
    t.equal(outcome.result["requests"]["total"], total, "requests.total")
    t.equal((server.requests, server.answers), (total, total),
            "the server's requests and answers")


def test_few_workers_do_not_hide_it(t):
    """Five wait at the server; all others queue up in molo."""
    workers = 5

    def attempt():
        outcome, server = load(
            t, "pre_allocated = %d, max_workers = %d, max_lag = '10s'"
            % (workers, workers))
        expect_all(t, outcome, server)
        metrics = outcome.result["metrics"]
        expected = waits(server)
        proof.expect_distribution(t, metrics["http_req_response"], expected,
                                  WITHIN, "response time", **AT_THE_END)

        # What it would look like without the schedule.
        service = metrics["http_req_duration"]
        t.equal(service["count"], TOTAL, "http_req_duration.count")
        t.equal(sum(value > BETWEEN for value in proof.values(service)),
                workers, "service times that show the stall")
        t.check(service["p95"] < BETWEEN < SECONDS / 2
                < metrics["http_req_response"]["p90"],
                "p95 of the service time is %r" % service["p95"])

        # Who does not wait at the server has waited for a worker.
        queued = [wait if k >= FIRST + workers else 0.0
                  for k, wait in enumerate(expected)]
        proof.expect_distribution(t, metrics["start_lag"], queued, WITHIN,
                                  "start lag", **AT_THE_END)

    proof.best_of(attempt)


def test_enough_workers_see_it_in_both_times(t):
    def attempt():
        outcome, server = load(
            t, "pre_allocated = 120, max_workers = 200, max_lag = '10s'")
        expect_all(t, outcome, server)
        metrics = outcome.result["metrics"]
        expected = waits(server)
        proof.expect_distribution(t, metrics["http_req_response"], expected,
                                  WITHIN, "response time", **AT_THE_END)
        for name in ("http_req_duration", "http_req_wait"):
            proof.expect_distribution(t, metrics[name], expected, SENT_WITHIN,
                                      name)
        t.check(metrics["start_lag"]["p90"] < WITHIN, "start_lag.p90 is %r"
                % metrics["start_lag"]["p90"])

    proof.best_of(attempt)


def test_rounds_on_a_schedule(t):
    """Each of the workers waits the same in a round; rounds that are late begin
    at once."""
    rate, workers = 10, 3
    total, first = rate * LENGTH, rate

    def attempt():
        outcome, server = load(t, "workers = %d" % workers,
                               executor="round_rate", rate=rate,
                               first=first * workers)
        expect_all(t, outcome, server, total * workers)
        metrics = outcome.result["metrics"]
        expected = waits(server, rate, total, first, workers)
        proof.expect_distribution(t, metrics["http_req_response"], expected,
                                  WITHIN, "response time", **AT_THE_END)
        t.equal(sum(value > BETWEEN for value in
                    proof.values(metrics["http_req_duration"])),
                workers, "service times that show the stall")

    proof.best_of(attempt)


def test_what_times_out_is_in_it(t):
    """Leaving out those that gave up would make the stall look short."""
    limit = 0.5

    def attempt():
        outcome, server = load(
            t, "pre_allocated = 120, max_workers = 200, max_lag = '10s'",
            "--timeout", "%gs" % limit, "--fail", "never")
        outcome.expect(0).expect_runs(started=TOTAL, dropped=0)
        expected = [min(wait, limit) for wait in waits(server)]
        given_up = expected.count(limit)
        requests = outcome.result["requests"]
        t.equal((requests["total"], server.requests), (TOTAL, TOTAL),
                "requests here and there")
        # The one at the limit itself may go either way.
        t.check(abs(requests["failed"] - given_up) <= 1,
                "%d requests timed out, not %d"
                % (requests["failed"], given_up))
        t.equal([(e["kind"], e["count"]) for e in outcome.result["errors"]],
                [("timeout", requests["failed"])], "errors")
        metrics = outcome.result["metrics"]
        for name in ("http_req_response", "http_req_duration"):
            proof.expect_distribution(t, metrics[name], expected, SENT_WITHIN,
                                      name)

    proof.best_of(attempt)


def test_what_is_dropped_is_counted(t):
    """With a bound on how late a run may begin, those that would have waited
    longer are never made, and told of."""
    workers, bound = 10, 0.5

    def attempt():
        outcome, server = load(
            t, "pre_allocated = %d, max_workers = %d, max_lag = '%gs'"
            % (workers, workers, bound))
        outcome.expect(0)
        runs = outcome.runs
        t.equal(runs["started"] + runs["dropped"], TOTAL, "started + dropped")
        t.equal((runs["ok"], server.requests),
                (runs["started"], runs["started"]),
                "ok, and requests at the server")
        lost = sum(wait > bound for wait in waits(server)[FIRST + workers:])
        t.check(abs(runs["dropped"] - lost) <= 1 + WITHIN * RATE,
                "%d runs were dropped, not %d" % (runs["dropped"], lost))
        metrics = outcome.result["metrics"]
        t.equal(metrics["dropped_runs"]["count"], runs["dropped"],
                "dropped_runs.count")
        t.check(metrics["start_lag"]["max"] <= bound + WITHIN,
                "start_lag.max is %r" % metrics["start_lag"]["max"])

    proof.best_of(attempt)


def test_molo_itself_stands_still(t):
    """What was due meanwhile begins late, and that is in its response time: the
    server has seen nothing of it."""
    keys = "pre_allocated = 10, max_workers = 100, max_lag = '10s'"

    def attempt():
        with stalling.Server(TOTAL, 0) as server:
            running = t.start(SCENARIO % {
                "executor": "constant_rate", "rate": RATE, "length": LENGTH,
                "keys": keys, "url": server.url}, "--fail", "never")
            deadline = time.monotonic() + harness.PATIENCE
            while server.requests < FIRST and time.monotonic() < deadline:
                time.sleep(0.01)
            running.send(signal.SIGSTOP)
            time.sleep(SECONDS)
            running.send(signal.SIGCONT)
            outcome = running.finish()
        expect_all(t, outcome, server)
        metrics = outcome.result["metrics"]
        # It is stopped some time after the run before, which nobody knows.
        expected = [max(0.0, SECONDS - k / RATE) for k in range(TOTAL)]
        for name in ("http_req_response", "start_lag"):
            proof.expect_distribution(t, metrics[name], expected,
                                      1 / RATE + 2 * WITHIN, name)
        t.check(metrics["http_req_duration"]["p99"] < BETWEEN,
                "http_req_duration.p99 is %r"
                % metrics["http_req_duration"]["p99"])
        lag = outcome.result["generator"]["loop_lag_max"]
        t.check(abs(lag - SECONDS) < 1 / RATE + WITHIN,
                "generator.loop_lag_max is %r" % lag)

    proof.best_of(attempt)


if __name__ == "__main__":
    sys.exit(harness.main(globals(), parallel=1))

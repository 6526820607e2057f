#!/usr/bin/env python3
"""Runs that start when they are due, whatever the answers take. In simulated
time schedules are exact; one real run is compared with the log of an nginx."""

import sys

import harness
from nginx import Nginx

SCENARIO = """
    molo.options{ workloads = { visits = {
        executor = "%(executor)s", duration = "%(duration)s", %(keys)s } } }
    molo.scenario("a", function(session)
        molo.log("info", "MARK", ("%%.9f"):format(molo.now()),
                 session.worker_id)
        molo.sleep(%(takes)s)
    end)
    """


def visit(t, keys, *options, executor="constant_rate", duration="3s", takes="0",
          more=""):
    text = SCENARIO % {"executor": executor, "duration": duration,
                       "keys": keys, "takes": takes}
    if executor == "ramping_rate":
        text = text.replace('duration = "%s", ' % duration, "")
    return t.run(text + more, "--sim", *options)


def starts(outcome):
    return [float(mark.split()[0]) for mark in outcome.marks]


def workers(outcome):
    return {int(mark.split()[1]) for mark in outcome.marks}


def lags(outcome):
    return outcome.result["metrics"]["start_lag"]


def expect_starts(t, outcome, expected):
    got = starts(outcome)
    t.equal(len(got), len(expected), "runs")
    for k, (at, due) in enumerate(zip(got, expected)):
        t.check(abs(at - due) < 1e-8, "run %d began at %r, not %r"
                % (k, at, due))


def test_each_run_starts_when_it_is_due(t):
    outcome = visit(t, "rate = '7/s', max_workers = 50", takes="0.4").expect(0)
    expect_starts(t, outcome, [k / 7 for k in range(21)])
    outcome.expect_runs(started=21, ok=21, dropped=0)
    t.contains(outcome.out, "at most 50 workers")
    t.equal(lags(outcome)["count"], 21, "start_lag.count")
    t.equal(lags(outcome)["max"], 0, "start_lag.max")


def test_a_ramp_follows_its_integral(t):
    # 0 to 10/s within 2 s: k runs are due when t * t * 5 / 2 = k.
    outcome = visit(t, "stages = { '2s:10/s' }, max_workers = 50",
                    executor="ramping_rate").expect(0)
    expect_starts(t, outcome, [(k / 2.5) ** 0.5 for k in range(10)])


def test_random_arrivals_repeat_by_seed(t):
    keys = "rate = '50/s', max_workers = 99, arrival = 'poisson'"
    first = starts(visit(t, keys, "--seed", "1", takes="0.01"))
    t.equal(starts(visit(t, keys, "--seed", "1", takes="0.01")), first,
            "the same seed")
    t.check(starts(visit(t, keys, "--seed", "2", takes="0.01")) != first,
            "another seed gives the same arrivals")
    gaps = [b - a for a, b in zip(first, first[1:])]
    t.check(max(gaps) > 2 * min(gaps), "the gaps are all alike")


def test_the_worker_that_was_idle_last_is_taken(t):
    # Two at once now and then, else one; the third is never needed.
    outcome = visit(t, "rate = '10/s', max_workers = 9", takes="0.15").expect(0)
    t.equal(workers(outcome), {0, 1}, "workers that ran")
    t.equal(outcome.err.count("error"), 0, "errors")
    alone = visit(t, "rate = '10/s', max_workers = 9, pre_allocated = 4",
                  takes="0.05").expect(0)
    t.equal(len(workers(alone)), 1, "workers that ran one run at a time")


def test_a_run_waits_for_a_worker_up_to_max_lag(t):
    # One worker, runs of 0.25 s each 0.1 s.
    outcome = visit(t, "rate = '10/s', max_workers = 1, max_lag = '0.2s'",
                    duration="1s", takes="0.25")
    outcome.expect(0).expect_runs(started=4)
    expect_starts(t, outcome, [0, 0.25, 0.5, 0.75])
    dropped = outcome.runs["dropped"]
    t.equal(dropped, 6, "dropped")
    t.check(0 < lags(outcome)["max"] <= 0.2, "start_lag.max is %r"
            % lags(outcome)["max"])


def test_without_max_lag_a_run_starts_at_once_or_never(t):
    outcome = visit(t, "rate = '10/s', max_workers = 1, max_lag = 0",
                    duration="1s", takes="0.25")
    outcome.expect(0).expect_runs(started=4, dropped=6)
    t.contains(outcome.out, "4 ok, 0 failed, 0 interrupted, 6 dropped")
    expect_starts(t, outcome, [0, 0.3, 0.6, 0.9])
    t.equal(lags(outcome)["max"], 0, "start_lag.max")


def test_every_arrival_is_started_or_dropped(t):
    for keys, takes in (("rate = '97/s', max_workers = 3", "0.1"),
                        ("rate = '97/s', max_workers = 3, max_lag = '3ms'",
                         "session.rng:float() * 0.2"),
                        ("rate = '97/s', max_workers = 40, pre_allocated = 3",
                         "session.rng:float()")):
        runs = visit(t, keys, duration="2s", takes=takes).runs
        t.equal(runs["started"] + runs["dropped"], 194, keys)


def test_pre_allocated_workers_are_ready_before_the_schedule(t):
    more = """
    molo.setup_session(function(session)
        molo.log("info", "SETUP", session.worker_id)
        molo.sleep(0.5)
    end)
    """
    outcome = visit(t, "rate = '10/s', max_workers = 9, pre_allocated = 2",
                    takes="0.15", more=more).expect(0)
    expect_starts(t, outcome, [k / 10 for k in range(30)])
    t.equal(lags(outcome)["max"], 0, "start_lag.max")
    t.equal(outcome.err.count("SETUP"), 2, "workers set up")
    # Without, the first runs wait for the set-up of their worker.
    late = visit(t, "rate = '10/s', max_workers = 9, pre_allocated = 0",
                 takes="0.15", more=more)
    late.expect(0).expect_runs(dropped=0, started=30)
    t.check(abs(lags(late)["max"] - 0.5) < 0.01, "start_lag.max is %r"
            % lags(late)["max"])


def test_a_set_up_of_a_pre_allocated_worker_fails(t):
    outcome = visit(t, "rate = '10/s', max_workers = 9, pre_allocated = 2",
                    more="molo.setup(function() error('no') end)\n").expect(3)
    outcome.expect_runs(started=0, dropped=0)
    t.contains(outcome.out, "setup failed")


def test_pre_allocated_workers_that_are_never_ready(t):
    outcome = visit(
        t, "rate = '10/s', max_workers = 9, pre_allocated = 2",
        more="molo.setup(function() molo.sleep(1000) end)\n").expect(3)
    t.contains(outcome.out, "were not ready after 60 s")
    outcome.expect_runs(started=0)


def test_workers_that_are_not_needed_never_start(t):
    outcome = visit(t, "rate = '10/s', max_workers = 1000, pre_allocated = 0",
                    takes="0.01", more="molo.on('worker_start', function(e)\n"
                         "molo.log('info', 'BORN', e.worker_id) end)\n")
    t.equal(outcome.expect(0).err.count("BORN"), 1, "workers")


def test_a_delay_keeps_a_worker_from_its_next_run(t):
    outcome = visit(t, "rate = '10/s', max_workers = 9, delay = '0.15s'",
                    duration="1s").expect(0)
    t.equal(workers(outcome), {0, 1}, "workers that ran")
    t.equal(len(starts(outcome)), 10, "runs")


def test_lockstep_objects_are_refused(t):
    outcome = visit(t, "rate = '10/s', max_workers = 2", duration="1s", more="""
        molo.scenario("b", function() molo.barrier("meet"):wait() end)
        """).expect(1)
    t.contains(outcome.out, "no fixed number of workers")


def test_when_all_workers_wait_for_each_other(t):
    """Arrivals to come help nobody when there is no worker to take them."""
    outcome = visit(t, "rate = '10/s', max_workers = 2, pre_allocated = 0",
                    duration="1h", takes="0) molo.event('never'):wait(", more="""
        molo.teardown(function() molo.log("info", "MARK gone") end)
        """).expect(4)
    outcome.expect_runs(started=2, interrupted=2)
    t.contains(outcome.err, "deadlock: all workers wait for each other")
    t.check(outcome.result["duration"] < 1, "told after %r s"
            % outcome.result["duration"])
    # As long as one may come who sets it, they may wait.
    outcome = visit(t, "rate = '10/s', max_workers = 5, pre_allocated = 0",
                    duration="2s", takes="""0)
        local e = molo.event('third')
        if session.worker_id == 2 then e:set() end
        e:wait(""").expect(0)
    outcome.expect_runs(started=20, ok=20)


def test_failed_runs_do_not_disturb_the_schedule(t):
    outcome = visit(t, "rate = '10/s', max_workers = 5", duration="1s",
                    takes="0.05) molo.fail('no'").expect(1)
    outcome.expect_runs(started=10, failed=10, dropped=0)
    expect_starts(t, outcome, [k / 10 for k in range(10)])


def test_all_workers_quit(t):
    outcome = visit(t, "rate = '10/s', max_workers = 2, pre_allocated = 1",
                    takes="0) session:quit(").expect(0)
    outcome.expect_runs(started=2, ok=2)
    t.contains(outcome.err, "workload 'visits': all of its workers have quit")


def test_rounds_on_a_schedule(t):
    outcome = visit(t, "rate = '4/s', workers = 3", duration="2s",
                    executor="round_rate", takes="0.1").expect(0)
    expect_starts(t, outcome, [k / 4 for k in range(8) for _ in range(3)])
    t.equal(lags(outcome)["max"], 0, "start_lag.max")


def test_rounds_that_are_late_begin_at_once(t):
    takes = "session.step == 2 and 0.6 or 0.1"
    outcome = visit(t, "rate = '4/s', workers = 2", duration="2s",
                    executor="round_rate", takes=takes).expect(0)
    expect_starts(t, outcome, [at for at in (0, 0.25, 0.85, 0.95, 1.05, 1.25,
                                             1.5, 1.75) for _ in range(2)])
    t.check(abs(lags(outcome)["max"] - 0.35) < 0.001, "start_lag.max is %r"
            % lags(outcome)["max"])


# --- against a server

HELLO = """
    keepalive_requests 100000;
    server {
        listen 127.0.0.1:%(port)d backlog=1024;
        location / { return 200 "hello\\n"; }
    }
    """


def test_a_schedule_at_a_server(t):
    """Run k is due (k - 1) / rate after the first, however late others were. A schedule that
    counts from the run before, or from when a timer has rung, is behind by ever more, some
    forty milliseconds at the end. A machine that has other things to do is late, too, but it
    catches up."""
    rate, seconds = (20, 4) if harness.WRAPPER else (100, 4)
    with Nginx(t.directory, HELLO, log="$msec") as nginx:
        outcome = t.run("""
            molo.options{ workloads = { visits = {
                executor = "constant_rate", rate = "%(rate)d/s", duration = "1m",
                pre_allocated = 20, max_workers = 200, max_lag = "1m",
            } } }
            molo.scenario("a", function(session)
                local number = molo.add_var("begun", 1)
                local late = molo.now() - (number - 1) / %(rate)d
                molo.expect("not early", late > -0.001, late)
                session:get("%(url)s/")
                if number > %(least)d and late < 0.02 then
                    molo.stop("in time")
                end
            end)
            """ % {"rate": rate, "least": rate * seconds, "url": nginx.url}).expect(0)
    t.equal(outcome.result["exit"]["reason"][:21], "stopped by the script", "exit.reason")
    outcome.expect_runs(failed=0, interrupted=0)
    t.equal(len(nginx.log_lines()), outcome.runs["ok"], "requests in the log")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""What goes wrong with several threads. A script that stands in a call of C, which
the watchdog cannot reach: the test ends without its thread, with all that was
counted. Threads that cannot be made: molo says so and ends."""

import signal
import sys

import harness

# Worker 1, on the second thread, in a pattern that backtracks for years.
FOREVER = """
    local function forever()
        molo.log("info", "MARK", "stuck")
        local many = ("a"):rep(40)
        return many:find(("a?"):rep(40) .. many .. "b")
    end
    """

RUN = FOREVER + """
    molo.scenario("a", function(session)
        molo.sleep(0.01)
        if session.worker_id == 1 and session.step == 3 then forever() end
    end)
    molo.teardown(function(it) molo.log("info", "MARK", "teardown", it.worker_id) end)
    """

TEARDOWN = FOREVER + """
    molo.scenario("a", function() molo.sleep(0.01) end)
    molo.teardown(function(it)
        if it.worker_id ~= 1 then molo.add_var("gone", 1) return end
        molo.wait_var("gone", 3)
        forever()
    end)
    """


def judge(t, outcome):
    runs = outcome.runs
    for row in [runs] + list(outcome.result["workloads"].values()):
        t.equal(row["ok"] + row["failed"] + row["interrupted"],
                row["started"], "ends of runs")
    t.equal(sum(row["ok"] + row["failed"] + row["interrupted"] for row
                in outcome.result["scenarios"].values()), runs["started"],
            "ends of runs, by scenario")
    t.contains(outcome.err, "where Lua cannot be stopped")
    t.lacks(outcome.err, "Sanitizer", "runtime error")


def test_two_signals_end_it(t):
    running = t.start(RUN, "-w", "4", "-d", "1h", "--graceful-stop", "0s", "-t", "2")
    running.wait_for_err("MARK stuck")
    running.send(signal.SIGINT)
    running.wait_for_err("no new runs")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    judge(t, outcome)
    # The two runs before it, that very run, and perhaps one beside it.
    t.check(outcome.runs["interrupted"] >= 1, "runs %r" % outcome.runs)
    t.check(outcome.runs["ok"] >= 2, "runs %r" % outcome.runs)
    t.contains(outcome.err, "run of worker 1, step 3, never came back")
    t.contains(" ".join(outcome.marks), "teardown 0", "teardown 2")


def test_the_end_of_its_time_does(t):
    outcome = t.run(RUN, "-w", "4", "-d", "200ms", "--graceful-stop", "0s",
                    "-t", "2").expect(1)
    judge(t, outcome)
    t.contains(outcome.result["exit"]["reason"], "a script never came back")
    t.contains(outcome.err, "run of worker 1, step 3, never came back")


def test_in_a_teardown(t):
    running = t.start(TEARDOWN, "-w", "4", "-r", "5", "-t", "2")
    running.wait_for_err("MARK stuck")
    running.send(signal.SIGTERM)
    running.wait_for_err("no new runs")
    running.send(signal.SIGTERM)
    outcome = running.finish().expect(143)
    judge(t, outcome)
    t.equal((outcome.runs["ok"], outcome.runs["interrupted"]), (20, 0), "runs")
    t.contains(outcome.err, "teardown of worker 1, step 5, never came back")


def test_no_descriptors_for_the_loops(t):
    if harness.WRAPPER:
        return
    outcome = t.start_molo("run", t.scenario(RUN), "-w", "3", "-r", "1", "-t", "3",
                           prefix=("prlimit", "--nofile=9")).finish().expect(3)
    t.contains(outcome.err, "cannot create an event loop", "descriptor limit, 'ulimit -n'")
    t.contains(outcome.out, "runs      0 ")


def test_descriptors_of_all_loops_are_counted(t):
    """9 workers, 9 loops and the process itself."""
    if harness.WRAPPER:
        return
    script = t.scenario("molo.scenario('a', function() end)\n")
    for threads, need in (("1", None), ("9", 9 * 3 + 9 * 2 + 32)):
        outcome = t.start_molo("run", script, "-w", "9", "-r", "1", "-t", threads,
                               prefix=("prlimit", "--nofile=70")).finish().expect(0)
        if need is None:
            t.lacks(outcome.err, "descriptors")
        else:
            t.contains(outcome.err, "9 workers need about %d descriptors" % need)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

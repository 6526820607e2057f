#!/usr/bin/env python3
"""Faults of the tool that molo succeeds, Molotov: none of them may come back.

What is written at each test is what that tool did."""

import signal
import sys

import harness


def test_failures_are_not_exit_code_0(t):
    """Failed runs, and a failed setup, ended with 0."""
    t.run("""
        molo.scenario("a", function() error("no") end)
        """, "-r", "1").expect(1)
    for fixture, code in (("global_setup", 3), ("setup", 3),
                          ("setup_session", 3), ("teardown_session", 1),
                          ("teardown", 1), ("global_teardown", 1)):
        outcome = t.run("""
            molo.%s(function() error("no") end)
            molo.scenario("a", function() end)
            """ % fixture, "-r", "1").expect(code)
        t.contains(outcome.err, fixture, "no")


def test_fail_counts_when_quiet(t):
    """--fail did nothing together with -q."""
    text = """
        molo.scenario("a", function(session)
            if session.step <= 2 then error("no") end
        end)
        """
    for quiet in ((), ("-q",)):
        t.run(text, "-r", "9", "-f", "2", *quiet).expect(1)
        outcome = t.run(text, "-r", "9", "-f", "3", *quiet).expect(0)
        outcome.expect_runs(ok=7, failed=2)


BLOCKED = """
    local pad = molo.notifier("pad")
    molo.scenario("a", function(session)
        molo.log("info", "MARK waits")
        if session.worker_id == 0 then molo.sleep(100000) pad:written(1) end
        pad:wait_for_writer{timeout = 100000}
    end)
    """


def test_a_worker_in_a_wait_does_not_keep_the_test(t):
    """One that waited for another made -d and Ctrl-C hang."""
    outcome = t.run(BLOCKED, "-w", "3", "-d", "300ms", "--graceful-stop",
                    "100ms").expect(0)
    outcome.expect_runs(started=3, ok=0, failed=0, interrupted=3)
    running = t.start(BLOCKED, "-w", "3", "-d", "1h", "--graceful-stop", "1h")
    running.wait_for_err(r"(MARK waits[\s\S]*){3}")
    running.send(signal.SIGINT)
    running.wait_for_err("SIGINT|signal|stopping|ending")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_runs(started=3, ok=0, failed=0, interrupted=3)


PICKER = """
    molo.scenario_picker(function(worker_id, step)
        %s
    end)
    local function mark(session)
        molo.log("info", "MARK", session.worker_id, session.step,
                 session.scenario)
    end
    molo.scenario("one", mark)
    molo.scenario("two", {weight = 0}, mark)
    molo.scenario("three", mark)
    """


def test_a_picker_that_raises_fails_runs(t):
    """It ended its worker, and nobody was told."""
    outcome = t.run(PICKER % """
        if worker_id == 1 and step == 2 then error("cannot decide") end
        return step % 2 == 0 and "two" or "one"
        """, "-w", "2", "-r", "4").expect(1)
    outcome.expect_runs(started=8, ok=7, failed=1)
    t.equal(sorted(outcome.marks),
            ["0 1 one", "0 2 two", "0 3 one", "0 4 two",
             "1 1 one", "1 3 one", "1 4 two"], "marks")
    error = outcome.error("script")
    t.matches(error["message"], r"the scenario picker failed: cannot decide")
    t.matches(error["message"] + error["first"]["where"], r"\.lua:4")


def test_what_a_picker_may_not_return(t):
    rows = [
        ('return "thre"', "the scenario picker returned 'thre', which is no "
                          "scenario of this file: did you mean 'three'?"),
        ("return 3", "the scenario picker returned a number: it returns the "
                     "name of a scenario, or nil for one by weight"),
        ('return "three"', "the scenario picker returned 'three', which is not "
                           "part of this test (see --scenario and --only-tag)"),
        ("molo.sleep(1)", "molo.sleep cannot be used in the scenario picker"),
    ]
    for body, text in rows:
        outcome = t.run(PICKER % body, "-r", "2", "-s", "one").expect(1)
        outcome.expect_runs(started=2, failed=2)
        t.contains(outcome.result["errors"][0]["message"], text)


def test_a_picker_may_leave_it_to_the_weights(t):
    outcome = t.run(PICKER % "if step > 1 then return nil end return 'two'",
                    "-r", "40", "--seed", "1").expect(0)
    t.equal(outcome.marks[0], "0 1 two", "first")
    t.equal({mark.split()[2] for mark in outcome.marks[1:]}, {"one", "three"},
            "by weight")


def test_pickers_that_cannot_be(t):
    outcome = t.run("""
        molo.scenario_picker(function() end)
        molo.scenario("pad", {cast = {{"a", 1}, {"b", 1}}}, function() end)
        """, "-w", "2").expect(2)
    t.matches(outcome.err, r"\.lua:2: molo\.scenario_picker cannot be used with "
                           r"the cast of scenario 'pad'")
    outcome = t.run("""
        molo.scenario_picker(function() end)
        molo.scenario_picker(function() end)
        """).expect(2)
    t.matches(outcome.err, r"\.lua:3: molo\.scenario_picker is registered twice")
    outcome = t.run("""
        molo.scenario_picker("one")
        """).expect(2)
    t.matches(outcome.err, r"\.lua:2: molo\.scenario_picker: expected a "
                           r"function, got string")


def test_no_run_without_a_session(t):
    """A worker whose setup_session had failed ran scenarios all the same."""
    outcome = t.run("""
        molo.setup_session(function(session)
            if session.worker_id == 1 then error("no login") end
        end)
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.worker_id)
        end)
        """, "-w", "3", "-r", "2").expect(3)
    t.check("1" not in outcome.marks, "worker 1 ran")


def test_duplicate_names_are_an_error(t):
    """The later scenario silently took the place of the first."""
    outcome = t.run("""
        molo.scenario("a", function() end)
        molo.scenario("a", function() end)
        """).expect(2)
    t.matches(outcome.err, r"\.lua:3: scenario 'a' is registered twice")


def test_events_of_requests_name_their_worker(t):
    """They named whichever worker ran when they were told."""
    t.server.get("/stats")
    outcome = t.run("""
        for _, kind in ipairs {"request_start", "request_end"} do
            molo.on(kind, function(event)
                molo.log("info", "MARK", event.worker_id, event.step,
                         event.url:match("worker=(.*)"))
            end)
        end
        molo.scenario("a", function(session)
            local me = session.worker_id .. "-" .. session.step
            molo.all {
                function() session:get("/echo?worker=" .. me) end,
                function() session:get("/echo?worker=" .. me) end,
            }
        end)
        """, "-w", "7", "-r", "3").expect(0)
    t.equal(len(outcome.marks), 7 * 3 * 2 * 2, "events")
    for mark in outcome.marks:
        worker, step, me = mark.split()
        t.equal(me, worker + "-" + step, "event of " + mark)


def test_a_failed_request_is_an_event(t):
    """There was none."""
    outcome = t.run("""
        molo.on("request_error", function(event)
            molo.log("info", "MARK", event.worker_id, event.kind, event.method)
        end)
        molo.scenario("a", function(session)
            molo.try(session.get, session, "http://127.0.0.1:1/")
        end)
        """, "-w", "2", "-r", "1").expect(0)
    t.equal(sorted(outcome.marks), ["0 connect GET", "1 connect GET"], "events")


def test_the_duration_is_that_of_the_test(t):
    """Each worker counted it from its own start, after the ramp-up."""
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(0.01) end)
        """, "-w", "4", "-d", "2s", "--ramp-up", "2s", "--sim").expect(0)
    duration = outcome.result["duration"]
    t.check(2 <= duration < 2.1, "%r s" % duration)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

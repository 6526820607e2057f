#!/usr/bin/env python3
"""Several workloads in one test: who begins when, who ends when, and that the
end of one leaves the others alone. Time is simulated unless signals come."""

import collections
import signal
import sys
import xml.etree.ElementTree

import harness

NOTE = """
    local function note(session, what)
        molo.log("info", "MARK", session.workload, session.index,
                 ("%.3f"):format(molo.now()), what or "run")
    end
    """


def play(t, workloads, body, *options, more=""):
    return t.run("molo.options{ workloads = {\n%s\n} }\n" % workloads + NOTE
                 + 'molo.scenario("a", function(session)\n%s\nend)\n' % body
                 + more, "--sim", *options)


def rows(outcome, workload, what="run"):
    """(index, time) of its marks."""
    found = [mark.split() for mark in outcome.marks]
    return [(int(row[1]), float(row[2])) for row in found
            if row[0] == workload and row[3] == what]


def times(outcome, workload, what="run"):
    return [at for _, at in rows(outcome, workload, what)]


def test_each_has_its_own_start_and_end(t):
    outcome = play(t, """
        early = { executor = "constant_workers", workers = 2, duration = "1s" },
        late = { executor = "constant_workers", workers = 1, start = "2s",
                 duration = "1s" },
        """, "note(session) molo.sleep(0.25)").expect(0)
    t.equal(times(outcome, "early"),
            [k / 4 for k in range(4) for _ in range(2)], "early")
    t.equal(times(outcome, "late"), [2 + k / 4 for k in range(4)], "late")
    t.equal(outcome.result["exit"]["reason"], "duration", "reason")


def test_what_a_session_knows_of_its_workload(t):
    outcome = play(t, """
        a = { executor = "runs_per_worker", workers = 2, runs = 1 },
        b = { executor = "runs_per_worker", workers = 3, runs = 1 },
        """, """
        molo.log("info", "MARK", session.workload, session.index,
                 session.workers, session.worker_id)
        """).expect(0)
    t.equal(sorted(outcome.marks),
            ["a 0 2 0", "a 1 2 1", "b 0 3 2", "b 1 3 3", "b 2 3 4"], "workers")


def test_each_picks_from_its_own_scenarios(t):
    outcome = play(t, """
        one = { executor = "runs_per_worker", workers = 1, runs = 20,
                scenario = "a" },
        two = { executor = "runs_per_worker", workers = 1, runs = 20,
                scenarios = { b = 1, c = 0 } },
        """, "note(session, 'a')", more="""
        molo.scenario("b", function(session) note(session, "b") end)
        molo.scenario("c", function(session) note(session, "c") end)
        """).expect(0)
    picks = collections.Counter(
        (mark.split()[0], mark.split()[3]) for mark in outcome.marks)
    t.equal(picks, {("one", "a"): 20, ("two", "b"): 20}, "picks")


def test_runs_in_flight_have_the_patience_of_their_workload(t):
    outcome = play(t, """
        long = { executor = "constant_workers", workers = 1, duration = "10s",
                 scenario = "a" },
        patient = { executor = "constant_workers", workers = 1,
                    duration = "1s", graceful_stop = "3s", scenario = "b" },
        short = { executor = "constant_workers", workers = 1,
                  duration = "1s", graceful_stop = "1s", scenario = "b" },
        """, "note(session) molo.sleep(0.5)", more="""
        molo.scenario("b", function(session)
            note(session)
            molo.sleep(3)
            note(session, "done")
        end)
        molo.teardown_session(function(session) note(session, "gone") end)
        """).expect(0)
    t.equal(times(outcome, "patient", "done"), [3], "patient")
    t.equal(times(outcome, "patient", "gone"), [3], "patient goes")
    t.equal(times(outcome, "short", "done"), [], "short")
    t.equal(times(outcome, "short", "gone"), [2], "short goes")
    t.equal(len(times(outcome, "long")), 20, "runs of the one that goes on")
    outcome.expect_runs(started=22, ok=21, failed=0, interrupted=1)


def test_at_the_end_of_the_test_too(t):
    outcome = play(t, """
        patient = { executor = "constant_workers", workers = 1,
                    duration = "1s", graceful_stop = "3s" },
        short = { executor = "constant_workers", workers = 1,
                  duration = "1s", graceful_stop = "1s" },
        """, "molo.sleep(3) note(session, 'done')", more="""
        molo.teardown_session(function(session) note(session, "gone") end)
        """).expect(0)
    t.equal(times(outcome, "patient", "done"), [3], "patient")
    t.equal(times(outcome, "short", "gone"), [2], "short goes")
    outcome.expect_runs(started=2, ok=1, failed=0, interrupted=1)


def test_partners_that_went_home_break_nothing(t):
    """The last round of a workload, while another one goes on."""
    outcome = play(t, """
        pad = { executor = "constant_workers", workers = 3, duration = "1s",
                scenario = "a" },
        long = { executor = "constant_workers", workers = 1, duration = "5s",
                 scenario = "b" },
        """, """
        note(session)
        if session.index == 0 then molo.sleep(0.35) end
        if session.index == 1 then molo.sleep(0.4) end
        if session.step < 3 then molo.barrier("meet"):wait()
        elseif session.index ~= 0 then molo.barrier("meet"):wait() end
        """, more="""
        molo.scenario("b", function() molo.sleep(0.5) end)
        """).expect(0)
    outcome.expect_runs(failed=0)
    t.check(outcome.runs["interrupted"] > 0, "nobody waited at the end")
    t.equal(outcome.errors("broken"), [], "errors")
    t.equal(outcome.result["duration"], 5, "duration")


def test_waits_in_a_workload_that_is_over_end_by_its_patience(t):
    outcome = play(t, """
        one = { executor = "constant_workers", workers = 2, duration = "1s",
                graceful_stop = "2s", scenario = "a" },
        long = { executor = "constant_workers", workers = 1, duration = "9s",
                 scenario = "b" },
        """, "molo.event('never'):wait{ timeout = false }", more="""
        molo.scenario("b", function() molo.sleep(0.5) end)
        molo.teardown_session(function(session) note(session, "gone") end)
        """).expect(0)
    t.equal(times(outcome, "one", "gone"), [3, 3], "they go")
    outcome.expect_runs(interrupted=2, failed=0, ok=18)


def test_a_ramp_down_stops_who_does_not_end(t):
    outcome = play(t, """
        ramp = { executor = "ramping_workers", graceful_stop = "1s",
                 stages = { "0s:2", "2s:2", "0s:1", "8s:1" } },
        """, """
        note(session)
        molo.sleep(session.index == 1 and 1000 or 0.5)
        """, more="""
        molo.teardown_session(function(session) note(session, "gone") end)
        """).expect(0)
    t.equal(rows(outcome, "ramp", "gone")[0], (1, 3), "the one that leaves")
    outcome.expect_runs(interrupted=1, failed=0, ok=20)


def test_workers_of_a_ramp_come_back(t):
    outcome = play(t, """
        ramp = { executor = "ramping_workers",
                 stages = { "0s:2", "1s:2", "0s:1", "1s:1", "0s:2", "1s:2" } },
        """, "note(session) molo.sleep(0.5)", more="""
        molo.setup_session(function(session) note(session, "born") end)
        """).expect(0)
    second = [at for index, at in rows(outcome, "ramp") if index == 1]
    t.equal(second, [0, 0.5, 2, 2.5], "runs of the second")
    t.equal(len(rows(outcome, "ramp", "born")), 2, "set up once")


def test_a_ramp_down_stops_waits_for_others(t):
    """One that waits in vain leaves, and waits again when it is back."""
    outcome = play(t, """
        ramp = { executor = "ramping_workers", graceful_stop = "500ms",
                 stages = { "0s:2", "1s:2", "0s:1", "1s:1", "0s:2", "1s:2" } },
        """, """
        if session.index == 0 then molo.sleep(0.1) return end
        note(session)
        if session.step == 1 then molo.event("x"):wait() end
        molo.event("x"):wait{ timeout = 0.2 }
        """, "--fail", "never").expect(0)
    t.equal(times(outcome, "ramp")[:3], [0, 2, 2.2], "runs of the second")
    t.equal(outcome.runs["interrupted"], 1, "interrupted")


def test_shared_runs_are_exactly_so_many(t):
    for workers in (1, 3, 7):
        outcome = play(t, """
            all = { executor = "shared_runs", workers = %d, runs = 20,
                    ramp_up = "1s" },
            """ % workers, "molo.sleep(0.01 * (1 + session.index))").expect(0)
        outcome.expect_runs(started=20, ok=20)


def test_pace_counts_from_start_to_start(t):
    scenario = NOTE + """
        molo.scenario("a", { pace = 1 }, function(session)
            note(session)
            molo.sleep(session.step == 2 and 1.5 or 0.2)
        end)
        """
    outcome = t.run(scenario, "--sim", "-r", "5").expect(0)
    t.equal(times(outcome, "default"), [0, 1, 2.5, 3.5, 4.5], "starts")


def test_pace_and_delay(t):
    scenario = NOTE + """
        molo.scenario("a", { pace = 1, delay = 0.5 }, function(session)
            note(session)
            molo.sleep(session.step == 2 and 0.9 or 0.2)
        end)
        """
    outcome = t.run(scenario, "--sim", "-r", "4").expect(0)
    t.equal(times(outcome, "default"), [0, 1, 2.4, 3.4], "starts")


PICKER = NOTE.replace("%", "%%") + """
    molo.scenario_picker(function(worker_id, step)
        %s
    end)
    molo.scenario("a", function(session) note(session, "a") end)
    molo.scenario("b", function(session) note(session, "b") end)
    """


def test_a_picker_chooses(t):
    outcome = t.run(PICKER % "return step % 2 == 0 and 'a' or 'b'", "--sim",
                    "-r", "4").expect(0)
    t.equal([mark.split()[3] for mark in outcome.marks],
            ["b", "a", "b", "a"], "scenarios")


def test_a_picker_that_raises_fails_the_run_and_no_more(t):
    outcome = t.run(PICKER % "if step == 2 then error('no idea') end "
                    "return 'a'", "--sim", "-r", "4").expect(1)
    outcome.expect_runs(started=4, ok=3, failed=1)
    t.contains(outcome.out, "no idea", "picker")
    t.equal(outcome.error("script")["first"]["step"], 2, "step")


def test_a_picker_that_always_raises_ends_with_the_test(t):
    running = t.start(PICKER % "error('no idea')", "-v", "-d", "1h")
    running.wait_for_err("no idea")
    running.send(signal.SIGINT)
    runs = running.finish().expect(130).runs
    t.equal(runs["failed"], runs["started"], "failed runs")
    t.check(runs["started"] > 0, "no run")


SINGLE = NOTE + """
    molo.scenario("a", { group = "g" }, function(session)
        note(session, "a") molo.sleep(1 + session.index)
    end)
    molo.scenario("b", { group = "g" }, function(session)
        note(session, "b") molo.sleep(3)
    end)
    molo.scenario("c", function(session) note(session, "c") end)
    """


def test_stages_of_a_single_run_follow_each_other(t):
    outcome = t.run(SINGLE, "--sim", "--single-run", "-w", "2").expect(0)
    found = [(mark.split()[3], float(mark.split()[2]))
             for mark in outcome.marks]
    t.equal(sorted(found), [("a", 0), ("a", 0), ("b", 0), ("b", 0),
                            ("c", 3), ("c", 3)], "runs")


def test_a_single_run_tells_how_long_each_scenario_took(t):
    path = t.new_path(".xml")
    outcome = t.run(SINGLE, "--sim", "--single-run", "-w", "2", "-o",
                    "junit=" + path).expect(0)
    took = {"a": 2, "b": 3, "c": 0}
    t.matches(outcome.out, r"^a +ok +2 s +2 +0$")
    by = outcome.result["metrics"]["run_duration"]["by"]["scenario"]
    t.equal({name: row["max"] for name, row in by.items()}, took, "by scenario")
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    t.equal({case.get("name"): float(case.get("time")) for case in cases
             if case.get("classname") == "molo.scenario"}, took, "JUnit")


def test_who_leaves_a_single_run_keeps_nobody_waiting(t):
    text = SINGLE.replace("molo.sleep(1 + session.index)", "session:quit()")
    outcome = t.run(text, "--sim", "--single-run", "-w", "2").expect(0)
    kinds = collections.Counter(mark.split()[3] for mark in outcome.marks)
    t.equal((kinds["a"], kinds["b"]), (2, 2), "runs of the group")


MANUAL = """
    molo.options{ workloads = { hand = {
        executor = "manual", workers_at_start = 1, max_workers = 3,
        duration = "1h" } } }
    molo.setup(function(worker) molo.log("info", "BORN", worker.worker_id) end)
    molo.scenario("a", function(session)
        molo.log("info", "RUN", session.worker_id)
        molo.sleep(0.02)
    end)
    """


def test_workers_by_signals(t):
    running = t.start(MANUAL)
    running.wait_for_err("RUN +0")
    told = []

    def nudge(number, count):
        """Sends one; two at the same time would count as one."""
        told.append("%d of at most 3 workers" % count)
        running.send(number)
        running.wait_for_err(r"[^\0]*".join(told))

    nudge(signal.SIGUSR1, 2)
    running.wait_for_err("RUN +1")
    nudge(signal.SIGUSR1, 3)
    running.wait_for_err("RUN +2")
    nudge(signal.SIGUSR1, 3)  # there are no more
    for count in (2, 1, 0):
        nudge(signal.SIGUSR2, count)
    nudge(signal.SIGUSR1, 1)
    running.wait_for_err(r"0 of at most 3[^\0]*1 of at most 3[^\0]*RUN +0")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_runs(failed=0, interrupted=0)
    t.equal(outcome.err.count("BORN"), 3, "workers set up")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

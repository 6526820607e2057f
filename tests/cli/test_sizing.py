#!/usr/bin/env python3
"""--sizing: how many workers are right. In simulated time the numbers are
exact."""

import sys

import harness

OPTIONS = ["--sim", "--sizing", "--sizing-step", "2s"]


def size(t, body, *options, more=""):
    return t.run(more + 'molo.scenario("a", function(session)\n%s\nend)\n'
                 % body, *OPTIONS, *options)


def tried(outcome):
    return [step["workers"] for step in outcome.result["sizing"]["steps"]]


def test_too_many_runs_fail(t):
    outcome = size(t, """
        molo.sleep(0.1)
        if session.index >= 5 then molo.fail("full") end
        """).expect(0)
    sizing = outcome.result["sizing"]
    # With 6 workers one in six fails.
    t.equal(tried(outcome), [1, 2, 3, 4, 6], "workers")
    t.equal([step["ok"] for step in sizing["steps"]],
            [True] * 4 + [False], "ok")
    t.equal((sizing["workers"], sizing["end"]), (4, "failures"), "result")
    t.equal([step["rate"] for step in sizing["steps"][:4]],
            [9.5, 19.5, 29.5, 39.5], "runs per second")
    t.matches(outcome.out, r"sizing: 4 workers: with 6, 1\d\.\d % of the runs "
              r"failed \(more than 5 %\)")
    t.matches(outcome.out, r"=> +4 +79 +39\.5 +0\.0 %")


def test_the_tolerance(t):
    body = """
        molo.sleep(0.1)
        if session.index >= 5 then molo.fail("full") end
        """
    outcome = size(t, body, "--sizing-tolerance", "40%",
                   "--max-workers", "9").expect(0)
    # 4 of 9 are more than 40 %.
    t.equal(tried(outcome), [1, 2, 3, 4, 6, 9], "workers")
    t.equal(outcome.result["sizing"]["workers"], 6, "result")


def test_throughput_grows_no_more(t):
    outcome = size(t, 'molo.limiter("server", { rate = 30, burst = 1 }):take()',
                   "-w", "2",
                   ).expect(0)
    sizing = outcome.result["sizing"]
    t.equal(sizing["end"], "no_growth", "end")
    t.equal(sizing["workers"], 2, "result")
    t.equal(tried(outcome), [2, 3, 4], "workers")
    t.contains(outcome.out,
               "2 workers: up to 4, more workers made no more runs per second")


def test_a_threshold(t):
    outcome = size(t, "molo.sleep(0.02 * session.index + 0.01)",
                   "--threshold", "run_duration:max < 65ms").expect(0)
    sizing = outcome.result["sizing"]
    t.equal((sizing["end"], sizing["workers"]), ("threshold", 3), "result")
    t.contains(outcome.out, "with 4, a threshold failed: run_duration:max")


def test_all_workers(t):
    outcome = size(t, "molo.sleep(0.1)", "--max-workers", "5").expect(0)
    sizing = outcome.result["sizing"]
    t.equal(tried(outcome), [1, 2, 3, 4, 5], "workers")
    t.equal((sizing["end"], sizing["workers"]), ("all_workers", 5), "result")
    t.contains(outcome.out, "5 workers: there were to be no more")


def test_all_fail(t):
    """A result, and no crash."""
    outcome = size(t, "molo.sleep(0.1) molo.fail('down')").expect(0)
    sizing = outcome.result["sizing"]
    t.equal((sizing["end"], sizing["workers"]), ("failures", 0), "result")
    t.contains(outcome.out, "no number of workers was right: with 1, 100.0 % "
               "of the runs failed")


def test_all_requests_fail(t):
    outcome = size(t, 'session:get("http://h/")', "--sim-failures", "100%")
    outcome.expect(0)
    t.equal(outcome.result["sizing"]["workers"], 0, "result")


def test_no_run_ends(t):
    outcome = size(t, "molo.sleep(100)", "--graceful-stop", "1s").expect(0)
    sizing = outcome.result["sizing"]
    t.equal((sizing["end"], sizing["workers"]), ("no_growth", 0), "result")
    runs = outcome.runs
    t.equal(runs["started"], runs["interrupted"], "runs")


def test_fail_is_obeyed_when_given(t):
    size(t, "molo.sleep(0.1) molo.fail('down')", "--fail", "1").expect(1)


def test_its_time_is_over_before(t):
    outcome = size(t, "molo.sleep(0.1)", "-d", "5s").expect(0)
    sizing = outcome.result["sizing"]
    t.equal((sizing["end"], tried(outcome)), ("undecided", [1, 2]), "result")
    t.contains(outcome.out, "the test ended before there was a limit")
    short = size(t, "molo.sleep(0.1)", "-d", "1s").expect(0)
    t.contains(short.out, "no result: the test ended within the first step")


def test_what_does_not_go_with_it(t):
    for words in (["-r", "3"], ["-i", "3"], ["--rate", "5/s"],
                  ["--stage", "1s:5"], ["--manual"], ["--ramp-up", "1s"]):
        outcome = size(t, "", *words).expect(2)
        t.contains(outcome.err, "--sizing", "do not go together: with --sizing "
                   "molo itself adds workers")
    t.contains(size(t, "", "--single-run").expect(2).err, "--sizing")


WORKLOADS = """
    molo.options{ workloads = {
        visits = { executor = "constant_rate", rate = "5/s", start = "9s",
                   duration = "1h", scenario = "b", delay = "100ms",
                   env = { SLEEP = "0.1" }, tags = { team = "x" } },
        others = { executor = "shared_runs", runs = 9, scenario = "a" },
    } }
    molo.scenario("b", function() molo.sleep(tonumber(molo.env.SLEEP)) end)
    """


def test_a_workload_of_the_script(t):
    outcome = size(t, "", "--workload", "visits", "--max-workers", "3",
                   more=WORKLOADS).expect(0)
    # From the start of the test, with its own delay, by one, two and three.
    t.equal(tried(outcome), [1, 2, 3], "workers")
    t.equal([step["runs"] for step in outcome.result["sizing"]["steps"]],
            [10, 20, 30], "runs")
    t.equal(list(outcome.result["scenarios"]), ["b"], "scenarios")
    plan = outcome.result["plan"]["workloads"]["visits"]
    t.equal((plan["executor"], plan["tags"]), ("manual", {"team": "x"}), "plan")
    t.contains(size(t, "", more=WORKLOADS).expect(2).err,
               "--sizing: the workloads (others, "
               "visits) say that for themselves: say with --workload NAME which one")


def test_workers_of_a_workload_are_added_by_hand(t):
    path = t.scenario(WORKLOADS + "molo.scenario('a', function() end)\n")
    outcome = t.molo("check", path, "--workload", "others", "--manual", "-w",
                     "2", "--max-workers", "9").expect(0)
    t.matches(outcome.out, r"others \(manual\)")
    t.matches(outcome.out, "2 at the start, at most 9; SIGUSR1 adds 1")
    t.contains(outcome.out, "ends          when it is stopped")
    # A flag that is false asks for nothing.
    t.molo("check", path, env={"MOLO_SIZING": "false"}).expect(0)


def test_without_it_the_result_has_none(t):
    outcome = t.run("molo.scenario('a', function() end)\n", "--sim", "-r", "1")
    t.equal(outcome.expect(0).result["sizing"], None, "sizing")
    t.lacks(outcome.out, "sizing")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Thresholds: what they are compared with, what follows, what is refused."""

import sys

import harness

THREE_OF_TEN_FAIL = """
    %s
    molo.scenario("a", function(session)
        if session.step <= 3 then molo.fail("on purpose") end
        molo.check("late", session.step > 5)
    end)
    """

PAD = "scenarios/pad.lua"


def thresholds_of(outcome):
    return {row["expression"]: row for row in outcome.result["thresholds"]}


def test_none(t):
    outcome = t.run(THREE_OF_TEN_FAIL % "", "-r", "10").expect(1)
    t.equal(outcome.result["thresholds"], [], "thresholds")
    t.lacks(outcome.out, "threshold")


def test_one_that_holds(t):
    outcome = t.run(THREE_OF_TEN_FAIL % "", "-r", "10",
                    "--threshold", "runs{status=failed}:count <= 3").expect(0)
    t.matches(outcome.out,
              r"^threshold +result +value\n"
              r"runs\{status=failed\}:count <= 3 +ok +3$")
    t.matches(outcome.out, r"^ok$")
    t.equal(outcome.result["exit"],
            {"code": 0, "reason": "completed", "all": []}, "exit")


def test_one_that_fails(t):
    expression = "checks{check=late}:rate > 90%"
    outcome = t.run(THREE_OF_TEN_FAIL % "", "-r", "10",
                    "--threshold", expression).expect(99)
    t.contains(outcome.out,
               "FAILED: threshold failed: checks{check=late}:rate > 90% "
               "(71.43 %) (exit code 99)")
    t.matches(outcome.out, r"^checks\{check=late\}:rate > 90% +FAILED"
                           r" +71.43 %$")
    t.equal(outcome.result["thresholds"], [{
        "expression": expression, "metric": "checks",
        "tags": {"check": "late"}, "stat": "rate", "op": ">", "bound": 0.9,
        "unit": None, "value": 0.714285714285714, "ok": False, "abort": False,
        "aborted": False}], "thresholds")
    t.equal(outcome.result["exit"]["code"], 99, "exit.code")
    t.equal(outcome.result["exit"]["reason"],
            "threshold failed: checks{check=late}:rate > 90% (71.43 %)",
            "exit.reason")


def test_several_are_counted(t):
    outcome = t.run(THREE_OF_TEN_FAIL % "", "-r", "10",
                    "--threshold", "runs:count < 5",
                    "--threshold", "runs:count < 50",
                    "--threshold", "coord_skew:p99 < 5ms",
                    "--threshold", "run_duration:max < 1h").expect(99)
    t.contains(outcome.out,
               "FAILED: 2 of 4 thresholds failed: runs:count < 5 (10), "
               "coord_skew:p99 < 5ms (no data)")
    t.equal([row["ok"] for row in outcome.result["thresholds"]],
            [False, True, False, True], "verdicts")
    skew = thresholds_of(outcome)["coord_skew:p99 < 5ms"]
    t.equal((skew["value"], skew["bound"], skew["unit"]), (None, 0.005, "s"),
            "a figure that was never measured")


def test_failed_runs_count_only_when_asked_for(t):
    """With thresholds, they say what is too much; --fail still does."""
    holds = ["--threshold", "runs:count > 0"]
    fails = ["--threshold", "runs:count < 0"]
    rows = (
        (holds, [], 0, []),
        (holds, ["--fail", "3"], 1, [1]),
        (holds, ["--fail", "4"], 0, []),
        (fails, [], 99, [99]),
        (fails, ["--fail", "3"], 99, [1, 99]),
        (fails, ["--fail", "never"], 99, [99]),
    )
    for thresholds, more, code, causes in rows:
        outcome = t.run(THREE_OF_TEN_FAIL % "", "-r", "10", *thresholds,
                        *more).expect(code)
        t.equal(sorted(cause["code"] for cause
                       in outcome.result["exit"]["all"]), causes, "causes")


def test_a_deadlock_comes_first(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.notifier("n"):wait_for_writer()
        end)
        """, "-w", "2", "-r", "1", "--threshold", "runs:count > 5").expect(4)
    t.equal(sorted(cause["code"] for cause in outcome.result["exit"]["all"]),
            [4, 99], "causes")


def test_coordination_of_the_pad(t):
    t.server
    outcome = t.run(harness.os.path.join(harness.ROOT, PAD), "-w", "5",
                    "-r", "20",
                    "--threshold", "coord_rounds{name=pad}:count == 20",
                    "--threshold", "coord_rounds{type=notifier}:count == 20",
                    "--threshold", "coord_rounds{type=barrier}:count == 0",
                    "--threshold", "coord_round{name=pad}:count == 20",
                    "--threshold", "coord_round{type=notifier}:p99 < 1m",
                    "--threshold", "coord_missed:count == 0",
                    "--threshold", "coord_propagation{name=pad}:max < 1m",
                    "--threshold", "coord_visibility{name=pad}:count == 80",
                    "--threshold", "http_reqs{method=PUT}:count == 20",
                    "--threshold", "http_req_failed:rate == 0",
                    "--threshold", "http_req_duration{method=GET}:p99 < 1m",
                    "--threshold", "checks{check=text arrived}:rate == 100%",
                    ).expect(0)
    t.check(all(row["ok"] for row in outcome.result["thresholds"]), "verdicts")
    t.equal(len(outcome.result["thresholds"]), 12, "how many")


def test_refused_on_the_command_line(t):
    rows = (
        ("http_req_duraton:p95 < 1s",
         "unknown metric 'http_req_duraton': did you mean "
         "'http_req_duration'?"),
        ("http_req_duration:p95 < 300",
         "a time needs a unit: 300ms or 300s?"),
        ("http_req_duration < 300ms",
         "there is no statistic: write http_req_duration:p95 < 300ms"),
        ("checks{chek=a}:rate > 1%",
         "checks cannot be filtered by 'chek': did you mean 'check'?"),
    )
    for expression, message in rows:
        for command in ("run", "check"):
            outcome = t.molo(command, t.scenario(THREE_OF_TEN_FAIL % ""),
                             "--threshold", expression).expect(2)
            t.equal(outcome.err, "molo: error: --threshold: '%s': %s\n"
                    % (expression, message), "message")
            t.equal(outcome.out, "", "stdout")
    outcome = t.molo("run", "x.lua", "--threshold").expect(2)
    t.contains(outcome.err, "--threshold needs a value: an expression such "
                            "as 'http_req_duration:p95 < 300ms'")


def test_refused_in_the_environment(t):
    outcome = t.run(THREE_OF_TEN_FAIL % "",
                    env={"MOLO_THRESHOLD": "runs:cout > 1"}).expect(2)
    t.contains(outcome.err, "MOLO_THRESHOLD: 'runs:cout > 1': unknown "
                            "statistic 'cout': did you mean 'count'?")


def test_in_the_script(t):
    outcome = t.run(THREE_OF_TEN_FAIL % """molo.options{
        thresholds = {"runs:count == 10", {"runs{status=ok}:count > 8"}}}""",
        "-r", "10").expect(99)
    t.equal([(row["expression"], row["ok"]) for row
             in outcome.result["thresholds"]],
            [("runs:count == 10", True), ("runs{status=ok}:count > 8", False)],
            "thresholds")


def test_one_in_the_script_needs_no_list(t):
    outcome = t.run(THREE_OF_TEN_FAIL %
                    'molo.options{thresholds = "runs:count == 9"}',
                    "-r", "10").expect(99)
    t.equal(len(outcome.result["thresholds"]), 1, "how many")


def test_the_command_line_replaces_those_of_the_script(t):
    outcome = t.run(THREE_OF_TEN_FAIL %
                    'molo.options{thresholds = {"runs:count == 9"}}',
                    "-r", "10", "--threshold", "runs:count == 10").expect(0)
    t.equal([row["expression"] for row in outcome.result["thresholds"]],
            ["runs:count == 10"], "thresholds")


def test_refused_in_the_script(t):
    rows = (
        ('"runs:cout < 1"',
         "'runs:cout < 1': unknown statistic 'cout': did you mean 'count'?"),
        ('{"runs:count < 1", "run:count < 1"}',
         "'run:count < 1': unknown metric 'run': did you mean 'runs'?"),
        ("{7}", "expected an expression such as \"http_req_duration:p95 < "
                "300ms\", got number"),
        ("{{abort = true}}", "expected an expression such as "
                             "\"http_req_duration:p95 < 300ms\", got nil"),
        ('{{"runs:count < 1", abrot = true}}',
         "unknown option 'abrot': did you mean 'abort'?"),
        ('{{"runs:count < 1", abort = 1}}',
         "abort must be true or false, got number"),
        ('{{"runs:count < 1", abort = true, after = "soon"}}',
         "after: 'soon' is not a duration"),
        ('{{"runs:count < 1", after = 5}}',
         "after says when abort may end the test: add abort = true"),
        ('{{"runs:count < 1", "runs:count < 2"}}',
         "{expression, abort = true, after = time} has one expression"),
        ('{"runs:count < 1", abort = true}',
         "is a list: write {{\"...\", abort = ...}} for one threshold with "
         "'abort'"),
        ('{http_req_duration = {"p(95)<500"}}',
         "is a list of expressions such as \"http_req_duration:p95 < 300ms\", "
         "and 'http_req_duration' is a key"),
    )
    for value, message in rows:
        path = t.scenario(THREE_OF_TEN_FAIL %
                          ("molo.options{thresholds = %s}" % value))
        outcome = t.molo("check", path).expect(2)
        t.contains(outcome.err, harness.os.path.basename(path) + ":2: "
                   "molo.options: thresholds", message)


def test_stages_as_other_tools_write_them(t):
    for stages in ('{}', '{{duration = "1s", target = 5}}', '{"1m:5", {}}'):
        path = t.scenario("molo.options{ stage = %s }" % stages)
        outcome = t.molo("check", path).expect(2)
        t.contains(outcome.err, ":2: molo.options: 'stage' is a list such as {\"1m:50\"}")


def test_a_script_that_is_overridden_is_read_all_the_same(t):
    outcome = t.run(THREE_OF_TEN_FAIL %
                    'molo.options{thresholds = {"runs:cout == 9"}}',
                    "-r", "10", "--threshold", "runs:count == 10").expect(2)
    t.contains(outcome.err, "unknown statistic 'cout'")


def test_check_shows_them(t):
    outcome = t.molo("check", t.scenario(THREE_OF_TEN_FAIL % """
        molo.options{thresholds = {"runs:count > 1",
            {"errors:count < 9", abort = true, after = "90s"}}}""")).expect(0)
    t.contains(outcome.out, "fails           by its thresholds\n"
                            "thresholds      runs:count > 1\n"
                            "                errors:count < 9; ends the test "
                            "after 90 s\n")


FAILS_EARLY = """
    molo.options{thresholds = {
        {"checks:rate > 50%%", abort = true%s}, "runs:count > 0"}}
    molo.scenario("a", function(session)
        molo.check("never", false)
        molo.sleep(0.05)
    end)
    """


def test_abort_ends_the_test(t):
    outcome = t.run(FAILS_EARLY % "", "-w", "2", "-d", "10m").expect(99)
    t.contains(outcome.err, "threshold checks:rate > 50% failed (0 %): "
                            "ending the test")
    t.matches(outcome.out, r"^checks:rate > 50% +FAILED, ended the test +0 %$")
    t.check(outcome.result["duration"] < 300, "ended when it failed")
    t.equal([(row["ok"], row["abort"], row["aborted"]) for row
             in outcome.result["thresholds"]],
            [(False, True, True), (True, False, False)], "verdicts")
    outcome.expect_runs(failed=0)


def test_abort_waits_for_after(t):
    outcome = t.run(FAILS_EARLY % ', after = "3s"', "-w", "2",
                    "-d", "10m").expect(99)
    # Not earlier; how much later is the machine's affair.
    t.check(outcome.result["duration"] >= 3, "duration")
    t.check(outcome.result["thresholds"][0]["aborted"], "aborted")


def test_abort_after_the_end_is_none(t):
    outcome = t.run(FAILS_EARLY % ', after = "1h"', "-w", "2",
                    "-r", "3").expect(99)
    t.equal([(row["ok"], row["aborted"]) for row
             in outcome.result["thresholds"]],
            [(False, False), (True, False)], "verdicts")
    outcome.expect_runs(started=6, ok=6)
    t.lacks(outcome.err, "ending the test")


def test_abort_without_data_goes_on(t):
    """What has not been measured yet is no reason to end."""
    outcome = t.run("""
        molo.options{thresholds = {
            {"http_req_duration:p95 < 1ns", abort = true},
            {"checks:rate > 50%", abort = true}}}
        molo.scenario("a", function(session)
            molo.sleep(2.5)
            molo.check("at last", true)
        end)
        """, "-r", "1").expect(99)
    outcome.expect_runs(started=1, ok=1)
    t.equal([(row["ok"], row["aborted"]) for row
             in outcome.result["thresholds"]],
            [(False, False), (True, False)], "verdicts")


def test_a_global_teardown_sees_the_verdict_and_does_not_change_it(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session) session:get("/") end)
        molo.global_teardown(function(result, run)
            local row = result.thresholds[1]
            molo.log("info", "MARK", row.value, row.ok, result.exit.code)
            run:get("/")
        end)
        """, "-r", "3", "--threshold", "http_reqs:count == 3").expect(0)
    t.equal(outcome.marks, ["3 true 0"], "marks")
    t.equal(outcome.result["requests"]["total"], 4, "requests")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Every exit code has a run that ends by it."""

import signal
import sys

import harness

THREE_OF_TEN_FAIL = """
    molo.scenario("a", function(session)
        if session.step <= 3 then molo.fail("on purpose") end
    end)
    """


def test_0_nothing_failed(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.expect("ok", session:get("/").ok)
        end)
        """, "-w", "2", "-r", "5").expect(0)
    outcome.expect_runs(started=10, ok=10, failed=0, interrupted=0)
    t.equal(outcome.result["exit"]["code"], 0, "exit.code")


def test_1_runs_failed(t):
    outcome = t.run(THREE_OF_TEN_FAIL, "-r", "10").expect(1)
    outcome.expect_runs(started=10, ok=7, failed=3)
    t.equal(outcome.result["exit"]["code"], 1, "exit.code")
    t.contains(outcome.out, "on purpose")


def test_fail_sets_the_number_that_is_too_many(t):
    for limit, code in (("3", 1), ("4", 0), ("30%", 1), ("31%", 0),
                        ("never", 0)):
        outcome = t.run(THREE_OF_TEN_FAIL, "-r", "10", "--fail", limit)
        t.equal(outcome.code, code, "exit code with --fail " + limit)
        outcome.expect_runs(failed=3)


def test_1_teardown_failed(t):
    for fixture in ("teardown", "teardown_session", "global_teardown"):
        outcome = t.run("""
            molo.scenario("a", function(session) end)
            molo.%s(function() error("cannot clean up") end)
            """ % fixture, "-r", "1")
        t.equal(outcome.code, 1, "exit code with a failing " + fixture)
        outcome.expect_runs(ok=1, failed=0)
        t.contains(outcome.err + outcome.out, "cannot clean up", fixture)


def test_1_abort(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.step == 3 then molo.abort("enough seen") end
        end)
        """, "-r", "1000").expect(1)
    t.contains(outcome.err + outcome.out, "enough seen")
    t.check(outcome.runs["started"] <= 3, "runs after abort")


def test_2_scenario_does_not_load(t):
    t.run("molo.scenario(\n\n").expect(2)


def test_2_what_is_not_there_or_not_free(t):
    t.contains(t.molo("hist", t.scenario("")).expect(2).err, "not an interval")
    t.contains(t.molo("run", "-c", "none.json").expect(2).err, "none.json")
    t.contains(t.molo("serve", "--port", str(t.server.port)).expect(2).err,
               "port %d: Address already in use" % t.server.port)


def test_3_nothing_answers_the_precheck(t):
    outcome = t.run("molo.scenario('a', function() end)\n", "-r", "1",
                    "--precheck", "http://127.0.0.1:1/", "--precheck-timeout", "10ms")
    t.contains(outcome.expect(3).err, "precheck: GET http://127.0.0.1:1/")


def test_1_more_memory_than_allowed(t):
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(0.01) end)
        """, "-d", "10m", "--max-rss", "1MiB").expect(1)
    t.contains(outcome.err, "over --max-rss")


def test_3_global_setup_failed(t):
    outcome = t.run("""
        molo.global_setup(function(run) error("no database") end)
        molo.scenario("a", function(session) end)
        """, "-w", "3", "-r", "2").expect(3)
    outcome.expect_runs(started=0)
    t.contains(outcome.err + outcome.out, "no database", "global_setup")


def test_3_setup_failed(t):
    for fixture in ("setup", "setup_session"):
        outcome = t.run("""
            molo.%s(function(it)
                if it.worker_id == 1 then error("no account") end
            end)
            molo.scenario("a", function(session)
                molo.sleep(0.01)
            end)
            """ % fixture, "-w", "2", "-r", "1000000")
        t.equal(outcome.code, 3, "exit code with a failing " + fixture)
        t.contains(outcome.err + outcome.out, "no account", fixture)


def test_4_deadlock(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.notifier("news"):wait_for_writer()
        end)
        """, "-w", "2", "-r", "1").expect(4)
    outcome.expect_runs(started=2, interrupted=2)
    t.equal(outcome.result["exit"]["code"], 4, "exit.code")


def test_6_output_cannot_be_written(t):
    """Said before the run, so that no results are lost to a mistyped path."""
    outcome = t.run("""
        molo.log("info", "MARK loaded")
        molo.scenario("a", function() molo.log("info", "MARK run") end)
        """, "-r", "1", "-o", "json=/nonexistent/dir/result.json").expect(6)
    t.contains(outcome.err, "/nonexistent/dir/result.json")
    t.lacks(outcome.err, "MARK run")


def test_6_output_of_several_tests_cannot_be_written(t):
    files = [t.scenario("molo.scenario('a', function() end)\n") for _ in range(2)]
    outcome = t.molo("run", *files, "-r", "1", "-o", "json=/nonexistent/out.json").expect(6)
    t.contains(outcome.err, "cannot write '/nonexistent/out.json'")
    # A checker needs such a directory itself.
    outcome = t.start_molo("run", *files, "-r", "1", env={"TMPDIR": "/nonexistent"},
                           wrapped=False).finish().expect(6)
    t.contains(outcome.err, "cannot create '/nonexistent/molo-", "(TMPDIR says where)")


def test_6_output_lost_at_the_end(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    with open("/dev/full", "wb") as full:
        running = t.start_molo("run", path, "-r", "1", "-o", "json=-",
                               stdout=full)
        outcome = running.finish().expect(6)
    t.matches(outcome.err, "standard output")


def test_6_help_that_nobody_gets(t):
    """The text is longer than what stdio keeps back."""
    for arguments in (["help"], ["run", "--help"]):
        with open("/dev/full", "wb") as full:
            outcome = t.start_molo(*arguments, stdout=full).finish().expect(6)
        t.equal(outcome.err, "molo: error: cannot write to standard output: "
                             "the disk is full\n", " ".join(arguments))


def test_129_sighup(t):
    end_by_signal(t, signal.SIGHUP, 129)


def test_a_hangup_that_is_ignored(t):
    """As under nohup: the signal after it is the first."""
    end_by_signal(t, signal.SIGTERM, 143, before=signal.SIGHUP,
                  prefix=["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"])


def test_130_sigint(t):
    end_by_signal(t, signal.SIGINT, 130)


def test_143_sigterm(t):
    end_by_signal(t, signal.SIGTERM, 143)


def end_by_signal(t, number, code, before=None, prefix=()):
    path = t.scenario("""
        molo.scenario("a", function(session)
            if session.step == 5 then molo.log("info", "MARK busy") end
            molo.sleep(0.01)
        end)
        """)
    json_path = t.new_path(".json")
    running = t.start_molo("run", path, "-w", "2", "-d", "10m", "-o", "json=" + json_path,
                           json_path=json_path, prefix=prefix)
    running.wait_for_err("MARK busy")
    if before is not None:
        running.send(before)
    running.send(number)
    outcome = running.finish().expect(code)
    t.check(outcome.runs["ok"] >= 8, "results up to there: %r" % outcome.runs)
    t.equal(outcome.result["exit"]["code"], code, "exit.code")
    t.equal(len(outcome.result["exit"]["all"]), 1, "causes")


def test_deadlock_outranks_failed_runs(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.step == 1 then molo.fail("on purpose") end
            molo.wait_var("never")
        end)
        """, "-r", "2").expect(4)
    outcome.expect_runs(failed=1, interrupted=1)
    reasons = repr(outcome.result["exit"]["all"])
    t.check(len(outcome.result["exit"]["all"]) == 2, reasons)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

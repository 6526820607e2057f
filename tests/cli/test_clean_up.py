#!/usr/bin/env python3
"""What molo.defer registers is called, whatever ends a run."""

import sys

import harness


def test_deferred_functions_run_whatever_happens(t):
    for end in ("error('no')", "molo.fail('no')", "molo.sleep(60)"):
        outcome = t.run("""
            molo.scenario("a", function(session)
                molo.defer(molo.log, "info", "MARK first")
                molo.defer(function()
                    molo.sleep(0.01)
                    molo.log("info", "MARK second")
                end)
                %s
            end)
            """ % end, "-r", "1", "-d", "200ms", "--graceful-stop", "0")
        outcome.expect(0 if "sleep" in end else 1)
        t.equal(outcome.marks, ["second", "first"], end)


def test_deferred_in_fixtures(t):
    outcome = t.run("""
        local function mark(text) molo.log("info", "MARK", text) end
        for _, name in ipairs {"global_setup", "setup", "setup_session",
                               "teardown_session", "teardown", "global_teardown"} do
            molo[name](function()
                molo.defer(mark, name .. " deferred")
                mark(name)
            end)
        end
        molo.scenario("a", function()
            molo.defer(mark, "run deferred")
            mark("run")
        end)
        """, "-r", "1").expect(0)
    names = ["global_setup", "setup", "setup_session", "run",
             "teardown_session", "teardown", "global_teardown"]
    t.equal(outcome.marks, [name + end for name in names
                            for end in ("", " deferred")], "marks")


def test_a_failing_clean_up_fails_the_run(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.defer(error, "no clean-up")
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(started=2, failed=2)
    t.equal(outcome.error("script")["message"], "no clean-up",
            "message")


def test_what_fails_after_the_first_error_is_reported(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.defer(function() molo.log("info", "MARK last") end)
            molo.defer(function() error("third") end)
            molo.defer(function() error("second") end)
            error("first")
        end)
        """, "-r", "1").expect(1)
    outcome.expect_runs(started=1, failed=1)
    t.equal([e["message"] for e in outcome.result["errors"]],
            ["defer: second", "defer: third", "first"], "messages")
    t.equal(outcome.marks, ["last"], "the others run")


def test_a_failed_fixture_cleans_up(t):
    outcome = t.run("""
        molo.setup(function()
            molo.defer(molo.log, "info", "MARK cleaned")
            error("no")
        end)
        molo.scenario("a", function() end)
        """, "-r", "1").expect(3)
    t.equal(outcome.marks, ["cleaned"], "marks")


def test_clean_up_of_what_is_taken_down_does_not_wait(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.defer(function() molo.log("info", "MARK after") end)
            molo.defer(function()
                local ok, err = pcall(molo.sleep, 1)
                molo.log("info", "MARK", ok, (err:gsub("^.-:%d+: ", "")))
            end)
            while true do pcall(molo.sleep, 60) end
        end)
        """, "-d", "100ms", "--graceful-stop", "0", "--sim").expect(0)
    t.equal(outcome.marks[1:], ["after"], "marks")
    t.equal(outcome.marks[0], "false molo.sleep: this run is over and was taken "
                              "down; nothing can wait any more", "wait")
    outcome.expect_runs(started=1, interrupted=1)


def test_clean_up_is_bounded_when_the_test_ends(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.defer(molo.log, "info", "MARK next")
            molo.defer(molo.sleep, 1000)
            molo.sleep(100)
        end)
        """, "-d", "100ms", "--graceful-stop", "0", "--sim").expect(0)
    t.equal(outcome.marks, ["next"], "marks")
    t.check(outcome.result["duration"] < 10, outcome.result["duration"])


def test_defer_outside_of_runs(t):
    outcome = t.run("""
        molo.defer(print)
        molo.scenario("a", function() end)
        """).expect(2)
    t.matches(outcome.err, r":2: molo\.defer cannot be used while the file is "
                           r"being loaded")

if __name__ == "__main__":
    sys.exit(harness.main(globals()))

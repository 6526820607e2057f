#!/usr/bin/env python3
"""What happens to the others when one is in trouble, and how a run ends: no
wait outlives its reason, and every end is told."""

import signal
import sys

import harness

PAD = """
    molo.scenario("pad", function(session)
        local pad = molo.notifier("pad")
        if session.worker_id == %(writer)s then
            %(in_writer)s
            pad:wait_for_readers()
            session:put("/pad/demo", { body = "round " .. session.step })
            pad:written("round " .. session.step)
        else
            local text = pad:wait_for_writer()
            molo.expect("text arrived",
                        session:get("/pad/demo").body == text)
            %(in_reader)s
            pad:one_read()
        end
    end)
    """


def pad(writer="session.workers - 1", in_writer="", in_reader=""):
    return PAD % {"writer": writer, "in_writer": in_writer,
                  "in_reader": in_reader}


def test_reader_fails_before_it_acknowledges(t):
    t.server
    outcome = t.run(pad(in_reader="""
            if session.step == 3 and session.worker_id == 1 then
                error("lost the page")
            end"""), "-w", "5", "-r", "10").expect(1)
    outcome.expect_runs(started=50, ok=49, failed=1, interrupted=0)
    result = outcome.result["coordination"]["pad"]
    t.equal(result["rounds"], 10, "rounds")
    t.equal(result["missed"], 1, "missed")
    t.equal(outcome.result["checks"]["text arrived"],
            {"passes": 40, "fails": 0}, "checks")
    outcome.expect_at_once()


def test_writer_fails_before_it_writes(t):
    t.server
    outcome = t.run(pad(in_writer="""
            if session.step == 3 then error("cannot write today") end"""),
        "-w", "5", "-r", "10").expect(1)
    # The writer's own run, and those of its four readers in that round.
    outcome.expect_runs(started=50, ok=45, failed=5, interrupted=0)
    broken = outcome.errors("broken")
    t.equal(sum(e["count"] for e in broken), 4, "broken")
    for error in broken:
        t.contains(error["message"], "worker 4", "cannot write today")
        t.equal(error["first"]["step"], 3, "step")
    t.equal(outcome.result["coordination"]["pad"]["rounds"], 9, "rounds")
    t.equal(outcome.result["checks"]["text arrived"],
            {"passes": 36, "fails": 0}, "checks")
    outcome.expect_at_once()


def test_writer_fails_in_its_first_and_last_round(t):
    t.server
    outcome = t.run(pad(in_writer="""
            if session.step == 1 or session.step == 5 then
                error("not now")
            end"""), "-w", "3", "-r", "5").expect(1)
    outcome.expect_runs(started=15, ok=9, failed=6, interrupted=0)
    outcome.expect_at_once()


def test_reader_catches_broken_and_goes_on(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local news = molo.notifier("news")
            if session.worker_id == 0 then
                if session.step == 2 then error("no news") end
                news:written(session.step)
            else
                local value, err = molo.try(news.wait_for_writer, news)
                if not value then
                    molo.expect("kind", err.kind == "broken")
                    molo.expect("who", err.worker_id == 0)
                    molo.expect("why",
                                tostring(err):find("no news", 1, true))
                    return
                end
                molo.expect("this round", value == session.step)
                news:one_read()
            end
        end)
        """, "-w", "3", "-r", "4").expect(1)
    outcome.expect_runs(started=12, ok=11, failed=1)


def test_worker_that_quits_is_not_waited_for(t):
    t.server
    outcome = t.run(pad(in_reader="""
            if session.step == 3 and session.worker_id == 0 then
                session:quit("had enough")
                return
            end"""), "-w", "5", "-r", "10").expect(0)
    outcome.expect_runs(started=43, ok=43, failed=0)
    t.check(outcome.result["coordination"]["pad"]["missed"] >= 1, "missed")
    outcome.expect_at_once()


def test_missing_writer_is_a_deadlock(t):
    t.server
    outcome = t.run(pad(writer="4"), "-w", "4", "-r", "3").expect(4)
    outcome.expect_runs(started=4, ok=0, failed=0, interrupted=4)
    outcome.expect_at_once()
    # The graph: each waiter, what it waits on, and where in the script.
    for worker in range(4):
        line = t.matches(outcome.err, r"worker %d\b.*" % worker).group(0)
        t.contains(line, "wait_for_writer", "notifier 'pad'", ".lua:10")
    t.matches(outcome.err, r"(?i)deadlock")


def test_deadlock_raised_in_the_waiters(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.step > 1 then return end
            local _, err = molo.try(molo.wait_var, "never")
            molo.expect("kind", err.kind == "deadlock")
        end)
        """, "-w", "2", "-r", "5", "--on-deadlock", "break").expect(0)
    outcome.expect_runs(ok=10)
    outcome.expect_at_once()


def test_sleeper_is_no_deadlock(t):
    """Somebody can still come and set it."""
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                molo.sleep(0.3)
                molo.set_var("late", "here")
            else
                molo.expect("came", molo.wait_var("late") == "here")
            end
        end)
        """, "-w", "3", "-r", "1").expect(0)
    outcome.expect_runs(ok=3)


def test_deadline_while_readers_wait(t):
    # The writer of round 3 waits too, with a timeout, so it is no deadlock.
    outcome = t.run("""
        molo.scenario("pad", function(session)
            local pad = molo.notifier("pad")
            if session.worker_id == 4 then
                if session.step == 3 then
                    molo.wait_var("never", nil, { timeout = 600 })
                end
                pad:wait_for_readers()
                pad:written()
            else
                pad:wait_for_writer()
                pad:one_read()
            end
        end)
        """, "-w", "5", "-d", "1", "--sim").expect(0)
    outcome.expect_runs(started=15, ok=10, failed=0, interrupted=5)
    t.equal(outcome.result["duration"], 1, "duration")


def test_deadline_while_a_writer_sleeps_long(t):
    """The waiting readers are stopped; the sleeper gets its grace."""
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                molo.sleep(1.5)
            else
                molo.notifier("n"):wait_for_writer()
            end
        end)
        """, "-w", "3", "-d", "1").expect(0)
    outcome.expect_runs(started=3, ok=1, interrupted=2)
    outcome.expect_at_once()


def test_interrupted_whatever_they_do_with_the_error(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                molo.sleep(1.2)
                return
            end
            local ok, err = pcall(molo.wait_var, "never")
            molo.log("info", "MARK", err.kind)
            local again, second = pcall(molo.wait_var, "never")
            molo.log("info", "MARK again", second.kind)
        end)
        """, "-w", "2", "-d", "1").expect(0)
    outcome.expect_runs(started=2, ok=1, failed=0, interrupted=1)
    t.equal(outcome.marks, ["stopped", "again stopped"], "marks")


WAITING = """
    molo.teardown_session(function(session)
        molo.log("info", "MARK teardown_session", session.worker_id)
    end)
    molo.teardown(function(worker)
        molo.log("info", "MARK teardown", worker.worker_id)
    end)
    molo.global_teardown(function(result)
        molo.log("info", "MARK global_teardown", result.runs.interrupted)
    end)
    """


def test_sigint_while_all_wait(t):
    running = t.start(WAITING + """
    molo.scenario("a", function(session)
        if session.worker_id == 0 then
            molo.log("info", "MARK waiting")
            -- A timeout of its own, so that it is no deadlock.
            molo.wait_var("never", nil, { timeout = 600 })
        end
        molo.notifier("n"):wait_for_writer({ timeout = 600 })
    end)
    """, "-w", "3", "-d", "10m")
    running.wait_for_err("MARK waiting")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_at_once()
    outcome.expect_runs(started=3, ok=0, failed=0, interrupted=3)
    t.equal(sorted(outcome.marks), sorted(
        ["waiting", "global_teardown 3"]
        + ["teardown %d" % i for i in range(3)]
        + ["teardown_session %d" % i for i in range(3)]), "marks")


def test_second_sigint_ends_a_long_grace(t):
    running = t.start(WAITING + """
    molo.scenario("a", function(session)
        molo.log("info", "MARK asleep")
        molo.sleep(600)
    end)
    """, "-w", "2", "-d", "10m", "--graceful-stop", "10m")
    running.wait_for_err("MARK asleep")
    running.send(signal.SIGINT)
    running.wait_for_err("no new runs")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_at_once()
    outcome.expect_runs(started=2, ok=0, interrupted=2)
    t.equal(outcome.result["exit"]["code"], 130, "exit.code")
    # Whoever started is torn down, if briefly.
    for mark in ("teardown 0", "teardown 1", "global_teardown"):
        t.contains(outcome.err, "MARK " + mark)


def test_graceful_stop_bounds_runs_in_flight(t):
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(600) end)
        """, "-w", "2", "-d", "500ms", "--graceful-stop", "200ms").expect(0)
    outcome.expect_runs(started=2, ok=0, interrupted=2)
    t.equal(outcome.out.splitlines()[-1], "ok, but no run came to its end", "the last line")
    outcome.expect_at_once()


def test_runs_in_flight_finish_within_the_grace(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/delay/1")
        end)
        """, "-w", "2", "-d", "500ms").expect(0)
    outcome.expect_runs(started=2, ok=2, interrupted=0)
    t.equal(t.server.total(), 2, "requests at the server")


# Two workers that need only each other: every wait is satisfied at once, and
# the loop never runs dry.
PING_PONG_VARIABLES = """
    molo.scenario("a", function(session)
        local mine = session.worker_id == 0 and "a" or "b"
        local other = session.worker_id == 0 and "b" or "a"
        molo.log("info", "MARK playing")
        for i = 1, math.maxinteger do
            molo.set_var(mine, i)
            molo.wait_var(other, function(v) return v and v >= i end)
        end
    end)
    """

PING_PONG_NOTIFIERS = """
    molo.scenario("a", function(session)
        local talk = molo.notifier("talk")
        if session.step == 1 then molo.log("info", "MARK playing") end
        if session.worker_id == 0 then
            talk:wait_for_readers()
            talk:written(session.step)
        else
            talk:wait_for_writer()
            talk:one_read()
        end
    end)
    """

ALONE = """
    molo.scenario("a", function(session)
        molo.log("info", "MARK playing")
        while true do molo.add_var("n", 1) end
    end)
    """


def test_two_who_serve_each_other_do_not_starve_the_deadline(t):
    for text in (PING_PONG_VARIABLES, PING_PONG_NOTIFIERS, ALONE):
        outcome = t.run(text, "-w", "2", "-d", "1", "--graceful-stop", "1")
        outcome.expect(0)
        outcome.expect_at_once()
        t.equal(outcome.runs["failed"], 0, "failed runs")
        t.check(outcome.runs["started"] >= 2, "runs: %r" % outcome.runs)


def test_two_who_serve_each_other_do_not_starve_sigint(t):
    for text in (PING_PONG_VARIABLES, PING_PONG_NOTIFIERS, ALONE):
        running = t.start(text, "-w", "2", "-d", "10m",
                          "--graceful-stop", "1")
        running.wait_for_err("MARK playing")
        running.send(signal.SIGINT)
        running.finish().expect(130).expect_at_once()


def test_an_endless_loop_ends_with_the_grace(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                while true do end
            end
        end)
        """, "-w", "2", "-r", "1", "-d", "1", "--graceful-stop", "500ms")
    outcome.expect(0).expect_at_once()
    outcome.expect_runs(interrupted=1)
    t.matches(outcome.err, r"did not yield and was taken down at .*\.lua:\d+")


def test_results_survive_what_cannot_be_stopped(t):
    """A pattern that would match for years is in C: no hook can end it."""
    running = t.start("""
        molo.scenario("a", function(session)
            if session.step < 3 then return end
            molo.log("info", "MARK matching")
            return (("a"):rep(200)):find(("a-"):rep(60) .. "b")
        end)
        """, "-r", "5")
    running.wait_for_err("MARK matching")
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_at_once()
    outcome.expect_runs(started=3, ok=2, interrupted=1)
    t.equal(outcome.result["exit"]["code"], 130, "exit.code")


def test_sigint_during_global_setup(t):
    running = t.start(WAITING + """
    molo.global_setup(function(run)
        molo.log("info", "MARK preparing")
        molo.sleep(600)
    end)
    molo.scenario("a", function(session) end)
    """, "-r", "1", "--graceful-stop", "500ms")
    running.wait_for_err("MARK preparing")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_at_once()
    outcome.expect_runs(started=0)
    t.contains(outcome.err, "MARK global_teardown")


def test_teardowns_are_bounded(t):
    """At the end, one that waits for what nobody will do is stopped."""
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(0.01) end)
        molo.teardown(function(worker)
            molo.wait_var("never", nil, { timeout = 600 })
        end)
        """, "-w", "2", "-d", "500ms").expect(0)
    outcome.expect_at_once()
    t.equal(outcome.runs["failed"], 0, "failed")


def test_teardowns_that_wait_for_each_other(t):
    outcome = t.run("""
        molo.scenario("a", function(session) end)
        molo.teardown(function(worker) molo.wait_var("never") end)
        """, "-w", "2", "-r", "1").expect(4)
    outcome.expect_at_once()


def test_a_timeout_says_who_is_missing(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                molo.sleep(1.5)
            else
                molo.notifier("news"):wait_for_writer({ timeout = 0.2 })
            end
        end)
        """, "-w", "2", "-r", "1").expect(1)
    error = outcome.error("timeout")
    t.contains(error["message"], "news", "worker 0")
    t.matches(error["first"]["where"], r"\.lua:6$")


def test_wait_timeout_option(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                molo.sleep(1.5)
            else
                molo.wait_var("never")
            end
        end)
        """, "-w", "2", "-r", "1", "--wait-timeout", "200ms").expect(1)
    t.equal(len(outcome.errors("timeout")), 1, "timeouts")


def test_close_variables_may_wait_when_a_run_fails(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local _outer <close> = setmetatable({}, { __close = function()
                molo.sleep(0.05)
                session:delete("/pad/tidy")
                molo.log("info", "MARK outer")
            end })
            local _inner <close> = setmetatable({}, { __close = function()
                molo.set_var("closed", true)
                molo.log("info", "MARK inner", molo.get_var("closed"))
            end })
            error("in the middle")
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(failed=2)
    t.equal(outcome.marks, ["inner true", "outer"] * 2, "marks")
    t.equal(t.server.total(), 2, "requests at the server")
    t.contains(outcome.out, "in the middle")


def test_close_variables_run_when_a_run_is_stopped(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local _guard <close> = setmetatable({}, { __close = function()
                molo.sleep(0.05)
                molo.log("info", "MARK closed", session.worker_id)
            end })
            molo.wait_var("never", nil, { timeout = 600 })
        end)
        """, "-w", "2", "-d", "500ms").expect(0)
    outcome.expect_runs(started=2, interrupted=2)
    t.equal(sorted(outcome.marks), ["closed 0", "closed 1"], "marks")
    outcome.expect_at_once()


def test_stop_on_failure(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.step == 3 and session.worker_id == 1 then
                molo.fail("third")
            end
            molo.sleep(0.01)
        end)
        """, "-w", "2", "-r", "100000", "-x").expect(1)
    t.equal(outcome.runs["failed"], 1, "failed")
    t.check(outcome.runs["started"] < 50, "went on: %r" % outcome.runs)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

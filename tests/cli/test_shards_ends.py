#!/usr/bin/env python3
"""How a test on several threads ends: as with one, whoever ends it and wherever that is."""

import signal
import sys

import harness

# Worker 1 is on the second of two threads, and on the second of three.
FIXTURES = """
    local function mark(what)
        return function(it) molo.log("info", "MARK", what, it.worker_id or "-") end
    end
    molo.setup(mark "setup")
    molo.teardown(mark "teardown")
    molo.global_teardown(function(result)
        molo.log("info", "MARK end", result.runs.started == result.runs.ok
            + result.runs.failed + result.runs.interrupted)
    end)
    """

SLEEPER = FIXTURES + """
    molo.scenario("a", function(session)
        molo.log("info", "MARK run", session.worker_id)
        %s
        molo.sleep(0.01)
    end)
    """


def judge(t, outcome, reason, torn_down=None):
    """What holds however it ended. `torn_down`: the workers that surely had the time; None:
    all."""
    runs = outcome.runs
    t.equal(runs["started"], runs["ok"] + runs["failed"] + runs["interrupted"],
            "runs %r\n%s" % (runs, outcome.describe()))
    t.check(outcome.result["exit"]["reason"].startswith(reason),
            "exit.reason is %r" % outcome.result["exit"]["reason"])
    workers = {what: sorted(mark.split()[1] for mark in outcome.marks
                            if mark.split()[0] == what)
               for what in ("setup", "teardown")}
    t.equal(workers["setup"], sorted(set(workers["setup"])), "who was set up")
    if torn_down is not None:
        t.check(set(torn_down) <= set(workers["teardown"]) <= set(workers["setup"]),
                "torn down: %r" % workers["teardown"])
    else:
        t.equal(workers["teardown"], workers["setup"], "who was torn down")
        t.equal(outcome.marks[-1], "end true", "last")


def ended_by(t, line, *options, threads=3):
    return t.run(SLEEPER % line, "-w", "6", "-t", str(threads), "-d", "1h", *options)


AT_THIRD = "if session.worker_id == 1 and session.step == 3 then %s end"


# -- by the script, by what fails

def test_all_runs_made(t):
    outcome = t.run(SLEEPER % "", "-w", "6", "-r", "3", "-t", "3").expect(0)
    outcome.expect_runs(started=18, ok=18)
    judge(t, outcome, "completed")


def test_its_time(t):
    outcome = t.run(SLEEPER % "", "-w", "6", "-d", "500ms", "-t", "3").expect(0)
    outcome.expect_runs(failed=0, interrupted=0)
    judge(t, outcome, "duration")


def test_its_time_breaks_no_round(t):
    """Who finds that the time is over goes home, while others have begun the round: they are
    stopped, and nothing has failed."""
    for threads in ("2", "3", "4") * 6:
        outcome = t.run("""
            local meet = molo.barrier("meet")
            molo.scenario("a", function() meet:wait() end)
            """, "-w", "4", "-d", "50ms", "-t", threads).expect(0)
        outcome.expect_runs(failed=0)


def test_molo_stop(t):
    outcome = ended_by(t, AT_THIRD % "molo.stop('enough')").expect(0)
    t.contains(outcome.err, "stopping: enough")
    outcome.expect_runs(failed=0, interrupted=0)
    judge(t, outcome, "stopped by the script")


def test_molo_abort(t):
    outcome = ended_by(t, AT_THIRD % "molo.abort('broken')").expect(1)
    t.contains(outcome.out, "aborted: broken")
    judge(t, outcome, "aborted")


def test_the_first_failure(t):
    outcome = ended_by(t, AT_THIRD % "molo.fail('no')", "-x").expect(1)
    t.equal(outcome.runs["failed"], 1, "failed")
    judge(t, outcome, "1 of ")


def test_a_threshold(t):
    text = (SLEEPER % "molo.check('good', false)") + """
    molo.options{ thresholds = { { "checks:rate > 0.5", abort = true } } }
    """
    outcome = t.run(text, "-w", "6", "-t", "3", "-d", "1h").expect(99)
    judge(t, outcome, "threshold failed")


def test_a_threshold_is_judged_by_what_has_been_done_so_far(t):
    """Not by what the last look at the threads had seen, which may be nothing."""
    outcome = t.run("""
        molo.options{ thresholds = { { "runs:count > 3", abort = true } } }
        molo.global_setup(function() molo.sleep(0.12) end)
        molo.scenario("a", function() molo.sleep(0.01) end)
        """, "-w", "6", "-t", "3", "-d", "1500ms").expect(0)
    t.equal(outcome.result["exit"]["reason"], "duration", "exit.reason")


def test_a_setup_that_fails(t):
    text = (SLEEPER % "") + """
    molo.setup_session(function(session)
        if session.worker_id == 4 then error("no") end
    end)
    """
    outcome = t.run(text, "-w", "6", "-t", "3", "-d", "1h").expect(3)
    judge(t, outcome, "setup_session failed")


def test_setups_that_fail_on_all_threads(t):
    text = (SLEEPER % "") + "molo.setup_session(function(session) error('no') end)\n"
    outcome = t.run(text, "-w", "6", "-t", "3", "-d", "1h").expect(3)
    outcome.expect_runs(started=0)
    judge(t, outcome, "setup_session failed")


def test_a_global_setup_that_fails(t):
    text = (SLEEPER % "") + "molo.global_setup(function(run) error('no') end)\n"
    outcome = t.run(text, "-w", "6", "-t", "3", "-d", "1h").expect(3)
    t.equal(outcome.marks, ["end true"], "marks")
    judge(t, outcome, "global_setup failed")


def test_a_teardown_that_fails(t):
    text = (SLEEPER % "") + """
    molo.teardown_session(function(session)
        if session.worker_id == 4 then error("tidy") end
    end)
    """
    outcome = t.run(text, "-w", "6", "-t", "3", "-r", "2").expect(1)
    outcome.expect_runs(ok=12)
    t.contains(outcome.err, "worker 4", "tidy")
    judge(t, outcome, "teardown_session failed")


def test_too_much_memory(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session.state.big = session.state.big or {}
            table.insert(session.state.big, ("x"):rep(1 << 20) .. session.step)
            molo.sleep(0.01)
        end)
        molo.teardown(function() molo.log("info", "MARK teardown") end)
        """, "-w", "2", "-t", "2", "-d", "1h", "--max-rss", "256MB").expect(1)
    t.matches(outcome.out, r"memory: [0-9.]+ MB, over --max-rss 256 MB")
    t.equal(outcome.marks, ["teardown"] * 2, "teardowns")


# -- by signals

def signalled(t, numbers, *options, line="", threads="3"):
    running = t.start(SLEEPER % line, "-w", "6", "-t", threads, *options)
    running.wait_for_err("MARK run +1")
    for number in numbers:
        running.send(number)
        running.wait_for_err("no new runs")
    return running.finish()


def test_a_signal_lets_runs_finish(t):
    for number, code, name in ((signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")):
        outcome = signalled(t, [number], "-d", "1h").expect(code)
        outcome.expect_runs(failed=0, interrupted=0)
        judge(t, outcome, "ended by " + name)


def test_a_second_signal_does_not(t):
    outcome = signalled(t, [signal.SIGINT] * 2, "-d", "1h", line="molo.sleep(1000)").expect(130)
    outcome.expect_runs(ok=0, failed=0)
    t.check(outcome.runs["interrupted"] > 0, "interrupted")
    judge(t, outcome, "ended by SIGINT")


# -- a script that holds its thread

BUSY = FIXTURES + """
    molo.scenario("a", function(session)
        if session.worker_id == 1 then
            molo.log("info", "MARK busy")
            while true do end
        end
        if session.worker_id %% 2 == 0 and molo.add_var("others", 1) == 60 then
            molo.log("info", "MARK others")
            %s
        end
        molo.sleep(0.001)
    end)
    """


def test_a_busy_loop_stalls_its_thread_alone(t):
    """The others, on the other thread, make their runs; the watchdog ends the loop."""
    outcome = t.run(BUSY % "molo.stop('enough')", "-w", "4", "-d", "1h", "--graceful-stop",
                    "500ms", "-t", "2").expect(0)
    t.matches(outcome.err, r"run of worker 1 did not yield and was taken down at .*\.lua:\d+")
    t.check(outcome.runs["ok"] >= 60, "runs %r" % outcome.runs)
    t.check(outcome.runs["interrupted"] >= 1, "runs %r" % outcome.runs)
    judge(t, outcome, "stopped by the script")


def test_a_busy_loop_ends_with_two_signals(t):
    running = t.start(BUSY % "", "-w", "4", "-d", "1h", "--graceful-stop", "0s", "-t", "2")
    running.wait_for_err("MARK busy")
    running.wait_for_err("MARK others")
    running.send(signal.SIGINT)
    running.wait_for_err("no new runs")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    # A second after the second signal it ends, whoever had no time left: most of all those
    # of the thread that stood still, and all where the machine did not let it run.
    t.matches(outcome.err, r"worker 1 did not yield and was taken down at .*\.lua:\d+|"
              + harness.GIVEN_UP)
    judge(t, outcome, "ended by SIGINT", torn_down=[] if harness.GIVEN_UP in outcome.err
          else ["0", "2"])


# -- deadlocks

def deadlock(t, line, *options, threads="3"):
    return t.run("""
        molo.scenario("a", function(session)
            %s
        end)
        """ % line, "-w", "6", "-r", "1", "-t", threads, "--wait-timeout", "10m",
                 *options)


def test_a_deadlock_across_threads(t):
    for threads in ("2", "3", "4"):
        outcome = deadlock(t, "molo.event('never'):wait()", threads=threads)
        outcome.expect(4).expect_runs(started=6, interrupted=6)
        for worker in range(6):
            line = t.matches(outcome.err, r"worker %d\b.*" % worker).group(0)
            t.contains(line, "event 'never'", ".lua:3")
        t.check(outcome.seconds < 50, "it was found by a timeout")


def test_a_deadlock_that_is_raised(t):
    outcome = deadlock(t, """
            local _, err = molo.try(function()
                molo.event('never'):wait()
            end)
            molo.expect("kind", err.kind == "deadlock")
            """, "--on-deadlock", "break").expect(0)
    outcome.expect_runs(started=6, ok=6)
    t.equal(outcome.result["checks"]["kind"], {"passes": 6, "fails": 0}, "checks")


def test_a_circle_of_locks_on_two_threads(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local mine = session.worker_id == 0 and "x" or "y"
            local its = session.worker_id == 0 and "y" or "x"
            local first <close> = molo.lock(mine):hold()
            molo.barrier("both"):wait()
            local second <close> = molo.lock(its):hold()
        end)
        """, "-w", "2", "-r", "1", "-t", "2").expect(4)
    t.matches(outcome.err, r"(?i)deadlock")
    t.matches(outcome.err, r"worker 0\b.*'y'")
    t.matches(outcome.err, r"worker 1\b.*'x'")


def test_who_works_or_sleeps_on_another_thread_is_no_deadlock(t):
    """Worker 1 lets the others wait, while it computes, sleeps and asks the server: each time
    all threads but its own have nothing to do."""
    t.server
    outcome = t.run("""
        local go = molo.event("go")
        molo.scenario("a", function(session)
            if session.worker_id ~= 1 then
                go:wait()
                return
            end
            local start = molo.now()
            while molo.now() - start < 0.2 do end
            molo.sleep(0.2)
            session:get("/delay/200")
            for i = 1, 50 do molo.add_var("n", 1) end
            go:set()
        end)
        """, "-w", "6", "-r", "1", "-t", "3").expect(0)
    outcome.expect_runs(ok=6)


def test_deadlocks_are_found_at_every_moment(t):
    """The last one to wait does so as the others come to rest: whoever guessed would guess
    wrong now and then, in either way."""
    for seed in range(2 if harness.WRAPPER else 12):
        outcome = t.run("""
            molo.scenario("a", function(session)
                for i = 1, session.rng:int(1, 60) do molo.add_var("n", 1) end
                if session.step < 5 then
                    molo.barrier("meet"):wait()
                elseif session.worker_id > 0 then
                    molo.barrier("meet"):wait()
                else
                    molo.event("never"):wait()
                end
            end)
            """, "-w", "4", "-r", "5", "-t", "4", "--wait-timeout", "10m", "--seed",
            str(seed)).expect(4)
        outcome.expect_runs(started=20, ok=16, interrupted=4)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

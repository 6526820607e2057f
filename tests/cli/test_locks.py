#!/usr/bin/env python3
"""Locks, semaphores and conditions seen from outside: what is left at the end of
a run, deadlocks, the end of the test, scopes and tasks that hold something."""

import signal
import sys

import harness


# -- what is left

def test_a_run_that_leaves_a_lock_fails(t):
    outcome = t.run("""
        local seat = molo.lock("seat")
        molo.scenario("a", function(session)
            seat:acquire()
        end)
        """, "-r", "3", "-v").expect(1)
    outcome.expect_runs(started=3, ok=0, failed=3)
    error = outcome.error("leaked")
    t.matches(error["message"],
              r"^still held at the end: lock 'seat' \(acquired at "
              r"\S*\.lua:4\); release it, or acquire it with "
              r"\{scope = \"worker\"\} to keep it$")
    t.equal(error["count"], 3, "count")
    t.contains(outcome.err, "leaked: still held at the end")


def test_each_thing_is_named(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.semaphore("door", { permits = 3 }):acquire(2)
            molo.condition("full"):acquire()
        end)
        """, "-r", "1").expect(1)
    error = outcome.error("leaked")
    t.matches(error["message"],
              r"2 permits of semaphore 'door' \(acquired at \S*:3\), "
              r"condition 'full' \(acquired at \S*:4\);")


def test_what_is_left_goes_to_the_next(t):
    # Each one finds it free at last, though nobody ever releases it.
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.lock("seat"):acquire()
        end)
        """, "-w", "5", "-r", "4").expect(1)
    outcome.expect_runs(started=20, failed=20)
    t.equal(sum(e["count"] for e in outcome.errors("leaked")), 20, "leaks")


def test_a_failed_run_is_not_blamed_twice(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.lock("seat"):acquire()
            error("oops")
        end)
        """, "-w", "2", "-r", "2").expect(1)
    outcome.expect_runs(started=4, failed=4)
    t.equal([e["kind"] for e in outcome.result["errors"]], ["script"], "kinds")


def test_kept_for_the_worker(t):
    outcome = t.run("""
        local seat = molo.lock("seat")
        molo.setup_session(function(session)
            if session.worker_id == 0 then
                seat:acquire { scope = "worker" }
            end
            molo.barrier("begin"):wait()
        end)
        molo.scenario("a", function(session)
            if session.worker_id == 1 then
                molo.expect("taken", not seat:try_acquire())
            end
            molo.barrier("tried"):wait()
        end)
        molo.teardown(function(worker)
            if worker.worker_id == 0 then
                molo.expect("still mine", seat:locked())
            end
        end)
        """, "-w", "2", "-r", "3").expect(0)
    outcome.expect_runs(started=6, ok=6)
    t.equal(outcome.result["checks"]["taken"], {"passes": 3, "fails": 0},
            "taken")


def test_fixtures_leak_too(t):
    outcome = t.run("""
        molo.setup(function() molo.lock("early"):acquire() end)
        molo.scenario("a", function() end)
        """, "-r", "1").expect(3)
    error = outcome.error("leaked")
    t.contains(error["message"], "setup: still held at the end: lock 'early'")
    outcome = t.run("""
        molo.scenario("a", function() end)
        molo.teardown(function() molo.lock("late"):acquire() end)
        """, "-r", "1").expect(1)
    error = outcome.error("leaked")
    t.contains(error["message"], "teardown: still held at the end: lock 'late'")


def test_a_leak_stops_the_test_if_a_failure_does(t):
    outcome = t.run("""
        molo.scenario("a", function() molo.lock("seat"):acquire() end)
        """, "-r", "100", "-x").expect(1)
    outcome.expect_runs(started=1, failed=1)


# -- tasks

def test_a_task_passes_its_lock_on(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local seat = molo.lock("seat")
            local mine = molo.lock("mine " .. session.worker_id)
            molo.spawn(function() seat:acquire() end):join()
            seat:release()
            local held = molo.spawn(function() return mine:hold() end):join()
            molo.expect("passed on", mine:locked())
            held:release()
            molo.expect("free", not mine:locked())
        end)
        """, "-w", "3", "-r", "20").expect(0)
    outcome.expect_runs(ok=60)


def test_a_failed_task_releases_its_lock(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local seat = molo.lock("seat")
            pcall(function()
                molo.spawn(function()
                    seat:acquire()
                    error("oops")
                end):join()
            end)
            seat:acquire { timeout = 30 }
            seat:release()
        end)
        """, "-w", "2", "-r", "20").expect(0)
    outcome.expect_runs(ok=40)


def test_a_cancellation_after_the_grant_comes_too_late(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local seat = molo.lock("seat")
            local held = seat:hold()
            local first = molo.spawn(function() seat:acquire() end)
            local second = molo.spawn(function()
                local _held <close> = seat:hold()
                return "mine"
            end)
            molo.sleep(0.001)
            held:release()
            first:cancel() -- granted already: it ends with the lock
            first:join()
            seat:release() -- which it has passed on
            molo.expect("second", second:join() == "mine")
        end)
        """, "-r", "20").expect(0)
    outcome.expect_runs(ok=20)


# -- scopes

def test_a_condition_comes_back_with_the_lock_from_a_scope(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local full = molo.condition("full " .. session.worker_id)
            full:acquire()
            local other = molo.spawn(function()
                full:with(function() molo.sleep(0.03) end)
            end)
            local ok, err = pcall(molo.timeout, 0.01, function()
                full:wait()
            end)
            molo.expect("timeout", not ok and err.kind == "timeout", err)
            molo.expect("after the other", other:done() or full:locked())
            full:release()
            other:join()
        end)
        """, "-w", "2", "-r", "5").expect(0)
    outcome.expect_runs(ok=10)


def test_with_is_left_by_a_timeout(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local seat = molo.lock("seat " .. session.worker_id)
            local ok, err = pcall(molo.timeout, 0.01, function()
                seat:with(function() molo.sleep(60) end)
            end)
            molo.expect("timeout", not ok and err.kind == "timeout", err)
            molo.expect("free", not seat:locked())
        end)
        """, "-w", "2", "-r", "3").expect(0)
    outcome.expect_runs(ok=6)


# -- deadlock

CIRCLE = """
    molo.scenario("a", function(session)
        local mine = molo.lock("lock " .. session.worker_id)
        local other = molo.lock("lock " .. 1 - session.worker_id)
        local _mine <close> = mine:hold()
        molo.barrier("both"):wait()
        local _other <close> = other:hold()
    end)
    """


def test_a_circle_is_found_at_once(t):
    outcome = t.run(CIRCLE, "-w", "2", "-r", "1").expect(4)
    outcome.expect_runs(started=2, interrupted=2)
    t.contains(outcome.err, "each of these waits for the next one")
    t.matches(outcome.err,
              r"worker 0 \(a?\S*, step 1\): acquire of lock 'lock 1' for .* at "
              r"\S*\.lua:7: still held; missing: worker 1 \(in its run of "
              r"step 1\), which acquired it at \S*\.lua:5")


def test_a_circle_that_is_broken(t):
    outcome = t.run(CIRCLE, "-w", "2", "-r", "1", "--on-deadlock", "break"
                    ).expect(1)
    outcome.expect_runs(started=2, ok=1, failed=1)
    t.equal(len(outcome.errors("deadlock")), 1, "deadlocks")


def test_conditions_that_nobody_notifies(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local full = molo.condition("full")
            full:with(function() full:wait() end)
        end)
        """, "-w", "3", "-r", "1").expect(4)
    outcome.expect_runs(started=3, interrupted=3)
    t.contains(outcome.err, "wait of condition 'full'", "not notified")
    t.lacks(outcome.err, "not held by this task")


# -- the end of the test

def test_stopped_while_holding_and_waiting(t):
    running = t.start("""
        molo.scenario("a", function(session)
            local seat = molo.lock("seat")
            local _held <close> = seat:hold()
            molo.log("info", "HAS IT " .. session.worker_id)
            molo.sleep(600)
        end)
        molo.teardown(function(worker)
            molo.lock("seat"):with(function() end)
            molo.log("info", "TORN DOWN " .. worker.worker_id)
        end)
        """, "-w", "3", "-d", "600s", "--graceful-stop", "0s")
    running.wait_for_err(r"HAS IT")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_runs(started=3, interrupted=3)
    for worker in range(3):
        t.contains(outcome.err, "TORN DOWN %d" % worker)


def test_what_a_run_that_is_taken_down_had_is_released(t):
    running = t.start("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                local _held <close> = molo.lock("seat"):hold()
                molo.lock("door"):acquire { scope = "run" }
                molo.log("info", "HAS THEM")
                while true do pcall(molo.sleep, 600) end
            end
        end)
        molo.teardown(function(worker)
            molo.lock("seat"):with(function() end)
            molo.lock("door"):with(function() end)
            molo.log("info", "TORN DOWN " .. worker.worker_id)
        end)
        """, "-w", "1", "-d", "600s")
    running.wait_for_err(r"HAS THEM")
    running.send(signal.SIGINT)
    running.wait_for_err(r"SIGINT: no new runs")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_runs(started=1, interrupted=1)
    t.contains(outcome.err, "TORN DOWN 0")


# -- what is shown

def test_numbers_in_the_result(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.lock("seat"):with(function() molo.sleep(0.005) end)
        end)
        """, "-w", "4", "-r", "5").expect(0)
    seat = outcome.result["coordination"]["seat"]
    t.equal(seat["type"], "lock", "type")
    t.equal(seat["waits"], 20, "waits")
    t.check(3 <= seat["contended"] < 20, "contended: %r" % seat["contended"])


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

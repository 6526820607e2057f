#!/usr/bin/env python3
"""Tasks that do not end when they are asked to, on virtual time: how long their
clean-up may last, and what becomes of what they hold and of their own tasks."""

import sys

import harness

IGNORE = """
        local function ignore()
            while true do pcall(molo.sleep, 1) end
        end
        local function outcome(fn, ...)
            local before = molo.now()
            local ok, err = pcall(fn, ...)
            return ok, err, math.floor(molo.now() - before + 0.5)
        end
"""


def play(t, script, runs=1):
    return t.run(IGNORE + script, "-r", str(runs), "--sim").expect(0)


def test_after_five_seconds_it_is_taken_down(t):
    play(t, """
        molo.scenario("a", function(session)
            local lock = molo.lock("held")
            local closed
            local task = molo.spawn(function()
                lock:acquire()
                local _c <close> = setmetatable({}, { __close = function()
                    closed = { pcall(molo.sleep, 1) }
                end })
                ignore()
            end)
            molo.sleep(1)
            task:cancel()
            local ok, err, seconds = outcome(task.join, task)
            molo.expect("cancelled", err.kind == "cancelled")
            molo.expect("5 s", seconds == 5, seconds)
            molo.expect("no wait while it closes", closed[1] == false)
            molo.expect("released", not lock:locked())
        end)
        """)


def test_a_task_of_a_group(t):
    play(t, """
        molo.scenario("a", function(session)
            local ok, err, seconds = outcome(molo.task_group, function(group)
                group:spawn(ignore)
                group:spawn(error, "failed", 0)
            end)
            molo.expect("the failure", err.message == "failed", err)
            molo.expect("5 s", seconds == 5, seconds)
        end)
        """)


def test_the_tasks_of_its_group_are_cancelled(t):
    play(t, """
        molo.scenario("a", function(session)
            local kind, cleaned
            local task = molo.spawn(function()
                molo.task_group(function(group)
                    group:spawn(function()
                        local _, err = pcall(molo.sleep, 1000)
                        kind = err and err.kind
                        molo.sleep(1)
                        cleaned = molo.now()
                    end)
                    ignore()
                end)
            end)
            molo.sleep(1)
            task:cancel()
            local ok, err, seconds = outcome(task.join, task)
            molo.expect("cancelled", err.kind == "cancelled")
            molo.expect("5 s", seconds == 5, seconds)
            molo.sleep(2)
            molo.expect("its task too", kind == "cancelled", kind)
            molo.expect("which cleaned up", cleaned)
        end)
        """)


def test_clean_up_that_waits_for_new_tasks_is_limited(t):
    play(t, """
        molo.scenario("a", function(session)
            local kind
            local task = molo.spawn(function()
                pcall(molo.sleep, 1000)
                molo.all {
                    function()
                        local _, err = pcall(molo.sleep, 1000)
                        kind = err and err.kind
                        error(err, 0)
                    end,
                    function() molo.sleep(2) end,
                }
            end)
            molo.sleep(1)
            task:cancel()
            local ok, err, seconds = outcome(task.join, task)
            molo.expect("5 s", seconds == 5, seconds)
            molo.expect("cancelled", kind == "cancelled", kind)
        end)
        """)


def test_clean_up_that_waits_for_tasks_that_do_not_end(t):
    play(t, """
        molo.scenario("a", function(session)
            local task = molo.spawn(function()
                pcall(molo.sleep, 1000)
                molo.all { ignore, ignore }
            end)
            molo.sleep(1)
            task:cancel()
            local ok, err, seconds = outcome(task.join, task)
            molo.expect("5 s and 5 s", seconds == 10, seconds)
        end)
        """)


def test_a_body_that_does_not_end_in_time(t):
    play(t, """
        molo.scenario("a", function(session)
            local task = molo.spawn(molo.timeout, 1, ignore)
            local ok, err, seconds = outcome(task.join, task)
            molo.expect("6 s", seconds == 6, seconds)
            molo.expect("failed", not ok)
        end)
        """)


def test_clean_up_that_ends_in_time_is_forgotten(t):
    play(t, """
        molo.scenario("a", function(session)
            for _ = 1, 3 do
                molo.expect("late", not pcall(molo.timeout, 1, function()
                    pcall(molo.sleep, 1000)
                    molo.sleep(4)
                end))
                molo.sleep(10)
            end
            pcall(molo.task_group, function(group)
                group:spawn(error, "x")
                pcall(molo.sleep, 1000)
                molo.sleep(4)
            end)
            molo.sleep(10)
        end)
        """)


def test_what_it_was_granted_and_never_saw_goes_back(t):
    """Handed over in the very turn in which the watchdog takes its worker down."""
    outcome = t.run("""
        local lock = molo.lock("lock")
        local owned = molo.semaphore("owned", { permits = 2 })
        local open = molo.semaphore("open", { permits = 2, owned = false })
        local looked = molo.event("looked")

        molo.scenario("a", function(session)
            if session.worker_id > 0 then return molo.sleep(100) end
            lock:acquire()
            owned:acquire(2)
            open:acquire(2)
            molo.spawn(lock.acquire, lock, { scope = "worker" })
            molo.spawn(owned.acquire, owned, 2, { scope = "worker" })
            molo.spawn(open.acquire, open, 2)
            molo.sleep(0.01)
            lock:release()
            owned:release(2)
            open:release(2)
            while true do end
        end)

        molo.teardown_session(function(session)
            if session.worker_id == 0 then return looked:wait() end
            molo.log("info", "MARK", lock:locked(), owned:available(), open:available())
            looked:set()
        end)
        """, "-w", "2", "-d", "300ms", "--graceful-stop", "0", "--sim")
    t.contains(outcome.err, "did not yield and was taken down")
    t.equal(outcome.marks, ["false 2 2"], "marks")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Ends and errors at the worst moment: what the others are told is true, and
the numbers of the result fit together."""

import sys

import harness


def test_who_ends_at_the_deadline_breaks_nothing(t):
    """The loop is held up until after the end: nobody has left before it."""
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.barrier("all"):wait()
            if session.worker_id == 0 then
                molo.sleep(2.9)
                while molo.now() < 3.2 do end
            end
        end)
        """, "-w", "4", "-d", "3").expect(0)
    outcome.expect_runs(started=7, ok=4, failed=0, interrupted=3)
    t.equal(outcome.result["exit"]["reason"], "duration", "reason")
    t.equal(outcome.result["coordination"]["all"]["breaks"], 0, "breaks")


def test_stop_in_a_listener_as_a_worker_starts(t):
    for fixture in ("", "molo.setup(function() molo.sleep(0.01) end)"):
        outcome = t.run("""
            %s
            molo.on("worker_start", function(e)
                if e.worker_id == 1 then molo.stop("enough") end
            end)
            molo.teardown(function(worker)
                molo.log("info", "MARK down", worker.worker_id)
            end)
            molo.scenario("a", function(session) molo.sleep(0.01) end)
            """ % fixture, "-w", "3", "-r", "2", "--ramp-up", "0.03").expect(0)
        outcome.expect_runs(interrupted=0)
        t.equal(sorted(outcome.marks), ["down 0", "down 1"], "teardowns")


def test_the_task_that_holds_is_named(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local _held <close> = molo.hold_task { run = function(user, pause)
                local _lock <close> = molo.lock("door"):hold()
                pause()
            end }
            molo.lock("door"):acquire({ timeout = 0.01 })
        end)
        """, "-w", "1", "-r", "1").expect(1)
    t.matches(outcome.error("timeout")["message"],
              r"missing: task 1 of worker 0 \(in its run of step 1\), which "
              r"acquired it at \S*\.lua:4$")


def test_timeline_of_a_join(t):
    """It has no name, neither when it begins nor when it ends."""
    path = t.new_path(".ndjson")
    t.run("""
        molo.scenario("a", function(session)
            molo.spawn(molo.sleep, 0.01):join()
        end)
        """, "-w", "2", "-r", "3", "--timeline", path).expect(0)
    joins = [line for line in harness.json_lines(path) if line["op"] == "join"]
    for worker in (0, 1):
        t.equal([line["what"] for line in joins if line["worker"] == worker],
                ["wait", "granted"] * 3, "joins")
    for line in joins:
        t.lacks(line, "name", "type")


def test_nothing_waits_while_the_file_is_loaded(t):
    """There objects are only declared."""
    calls = {
        'molo.notifier("a"):wait_for_writer()': "wait_for_writer",
        'molo.notifier("a"):written(1)': "written",
        'molo.barrier("a"):wait()': "wait",
        'molo.barrier("a"):exchange(1)': "exchange",
        'molo.event("a"):set()': "set",
        'molo.lock("a"):acquire()': "acquire",
        'molo.lock("a"):try_acquire()': "try_acquire",
        'molo.lock("a"):with(print)': "with",
        'molo.semaphore("a"):hold()': "hold",
        'molo.condition("a"):wait()': "wait",
        'molo.queue("a"):get()': "get",
        'molo.queue("a"):free()': "free",
        'molo.limiter("a", {rate = 1}):take()': "take",
        'molo.get_var("a")': "get_var",
        'molo.update_var("a", print)': "update_var",
        'molo.spawn(print)': "molo.spawn",
        'molo.timeout(1, print)': "molo.timeout",
        'molo.hold_task{run = print}': "molo.hold_task",
    }
    for call, name in calls.items():
        path = t.scenario("""
            molo.scenario("a", function() end)
            %s
            """ % call)
        outcome = t.molo("check", path).expect(2)
        t.equal(outcome.err, "molo: error: %s:3: %s cannot be used while the "
                "file is being loaded: move it into a scenario or a fixture\n"
                % (path, name), call)
    path = t.scenario("""
        local all = { molo.notifier("a", {readers = 1}), molo.barrier("b"),
                      molo.event("c"), molo.lock("d"), molo.semaphore("e"),
                      molo.condition("f"), molo.queue("g", {capacity = 0}),
                      molo.limiter("h", {rate = 1}),
                      molo.get_var("i", molo.lock) }
        molo.scenario("a", function() molo.expect("all", #all == 9) end)
        """)
    t.molo("check", path).expect(0)
    t.run(path, "-r", "1").expect(0)


def test_a_break_during_the_action_is_counted(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local all = molo.barrier("all")
            if session.worker_id == 0 then
                molo.try(all.wait, all, { timeout = 0.2 })
                return
            end
            molo.sleep(0.01)
            local _, err = molo.try(all.wait, all, {
                action = function() molo.sleep(0.5) end,
            })
            molo.expect("broken", err.kind == "broken")
        end)
        """, "-w", "2", "-r", "1").expect(0)
    row = outcome.result["coordination"]["all"]
    t.equal((row["waits"], row["timeouts"], row["breaks"]), (2, 1, 1),
            "waits, timeouts, breaks")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

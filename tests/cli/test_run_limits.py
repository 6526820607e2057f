#!/usr/bin/env python3
"""What bounds a run: the timeout of its scenario, the memory of its worker."""

import sys

import harness


def expect_timeout(t, outcome, line):
    error = outcome.error("timeout")
    t.matches(error["message"], r"^scenario 'slow': 50 ms are over$")
    t.matches(error["first"]["where"], r"\.lua:%d$" % line)
    return error


def test_a_wait_is_cut_off(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.sleep(60)
        end)
        """, "-w", "2", "-r", "2").expect(1)
    outcome.expect_runs(started=4, ok=0, failed=4, interrupted=0)
    t.equal(expect_timeout(t, outcome, 3)["count"], 4, "count")


def test_runs_in_time_are_not_touched(t):
    t.run("""
        molo.scenario("a", {timeout = "60s"}, function(session)
            molo.sleep(0.01)
        end)
        """, "-w", "2", "-r", "3").expect(0).expect_runs(ok=6)


def test_the_next_run_has_its_own_time(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = "50ms"}, function(session)
            if session.step == 1 then molo.sleep(60) end
        end)
        """, "-r", "3").expect(1)
    outcome.expect_runs(started=3, ok=2, failed=1)


def test_a_loop_without_a_wait_is_cut_off(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            while true do end
        end)
        molo.scenario("other", function() molo.log("info", "MARK other") end)
        """, "-r", "6", "--seed", "1").expect(1)
    t.check(outcome.runs["failed"] > 0, "none failed")
    t.check(outcome.marks, "the other scenario did not run")
    expect_timeout(t, outcome, 3)


def test_pcall_does_not_swallow_it(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            while true do
                pcall(function()
                    while true do
                        pcall(function() while true do end end)
                    end
                end)
            end
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(started=2, failed=2)
    t.matches(outcome.error("timeout")["first"]["where"],
              r"\.lua:6$")


def test_nor_does_a_coroutine_or_a_wait(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            while true do
                coroutine.wrap(function()
                    pcall(function() while true do end end)
                end)()
            end
        end)
        """, "-r", "1").expect(1)
    outcome.expect_runs(started=1, failed=1)
    outcome.error("timeout")
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            pcall(molo.sleep, 60)
        end)
        """, "-r", "1").expect(1)
    expect_timeout(t, outcome, 3)


def test_all_tasks_are_cancelled(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            for i = 1, 3 do
                molo.spawn(function()
                    molo.defer(molo.log, "info", "MARK", "task", i)
                    if i == 3 then while true do end end
                    molo.sleep(60)
                end)
            end
            local ok, err = pcall(molo.sleep, 60)
            molo.log("info", "MARK", err.kind, err.message)
            error(err, 0)
        end)
        """, "-r", "1").expect(1)
    t.equal(sorted(outcome.marks), ["cancelled scenario 'slow': 50 ms are over",
                                    "task 1", "task 2", "task 3"], "marks")
    outcome.expect_runs(started=1, failed=1)
    outcome.error("timeout")


def test_a_run_whose_tasks_are_late(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.spawn(function()
                molo.sleep(60)
            end)
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(started=2, failed=2)
    expect_timeout(t, outcome, 4)


def test_a_task_that_waits_for_what_the_late_run_holds(t):
    outcome = t.run("""
        local changed = molo.condition("changed")
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.spawn(function()
                changed:acquire()
                changed:wait() -- takes the lock again before it ends
            end)
            molo.sleep(0.01)
            changed:acquire()
            molo.sleep(60)
        end)
        """, "-r", "2", "--sim").expect(1)
    outcome.expect_runs(started=2, failed=2)
    expect_timeout(t, outcome, 10)


def test_tasks_that_clean_up_begins_are_bounded(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.defer(function() molo.spawn(molo.sleep, 1000) end)
            molo.sleep(60)
        end)
        """, "-r", "1", "--sim").expect(1)
    outcome.expect_runs(started=1, failed=1)
    t.check(outcome.result["duration"] < 20, outcome.result["duration"])


def test_clean_up_has_time_of_its_own(t):
    outcome = t.run("""
        local function spin()
            for i = 1, 5000 do math.sqrt(i) end
        end
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.defer(function()
                spin()
                molo.sleep(0.05)
                spin()
                molo.log("info", "MARK deferred")
            end)
            local _ <close> = setmetatable({}, {__close = function()
                spin()
                molo.log("info", "MARK closed")
            end})
            while true do end
        end)
        """, "-r", "1").expect(1)
    t.equal(outcome.marks, ["closed", "deferred"], "marks")
    outcome.error("timeout")


def test_clean_up_without_an_end_is_cut_off_too(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.defer(function() molo.log("info", "MARK the other") end)
            molo.defer(function() while true do end end)
            while true do end
        end)
        """, "-r", "1").expect(1)
    t.equal(outcome.marks, ["the other"], "marks")
    outcome.expect_runs(started=1, failed=1)


def test_the_first_failure_counts(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.defer(molo.sleep, 0.1)
            error("something else")
        end)
        """, "-r", "1").expect(1)
    t.equal([e["kind"] for e in outcome.result["errors"]], ["script"], "kinds")


def test_partners_of_a_late_worker_are_told(t):
    outcome = t.run("""
        local pad = molo.notifier("pad")
        molo.scenario("slow", {timeout = "50ms"}, function(session)
            if session.worker_id == 0 then molo.sleep(60) pad:written(1) end
            pad:wait_for_writer()
        end)
        """, "-w", "2", "-r", "1").expect(1)
    outcome.expect_runs(started=2, failed=2)
    outcome.error("timeout")


def test_timeouts_in_virtual_time(t):
    text = """
        molo.scenario("slow", {timeout = "50ms"}, function(session)
            if session.step == 1 then molo.sleep(60) end
            while true do end
        end)
        """
    outcome = t.run(text, "-r", "2", "--sim").expect(1)
    outcome.expect_runs(started=2, failed=2)
    outcome.error("timeout")


def test_a_group_in_a_late_run(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.all {
                function() molo.sleep(60) end,
                function() molo.sleep(70) end,
            }
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(started=2, failed=2)
    t.matches(outcome.error("timeout")["message"],
              "^scenario 'slow': 50 ms are over$")


def test_a_run_that_does_not_end_is_taken_down(t):
    outcome = t.run("""
        molo.scenario("slow", {timeout = 0.05}, function(session)
            molo.defer(molo.log, "info", "MARK deferred")
            while true do pcall(molo.sleep, 60) end
        end)
        """, "-r", "1", "--sim").expect(1)
    outcome.expect_runs(started=1, failed=1)
    t.equal(outcome.marks, ["deferred"], "marks")
    outcome.error("timeout")


def test_a_picker_and_a_listener_without_an_end(t):
    outcome = t.run("""
        local function spin()
            while true do
                pcall(coroutine.wrap(function() while true do end end))
            end
        end
        molo.scenario_picker(function(worker_id, step)
            if step == 2 then spin() end
        end)
        molo.on("worker_end", spin)
        molo.on("worker_end", function() molo.log("info", "MARK second") end)
        molo.scenario("a", function() end)
        """, "--sim", "-r", "3").expect(1)
    outcome.expect_runs(started=3, ok=2, failed=1)
    t.contains(outcome.result["errors"][0]["message"],
               "the scenario picker did not end within 5 s")
    t.contains(outcome.err, "a listener of 'worker_end' failed",
               "a listener did not end within 5 s")
    t.equal(outcome.marks, ["second"], "the other listener")


def test_lua_memory_of_a_worker(t):
    text = """
        local function grow()
            local list = {}
            while true do list[#list + 1] = {} end
        end
        molo.scenario("a", function(session)
            if session.worker_id == 1 then grow() end
            local kept = {}
            for i = 1, 50000 do kept[i % 100] = {i} end
        end)
        """
    outcome = t.run(text, "-w", "3", "-r", "3", "--max-lua-memory", "2MB")
    outcome.expect(1).expect_runs(started=9, ok=6, failed=3)
    error = outcome.error("memory")
    t.equal(error["message"], "worker 1 has more than 2.0 MB of Lua values "
                              "(see --max-lua-memory)", "message")
    t.matches(error["first"]["where"], r"\.lua:4$")


def test_one_huge_value(t):
    text = """
        molo.scenario("a", function(session)
            if session.step == 2 then return end
            local text = ("x"):rep(100 * 1000 * 1000)
        end)
        """
    outcome = t.run(text, "-r", "2", "--max-lua-memory", "1MB").expect(1)
    outcome.expect_runs(started=2, ok=1, failed=1)
    error = outcome.error("memory")
    t.equal(error["message"], "worker 0 has more than 1.0 MB of Lua values "
                              "(see --max-lua-memory)", "message")
    t.matches(error["first"]["where"], r"\.lua:4$")


def test_pcall_does_not_lift_the_limit(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local list = {}
            for round = 1, 100 do
                pcall(function()
                    for i = 1, 100000 do list[#list + 1] = {} end
                end)
            end
            molo.log("info", "MARK", collectgarbage("count") < 8000)
            list = nil
        end)
        """, "-r", "1", "--max-lua-memory", "2MB")
    t.check(outcome.code in (0, 1), outcome.describe())
    t.lacks(" ".join(outcome.marks), "false")


def test_answers_that_do_not_fit(t):
    """What came over the network is freed when Lua has no room for it."""
    outcome = t.run("""
        molo.scenario("a", function(session)
            local kept, failed = {}, 0
            local function keep(f, ...)
                local ok, got = pcall(f, ...)
                kept[#kept + 1] = ok and got or nil
                failed = failed + (ok and 0 or 1)
            end
            if session.step == 1 then
                for _ = 1, 8 do keep(session.get, session, "/bytes/900000") end
                molo.log("info", "MARK", failed > 0 and failed < 8)
                return
            end
            local ws <close> = session:websocket("/ws")
            local text = '"' .. ("x"):rep(400000) .. '"'
            for _ = 1, 20 do ws:send(text) end
            for i = 1, 20 do keep(i % 2 == 0 and ws.receive or ws.receive_json, ws) end
        end)
        """, "-r", "2", "--max-lua-memory", "3MB", "--base-url", t.server.url)
    t.check(outcome.code in (0, 1), outcome.describe())
    outcome.expect_runs(started=2)
    t.equal(outcome.marks, ["true"], "marks")


def test_memory_is_an_option_of_the_command_line(t):
    text = """
        molo.options {max_lua_memory = "1MB"}
        molo.scenario("a", function() end)
        """
    outcome = t.run(text, "-r", "1").expect(2)
    t.contains(outcome.err, "max_lua_memory has to be known before the file is "
                            "loaded: give it as --max-lua-memory or "
                            "MOLO_MAX_LUA_MEMORY")
    t.run(text, "-r", "1", env={"MOLO_MAX_LUA_MEMORY": "1MB"}).expect(0)
    for size in ("0", "1kB", "much", "-1MB", "1MBB"):
        outcome = t.run(text, "--max-lua-memory", size).expect(2)
        t.contains(outcome.err, "--max-lua-memory: '%s' is not a size" % size)

if __name__ == "__main__":
    sys.exit(harness.main(globals()))

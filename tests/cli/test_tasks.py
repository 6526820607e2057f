#!/usr/bin/env python3
"""Tasks inside runs, seen from outside: what fails a run and how it is told,
the end of the test while tasks wait, deadlocks through joins, second sessions,
requests that a timeout aborts."""

import signal
import sys

import harness
import http_server


# -- what fails a run

def test_a_failed_task_that_nobody_joined_fails_the_run(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(function()
                molo.sleep(0.001)
                error("lost and found")
            end)
        end)
        """, "-r", "2", "-v").expect(1)
    outcome.expect_runs(ok=0, failed=2)
    error = outcome.error("script")
    t.equal(error["message"], "lost and found", "message")
    t.equal(error["count"], 2, "count")
    t.matches(error["first"]["where"], r"\.lua:5$")
    # The traceback is the task's.
    t.matches(outcome.err, r"stack traceback:\n(?:.*\n)*?.*\.lua:5: in function")


def test_the_first_of_several_failed_tasks_is_told(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(function() molo.sleep(0.05) error("second", 0) end)
            molo.spawn(function() molo.sleep(0.005) error("first", 0) end)
        end)
        """, "-r", "1").expect(1)
    t.equal([e["message"] for e in outcome.errors("script")], ["second"],
            "in the order in which they were begun")


def test_a_failed_task_that_was_joined_is_the_joiners_business(t):
    t.run("""
        molo.scenario("a", function(session)
            local task = molo.spawn(function() error("known") end)
            molo.sleep(0.005)
            molo.expect("raised", not pcall(task.join, task))
        end)
        """, "-r", "1").expect(0).expect_runs(ok=1)


def test_a_failure_in_a_group_of_a_cancelled_task(t):
    # It is cancelled, as was asked; what went wrong meanwhile is told.
    script = """
        molo.scenario("a", function(session)
            local task = molo.spawn(molo.task_group, function(group)
                group:spawn(function()
                    pcall(molo.sleep, 60)
                    error("in clean-up", 0)
                end)
            end)
            molo.sleep(0.005)
            task:cancel()
            %s
        end)
        """
    outcome = t.run(script % "", "-r", "1").expect(1)
    outcome.expect_runs(ok=0, failed=1)
    t.equal([e["message"] for e in outcome.errors("script")], ["in clean-up"],
            "nobody joined it")
    t.run(script % "pcall(task.join, task)", "-r", "1").expect(0)
    t.run(script.replace('error("in clean-up", 0)', "") % "", "-r",
          "1").expect(0).expect_runs(ok=1)


def test_a_joined_error_keeps_its_traceback(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local function in_the_task() error("deep") end
            molo.spawn(function() in_the_task() end):join()
        end)
        """, "-r", "1", "-v").expect(1)
    t.contains(outcome.err, "in_the_task")
    t.matches(outcome.error("script")["first"]["where"], r"\.lua:3$")


def test_a_failing_run_cancels_its_tasks_and_waits_for_them(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            for i = 1, 3 do
                molo.spawn(function()
                    local ok, err = pcall(molo.sleep, 60)
                    molo.sleep(0.005)
                    molo.log("info", "MARK", "task", i, err.kind)
                    error("in clean-up")
                end)
            end
            molo.sleep(0.005)
            molo.fail("the root")
        end)
        molo.on("scenario_failure", function(event)
            molo.log("info", "MARK", "over", event.message)
        end)
        """, "-r", "1").expect(1)
    t.equal(outcome.marks, ["task 1 cancelled", "task 2 cancelled",
                            "task 3 cancelled", "over the root"], "marks")
    t.equal([e["message"] for e in outcome.result["errors"]], ["the root"],
            "errors")


def test_errors_of_a_group_are_told_once(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.task_group(function(group)
                group:spawn(function() error("one of them") end)
                molo.sleep(60)
            end)
        end)
        """, "-r", "1").expect(1)
    t.equal([(e["kind"], e["message"]) for e in outcome.result["errors"]],
            [("script", "one of them")], "errors")


def test_an_uncaught_timeout(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.timeout(0.02, function()
                molo.sleep(60)
            end)
        end)
        """, "-r", "1", "-v").expect(1)
    (error,) = outcome.result["errors"]
    t.equal((error["kind"], error["message"]),
            ("timeout", "molo.timeout: 20 ms are over"), "error")
    t.matches(error["first"]["where"], r"\.lua:4$")
    t.matches(outcome.err, r"stack traceback:\n(?:.*\n)*?.*\.lua:4: in ")


def test_a_fixture_waits_for_its_tasks(t):
    outcome = t.run("""
        molo.setup(function(worker)
            molo.spawn(function()
                molo.sleep(0.01)
                worker.state.ready = true
            end)
        end)
        molo.scenario("a", function(session)
            molo.expect("ready", session.state.ready)
        end)
        molo.global_teardown(function()
            molo.spawn(function() molo.sleep(0.01) error("in a task") end)
        end)
        """, "-r", "1", "-w", "2").expect(1)
    outcome.expect_runs(ok=2)
    t.contains(outcome.err, "in a task")


def test_tasks_of_another_worker(t):
    outcome = t.run("""
        local task
        molo.scenario("a", function(session)
            if session.worker_id == 0 then
                task = molo.spawn(molo.sleep, 0.1)
            else
                molo.sleep(0.02)
                task:join()
            end
        end)
        """, "-w", "2", "-r", "1").expect(1)
    t.contains(outcome.error("script")["message"],
               "task:join: this task belongs to worker 0, not to worker 1")


# -- time that counts as active

def test_active_time_is_when_any_task_is(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(molo.sleep, 1)
            molo.spawn(function() session:get("http://x/") end)
        end)
        """, "-r", "1", "--sim", "--sim-latency", "200ms").expect(0)
    metrics = outcome.result["metrics"]
    # A request is active time, though the root waits; a sleep is not.
    t.equal((metrics["run_duration"]["max"], metrics["run_active"]["max"]),
            (1, 0.2), "duration, active")


# -- the end of the test

ENDLESS = """
    molo.scenario("a", function(session)
        local function clean(name, seconds)
            return setmetatable({}, { __close = function(_, err)
                molo.sleep(seconds or 0)
                molo.log("info", "MARK", name, err and err.kind)
            end })
        end
        molo.spawn(function()
            local _c <close> = clean("asleep", 0.01)
            molo.sleep(100)
        end)
        molo.spawn(function()
            local _c <close> = clean("waiting")
            molo.wait_var("never", nil, { timeout = false })
        end)
        molo.spawn(function()
            local _c <close> = clean("in a group")
            molo.task_group(function(group)
                group:spawn(molo.sleep, 100)
                group:spawn(molo.wait_var, "never")
            end)
        end)
        local held <close> = molo.hold_task {
            run = function(_, pause) pause() end,
        }
        local _c <close> = clean("root")
        molo.log("info", "READY")
        %s
    end)
    """


def expect_interrupted(t, outcome):
    outcome.expect(130).expect_runs(started=2, ok=0, failed=0, interrupted=2)
    t.equal(outcome.result["errors"], [], "errors")
    for name in "asleep", "waiting", "in a group", "root":
        t.equal(outcome.marks.count(name + " stopped"), 2, name)


def test_sigint_while_tasks_wait(t):
    running = t.start(ENDLESS % "molo.sleep(100)", "-w", "2",
                      "-d", "1h", "--graceful-stop", "50ms")
    running.wait_for_err(r"(READY(.|\n)*){2}")
    running.send(signal.SIGINT)
    expect_interrupted(t, running.finish())


def test_sigint_while_the_run_waits_for_its_tasks(t):
    text = ENDLESS.replace('local _c <close> = clean("root")',
                           'clean("root"):now()').replace(
        "return setmetatable({}, { __close",
        "return setmetatable({}, { __index = { now = function() end }, "
        "__close")
    running = t.start(text % "", "-w", "2", "-d", "1h", "--graceful-stop", "50ms")
    running.wait_for_err(r"(READY(.|\n)*){2}")
    running.send(signal.SIGINT)
    outcome = running.finish()
    outcome.expect(130).expect_runs(started=2, ok=0, failed=0, interrupted=2)
    for name in "asleep", "waiting", "in a group":
        t.equal(outcome.marks.count(name + " stopped"), 2, name)


def test_second_signal_while_tasks_wait(t):
    running = t.start(ENDLESS % "molo.sleep(100)", "-w", "2", "-d", "1h")
    running.wait_for_err(r"(READY(.|\n)*){2}")
    running.send(signal.SIGINT)
    running.wait_for_err("no new runs")
    running.send(signal.SIGINT)
    outcome = running.finish()
    outcome.expect(130).expect_runs(started=2, failed=0, interrupted=2)
    outcome.expect_at_once()


def test_the_end_when_only_coordination_waits_are_left(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(function()
                local ok, err = pcall(molo.wait_var, "never", nil,
                                      { timeout = 100 })
                molo.log("info", "MARK", "task", err.kind)
            end)
            molo.spawn(molo.wait_var, "never", nil, { timeout = 100 })
        end)
        """, "-d", "100ms").expect(0)
    outcome.expect_runs(started=1, interrupted=1)
    t.equal(outcome.marks, ["task stopped"], "marks")
    outcome.expect_at_once()


def test_a_task_that_does_not_stop_is_taken_down(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(function()
                local _c <close> = setmetatable({}, { __close = function()
                    molo.log("info", "MARK", "closed")
                end })
                while true do pcall(molo.sleep, 0.1) end
            end)
        end)
        """, "-d", "50ms", "--graceful-stop", "0", "--sim").expect(0)
    outcome.expect_runs(started=1, interrupted=1)
    t.equal(outcome.marks, ["closed"], "marks")
    t.equal(outcome.result["duration"], 5.05, "duration")


def test_a_run_that_does_not_heed_its_timeout_fails(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.timeout(0.05, function()
                while true do pcall(molo.sleep, 0.1) end
            end)
        end)
        """, "-r", "1", "--sim").expect(1)
    (error,) = outcome.result["errors"]
    t.contains(error["message"], "5 s after it was cancelled", "molo.timeout")
    outcome.expect_runs(failed=1)


def test_a_task_that_does_not_heed_a_cancel_is_taken_down(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local task = molo.spawn(function()
                while true do pcall(molo.sleep, 0.1) end
            end)
            molo.sleep(0.01)
            task:cancel()
            local ok, err = pcall(task.join, task)
            molo.log("info", "MARK", err.kind, err.message)
        end)
        """, "-r", "1", "--sim").expect(0)
    t.equal(outcome.marks, ["cancelled the task did not end in time and was "
                            "taken down"], "marks")


def test_a_task_that_never_yields_is_parked(t):
    running = t.start("""
        molo.scenario("a", function(session)
            molo.spawn(function()
                molo.log("info", "READY")
                while true do end
            end)
            molo.sleep(100)
        end)
        """, "-w", "1", "-d", "1h")
    running.wait_for_err("READY")
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    outcome = running.finish()
    outcome.expect(130).expect_runs(started=1, interrupted=1)
    t.matches(outcome.err, "did not yield and was taken down|" + harness.GIVEN_UP)


# -- deadlocks

def test_two_tasks_that_join_each_other(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local a, b
            a = molo.spawn(function() b:join() end)
            b = molo.spawn(function() a:join() end)
        end)
        """, "-r", "1").expect(4)
    t.contains(outcome.err, "each of these waits for the next one",
               "join for", ".lua:4: task 2 has not ended",
               ".lua:5: task 1 has not ended")
    outcome.expect_at_once()


def test_a_task_that_waits_for_news_that_nobody_writes(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.spawn(function() molo.notifier("n"):wait_for_writer() end)
        end)
        """, "-w", "2", "-r", "1").expect(4)
    t.contains(outcome.err, "wait for each other",
               "wait_for_writer of notifier 'n'", "join")
    outcome.expect_at_once()


LOCKED_OUT = """
    molo.scenario("a", function(session)
        local lock = molo.lock("seat")
        lock:acquire()
        molo.spawn(function()
            local ok, err = pcall(lock.acquire, lock)
            molo.log("info", "MARK", "task", err.kind)
            error(err, 0)
        end)
        %s
    end)
    """


def test_a_run_that_waits_for_a_task_that_waits_for_its_lock(t):
    outcome = t.run(LOCKED_OUT % "molo.sleep(0.02)", "-r", "1").expect(4)
    t.contains(outcome.err, "each of these waits for the next one",
               "acquire of lock 'seat'", "join")
    t.equal(outcome.marks, ["task stopped"], "marks")


def expect_broken(t, text, mark):
    outcome = t.run(text, "-r", "1", "--on-deadlock", "break").expect(1)
    outcome.expect_runs(failed=1)
    t.equal([e["kind"] for e in outcome.result["errors"]], ["deadlock"],
            "errors")
    t.equal(outcome.marks, [mark], "marks")


def test_such_a_deadlock_is_broken_where_it_closed(t):
    # In the task, ...
    expect_broken(t, LOCKED_OUT % "", "task deadlock")
    # ... or in the run's wait for it: then the run fails and cancels the task.
    expect_broken(t, LOCKED_OUT % "molo.sleep(0.02)", "task cancelled")


def test_a_deadlock_within_a_group_is_broken(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local lock = molo.lock("seat")
            lock:acquire()
            local ok, err = pcall(molo.task_group, function(group)
                group:spawn(lock.acquire, lock)
                molo.sleep(0.02)
            end)
            molo.expect("deadlock", err.kind == "deadlock", err)
            molo.expect("one", #err.errors == 0)
            lock:release()
        end)
        """, "-r", "1", "--on-deadlock", "break").expect(0)
    outcome.expect_runs(ok=1)


def test_a_held_task_that_fails_when_nobody_closes_it(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.hold_task { run = function(_, pause)
                pause()
                error("after the pause", 0)
            end }
        end)
        """, "-r", "1").expect(1)
    t.equal([e["message"] for e in outcome.result["errors"]],
            ["after the pause"], "errors")


def test_a_timeout_around_it_is_no_deadlock(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local ok, err = pcall(molo.timeout, 0.1, molo.task_group,
                function(group)
                    group:spawn(function()
                        molo.notifier("n"):wait_for_writer()
                    end)
                    molo.notifier("m"):wait_for_writer()
                end)
            molo.expect("timeout", err.kind == "timeout", err)
        end)
        """, "-w", "2", "-r", "1").expect(0)
    outcome.expect_runs(ok=2)


def test_a_busy_task_is_no_deadlock(t):
    t.run("""
        molo.scenario("a", function(session)
            local n = molo.notifier("n")
            if session.worker_id == 0 then
                molo.spawn(function()
                    molo.sleep(0.1)
                    n:written("late")
                end):join()
            else
                n:wait_for_writer()
                n:one_read()
            end
        end)
        """, "-w", "2", "-r", "1").expect(0).expect_runs(ok=2)


# -- requests

def test_a_timeout_aborts_a_request_and_it_is_counted(t):
    t.server
    outcome = t.run("""
        molo.on("request_error", function(event)
            molo.log("info", "MARK", event.kind, event.message)
        end)
        molo.scenario("a", function(session)
            local ok, err = pcall(molo.timeout, 0.2, session.get, session,
                                  "/delay/30")
            molo.expect("timeout", err.kind == "timeout", err)
            molo.expect("message", err.message
                        == "molo.timeout: 200 ms are over", err)
            molo.expect("again", session:get("/delay/0.01").status == 200)
        end)
        """, "-r", "1").expect(0)
    requests = outcome.result["requests"]
    t.equal((requests["total"], requests["failed"]), (2, 1), "requests")
    t.equal(outcome.marks, ["cancelled the request was aborted"], "marks")
    t.equal(t.server.total(), 2, "requests at the server")
    t.check(outcome.seconds < 25, "it took %.1f s" % outcome.seconds)


def test_any_aborts_the_slower_request(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local index, page = molo.any {
                function() return session:get("/delay/30") end,
                function() return session:get("/delay/0.01") end,
            }
            molo.expect("index", index == 2)
            molo.expect("page", page.status == 200)
        end)
        """, "-r", "3").expect(0)
    requests = outcome.result["requests"]
    t.equal((requests["total"], requests["failed"]), (6, 3), "requests")


def test_requests_of_tasks_run_at_the_same_time(t):
    """None is answered before all are there."""
    with http_server.Server("all", parties=10) as server:
        outcome = t.run("""
            molo.scenario("a", function(session)
                local function get() return session:get("/meet").status end
                local all = molo.all { get, get, get, get, get, get, get, get,
                                       get, get }
                molo.expect("all", #all == 10 and all[10] == 200)
            end)
            """, "-r", "1", "--base-url", server.url).expect(0)
    t.equal(outcome.result["requests"]["total"], 10, "requests")


def test_the_end_of_the_test_aborts_requests_of_tasks(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local other = molo.session()
            molo.spawn(session.get, session, "/delay/30")
            molo.spawn(other.get, other, "/delay/30")
        end)
        """, "-d", "200ms", "--graceful-stop", "0").expect(0)
    outcome.expect_runs(started=1, interrupted=1)
    t.equal(outcome.result["requests"]["failed"], 2, "failed")


# -- sessions

def test_a_second_session_has_its_own_headers_and_connections(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local other = molo.session{ headers = { ["X-User"] = "other" } }
            local mine = session:get("/echo"):json()
            local its = other:get("/echo"):json()
            molo.log("info", "MARK", molo.json.encode(mine))
            molo.log("info", "MARK", molo.json.encode(its))
        end)
        """, "-r", "1", "-H", "X-All: yes").expect(0)
    mine, its = outcome.marks
    t.contains(mine, "X-All")
    t.lacks(mine, "X-User")
    t.contains(its, "X-All", "X-User", "other")
    t.equal(outcome.result["requests"]["total"], 2, "requests")


def test_a_held_user_over_http(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            local held <close> = molo.hold_task {
                run = function(user, pause)
                    user:put("/pad/held", { body = "draft" })
                    pause()
                    user:put("/pad/held", { body = "final" })
                end,
            }
            molo.expect("draft", session:get("/pad/held").body == "draft")
            held:close()
            molo.expect("final", session:get("/pad/held").body == "final")
        end)
        """, "-r", "5").expect(0)
    outcome.expect_runs(ok=5)
    t.equal(t.server.paths(), {"PUT /pad/held": 10, "GET /pad/held": 10},
            "requests at the server")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

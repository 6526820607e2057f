#!/usr/bin/env python3
"""Fixtures, data, state, events: what is called, in which order, by whom."""

import re
import sys

import harness

LOG = """
    local function mark(name, it)
        molo.log("info", "MARK", name,
                 it and it.worker_id ~= nil and it.worker_id or "-")
    end
    """

FIXTURES = LOG + """
    molo.global_setup(function(run) mark("global_setup") end)
    molo.setup(function(worker) mark("setup", worker) end)
    molo.setup_session(function(session) mark("setup_session", session) end)
    molo.scenario("a", function(session) mark("run", session) end)
    molo.teardown_session(function(session)
        mark("teardown_session", session)
    end)
    molo.teardown(function(worker) mark("teardown", worker) end)
    molo.global_teardown(function(result, run) mark("global_teardown") end)
    """


def by_worker(outcome):
    """The marks, those of each worker in its order."""
    rows = {}
    for mark in outcome.marks:
        words = mark.split()
        rows.setdefault(words[1], []).append(words[0])
    return rows


def test_order_of_fixtures(t):
    outcome = t.run(FIXTURES, "-w", "3", "-r", "2").expect(0)
    marks = outcome.marks
    t.equal(marks[0].split()[0], "global_setup", "first")
    t.equal(marks[-1].split()[0], "global_teardown", "last")
    rows = by_worker(outcome)
    t.equal(rows.pop("-"), ["global_setup", "global_teardown"], "global")
    t.equal(rows, {str(i): ["setup", "setup_session", "run", "run",
                            "teardown_session", "teardown"]
                   for i in range(3)}, "workers")


def test_teardowns_after_failed_runs(t):
    text = FIXTURES.replace('mark("run", session)', 'error("no")')
    outcome = t.run(text, "-w", "2", "-r", "2").expect(1)
    rows = by_worker(outcome)
    for worker in "01":
        t.equal(rows[worker], ["setup", "setup_session", "teardown_session",
                               "teardown"], "worker " + worker)


def test_a_worker_whose_setup_fails_runs_nothing(t):
    text = FIXTURES.replace(
        'mark("setup", worker)',
        'mark("setup", worker) if worker.worker_id == 1 then error("no") end')
    outcome = t.run(text, "-w", "3", "-r", "5").expect(3)
    t.equal(by_worker(outcome)["1"], ["setup", "teardown"], "worker 1")
    t.contains(" ".join(outcome.marks), "global_teardown")


def test_a_worker_whose_setup_session_fails_runs_nothing(t):
    text = FIXTURES.replace(
        'mark("setup_session", session)',
        'mark("setup_session", session) '
        'if session.worker_id == 1 then error("no") end')
    outcome = t.run(text, "-w", "3", "-r", "5").expect(3)
    t.equal(by_worker(outcome)["1"],
            ["setup", "setup_session", "teardown_session", "teardown"],
            "worker 1")


def test_failed_global_setup_starts_no_worker(t):
    text = FIXTURES.replace('mark("global_setup")',
                            'mark("global_setup") error("no")')
    outcome = t.run(text, "-w", "3").expect(3)
    t.equal(by_worker(outcome), {"-": ["global_setup", "global_teardown"]},
            "marks")


def test_a_failing_teardown_disturbs_nobody(t):
    text = FIXTURES.replace(
        'mark("teardown_session", session)',
        'mark("teardown_session", session) error("tidy")')
    outcome = t.run(text, "-w", "2", "-r", "1").expect(1)
    rows = by_worker(outcome)
    for worker in "01":
        t.equal(rows[worker][-2:], ["teardown_session", "teardown"],
                "worker " + worker)
    t.contains(outcome.err + outcome.out, "tidy", "teardown_session")
    outcome.expect_runs(ok=2, failed=0)


def test_data_is_copied_to_everyone(t):
    outcome = t.run("""
        molo.global_setup(function(run)
            return { list = { 1, 2, 3 }, text = "x", workers = run.workers }
        end)
        molo.setup(function(worker)
            molo.expect("in setup", worker.data.text == "x")
        end)
        molo.scenario("a", function(session)
            local data = session.data
            molo.expect("list", #data.list == 3 and data.list[3] == 3)
            molo.expect("text", data.text == "x")
            molo.expect("workers", data.workers == 2)
            data.text = "changed by " .. session.worker_id
            data.list[1] = nil
            session.state.mine = data
            molo.sleep(0.01)
        end)
        """, "-w", "2", "-r", "1").expect(0)
    outcome.expect_runs(ok=2)


def test_an_upvalue_assigned_in_global_setup_is_an_error(t):
    """It would be lost in the other threads."""
    outcome = t.run("""
        local token
        molo.global_setup(function(run) token = "x" end)
        molo.scenario("a", function(session) return token end)
        """, "-r", "1")
    t.check(outcome.code in (2, 3), outcome.describe())
    t.contains(outcome.err + outcome.out, "token", "global_setup")


def test_state_lives_from_setup_to_teardown(t):
    t.run("""
        molo.setup(function(worker) worker.state.sum = worker.worker_id end)
        molo.setup_session(function(session)
            session.state.sum = session.state.sum + 100
        end)
        molo.scenario("a", function(session)
            session.state.sum = session.state.sum + 1000
            if session.step == 2 then error("the state stays") end
        end)
        molo.teardown(function(worker)
            assert(worker.state.sum == worker.worker_id + 3100)
            molo.log("info", "MARK done")
        end)
        """, "-w", "3", "-r", "3", "--fail", "never").expect(0)


def test_setup_may_return_session_options(t):
    t.server
    outcome = t.run("""
        molo.setup(function(worker)
            return { headers = { ["X-User"] = "user" .. worker.worker_id } }
        end)
        molo.scenario("a", function(session)
            molo.expect("own header", session:get("/echo").body:find(
                "user" .. session.worker_id, 1, true))
        end)
        """, "-w", "3", "-r", "2").expect(0)
    outcome.expect_runs(ok=6)


def test_what_a_fixture_leaves_is_checked(t):
    """At the place where the fixture begins, as it is over by then."""
    rows = [
        ("setup", "return 5",
         "what it returned: session options are a table, got number"),
        ("setup", "return {base_ulr = ''}",
         "what it returned: unknown option 'base_ulr': did you mean 'base_url'?"),
        ("global_setup", "return {f = print}",
         "what it returned: a function cannot be shared between workers (at f)"),
        ("global_setup", "token = 1",
         "global_setup assigned 'token', a local of the file"),
    ]
    for fixture, body, text in rows:
        outcome = t.run("""
            local token
            molo.%s(function()
                %s
            end)
            molo.scenario("a", function() return token end)
            """ % (fixture, body)).expect(3)
        t.matches(outcome.err, r"%s: \S+\.lua:3: script: " % fixture
                  + re.escape(text))
        t.matches(outcome.result["errors"][0]["first"]["where"], r"\.lua:3$")


def test_a_worker_without_a_session(t):
    text = """
        molo.setup(function(worker)
            return worker%s
        end)
        molo.scenario("a", function() end)
        """
    outcome = t.run(text % ":get('/')").expect(3)
    t.contains(outcome.err, ".lua:3: script: 'get' needs a session",
               "use molo.setup_session")
    outcome = t.run(text % ".anything").expect(3)
    t.contains(outcome.err, ".lua:3: script: the worker has no field or method "
               "'anything'")


def test_fixtures_may_use_http_and_variables(t):
    t.server
    outcome = t.run("""
        molo.global_setup(function(run)
            run:put("/pad/start", { body = "set" })
            molo.set_var("greeting", "hello")
        end)
        molo.setup_session(function(session)
            molo.add_var("logged in", 1)
            session.state.page = session:get("/pad/start").body
        end)
        molo.scenario("a", function(session)
            molo.expect("page", session.state.page == "set")
            molo.expect("variable", molo.get_var("greeting") == "hello")
            molo.expect("all", molo.wait_var("logged in", 3))
        end)
        molo.global_teardown(function(result, run)
            molo.expect("clean", run:delete("/pad/start").status < 500)
            molo.expect("result", result.runs.ok == 3)
        end)
        """, "-w", "3", "-r", "1").expect(0)
    outcome.expect_runs(ok=3)
    t.equal(outcome.result["requests"]["total"], t.server.total(),
            "requests.total")


def test_failed_expect_in_global_teardown(t):
    outcome = t.run("""
        molo.scenario("a", function(session) end)
        molo.global_teardown(function(result)
            molo.expect("more", result.runs.ok > 1000)
        end)
        """, "-r", "1").expect(1)
    outcome.expect_runs(ok=1, failed=0)


def test_a_fixture_registered_twice(t):
    for name in ("global_setup", "setup", "setup_session", "teardown_session",
                 "teardown", "global_teardown"):
        outcome = t.run("""
            molo.%s(function() end)
            molo.%s(function() end)
            molo.scenario("a", function(session) end)
            """ % (name, name)).expect(2)
        t.contains(outcome.err, name)
        t.matches(outcome.err, r"\.lua:3")


def test_registering_in_a_run(t):
    for call in ("molo.scenario('b', function() end)",
                 "molo.setup(function() end)",
                 "molo.options{ workers = 2 }"):
        t.run("""
            molo.scenario("a", function(session) %s end)
            """ % call, "-r", "1").expect(1)


def test_a_set_up_that_the_end_of_the_test_stops(t):
    """Nothing is built on half of it, and it is no error of the set-up's."""
    text = """
        molo.setup(function(worker)
            %s
            worker.state.token = "x"
        end)
        molo.setup_session(function(session)
            molo.log("info", "MARK setup_session", #session.state.token)
            %s
        end)
        molo.scenario("a", function() end)
        molo.teardown_session(function() molo.log("info", "MARK left") end)
        molo.teardown(function() molo.log("info", "MARK gone") end)
        """
    words = ("--sim", "-w", "2", "-d", "2s", "--graceful-stop", "1s")
    outcome = t.run(text % ("molo.sleep(1000)", ""), *words).expect(3)
    t.equal(outcome.marks, ["gone"] * 2, "after a setup that was stopped")
    t.equal(outcome.err.count("setup of worker 0 was not over when the time "
                              "for runs was"), 1, "warnings")
    # Late, but in time for the graceful stop: no session is needed any more.
    outcome = t.run(text % ("molo.sleep(2.5)", ""), *words).expect(3)
    t.equal(outcome.marks, ["gone"] * 2, "after a setup that was late")
    outcome = t.run(text % ("", "molo.sleep(1000)"), *words).expect(3)
    t.equal(outcome.marks, ["setup_session 1"] * 2 + ["left"] * 2 + ["gone"] * 2,
            "after a setup_session that was stopped")
    t.contains(outcome.err, "setup_session of worker 0 was not over")


def test_a_test_whose_set_ups_took_all_its_time(t):
    """That none of its runs failed is no success; that some were made is."""
    text = """
        molo.setup(function(worker)
            if worker.worker_id < 2 then molo.sleep(1000) end
        end)
        molo.scenario("a", function() molo.sleep(0.1) end)
        """
    words = ["--graceful-stop", "0s", "-d", "300ms"]
    for threads in ("1", "2"):
        outcome = t.run(text, "-w", "2", "-t", threads, *words).expect(3)
        outcome.expect_runs(started=0)
        t.contains(outcome.out, "setup: no worker was ready to begin a run before the time for "
                   "runs was over")
        t.run(text, "-w", "3", "-t", threads, *words).expect(0)
    stopped = "molo.setup_session(function() molo.stop('not here') end)\n"
    t.run(text + stopped, "-w", "3", *words).expect(0).expect_runs(started=0)


def test_events(t):
    t.server
    outcome = t.run("""
        local seen = {}
        molo.on("*", function(event)
            assert(event.at >= 0)
            if event.type == "scenario_success" then
                assert(event.kind == nil and event.message == nil)
            elseif event.type == "scenario_failure" then
                assert(event.kind == "script")
                assert(event.message:find("second", 1, true))
            end
            molo.log("info", "MARK", event.worker_id, event.type, event.step)
        end)
        molo.scenario("a", function(session)
            molo.sleep(session.rng:float(0, 0.01))
            session:get("/")
            if session.step == 2 then
                molo.try(session.get, session, "/flaky?p=1&mode=close")
                molo.fail("second")
            end
        end)
        """, "-w", "3", "-r", "2").expect(1)
    rows = {}
    for mark in outcome.marks:
        words = mark.split()
        rows.setdefault(words[0], []).append(words[1])
    expected = ["worker_start",
                "scenario_start", "request_start", "request_end",
                "scenario_success",
                "scenario_start", "request_start", "request_end",
                "request_start", "request_error", "scenario_failure",
                "worker_end"]
    t.equal(rows, {str(i): expected for i in range(3)}, "events")


def test_events_carry_the_true_worker(t):
    """What a listener is told is what the scenario did, also when workers
    take turns within a run."""
    t.server
    outcome = t.run("""
        molo.on("request_end", function(event)
            molo.log("info", "MARK", event.worker_id, event.step,
                     event.scenario, event.url:match("q=(.*)$"))
        end)
        molo.scenario("a", function(session)
            for i = 1, 5 do
                session:get("/delay/0.00" .. session.rng:int(1, 9) .. "?q="
                            .. session.worker_id .. "-" .. session.step)
            end
        end)
        """, "-w", "5", "-r", "4").expect(0)
    t.equal(len(outcome.marks), 100, "events")
    for mark in outcome.marks:
        worker, step, scenario, query = mark.split()
        t.equal((worker + "-" + step, scenario), (query, "a"), "event")


def test_round_end_event(t):
    outcome = t.run("""
        molo.on("round_end", function(event)
            molo.log("info", "MARK", event.name, event.step)
        end)
        molo.scenario("a", function(session)
            local news = molo.notifier("news")
            if session.worker_id == 0 then
                news:written(1)
            else
                news:wait_for_writer()
                news:one_read()
            end
        end)
        """, "-w", "3", "-r", "4").expect(0)
    t.equal([mark.split() for mark in outcome.marks],
            [["news", str(step)] for step in range(1, 5)], "rounds")


def test_a_failing_listener_disturbs_nothing(t):
    outcome = t.run("""
        molo.on("scenario_start", function(event) error("listener fell") end)
        molo.on("scenario_success", function(event) molo.fail("so did this") end)
        molo.on("scenario_start", function(event)
            molo.log("info", "MARK second")
        end)
        molo.scenario("a", function(session) end)
        """, "-w", "2", "-r", "3").expect(0)
    outcome.expect_runs(ok=6, failed=0)
    t.equal(len(outcome.marks), 6, "calls of the second listener")
    t.matches(outcome.err, r"'scenario_start' failed .*\.lua:2: listener fell")
    t.matches(outcome.err,
              r"'scenario_success' failed .*\.lua:3: script: so did this")


def test_a_listener_may_not_wait(t):
    outcome = t.run("""
        molo.on("scenario_start", function(event) molo.sleep(1) end)
        molo.scenario("a", function(session) end)
        """, "-r", "1").expect(0)
    t.contains(outcome.err, "listener")


def test_unknown_event_is_suggested(t):
    outcome = t.run("""
        molo.on("request_ended", function() end)
        molo.scenario("a", function(session) end)
        """).expect(2)
    t.contains(outcome.err, "request_ended", "request_end'")


def test_stop_ends_the_test_in_order(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.worker_id == 0 and session.step == 5 then
                molo.stop("seen enough")
            end
            molo.sleep(0.01)
        end)
        molo.teardown(function() molo.log("info", "MARK teardown") end)
        """, "-w", "3", "-r", "100000").expect(0)
    t.equal(outcome.runs["failed"], 0, "failed")
    t.check(outcome.runs["started"] < 100, "went on: %r" % outcome.runs)
    t.equal(outcome.marks, ["teardown"] * 3, "marks")
    t.contains(outcome.out + outcome.err, "seen enough")


def test_fail_ends_the_run_with_its_reason(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.fail("out of stock")
            molo.log("info", "MARK after")
        end)
        """, "-r", "2").expect(1)
    outcome.expect_runs(failed=2)
    t.equal(outcome.marks, [], "marks")
    t.contains(outcome.out, "out of stock")


def test_try(t):
    t.run("""
        molo.scenario("a", function(session)
            local a, b = molo.try(function(x, y) return y, x end, 1, 2)
            molo.expect("results", a == 2 and b == 1)
            local value, err = molo.try(molo.fail, "why")
            molo.expect("nil", value == nil)
            molo.expect("error", tostring(err):find("why", 1, true))
            value, err = molo.try(error, "text")
            molo.expect("text", value == nil
                        and tostring(err):find("text", 1, true))
            value, err = molo.try(function()
                molo.sleep(0.01)
                error({ mine = true })
            end)
            molo.expect("any value", err.mine == true)
        end)
        """, "-r", "1").expect(0)


def test_check_and_expect(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.expect("returns", molo.check("even", session.step % 2 == 0)
                        == (session.step % 2 == 0))
            molo.expect("third", session.step ~= 3, "it is the third")
        end)
        """, "-r", "4").expect(1)
    t.equal(outcome.result["checks"], {
        "even": {"passes": 2, "fails": 2},
        "returns": {"passes": 4, "fails": 0},
        "third": {"passes": 3, "fails": 1},
    }, "checks")
    outcome.expect_runs(ok=3, failed=1)
    error = outcome.error("check")
    t.contains(error["message"], "third", "it is the third")
    t.matches(error["first"]["where"], r"\.lua:5$")


def test_assert_is_a_failed_check(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            assert(1 + 1 == 3, "arithmetic")
        end)
        """, "-r", "1").expect(1)
    error = outcome.error("check")
    t.contains(error["message"], "arithmetic")
    t.matches(error["first"]["where"], r"\.lua:3$")


def test_session_fields(t):
    t.run("""
        molo.scenario("a", function(session)
            molo.expect("worker_id", session.worker_id == session.index)
            molo.expect("workers", session.workers == 3)
            molo.expect("scenario", session.scenario == "a")
            molo.expect("integer", math.type(session.step) == "integer")
            session.state.last = (session.state.last or 0) + 1
            molo.expect("step", session.step == session.state.last)
        end)
        """, "-w", "3", "-r", "5").expect(0)


def test_locals_of_a_run_are_its_own(t):
    t.run("""
        molo.scenario("a", function(session)
            local mine = session.worker_id
            for _ = 1, 10 do
                molo.sleep(0.001)
                molo.expect("mine", mine == session.worker_id)
            end
        end)
        """, "-w", "20", "-r", "3").expect(0)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

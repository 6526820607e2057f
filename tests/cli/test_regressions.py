#!/usr/bin/env python3
"""One test for each fault that was once there."""

import signal
import sys

import harness


def test_run_taken_down_with_an_answer_it_did_not_take(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            while true do pcall(session.get, session, "/") end
        end)
        """, "-w", "8", "-d", "300ms", "--graceful-stop", "100ms").expect(0)
    outcome.expect_runs(started=8, interrupted=8)


def test_listener_that_raises_what_cannot_be_told(t):
    t.server
    outcome = t.run("""
        local bad = setmetatable({}, { __tostring = function() error("x") end })
        molo.on("scenario_start", function() error(bad) end)
        molo.on("request_start", function() error(bad) end)
        molo.scenario("a", function(session) session:get("/") end)
        """, "-r", "3").expect(0)
    outcome.expect_runs(ok=3)
    t.contains(outcome.err, "__tostring fails")


def test_setup_that_returns_what_cannot_be_read(t):
    outcome = t.run("""
        local bad = setmetatable({}, { __tostring = function() error("x") end })
        molo.setup(function()
            return setmetatable({}, { __index = function() error(bad) end })
        end)
        molo.scenario("a", function() end)
        """, "-r", "1")
    t.check(outcome.code in (0, 3), outcome.describe())


def test_finalizers_that_use_molo_at_the_end(t):
    path = t.scenario("""
        local molo = require "molo"
        local t = setmetatable({}, { __gc = function()
            pcall(molo.stop)
            pcall(molo.check, "a", true)
            return molo.env.HOME
        end })
        molo.scenario("a", function() return t end)
        """)
    t.molo("check", path).expect(0)
    t.molo("list", path).expect(0)


def busy(t, body, *options):
    running = t.start(body, "-r", "1", "--graceful-stop", "0s", *options)
    running.wait_for_err("MARK busy")
    return running


def test_signal_for_a_busy_script_has_its_exit_code(t):
    running = busy(t, """
        molo.scenario("a", function()
            molo.log("info", "MARK busy")
            while true do end
        end)
        """)
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_at_once()
    outcome.expect_runs(started=1, interrupted=1)
    t.matches(outcome.err, r"did not yield .*\.lua:\d+|" + harness.GIVEN_UP)


def test_no_run_starts_after_a_busy_setup_was_taken_down(t):
    running = busy(t, """
        molo.setup(function()
            molo.log("info", "MARK busy")
            while true do end
        end)
        molo.scenario("a", function() end)
        """)
    running.send(signal.SIGTERM)
    running.send(signal.SIGTERM)
    running.finish().expect(143).expect_runs(started=0)


def test_command_line_wins_over_session_options(t):
    server = t.server
    outcome = t.run("""
        molo.options { session = {
            base_url = "http://127.0.0.1:1", headers = { ["X-A"] = "script" },
        } }
        molo.scenario("a", function(session)
            local got = session:get("/echo"):json()
            molo.log("info", "MARK", got.headers["X-A"])
        end)
        """, "-r", "1", "-H", "X-A: cli").expect(0)
    t.equal(outcome.marks, ["cli"], "header")


def test_maps_in_options(t):
    outcome = t.run("""
        molo.options { env = { A = "b" }, tag = { build = 7 },
                       delay = { 0.01, 0.02 } }
        molo.scenario("a", function() molo.log("info", "MARK", molo.env.A) end)
        """, "-r", "1").expect(0)
    t.equal(outcome.marks, ["b"], "env")
    t.equal(outcome.result["tags"], {"build": "7"}, "tags")


def test_wrong_values_in_options_are_told(t):
    for line, words in (
            ("session = { timeout = -1 }", "timeout"),
            ("session = { headers = { a = {} } }", "header 'a'"),
            ("session = { base_url = 5 }", "base_url"),
            ("session = { redirects = 'x' }", "redirects"),
            ("workers = { 1 }", "'workers' cannot be a table"),
            ("delay = { 1 }", "delay"),
            ("tag = { a = {} }", "cannot be a table")):
        outcome = t.run("molo.options { %s }\n"
                        "molo.scenario('a', function() end)\n" % line,
                        "-r", "1").expect(2)
        t.contains(outcome.err, words)
        t.matches(outcome.err, r"\.lua:\d+: ")


def test_assert_at_load_names_the_line_once(t):
    outcome = t.run("""
        assert(io.open("/nope/x.csv"))
        molo.scenario("a", function() end)
        """, "-r", "1").expect(2)
    t.matches(outcome.err, r"\.lua:\d+: check: /nope/x.csv")
    t.equal(outcome.err.count("/nope/x.csv"), 1, "times")


def test_deadlock_in_global_teardown_ends_at_once(t):
    outcome = t.run("""
        molo.global_teardown(function() molo.wait_var("never") end)
        molo.scenario("a", function() end)
        """, "-r", "1", "--graceful-stop", "10m").expect(4)
    outcome.expect_at_once()


def test_who_quits_keeps_nobody_waiting_for_a_delay(t):
    outcome = t.run("""
        local news = molo.notifier("news")
        molo.scenario("a", { delay = 600 }, function(session)
            if session.worker_id == 1 then
                session:quit()
                return
            end
            local _, err = molo.try(news.wait_for_writer, news)
            molo.expect("broken", err.kind == "broken")
            session:quit()
        end)
        """, "-w", "2", "-r", "5").expect(0)
    outcome.expect_at_once()
    outcome.expect_runs(ok=2)


def test_who_never_starts_is_not_waited_for(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.notifier("n"):wait_for_writer()
        end)
        """, "-w", "2", "-d", "60s", "--ramp-up", "1000s", "-x").expect(1)
    t.contains(outcome.result["errors"][0]["message"], "worker 1 (never started)")
    outcome.expect_at_once()


def test_factory_errors_keep_their_kind(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.get_var("x", function()
                molo.sleep(0.05)
                session:get("/status/500", { expect = 200 })
            end)
        end)
        """, "-w", "3", "-r", "1").expect(1)
    t.equal({e["kind"] for e in outcome.result["errors"]}, {"http"}, "kinds")


def test_variable_asked_for_inside_its_factory(t):
    outcome = t.run("""
        molo.scenario("a", function()
            molo.get_var("x", function() return molo.get_var("x") end)
        end)
        """, "-r", "1").expect(1)
    t.contains(outcome.result["errors"][0]["message"], "its own factory")


def test_checks_in_listeners_count(t):
    outcome = t.run("""
        molo.on("scenario_success", function() molo.check("seen", true) end)
        molo.scenario("a", function() end)
        """, "-r", "3").expect(0)
    t.equal(outcome.result["checks"]["seen"], {"passes": 3, "fails": 0},
            "checks")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

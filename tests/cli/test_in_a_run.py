#!/usr/bin/env python3
"""What a run can ask for: polls, pauses, secrets, the environment."""

import sys

import harness


def test_polls_are_counted_and_not_timed(t):
    t.server.get("/stats")
    outcome = t.run("""
        molo.scenario("a", function(session)
            local count = 0
            molo.eventually(function()
                count = count + 1
                local ok = session:get("/echo").ok
                molo.expect("often enough", count == 3)
                return ok
            end, {every = 0.001})
            session:get("/echo")
        end)
        """, "-r", "2").expect(0)
    t.equal(outcome.result["requests"]["total"], 8, "requests")
    t.equal(outcome.endpoints, t.server.paths(), "endpoints")
    t.equal(outcome.result["metrics"]["http_req_duration"]["count"], 2,
            "timed")
    t.equal(outcome.result["checks"]["often enough"],
            {"passes": 2, "fails": 0}, "checks of the last attempts")


def test_the_last_attempt_of_a_failed_wait_counts(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.eventually(function()
                molo.expect("ready", false, "not yet")
            end, {every = "1ms", timeout = "20ms", desc = "it is ready"})
        end)
        """, "-r", "2").expect(1)
    t.equal(outcome.result["checks"]["ready"], {"passes": 0, "fails": 2},
            "checks")
    error = outcome.error("timeout")
    t.matches(error["message"],
              r"^molo\.eventually: 'it is ready' did not come true within 20 ms: "
              r"the last of \d+ attempts failed with check: ready: not yet$")
    t.matches(error["first"]["where"], r"\.lua:3$")


def test_think(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local from = molo.now()
            session:think(0.1)
            molo.expect("as long", molo.now() - from >= 0.0999)
            from = molo.now()
            session:think("100ms", "200ms")
            local took = molo.now() - from
            molo.expect("in the range", took >= 0.0999 and took <= 0.2101, took)
            local ok, err = pcall(session.think, session, 2, 1)
            molo.expect("range", err:find("session:think: the low end of the "
                .. "range is above its high end", 1, true), err)
        end)
        """, "-w", "5", "-r", "5", "--sim").expect(0)
    outcome.expect_runs(ok=25)


def test_secrets_are_in_no_output(t):
    secret = 'pa"ss w0rd/1'
    path = t.new_path(".ndjson")
    outcome = t.run("""
        molo.scenario("a", function(session)
            local key = molo.secret("API_KEY")
            molo.check("key " .. key, true)
            molo.log("info", "the key is", key)
            molo.expect("key", #key == 12)
            session:get("/echo", {query = {key = key}, name = "with " .. key})
            error("refused: " .. key)
        end)
        """, "-r", "1", "-vv", "-e", "API_KEY=" + secret, "--base-url",
                    t.server.url, "--timeline", path).expect(1)
    with open(outcome.json_path, encoding="utf-8") as file:
        result = file.read()
    with open(path, encoding="utf-8") as file:
        timeline = file.read()
    for text in (outcome.out, outcome.err, result, timeline):
        t.lacks(text, secret, secret.replace('"', '\\"'), "pa%22ss",
                "w0rd/1", "w0rd%2F1")
    t.contains(outcome.err, "the key is ***")
    t.equal(outcome.error("script")["message"], "refused: ***", "message")
    t.contains(result, '"key ***"')
    t.contains(outcome.out, "refused: ***")


def test_secrets_that_are_none(t):
    rows = [("{}", "molo.secret: expected the name of a variable, got table"),
            ("'NOT_SET'", "molo.secret: 'NOT_SET' is not set: export it, or "
                          "give it with -e NOT_SET=VALUE"),
            ("'SHORT'", "molo.secret: the value of 'SHORT' has fewer than 4 "
                        "characters: hiding it would hide too much")]
    for argument, text in rows:
        outcome = t.run("""
            molo.secret(%s)
            molo.scenario("a", function() end)
            """ % argument, env={"SHORT": "abc"}).expect(2)
        t.matches(outcome.err, r"\.lua:2: ")
        t.contains(outcome.err, text)


def test_the_environment_of_a_workload(t):
    outcome = t.run("""
        molo.options {workloads = {
            first = {executor = "runs_per_worker", workers = 1, runs = 1,
                     env = {USER_NAME = "ann"}},
            second = {executor = "runs_per_worker", workers = 1, runs = 1},
        }}
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.workload, molo.env.USER_NAME,
                     molo.env.OTHER, molo.env.NOT_SET)
        end)
        """, "-e", "USER_NAME=bob", "-e", "OTHER=x").expect(0)
    t.equal(sorted(outcome.marks), ["first ann x nil", "second bob x nil"],
            "marks")


def test_quit_says_why(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            if session.step == 2 then session:quit("had enough") end
        end)
        """, "-r", "5", "-v").expect(0)
    outcome.expect_runs(ok=2)
    t.contains(outcome.err, "worker 0 quits: had enough")

if __name__ == "__main__":
    sys.exit(harness.main(globals()))

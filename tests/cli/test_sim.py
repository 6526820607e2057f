#!/usr/bin/env python3
"""Simulated runs: virtual time, and answers that nobody sent.

Where a test says that something takes no real time, the virtual time it takes is
longer than the harness waits for any molo."""

import json
import os
import signal
import sys

import harness

PAD = os.path.join(harness.ROOT, "scenarios", "pad.lua")
COUNTER = os.path.join(harness.ROOT, "scenarios", "counter.lua")

SLEEP = """
    molo.scenario("sleep", function()
        molo.sleep(1)
    end)
    """

# Some of everything that could differ: random numbers, failures, requests,
# rounds, an order that Lua makes up, error messages with it.
MIXED = """
    molo.options{ base_url = "http://pad.test", delay = "0ms..50ms" }
    molo.on("round_end", function(event) molo.check("round ended", true) end)
    molo.scenario("mixed", { weight = 2 }, function(session)
        local pad = molo.notifier("pad")
        local basket = {}
        for i = 1, 10 do
            basket["item" .. session.rng:int(1, 1000000)] = i
        end
        if session.worker_id == 0 then
            pad:wait_for_readers()
            session:put("/pad", { json = basket, query = basket })
            pad:written(basket)
        else
            local items = pad:wait_for_writer()
            for name in pairs(items) do
                session:get("/" .. name)
                if session.rng:float() < 0.02 then
                    molo.fail("found " .. name .. " in "
                              .. molo.json.encode(items))
                end
            end
            pad:one_read()
        end
        molo.add_var("total", math.random(10))
    end)
    molo.scenario("short", function(session)
        molo.check("even", molo.get_var("total", function() return 0 end)
                           % 2 == 0)
        molo.sleep(session.rng:exponential(0.01))
    end)
    molo.global_teardown(function(result)
        molo.check("runs " .. result.runs.started, true)
    end)
    """


def test_rounds_meet(t):
    """A second for every answer makes 400 s."""
    outcome = t.run(PAD, "--sim", "--sim-latency", "1s", "-w", "5", "-r", "200")
    outcome.expect(0).expect_runs(started=1000, ok=1000, failed=0,
                                  interrupted=0)
    result = outcome.result
    t.equal(result["checks"]["text arrived"], {"passes": 800, "fails": 0},
            "checks")
    t.equal(outcome.endpoints, {"PUT /pad/demo": 200, "GET /pad/demo": 800},
            "endpoints")
    pad = result["coordination"]["pad"]
    t.equal((pad["rounds"], pad["missed"], pad["timeouts"]), (200, 0, 0), "pad")
    t.equal(result["duration"], 400, "duration")
    t.equal(result["metrics"]["http_req_duration"]["min"], 1, "shortest")
    t.equal(result["metrics"]["http_req_duration"]["max"], 1, "longest")


def test_ten_minutes_with_the_expected_number_of_runs(t):
    outcome = t.run(SLEEP, "--sim", "-w", "5", "-d", "10m").expect(0)
    outcome.expect_runs(started=3000, ok=3000, failed=0, interrupted=0)
    t.equal(outcome.result["duration"], 600, "duration")
    t.equal(outcome.result["exit"]["reason"], "duration", "reason")
    t.equal(outcome.result["metrics"]["run_duration"]["max"], 1, "run")


def test_ramp_up_and_delay_take_virtual_time(t):
    outcome = t.run(SLEEP, "--sim", "-w", "4", "-r", "2", "--ramp-up", "4h",
                    "--delay", "10s").expect(0)
    outcome.expect_runs(ok=8)
    # The last worker: 3 h, a run, a delay, a run.
    t.equal(outcome.result["duration"], 3 * 3600 + 1 + 10 + 1, "duration")


def comparable(outcome):
    """The result, less what belongs to the machine and the time of day."""
    result = dict(outcome.result)
    for key in ("host", "started_at", "generator"):
        del result[key]
    return json.dumps(result, indent=1)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_a_seed_says_it_all(t):
    path = t.scenario(MIXED)
    arguments = ["--sim", "-w", "7", "-r", "60", "--sim-failures", "2%",
                 "-f", "never", "--seed"]
    history = t.new_path(".ndjson")
    with_history = ["42", "--timeline", history]
    first = t.run(path, *arguments, *with_history).expect(0)
    first_history = read(history)
    t.check(first_history, "an empty timeline")
    t.check(first.runs["failed"] > 20, "too few failures: %r" % first.runs)
    t.check(first.runs["ok"] > 100, "too few runs: %r" % first.runs)
    # Lua shuffles its tables anew in every process.
    for _ in range(3):
        again = t.run(path, *arguments, *with_history).expect(0)
        t.equal(comparable(again), comparable(first), "result of equal seeds")
        t.equal(again.out, first.out, "summary of equal seeds")
        t.check(read(history) == first_history, "another timeline")
    other = t.run(path, *arguments, "43").expect(0)
    t.check(other.result["metrics"] != first.result["metrics"],
            "another seed, the same metrics")


def test_nothing_is_sent(t):
    total = t.server.total()
    outcome = t.run(PAD, "--sim", "-w", "3", "-r", "5").expect(0)
    t.equal(outcome.result["requests"]["total"], 15, "requests")
    t.equal(outcome.result["requests"]["unsent"], 0, "unsent")
    t.equal(t.server.total(), total, "requests at the server")


def test_it_says_so(t):
    outcome = t.run(PAD, "--sim", "--sim-latency", "2ms..3ms", "-r", "1")
    t.equal(outcome.out.splitlines()[0],
            "SIMULATED: virtual time, no request was sent; answers after 2 ms "
            "to 3 ms, 0 % of them fail", "first line")
    t.equal(outcome.result["simulated"], True, "simulated")
    generator = outcome.result["generator"]
    t.equal([generator[key] for key in ("cpu", "loop_lag_p99", "loop_lag_max",
                                        "saturated")],
            [None, None, None, None], "generator")
    plan = t.molo("check", PAD, "--sim", "--sim-failures", "5%").expect(0).out
    t.contains(plan, "simulated       answers after 1 ms to 10 ms, 5 % of them "
                     "fail\n")
    t.lacks(t.molo("check", PAD).expect(0).out, "simulated")


def test_the_practice_examples_work(t):
    t.run(COUNTER, "--sim", "-w", "5", "-r", "20").expect(0)


def test_bodies_are_remembered(t):
    t.run("""
        molo.options{ base_url = "http://shop.test", sim = true }
        molo.scenario("a", function(session)
            local url = "/item/" .. session.worker_id
            assert(session:get(url).body == "")
            session:put(url, { json = { id = 7, name = "x" } })
            local answer = session:get(url)
            assert(answer.status == 200 and answer:json().id == 7)
            assert(answer.headers["content-type"] == "application/json")
            assert(answer.body == '{"id":7,"name":"x"}')
            session:post(url, { body = "new" })
            assert(session:get(url).body == "new")
            assert(session:get("http://other.test" .. url).body == "")
            session:delete(url)
            assert(session:get(url).body == "")
        end)
        """, "-w", "3", "-r", "2").expect(0)


def test_failures(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("http://x.test/")
        end)
        """, "--sim", "--sim-failures", "10%", "-w", "10", "-r", "200",
        "--seed", "1", "-f", "never").expect(0)
    requests, runs = outcome.result["requests"], outcome.runs
    t.equal(requests["total"], 2000, "requests")
    t.check(150 <= requests["failed"] <= 250, "%r" % requests)
    t.equal(runs["failed"], requests["failed"], "runs.failed")
    errors = outcome.result["errors"]
    t.equal([(e["kind"], e["count"]) for e in errors],
            [("reset", runs["failed"])], "errors")
    t.contains(errors[0]["message"],
               "connection closed without an answer (simulated)")
    t.equal(outcome.result["endpoints"][0]["status"],
            {"200": 2000 - requests["failed"]}, "status")


def test_requests_time_out(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("http://x.test/")
        end)
        """, "--sim", "--sim-latency", "10s", "--timeout", "9s", "-r", "3")
    outcome.expect(1).expect_runs(failed=3)
    t.equal(outcome.error("timeout")["count"], 3, "timeouts")
    t.equal(outcome.result["duration"], 27, "duration")


def test_deadlock(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.sleep(1000)
            molo.notifier("news"):wait_for_writer()
        end)
        """, "--sim", "-w", "2", "-d", "10m").expect(0)
    outcome.expect_runs(interrupted=2)
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.sleep(100)
            molo.notifier("news"):wait_for_writer()
        end)
        """, "--sim", "-w", "2", "-d", "10m").expect(4)
    t.contains(outcome.err, "deadlock", "wait_for_writer of notifier 'news'")
    t.equal(outcome.result["duration"], 100, "duration")


WAIT = """
    molo.scenario("a", function(session)
        local news = molo.notifier("news")
        if session.worker_id > 0 then
            molo.sleep(1000)
            news:written(1)
        else
            local before = molo.now()
            local ok, err = pcall(news.wait_for_writer, news)
            molo.log("info", "MARK", ok, ok or err.kind, molo.now() - before)
        end
    end)
    """


def test_waits_end_in_virtual_time(t):
    for arguments, mark in (([], "false timeout 60.0"),
                            (["--wait-timeout", "90"], "false timeout 90.0"),
                            (["--wait-timeout", "0"], "true true 1000.0")):
        outcome = t.run(WAIT, "--sim", "-w", "2", "-r", "1", *arguments)
        t.equal(outcome.expect(0).marks, [mark], " ".join(arguments))


def test_who_never_waits_sees_the_end_too(t):
    for body in ("", "molo.add_var('n', 1)",
                 "while true do molo.sleep(0) end",
                 "while true do molo.add_var('n', 1) end"):
        outcome = t.run("molo.scenario('a', function()\n%s\nend)\n" % body,
                        "--sim", "-w", "2", "-d", "1", "--graceful-stop", "1")
        outcome.expect(0)
        duration = outcome.result["duration"]
        t.check(1 <= duration <= 7, "%s: %r" % (body, duration))
        t.equal(outcome.result["exit"]["reason"], "duration", body)


def test_a_script_that_does_not_yield(t):
    """Virtual time stands still meanwhile; the watchdog's does not."""
    outcome = t.run("""
        molo.scenario("a", function()
            while true do end
        end)
        """, "--sim", "-d", "1", "--graceful-stop", "0").expect(0)
    outcome.expect_runs(started=1, interrupted=1)
    t.matches(outcome.err, r"run of worker 0 did not yield and was taken down "
                           r"at \S+\.lua:3")
    # As in a real run: the end, and 5 s for cleaning up.
    t.equal(outcome.result["duration"], 6, "duration")


def test_a_listener_that_does_not_yield(t):
    outcome = t.run("""
        molo.on("round_end", function() while true do end end)
        molo.scenario("a", function(session)
            local news = molo.notifier("news")
            if session.worker_id == 0 then
                news:written(1)
            else
                news:wait_for_writer()
                news:one_read()
            end
        end)
        """, "--sim", "-w", "2", "-d", "1", "--graceful-stop", "0").expect(0)
    t.contains(outcome.err, "a listener of 'round_end' failed",
               "stopped: a listener did not end")


def test_one_signal_ends_it_in_order(t):
    running = t.start("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK begun")
            while true do molo.sleep(1e5) end
        end)
        molo.teardown(function() molo.log("info", "MARK torn down") end)
        """, "--sim", "-r", "1")
    running.wait_for_err("MARK begun")
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    outcome.expect_runs(started=1, interrupted=1)
    t.equal(outcome.marks, ["begun", "torn down"], "marks")


def test_signals_end_a_script_that_does_not_yield(t):
    running = t.start("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK begun")
            while true do end
        end)
        """, "--sim", "-r", "1")
    running.wait_for_err("MARK begun")
    running.send(signal.SIGTERM)
    running.send(signal.SIGINT)
    outcome = running.finish()
    t.check(outcome.code in (130, 143), outcome.describe())
    outcome.expect_runs(started=1, interrupted=1)


def test_where_the_options_may_stand(t):
    text = SLEEP.replace("molo.scenario",
                         "molo.options{ sim = %s, sim_latency = '5ms',"
                         " sim_failures = '1%%' }\n    molo.scenario", 1)
    on = t.run(text % "true", "-r", "1000").expect(0)
    t.equal(on.result["simulated"], True, "script")
    t.contains(on.out, "answers after 5 ms, 1 % of them fail")
    # Kept for the runs that are simulated.
    off = t.run(text.replace("sleep(1)", "sleep(0)") % "false", "-r", "1")
    t.equal(off.expect(0).result["simulated"], False, "not simulated")
    on = t.run(SLEEP, "-r", "1000", env={"MOLO_SIM": "true",
                                         "MOLO_SIM_LATENCY": "7ms"}).expect(0)
    t.contains(on.out, "answers after 7 ms, 0 % of them fail")


def test_alone_they_are_refused(t):
    path = t.scenario(SLEEP)
    for arguments in (["--sim-latency", "5ms"], ["--sim-failures", "5%"]):
        for command in ("run", "check"):
            outcome = t.molo(command, path, *arguments).expect(2)
            t.contains(outcome.err,
                       arguments[0] + " is for simulated runs: add --sim, or "
                       "leave it out to send real requests")
            t.equal(len(outcome.err.splitlines()), 1, "lines")


def test_tables_have_an_order(t):
    """In every run; and pairs() is otherwise as it always was."""
    text = """
        for name in pairs{ c = 1, b = 2, a = 3, d = 4 } do
            molo.scenario(name, function(session)
                if name ~= "a" then return end
                local t = { [true] = 1, zz = 1, z = 1, ["a\\0"] = 1, a = 1,
                            [10] = 1, [2] = 1, [2.5] = 1, [-1] = 1,
                            [math.maxinteger] = 1, [false] = 1, gone = 1 }
                local keys = {}
                for key, value in pairs(t) do
                    assert(value == 1)
                    t.gone, t[key] = nil, nil
                    keys[#keys + 1] = tostring(key):gsub("%z", "0")
                end
                molo.log("info", "MARK", table.concat(keys, " "))
                for _ in pairs{} do molo.fail("nothing") end
                for k, v in pairs(setmetatable({}, { __pairs = function(self)
                    return function(_, k) return not k and "x" or nil, 2 end
                end })) do
                    molo.log("info", "MARK", k, v)
                end
                local ok, message = pcall(function()
                    for _ in pairs(nil) do end
                end)
                molo.log("info", "MARK", ok, message)
                molo.log("info", "MARK", pcall((pairs{ 1 })))
            end)
        end
        """
    marks = ["-1 2 2.5 10 %d a a0 z zz false true" % (2 ** 63 - 1), "x 2"]
    for _ in range(3):
        outcome = t.run(text, "--sim", "-s", "a", "-r", "1").expect(0)
        t.equal(outcome.marks[:2], marks, "order")
        t.matches(outcome.marks[2], r"^false \S+:22: bad argument #1 to "
                                    r"'for iterator' \(table expected, got nil")
        t.contains(outcome.marks[3], "false bad argument #1", "table expected, got no value")
        listed = t.molo("list", t.scenario(text), env={"MOLO_SIM": "1"})
        names = [line.split()[0] for line in listed.expect(0).out.splitlines()]
        t.equal(names, ["a", "b", "c", "d"],
                "order of registration")


def test_headers_have_an_order(t):
    for _ in range(5):
        outcome = t.run("""
            molo.scenario("a", function(session)
                session:put("http://x.test/", { json = {} })
                local got = session:get("http://x.test/")
                local names = {}
                for name, value in pairs(got.headers) do
                    assert(value == got.headers[name])
                    names[#names + 1] = name
                end
                molo.log("info", "MARK", table.concat(names, " "))
            end)
            """, "--sim", "-r", "1").expect(0)
        t.equal(outcome.marks, ["content-length content-type"], "marks")


def test_names_are_written_in_order(t):
    """Of JSON, queries and forms, in real runs, too."""
    for _ in range(3):
        outcome = t.run("""
            molo.on("request_end", function(event)
                molo.log("info", "MARK", event.url)
            end)
            molo.scenario("a", function(session)
                local t = { c = 1, b = { z = 1, y = 2 }, a = { 3, 4 }, B = 5 }
                molo.log("info", "MARK", molo.json.encode(t))
                t.b = nil
                session:get("http://x.test/", { query = t })
                session:post("http://x.test/f", { form = t })
                molo.log("info", "MARK", session:get("http://x.test/f").body)
                session:post("http://x.test/j", { json = t })
                molo.log("info", "MARK", session:get("http://x.test/j").body)
            end)
            """, "--sim", "-r", "1").expect(0)
        t.equal([mark for mark in outcome.marks
                 if not mark.startswith("http") or "?" in mark],
                ['{"B":5,"a":[3,4],"b":{"y":2,"z":1},"c":1}',
                 "http://x.test/?B=5&a=3&a=4&c=1", "B=5&a=3&a=4&c=1",
                 '{"B":5,"a":[3,4],"c":1}'], "marks")


def test_progress_is_drawn_in_real_time(t):
    """Ten days in which virtual seconds fly by: not a line for each."""
    outcome = t.molo("run", t.scenario("""
        molo.scenario("a", function() molo.sleep(60) end)
        """), "--sim", "-d", "240h", "--progress", "on").expect(0)
    lines = [line for line in outcome.err.splitlines() if " req/s" in line]
    t.check(1 <= len(lines) <= 30, "%d lines" % len(lines))


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""How molo itself fared: what is measured, the verdict, and --strict."""

import json
import os
import sys

import harness

# Each turn of the loop takes ten times 5 ms of Lua.
BUSY = """
    molo.scenario("busy", function(session)
        local until_ = os.clock() + 0.005
        while os.clock() < until_ do end
        molo.sleep(0)
        if io.open("enough") then molo.stop("enough") end
    end)
    """

IDLE = """
    molo.scenario("idle", function(session) molo.sleep(0.05) end)
    """


def generator(t, scenario, *arguments, code=0):
    outcome = t.run(scenario, *arguments).expect(code)
    return outcome, outcome.result["generator"]


def busy(t, scenario, *arguments, code=0):
    """Goes on until it has been busy for four seconds on end: a machine that lets
    nobody run makes nobody busy."""
    path = t.new_path(".ndjson")
    running = t.start(scenario, "-w", "10", "-d", "1h", "-o", "ndjson=" + path, *arguments)

    def demands():
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.endswith("\n")]
        return "".join(
            "1" if row["generator"]["cpu"] + (row["generator"]["cpu_wait"] or 0) >= 0.95
            else "0" for row in rows if row["type"] == "interval")

    running.wait_for("four busy seconds", "1111", demands)
    t.file("enough", "")
    outcome = running.finish().expect(code)
    return outcome, outcome.result["generator"]


def test_a_busy_generator_is_found(t):
    outcome, result = busy(t, BUSY)
    t.equal(result["saturated"], True, "saturated")
    t.matches(result["verdict"],
              r"^generator saturated from [\d.]+ s to [\d.]+ s: loop lag p99 "
              r"\S+ \S+, CPU \d+ %.*; results from then on describe molo, not "
              r"the target(; cores were idle: try -t \d+)?$")
    t.contains(outcome.out, result["verdict"])
    span = result["saturations"][0]
    t.check(span["busy"] and not span["short"], "busy")
    t.check(span["to"] - span["from"] >= 2.9, "length")
    t.check(span["loop_lag_p99"] >= 0.02, "lag")
    t.check(result["loop_lag_p50"] <= result["loop_lag_p99"]
            <= result["loop_lag_max"], "lags")
    rows = outcome.result["intervals"]
    demands = [row["generator"]["cpu"] + (row["generator"]["cpu_wait"] or 0)
               for row in rows if row["length"] > 0.5]
    t.check(max(demands) >= 0.95, "demand %r" % demands)


def test_an_idle_generator_is_not(t):
    outcome = t.run(IDLE, "-w", "10", "-d", "5s", "--strict")
    result = outcome.result["generator"]
    if (result["threads"][0]["cpu_wait"] or 0) > 0.3:
        raise harness.Skip("the cores are taken by others")
    outcome.expect(0)
    t.equal(result["saturated"], False, "saturated")
    t.equal(result["verdict"], None, "verdict")
    t.equal(result["saturations"], [], "saturations")
    t.lacks(outcome.out, "generator saturated")


def test_5_strict(t):
    outcome, result = busy(t, BUSY, "--strict", code=5)
    exit_ = outcome.result["exit"]
    t.equal((exit_["code"], exit_["reason"]), (5, result["verdict"]), "exit")
    t.contains(outcome.out, "FAILED: generator saturated from", "(exit code 5)")


def test_strict_yields_to_what_failed(t):
    outcome, _ = busy(t, BUSY.replace("molo.sleep(0)", "molo.defer(molo.fail, 'x')"),
                      "--strict", code=1)
    t.equal({cause["code"] for cause in outcome.result["exit"]["all"]}, {1, 5},
            "causes")


def test_what_is_measured(t):
    outcome, result = generator(t, """
        local kept = {}
        molo.scenario("a", function(session)
            local many = {}
            for i = 1, 20000 do many[i] = { i } end
            molo.sleep(0.1)
        end)
        """, "-w", "4", "-d", "3s")
    t.check(0 < result["cpu"] < 64, "cpu")
    t.equal([thread["name"] for thread in result["threads"]], ["loop"],
            "threads")
    t.check(0 < result["threads"][0]["cpu"] <= 1.01, "cpu of the loop")
    t.check(result["lua_memory"] > 100000, "lua_memory")
    t.check(result["gc_cycles"] > 0, "gc_cycles")
    t.check(1000000 < result["max_rss"], "max_rss")
    t.check(3 <= result["fds"] <= result["fds_limit"], "fds")
    rows = outcome.result["intervals"]
    t.check(sum(row["generator"]["gc_cycles"] for row in rows)
            <= result["gc_cycles"], "cycles of the intervals")
    for row in rows:
        t.check(row["generator"]["rss"] <= result["max_rss"] * 1.1, "rss")
        t.equal(row["generator"]["start_lag_p99"], None, "nothing is scheduled")


def test_intervals_add_up(t):
    t.server
    outcome, _ = generator(t, """
        molo.global_setup(function(run) run:get("/") end)
        molo.global_teardown(function(run) run:get("/") end)
        molo.scenario("a", function(session)
            session:get("/")
            molo.check("x", true)
            molo.sleep(0.01)
        end)
        """.replace("run:get", "molo.session():get"), "-w", "4", "-d", "3s",
        code=0)
    result = outcome.result
    rows = result["intervals"]
    t.check(len(rows) >= 2, "%d rows" % len(rows))
    for key, total in (
            ("requests", result["requests"]["total"]),
            ("requests_failed", result["requests"]["failed"]),
            ("bytes_sent", result["requests"]["bytes_sent"]),
            ("bytes_received", result["requests"]["bytes_received"]),
            ("runs_started", result["runs"]["started"]),
            ("runs_ok", result["runs"]["ok"]),
            ("checks_passed", result["checks"]["x"]["passes"])):
        t.equal(sum(row[key] for row in rows), total, key)
    at = 0
    for row in rows:
        t.check(row["at"] >= at, "at")
        at = row["at"]


def test_running_out_of_descriptors(t):
    t.server
    path = t.scenario("""
        molo.scenario("a", function(session)
            molo.try(session.get, session, "/")
            molo.sleep(0.5)
        end)
        """)
    result_path = t.new_path(".json")
    limit = 60
    outcome = t.start_molo(
        "run", path, "-w", "60", "-r", "2", "--base-url", t.server.url,
        "--strict", "-o", "json=" + result_path, "--progress", "off",
        json_path=result_path,
        prefix=["prlimit", "--nofile=%d:%d" % (limit, limit)]).finish()
    outcome.expect(5)
    result = outcome.result["generator"]
    t.equal(result["saturated"], True, "saturated")
    t.equal(result["fds_limit"], limit, "fds_limit")
    t.check(result["saturations"][0]["short"], "short")
    t.check(result["shortages"] > 0, "shortages")
    t.matches(result["verdict"], r"\d+ requests? failed for want of "
              r"descriptors, ports or memory")


def test_a_simulated_generator_is_not_known(t):
    outcome, result = generator(t, IDLE, "-w", "4", "-d", "20s", "--sim",
                                "--strict")
    for key in ("cpu", "loop_lag_p50", "loop_lag_p99", "loop_lag_max",
                "saturated", "verdict"):
        t.equal(result[key], None, key)
    t.equal(result["threads"], [], "threads")
    t.equal({json.dumps(row["generator"]) for row in
             outcome.result["intervals"]}, {"null"}, "intervals")


def test_global_teardown_gets_them(t):
    outcome, _ = generator(t, """
        molo.scenario("a", function(session) molo.sleep(0.3) end)
        molo.global_teardown(function(result)
            local made = 0
            for _, row in ipairs(result.intervals) do made = made + row.runs_ok end
            molo.log("info", "MARK", result.generator.saturated, made)
        end)
        """, "-r", "1")
    t.equal(outcome.marks, ["false 1"], "what it got")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""The result JSON: its keys, its identities, how it is written."""

import base64
import json
import os
import signal
import sys

import jsonschema

import harness

MIXED = """
    molo.scenario("good", function(session)
        session:get("/bytes/1000")
        session:put("/pad/x", { body = "text" })
        molo.check("sometimes", session.step % 2 == 0)
    end)
    molo.scenario("bad", function(session)
        session:get("/status/500")
        molo.fail("on purpose")
    end)
    """

TREND = {"type", "unit", "count", "min", "mean", "p50", "p90", "p95", "p99",
         "p999", "max", "hist"}


def mixed(t, *arguments):
    t.server
    return t.run(MIXED, "-w", "3", "-r", "20", "--seed", "7",
                 *arguments).expect(1)


def test_keys(t):
    result = mixed(t, "--tag", "build=42").result
    keys = {"schema", "molo", "scenario", "seed", "simulated",
            "started_at", "duration",
            "workers", "threads", "tags", "host", "plan", "exit", "runs",
            "requests", "scenarios", "workloads", "metrics", "endpoints",
            "checks", "thresholds", "errors", "coordination", "generator"}
    t.equal(keys - set(result), set(), "missing keys")
    t.equal(result["schema"], "molo-result/1", "schema")
    t.equal(result["seed"], 7, "seed")
    t.equal(result["simulated"], False, "simulated")
    t.equal(result["workers"], 3, "workers")
    t.equal(result["threads"], 1, "threads")
    t.equal(result["tags"], {"build": "42"}, "tags")
    t.matches(result["started_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
    for name, fields in (
            ("exit", {"code", "reason", "all"}),
            ("runs", {"started", "ok", "failed", "interrupted", "dropped",
                      "rate"}),
            ("requests", {"total", "failed", "bytes_sent", "bytes_received",
                          "rate"}),
            ("generator", {"cpu", "loop_lag_p99", "max_rss", "fds",
                           "saturated"})):
        t.equal(fields - set(result[name]), set(), "missing in " + name)
    t.equal(TREND - set(result["metrics"]["http_req_duration"]), set(),
            "missing in http_req_duration")


def test_identities(t):
    outcome = mixed(t)
    result = outcome.result
    runs = result["runs"]
    t.equal(runs["started"], 60, "started")
    t.equal(runs["started"],
            runs["ok"] + runs["failed"] + runs["interrupted"], "started")
    for key in ("ok", "failed", "interrupted"):
        t.equal(sum(s[key] for s in result["scenarios"].values()), runs[key],
                "scenarios: " + key)

    stats = t.server.stats()
    total = stats["requests"]
    t.equal(result["requests"]["total"], total, "requests.total")
    t.equal(outcome.endpoints, stats["paths"], "endpoints")
    t.equal(result["requests"]["bytes_sent"], stats["bytes_received"],
            "bytes_sent")
    t.equal(sum(e["failed"] for e in result["endpoints"]),
            result["requests"]["failed"], "requests.failed")
    t.equal(result["requests"]["failed"], outcome.endpoints["GET /status/500"],
            "failed")
    for endpoint in result["endpoints"]:
        t.equal(sum(endpoint["status"].values()), endpoint["count"],
                "statuses of " + endpoint["name"])
    t.equal(result["metrics"]["http_req_duration"]["count"], total,
            "http_req_duration")

    checks = result["checks"]["sometimes"]
    t.equal(checks["passes"] + checks["fails"],
            result["scenarios"]["good"]["ok"], "checks")
    failures = [e for e in result["errors"] if "on purpose" in e["message"]]
    t.equal(sum(e["count"] for e in failures), runs["failed"], "errors")
    t.equal(set(failures[0]["first"]) >= {"worker_id", "step", "at", "where"},
            True, "first")


def test_trends_are_ordered(t):
    for name, metric in mixed(t).result["metrics"].items():
        if metric["type"] != "trend" or not metric["count"]:
            continue
        values = [metric[key] for key in
                  ("min", "p50", "p90", "p95", "p99", "p999", "max")]
        t.equal(values, sorted(values), name)
        t.check(metric["min"] <= metric["mean"] <= metric["max"], name)
        t.check(metric["min"] >= 0, name + " is negative")


def test_durations_are_those_of_the_server(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/delay/0.2")
        end)
        """, "-r", "3").expect(0)
    metrics = outcome.result["metrics"]
    # The histogram's error is at most 0.1 %.
    t.check(metrics["http_req_duration"]["min"] >= 0.199, "duration")
    # Whoever has to wait for the core may see late that a request was sent.
    t.check(metrics["http_req_wait"]["max"] >= 0.199, "wait")
    t.check(metrics["run_duration"]["min"] >= 0.199, "run")
    t.check(outcome.result["duration"] >= 0.6, "duration of the test")


def test_duration_covers_what_a_request_consists_of(t):
    """From the start of sending to the end: most of what sending, waiting and
    receiving add up to, on a kept connection to a server nearby, too."""
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session) session:get("/") end)
        """, "-r", "1000").expect(0)
    metrics = outcome.result["metrics"]
    parts = sum(metrics["http_req_" + part]["p50"]
                for part in ("send", "wait", "receive"))
    t.check(metrics["http_req_duration"]["p50"] > 0.4 * parts,
            "duration %r, parts %r" % (metrics["http_req_duration"]["p50"],
                                       parts))


def test_bytes_are_counted(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.expect("size", #session:get("/bytes/100000").body == 100000)
            session:put("/pad/x", { body = ("x"):rep(50000) })
        end)
        """, "-r", "4").expect(0)
    requests = outcome.result["requests"]
    for key, least in (("bytes_received", 400000), ("bytes_sent", 200000)):
        # Bodies plus eight small heads.
        t.check(least < requests[key] < least + 8 * 1000,
                "%s: %d" % (key, requests[key]))


def test_histogram_is_base64(t):
    metric = mixed(t).result["metrics"]["http_req_duration"]
    data = base64.b64decode(metric["hist"], validate=True)
    t.check(len(data) > 8, "empty histogram")


def test_json_to_stdout_is_all_of_stdout(t):
    t.server
    path = t.scenario(MIXED)
    outcome = t.molo("run", path, "-w", "2", "-r", "3", "--seed", "1", "--base-url",
                     t.server.url, "-o", "json=-").expect(1)
    result = json.loads(outcome.out)
    t.equal(result["runs"]["started"], 6, "started")


def test_print_in_a_scenario_does_not_spoil_it(t):
    path = t.scenario("""
        molo.scenario("a", function(session) print("hello") end)
        """)
    outcome = t.molo("run", path, "-r", "1", "-o", "json=-").expect(0)
    json.loads(outcome.out)
    t.contains(outcome.err, "hello")


def test_file_is_whole_or_as_before(t):
    """A temporary file and a rename: a reader never sees half of it."""
    target = t.file("result.json", "old")
    inode = os.stat(target).st_ino
    path = t.scenario("molo.scenario('a', function() end)\n")
    t.molo("run", path, "-r", "1", "-o", "json=" + target).expect(0)
    t.check(os.stat(target).st_ino != inode, "written in place")
    with open(target, encoding="utf-8") as file:
        t.equal(json.load(file)["runs"]["ok"], 1, "runs.ok")
    left = [name for name in os.listdir(t.directory)
            if name.startswith("result") or name.startswith(".result")]
    t.equal(left, ["result.json"], "files")


def test_summary_says_the_same(t):
    outcome = mixed(t)
    runs = outcome.result["runs"]
    for number in (runs["ok"], runs["failed"],
                   outcome.result["requests"]["total"]):
        t.matches(outcome.out, r"\b%d\b" % number)
    t.contains(outcome.out, "/bytes/1000", "/pad/x", "/status/500",
               "on purpose", "sometimes", "p95")


def test_odd_names_stay_valid_json(t):
    outcome = t.run(r"""
        molo.scenario("q\"uo\te", function(session)
            molo.check("caf\u{e9} \"x\" \\ \n", true)
            molo.check("\xff\xfe", true)
            error("bytes \xff and \0 and \1")
        end)
        """, "-r", "1").expect(1)
    t.equal(list(outcome.result["scenarios"]), ['q"uo\te'], "scenarios")
    t.equal(outcome.result["checks"]['caf\u00e9 "x" \\ \n']["passes"], 1,
            "checks")
    t.equal(len(outcome.result["checks"]), 2, "checks")


def test_names_that_become_the_same_key_are_added_up(t):
    outcome = t.run(r"""
        for _, name in ipairs{ "\xff", "\xfe" } do
            molo.scenario(name, { weight = 2 }, function(session)
                molo.check(name, session.step % 2 == 0)
            end)
        end
        """, "-w", "2", "-r", "20").expect(0)
    result = outcome.result
    t.equal([row["passes"] + row["fails"] for row in result["checks"].values()],
            [40], "checks")
    t.equal([row["ok"] for row in result["scenarios"].values()], [40],
            "scenarios")
    t.equal(result["plan"]["scenarios"], {"\ufffd": 4}, "weights")


def test_nul_in_json_text(t):
    t.server
    outcome = t.run(r"""
        local molo_text = molo.json.decode('["a\\u0000b"]')[1]
        molo.scenario("a", function(session)
            molo.expect("decode", molo_text == "a\0b")
            local answer = session:post("/echo", { json = { x = "c\0d" } })
            local body = molo.json.decode(answer:json().body)
            molo.expect("json", body.x == "c\0d")
        end)
        """, "-r", "1").expect(0)
    t.equal(set(outcome.result["checks"]), {"decode", "json"}, "checks")


def test_stdout_whose_reader_has_gone(t):
    """Not an end by SIGPIPE, but an error that is told, and the JSON file."""
    path = t.scenario("molo.scenario('a', function() end)\n")
    target = t.new_path(".json")
    rows = (
        ["run", path, "-r", "1", "-o", "json=" + target, "--progress", "off"],
        ["run", path, "-r", "1", "-o", "json=-", "--progress", "off"],
        ["check", path], ["list", path], ["serve", "--port", "0"],
        ["version"], ["help"], ["run", "--help"],
    )
    for arguments in rows:
        reader, writer = os.pipe()
        os.close(reader)
        running = t.start_molo(*arguments, stdout=writer)
        os.close(writer)
        outcome = running.finish().expect(6)
        lines = outcome.err.splitlines()
        t.equal(len([line for line in lines if "standard output" in line]), 1,
                "error lines of %s" % arguments)
    with open(target, encoding="utf-8") as file:
        t.equal(json.load(file)["runs"]["ok"], 1, "runs.ok")


def test_results_without_a_single_run(t):
    result = t.run("""
        molo.global_setup(function() error("no") end)
        molo.scenario("a", function(session) end)
        """, "-r", "1").expect(3).result
    t.equal(result["runs"]["started"], 0, "started")
    t.equal(result["exit"]["code"], 3, "exit.code")


def test_the_plan_of_each_workload(t):
    outcome = t.run("""
        molo.options{ workloads = {
            ramp = { executor = "ramping_rate", rate = "1/2s",
                     stages = { "1s:5/s", "2s:30/m" }, arrival = "poisson",
                     max_workers = 7, pre_allocated = 2, max_lag = "250ms" },
            staff = { executor = "ramping_workers", workers = 1,
                      stages = { "1s:3" }, start = "500ms",
                      delay = { 0.1, 0.2 }, tags = { team = "x" },
                      env = { TOKEN = "secret" } },
            fixed = { executor = "runs_per_worker", workers = 2, runs = 3,
                      ramp_up = "100ms", scenarios = { a = 2, b = 1 } },
        } }
        molo.scenario("a", function() molo.sleep(0.01) end)
        molo.scenario("b", function() molo.sleep(0.01) end)
        """, "--sim").expect(0)
    plan = outcome.result["plan"]["workloads"]
    t.equal({key: plan["ramp"][key] for key in (
        "rate", "arrival", "workers", "pre_allocated", "max_lag",
        "workers_at_start", "max_runs")},
            {"rate": 0.5, "arrival": "poisson", "workers": 7,
             "pre_allocated": 2, "max_lag": 0.25, "workers_at_start": None,
             "max_runs": None}, "a rate")
    t.equal(plan["ramp"]["stages"],
            [{"duration": 1, "workers": None, "rate": 5},
             {"duration": 2, "workers": None, "rate": 0.5}], "its stages")
    t.equal({key: plan["staff"][key] for key in (
        "start", "duration", "workers", "workers_at_start", "delay_low",
        "delay_high", "rate", "tags")},
            {"start": 0.5, "duration": 1, "workers": 3, "workers_at_start": 1,
             "delay_low": 0.1, "delay_high": 0.2, "rate": None,
             "tags": {"team": "x"}}, "a ramp")
    t.equal((plan["fixed"]["max_runs"], plan["fixed"]["ramp_up"],
             plan["fixed"]["scenarios"]), (3, 0.1, {"a": 2, "b": 1}), "runs")
    t.lacks(json.dumps(plan), "secret")


def test_the_plan_of_a_single_run(t):
    outcome = t.run("""
        molo.scenario("a", { group = "g" }, function() end)
        molo.scenario("b", function() end)
        molo.scenario("c", { group = "g" }, function() end)
        """, "--sim", "--single-run").expect(0)
    plan = outcome.result["plan"]["workloads"]
    t.equal([[(turn["stage"], turn["scenario"]) for turn in row["turns"]]
             for row in plan.values()], [[(1, "a"), (2, "b")], [(1, "c")]],
            "turns")


# -- the schema

with open(os.path.join(harness.ROOT, "docs/schema/molo-result-1.json"),
          encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def conforms(result, what):
    problems = ["%s: %s" % (error.json_path, error.message[:300])
                for error in VALIDATOR.iter_errors(result)]
    if problems:
        raise harness.Failure("%s does not conform:\n%s" % (
            what, "\n".join(problems[:10])))


def test_the_schema_is_strict(t):
    """Nothing is allowed by leaving it out."""
    result = mixed(t).result
    conforms(result, "the result")
    for path in ((), ("exit",), ("runs",), ("requests",), ("generator",),
                 ("host",), ("plan",), ("endpoints", 0), ("errors", 0),
                 ("errors", 0, "first"), ("intervals", 0),
                 ("intervals", 0, "generator"), ("intervals", 0, "duration"),
                 ("metrics", "http_req_duration"), ("checks", "sometimes")):
        copy = json.loads(json.dumps(result))
        where = copy
        for key in path:
            where = where[key]
        for key in list(where):
            value = where.pop(key)
            t.check(not VALIDATOR.is_valid(copy),
                    "%s in %r may be left out" % (key, path))
            where[key] = value
        where["surprise"] = 1
        t.check(not VALIDATOR.is_valid(copy), "more may be in %r" % (path,))


def test_every_end_conforms(t):
    t.server
    rows = (
        (0, "molo.scenario('a', function(session) session:get('/') end)",
         ("-r", "3", "-o", "requests=" + t.new_path(".x"))),
        (1, "molo.scenario('a', function(session) molo.fail('x') end)",
         ("-r", "3", "-w", "2")),
        (1, "molo.scenario('a', function(session) molo.abort('x') end)",
         ("-r", "3",)),
        (1, "molo.scenario('a', function(session) end)\n"
            "molo.global_teardown(function() error('x') end)", ("-r", "3",)),
        (3, "molo.scenario('a', function(session) end)\n"
            "molo.global_setup(function() error('x') end)", ("-r", "3",)),
        (4, "molo.scenario('a', function(session)\n"
            "molo.notifier('news'):wait_for_writer() end)", ("-r", "1",)),
        (6, "molo.scenario('a', function(session) end)",
         ("-r", "1", "-o", "csv=/dev/full")),
        (99, "molo.scenario('a', function(session) session:get('/') end)",
         ("-r", "3", "--threshold", "http_reqs:count > 5",
          "--threshold", "http_req_duration{name=/}:p95 < 1m")),
        (0, "molo.scenario('a', function(session) session:get('/') end)",
         ("-r", "3", "--sim", "--tag", "a=b", "--seed", "1")),
        (1, "molo.scenario('a', function(session)\n"
            "session:get('http://127.0.0.1:1/') end)", ("-r", "2",)),
    )
    for code, scenario, arguments in rows:
        # The one that cannot be written comes first, so that the JSON tells.
        outcome = t.run(scenario + "\n", *arguments)
        conforms(outcome.result, "%d, %s" % (code, scenario))
        t.equal(outcome.code, code, scenario)


def test_a_signal_conforms(t):
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        running = t.start("""
            molo.scenario("a", function(session)
                molo.log("info", "MARK begun")
                molo.sleep(60)
            end)
            """, "-d", "1h", "--graceful-stop", "0")
        running.wait_for_err("MARK begun")
        running.send(number)
        conforms(running.finish().expect(code).result, str(number))


def test_examples_conform(t):
    """What the scenarios that come with molo measure, of every kind."""
    directory = os.path.join(harness.ROOT, "scenarios")
    t.server
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".lua"):
            continue
        outcome = t.run(os.path.join(directory, name), "-w", "6", "-r", "2",
                        "-f", "never", "--wait-timeout", "5s", "-d", "8s")
        if outcome.code != 2:
            conforms(outcome.result, name)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Several scenario files or tests in one command: each in a process of its own (--jobs), their
results as one."""

import json
import os
import re
import signal
import sys

import jsonschema

import harness

def read_schema(name):
    with open(os.path.join(harness.ROOT, "docs/schema", name), encoding="utf-8") as file:
        return json.load(file)


def inline(schema, one):
    """Puts what is referred to in the other file in its place: its own references are then
    those of this one."""
    if isinstance(schema, list):
        return [inline(item, one) for item in schema]
    if not isinstance(schema, dict):
        return schema
    place = schema.get("$ref", "")
    if place.startswith(one["$id"]):
        name = place.rpartition("/")[2]
        return one["properties"][name] if "#" in place else {
            key: value for key, value in one.items() if not key.startswith("$")}
    return {key: inline(value, one) for key, value in schema.items()}


def validate(result):
    one = read_schema("molo-result-1.json")
    schema = inline(read_schema("molo-results-1.json"), one)
    schema["$defs"] = one["$defs"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(result)


COUNTS = """
molo.scenario('%s', function(session)
  session:get('/pad/%s')
  molo.check('shared', session.step > %d)
  molo.trend('size', {unit = 'bytes'}):add(session.step)
end)
"""


def scenarios(t, *names):
    return [t.scenario(COUNTS % (name, name, index), name + ".lua")
            for index, name in enumerate(names)]


def start(t, files, *arguments):
    path = t.new_path(".json")
    return t.start_molo("run", *files, "--progress", "off", "-o", "json=" + path, *arguments,
                        json_path=path)


def run(t, files, *arguments):
    return start(t, files, *arguments).finish()


def test_sums(t):
    outcome = run(t, scenarios(t, "a", "b", "c"), "-w", "2", "-r", "5", "--base-url",
                  t.server.url, "--jobs", "2").expect(0)
    result = outcome.result
    validate(result)
    runs = result["runs"]
    t.equal([runs[key] for key in ("started", "ok", "failed", "interrupted")], [30, 30, 0, 0],
            "runs")
    t.equal(result["requests"]["total"], t.server.total(), "requests")
    t.equal(outcome.endpoints, t.server.paths(), "endpoints")
    t.equal(result["scenarios"]["b"]["ok"], 10, "scenario b")
    # All pass, all but the first, all but the first two.
    t.equal(result["checks"]["shared"], {"passes": 10 + 8 + 6, "fails": 6}, "checks")
    parts = [file["result"] for file in result["files"]]
    t.equal([part["runs"]["ok"] for part in parts], [10, 10, 10], "files")
    for name, metric in result["metrics"].items():
        if metric["type"] == "trend":
            check_trend(t, name, metric, [part["metrics"][name] for part in parts])
    for name in ("runs", "http_reqs", "data_sent"):
        t.equal(result["metrics"][name]["count"],
                sum(part["metrics"][name]["count"] for part in parts), name)
    size = result["metrics"]["size"]
    t.equal(size["p50"], 3, "median of 1 to 5")
    t.equal({name: (part["count"], part["p50"], part["max"])
             for name, part in size["by"]["scenario"].items()},
            {"a": (10, 3, 5), "b": (10, 3, 5), "c": (10, 3, 5)}, "of each")
    whole = size["by"]["workload"]["default"]
    t.equal((whole["count"], whole["p50"]), (30, 3), "of a tag that all have")


def check_trend(t, name, sum_, parts):
    parts = [part for part in parts if part["count"] > 0]
    t.equal(sum_["count"], sum(part["count"] for part in parts), name)
    if not parts:
        return
    t.equal(sum_["min"], min(part["min"] for part in parts), name)
    t.equal(sum_["max"], max(part["max"] for part in parts), name)
    mean = sum(part["mean"] * part["count"] for part in parts) / sum_["count"]
    t.check(abs(sum_["mean"] - mean) <= 1e-9 + mean * 1e-6, "mean of " + name)
    for key in ("p50", "p90", "p95", "p99", "p999"):
        t.check(sum_["min"] <= sum_[key] <= sum_["max"], "%s of %s" % (key, name))


def test_prefixes_and_summary(t):
    files = [t.scenario("molo.scenario('s', function() molo.log('info', 'one', 'two') end)",
                        "%s.lua" % name) for name in ("a", "b")]
    outcome = run(t, files, "-r", "50", "--jobs", "0").expect(0)
    lines = outcome.err.splitlines()
    t.equal(len(lines), 100, "lines")
    for line in lines:
        t.matches(line, r"^\[.*/[ab]\.lua\] molo: one two$")
    for path in files:
        t.contains(outcome.out, "== " + path)
    t.matches(outcome.out, r"^all +100 +100 +0 ")
    quiet = run(t, files, "-r", "1", "-q").expect(0)
    t.equal(quiet.out, "", "stdout with -q")
    printed = t.molo("run", *files, "-r", "1", "-o", "json=-").expect(0)
    t.equal(json.loads(printed.out)["runs"]["ok"], 2, "the merged result on stdout")


def test_one_at_a_time_unless_told(t):
    files = [t.scenario("""
        molo.scenario('s', function()
          molo.log('info', 'MARK begin')
          molo.sleep(0.2)
          molo.log('info', 'MARK end')
        end)
        """, "%s.lua" % name) for name in ("a", "b", "c")]
    t.equal(run(t, files, "-r", "1").marks, ["begin", "end"] * 3, "one after another")
    outcome = run(t, files, "-r", "1", "--jobs", "0")
    t.check(outcome.marks.index("end") > 1, "all at once: %r" % outcome.marks)


def test_a_crash_leaves_the_others(t):
    files = scenarios(t, "a", "b")
    files.insert(1, t.scenario("""
        molo.scenario('crash', function()
          molo.sleep(0.05)
          os.execute('kill -KILL $PPID')
        end)
        """, "crash.lua"))
    outcome = run(t, files, "-r", "3", "--base-url", t.server.url, "--jobs", "auto").expect(1)
    result = outcome.result
    validate(result)
    t.equal(result["runs"]["ok"], 6, "runs of the others")
    error, = outcome.errors("lost")
    t.contains(error["message"], "its process was ended by signal 9 (Killed)")
    t.equal(error["file"], files[1], "file")
    t.equal([file["lost"] for file in result["files"]], [False, True, False], "lost")
    t.contains(outcome.err, "crash.lua: lost: its process was ended by signal 9")
    t.matches(outcome.out, r"crash\.lua +- .*lost$")
    t.contains(result["exit"]["reason"], "crash.lua: its process was ended by signal 9")


def test_exit_code_is_the_first_that_applies(t):
    good = t.scenario("molo.scenario('s', function() end)", "good.lua")
    fails = t.scenario("molo.scenario('s', function() error('no') end)", "fails.lua")
    setup = t.scenario("molo.setup(function() error('no') end)\n"
                       "molo.scenario('s', function() end)", "setup.lua")
    broken = t.scenario("molo.scenari('s')", "broken.lua")
    run(t, [good, good], "-r", "1").expect(0)
    run(t, [good, fails], "-r", "1").expect(1)
    outcome = run(t, [fails, setup, good], "-r", "1").expect(3)
    t.equal([cause["code"] for cause in outcome.result["exit"]["all"]], [1, 3], "causes")
    outcome = run(t, [setup, broken, good], "-r", "1").expect(2)
    t.equal(outcome.result["files"][1]["reason"], "it did not run", "reason")
    t.equal(outcome.result["runs"]["ok"], 1, "the others run")


def test_ctrl_c_reaches_all(t):
    text = """
        molo.teardown(function() molo.log('info', 'MARK teardown') end)
        molo.scenario('s', function()
          molo.log('info', 'MARK run')
          molo.sleep(60)
        end)
        """
    files = [t.scenario(text, "%s.lua" % name) for name in ("a", "b", "c")]
    running = start(t, files, "-d", "60s", "--jobs", "2", "--graceful-stop", "0s")
    running.wait_for("both runs", r"MARK run[^M]*MARK run", running.err)
    running.send(signal.SIGINT)
    outcome = running.finish().expect(130)
    t.equal(outcome.marks.count("teardown"), 2, "teardowns")
    result = outcome.result
    t.equal([file["code"] for file in result["files"]], [130, 130, 130], "codes")
    t.equal(result["files"][2]["reason"], "the test was ended before it began", "the third")
    outcome.expect_runs(started=2)


def test_two_signals_end_what_does_not_end(t):
    text = """
        molo.teardown(function() molo.sleep(60) end)
        molo.scenario('s', function() molo.log('info', 'MARK run') molo.sleep(60) end)
        """
    files = [t.scenario(text, "%s.lua" % name) for name in ("a", "b")]
    running = start(t, files, "-d", "60s", "--jobs", "2")
    running.wait_for("both runs", r"MARK run[^M]*MARK run", running.err)
    running.send(signal.SIGTERM)
    running.send(signal.SIGINT)
    outcome = running.finish(45)
    t.check(outcome.code in (130, 143), "exit code\n" + outcome.describe())


def test_a_hangup_reaches_all(t):
    text = "molo.scenario('s', function() molo.log('info', 'MARK run') molo.sleep(60) end)\n"
    files = [t.scenario(text, "%s.lua" % name) for name in ("a", "b")]
    running = start(t, files, "-d", "60s", "--jobs", "2", "--graceful-stop", "0s")
    running.wait_for("both runs", r"MARK run[^M]*MARK run", running.err)
    running.send(signal.SIGHUP)
    outcome = running.finish().expect(129)
    t.equal([file["code"] for file in outcome.result["files"]], [129, 129], "codes")


def test_a_hangup_that_is_ignored_ends_nobody(t):
    """As under nohup, where molo and all its processes get it."""
    text = """
        molo.scenario('s', function()
          molo.log('info', 'MARK run')
          os.execute('kill -HUP $PPID')
        end)
        """
    files = [t.scenario(text, "%s.lua" % name) for name in ("a", "b")]
    json_path = t.new_path(".json")
    running = t.start_molo("run", *files, "-r", "3", "-o", "json=" + json_path,
                           json_path=json_path,
                           prefix=["sh", "-c", "trap '' HUP; kill -HUP $$; exec \"$@\"", "sh"])
    running.finish().expect(0).expect_runs(ok=6)


def test_outputs_of_each(t):
    files = scenarios(t, "a", "b")
    csv = os.path.join(t.directory, "out.csv")
    run(t, files, "-r", "1", "--base-url", t.server.url, "-o", "csv=" + csv).expect(0)
    for name in ("a", "b"):
        with open(os.path.join(t.directory, "out.%s.csv" % name), encoding="utf-8") as file:
            t.contains(file.read(), "/pad/" + name)
    t.check(not os.path.exists(csv), "a file of neither")
    same = [files[0], files[0]]
    run(t, same, "-r", "1", "--base-url", t.server.url, "-o", "csv=" + csv).expect(0)
    t.check(os.path.exists(os.path.join(t.directory, "out.a-2.csv")), "names of their own")


def test_tests_of_a_config_file(t):
    scenarios(t, "a", "b")
    config = t.file("tests.json", json.dumps({
        "defaults": {"base_url": t.server.url},
        "tests": {"smoke": {"scenario": "a.lua", "max_runs": 1},
                  "load": {"scenario": "b.lua", "max_runs": 2, "workers": 3}}}))
    outcome = run(t, ["smoke", "load"], "-c", config).expect(0)
    t.equal([(file["name"], file["result"]["runs"]["ok"]) for file in outcome.result["files"]],
            [("smoke", 1), ("load", 6)], "tests")


def test_the_same_seed_for_all(t):
    outcome = run(t, scenarios(t, "a", "b"), "-r", "1", "--base-url", t.server.url).expect(0)
    seeds = {file["result"]["seed"] for file in outcome.result["files"]}
    t.equal(len(seeds), 1, "seeds")


def test_scripts_cannot_steer_the_terminal(t):
    files = [t.scenario("molo.scenario('s', function() molo.abort('a\\27[2Jb') end)", name)
             for name in ("a.lua", "b.lua")]
    outcome = run(t, files, "-r", "1").expect(1)
    t.contains(outcome.out, "aborted: a\\x1b[2Jb")
    t.lacks(outcome.out + outcome.err, "\x1b")


def test_nothing_is_left_behind(t):
    place = os.path.join(t.directory, "tmp")
    os.mkdir(place)
    outcome = t.start_molo("run", *scenarios(t, "a", "b"), "-r", "1", "--base-url", t.server.url,
                           env={"TMPDIR": place}).finish().expect(0)
    t.equal(os.listdir(place), [], "files\n" + outcome.describe())


def test_refusals(t):
    files = scenarios(t, "a", "b")
    outcome = t.molo("run", *files, "-o", "csv=-").expect(2)
    t.contains(outcome.err, "--out: 'csv=-': of several tests only json can go to standard output")
    outcome = t.molo("run", *files, "--timeline", "-").expect(2)
    t.contains(outcome.err, "--timeline: of several tests it goes to files")
    outcome = t.molo("run", files[0], t.directory + "/c.lua").expect(2)
    t.contains(outcome.err, "c.lua': No such file or directory", "did you mean")
    outcome = t.molo("run", *files, "--jobs", "-1").expect(2)
    t.contains(outcome.err, "--jobs: '-1' is not a number of processes up to 9999, 0 (all at "
               "once) or auto (one per core)")
    t.check(not re.search("MARK", outcome.err), "something ran")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

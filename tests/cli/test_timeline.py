#!/usr/bin/env python3
"""--timeline: the history of coordination, line by line."""

import json
import os
import sys

import harness
from harness import json_lines

PAD = os.path.join(harness.ROOT, "scenarios/pad.lua")


def test_history_of_the_pad(t):
    t.server
    path = t.new_path(".ndjson")
    t.run(PAD, "-w", "3", "-r", "4", "--timeline", path).expect(0)
    lines = json_lines(path)
    # Things happen in the order in which they are told.
    times = [line["at"] for line in lines]
    t.equal(times, sorted(times), "at")
    t.check(times[0] >= 0, "the start of the test is 0")
    # The end of a round is nobody's operation.
    ends = [line for line in lines if line["what"] == "round_end"]
    t.equal([(line["name"], line["step"], line["round"]) for line in ends],
            [("pad", step, 1) for step in range(1, 5)], "ends of rounds")
    t.equal({line["worker"] for line in ends}, {None}, "whose round")
    lines = [line for line in lines if line["what"] != "round_end"]
    t.equal({line["worker"] for line in lines}, {0, 1, 2}, "workers")
    for line in lines:
        t.check({"at", "what", "worker", "task", "op"} <= set(line), line)
    runs = [line for line in lines if line["op"] == "run_begin"]
    t.equal(sorted((line["worker"], line["step"]) for line in runs),
            [(worker, step) for worker in range(3) for step in range(1, 5)],
            "runs")
    pad = [line for line in lines if line.get("name") == "pad"]
    t.equal({line["type"] for line in pad}, {"notifier"}, "types")
    written = [line for line in pad
               if line["op"] == "written" and line["what"] == "granted"]
    t.equal([(line["worker"], line["step"]) for line in written],
            [(2, step) for step in range(1, 5)], "written")
    t.check(all(line["where"].startswith(PAD + ":") for line in written),
            "where")
    received = [line for line in pad if line["op"] == "wait_for_writer" and
                line["what"] == "granted"]
    t.equal(sorted((line["worker"], line["step"]) for line in received),
            [(worker, step) for worker in range(2) for step in range(1, 5)],
            "received")
    # Nobody receives what has not been written.
    for line in received:
        before = [other for other in written if other["step"] == line["step"]]
        t.check(before[0]["at"] <= line["at"], "received before written")
    waited = [line["waited"] for line in lines if "waited" in line]
    t.check(waited and all(length > 0 for length in waited), "waited")


def test_a_wait_that_ends_otherwise(t):
    path = t.new_path(".ndjson")
    t.run("""
        molo.scenario("a", function(session)
            local got, err = molo.try(function()
                molo.notifier("news"):wait_for_writer{timeout = 0.05}
            end)
            molo.sleep(session.worker_id == 0 and 1 or 0)
        end)
        """, "-w", "2", "-r", "1", "--timeline", path)
    ends = [line["what"] for line in json_lines(path)
            if line["op"] == "wait_for_writer" and line["what"] != "wait"]
    t.check("timeout" in ends, ends)


def test_runs_and_tasks_that_failed(t):
    path = t.new_path(".ndjson")
    t.run("""
        molo.scenario("a", function(session)
            local task = molo.spawn(function() molo.fail("in the task") end)
            pcall(task.join, task)
            if session.step == 2 then molo.fail("in the run") end
        end)
        """, "-r", "3", "--timeline", path).expect(1)
    ends = [(line["op"], line["step"], line.get("failed")) for line
            in json_lines(path) if line["op"] in ("run_end", "task_end")]
    t.equal(ends, [("task_end", 1, True), ("run_end", 1, None),
                   ("task_end", 2, True), ("run_end", 2, True),
                   ("task_end", 3, True), ("run_end", 3, None)], "ends")


def test_fixtures_have_no_step(t):
    path = t.new_path(".ndjson")
    outcome = t.run("""
        local function meet() molo.barrier("all"):wait() end
        molo.setup_session(meet)
        molo.teardown_session(meet)
        molo.scenario("a", meet)
        molo.on("round_end", function(e) molo.log("info", "MARK", e.step) end)
        """, "-w", "2", "-r", "1", "--timeline", path).expect(0)
    lines = [line for line in json_lines(path) if line.get("name") == "all"]
    t.equal([line.get("step") for line in lines if line["what"] == "wait"], [None, 1, None],
            "steps of waits")
    t.equal([line.get("step") for line in lines if line["what"] == "round_end"],
            [None, 1, None], "steps of rounds")
    t.equal(outcome.marks, ["nil", "1", "nil"], "steps of events")


def test_any_name(t):
    path = t.new_path(".ndjson")
    name = 'say "hi" \\\\ \\n \\xff'
    t.run("""
        molo.scenario("a", function(session)
            molo.notifier('%s'):written(1)
        end)
        """ % name, "-r", "1", "--timeline", path).expect(0)
    names = {line["name"] for line in json_lines(path) if "name" in line}
    t.equal(names, {'say "hi" \\ \n \ufffd'}, "names")


def test_a_global_fixture_has_no_worker(t):
    path = t.new_path(".ndjson")
    t.run("""
        molo.global_setup(function(run) molo.set_var("a", 1) end)
        molo.scenario("a", function(session) molo.get_var("a") end)
        """, "-r", "1", "--timeline", path).expect(0)
    lines = [line for line in json_lines(path) if line.get("name") == "a"]
    t.equal([(line["worker"], line["type"]) for line in lines],
            [(None, "variable"), (0, "variable")], "workers")


def test_to_stdout(t):
    scenario = t.scenario("""
        molo.scenario("a", function(session)
            molo.notifier("n"):written(1)
        end)
        """)
    outcome = t.molo("run", scenario, "-r", "2", "--timeline", "-").expect(0)
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    t.equal(len([line for line in lines if line.get("op") == "written"]), 2,
            "written")
    outcome = t.molo("run", scenario, "--timeline", "-", "-o", "json=-")
    outcome.expect(2)
    t.equal(outcome.out, "", "stdout")
    t.equal(outcome.err, "molo: error: --timeline - and --out json=- would "
                         "both go to standard output: give one of them a "
                         "file\n", "stderr")


def test_a_file_that_cannot_be_written(t):
    scenario = t.scenario("""
        molo.scenario("a", function(session)
            molo.notifier("n"):written(1)
        end)
        """)
    path = os.path.join(t.directory, "none", "t.ndjson")
    outcome = t.molo("run", scenario, "-r", "1", "--timeline", path).expect(6)
    t.equal(outcome.err, "molo: error: cannot write '%s': its directory does "
                         "not exist\n" % path, "stderr")
    outcome = t.molo("run", scenario, "-r", "1", "--timeline", t.directory)
    outcome.expect(6)
    t.contains(outcome.err, "cannot write '%s': it is a directory" % t.directory)
    outcome = t.run(scenario, "-r", "1", "--timeline", "/dev/full").expect(6)
    t.contains(outcome.err, "cannot write /dev/full: the disk is full")
    outcome.expect_runs(ok=1)
    t.equal(outcome.result["exit"]["code"], 6, "exit.code")


def test_an_old_file_is_replaced(t):
    path = t.file("t.ndjson", "old\n" * 10000)
    t.run("""
        molo.scenario("a", function(session)
            molo.notifier("n"):written(1)
        end)
        """, "-r", "1", "--timeline", path).expect(0)
    t.check(len(json_lines(path)) < 100, "what was there before")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

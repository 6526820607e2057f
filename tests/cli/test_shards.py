#!/usr/bin/env python3
"""-t N: a scenario means the same, and counts the same, on any number of threads."""

import csv
import json
import os
import re
import signal
import sys

import harness
from test_scenarios import missed_only_times

NAMES = "".join("name%d\n" % i for i in range(1, 31))

# Each thread has loaded the file for itself: `here` differs.
WHERE = """
    local here = tostring({}):match("0x%x+")
    """


def example(t, name, workers, runs, threads):
    t.server
    path = os.path.join(harness.ROOT, "scenarios", name + ".lua")
    outcome = t.run(path, "-w", str(workers), "-r", str(runs), "-t", str(threads))
    if not missed_only_times(outcome):
        outcome.expect(0)
    outcome.expect_runs(started=workers * runs, ok=workers * runs)
    t.equal(outcome.result["threads"], threads, "threads")
    for check in outcome.result["checks"].values():
        t.equal(check["fails"], 0, "failed checks")
    return outcome


def places(outcome):
    """{worker: the threads it was seen on}, from marks WORKER PLACE."""
    found = {}
    for mark in outcome.marks:
        worker, here = mark.split()[:2]
        found.setdefault(int(worker), set()).add(here)
    return found


# -- acting together

def test_the_pad(t):
    for threads in (2, 3, 4):
        outcome = example(t, "pad", 5, 40, threads)
        row = outcome.result["coordination"]["pad"]
        t.equal((row["rounds"], row["missed"]), (40, 0), "rounds, missed")


def test_rooms_of_a_chat(t):
    for threads in (2, 3):
        outcome = example(t, "chat", 20, 5, threads)
        t.equal(outcome.result["coordination"]["said"]["rounds"], 20, "rounds")


def test_an_auction(t):
    for threads in (2, 3):
        example(t, "auction", 6, 10, threads)


def test_one_seat_for_many(t):
    for threads in (2, 3):
        example(t, "seats", 5, 5, threads)


def test_jobs_of_a_queue(t):
    for threads in (2, 3):
        example(t, "jobs", 5, 10, threads)


def test_a_leader_in_every_term(t):
    for threads in (2, 3):
        example(t, "leader", 5, 10, threads)


def test_no_wake_up_is_lost(t):
    """Two on two threads take turns: if one item did not wake who waits for it, both would
    wait, and be told of as a deadlock or cut off by the patience of the test. Several times,
    as what a checker of threads remembers grows by the square of the turns."""
    for _ in range(1 if harness.WRAPPER else 6):
        outcome = t.run("""
            molo.scenario("a", function(session)
                local ping, pong = molo.queue("ping"), molo.queue("pong")
                for i = 1, 500 do
                    if session.worker_id == 0 then
                        ping:put(i)
                        assert(pong:get() == i)
                    else
                        pong:put(ping:get())
                    end
                end
            end)
            """, "-w", "2", "-r", "1", "-t", "2").expect(0)
        outcome.expect_runs(ok=2)
        t.equal(outcome.result["threads"], 2, "threads")


def test_a_lock_keeps_out_those_of_other_threads(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            local lock = molo.lock("one")
            local hold <close> = lock:hold()
            local n = molo.get_var("n") or 0
            molo.sleep(0)
            molo.set_var("n", n + 1)
        end)
        molo.global_teardown(function(result, run)
            molo.log("info", "MARK", molo.get_var("n"))
        end)
        """, "-w", "6", "-r", "20", "-t", "3").expect(0)
    t.equal(outcome.marks, ["120"], "n")


# -- who runs where

def test_every_worker_is_on_one_thread_and_all_threads_are_used(t):
    outcome = t.run(WHERE + """
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.worker_id, here, session.workers)
        end)
        """, "-w", "7", "-r", "3", "-t", "3").expect(0)
    found = places(outcome)
    t.equal(sorted(found), list(range(7)), "worker ids")
    t.equal([len(seen) for seen in found.values()], [1] * 7, "threads of a worker")
    t.equal(len(set.union(*found.values())), 3, "threads")
    t.equal({mark.split()[2] for mark in outcome.marks}, {"7"}, "session.workers")
    for worker in range(7):
        t.equal(found[worker], found[worker % 3], "thread of worker %d" % worker)


def test_a_room_is_on_one_thread(t):
    outcome = t.run(WHERE + """
        molo.scenario("a", { cast = { { "all", 3 } } }, function(session)
            molo.log("info", "MARK", session.worker_id, here)
        end)
        """, "-w", "12", "-r", "1", "-t", "2").expect(0)
    found = places(outcome)
    for room in range(4):
        members = [found[worker] for worker in range(3 * room, 3 * room + 3)]
        t.equal(len(set.union(*members)), 1, "threads of room %d" % room)
    t.equal(len(set.union(*found.values())), 2, "threads")


def test_no_more_threads_than_workers(t):
    outcome = t.run("molo.scenario('a', function() end)\n", "-w", "2", "-r", "3", "-t", "16")
    outcome.expect(0).expect_runs(ok=6)
    t.equal(outcome.result["threads"], 2, "threads")


def test_a_thread_for_each_processor(t):
    outcome = t.run("molo.scenario('a', function() end)\n", "-w", "300", "-r", "1", "-t", "auto")
    outcome.expect(0).expect_runs(ok=300)
    t.equal(outcome.result["threads"], min(300, os.sysconf("SC_NPROCESSORS_ONLN")), "threads")


def test_what_is_refused(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    for word in ("0", "257", "2.5", "many"):
        outcome = t.molo("run", path, "-t", word).expect(2)
        t.contains(outcome.err, "--threads: '%s' is not" % word, "1 to 256, or auto")
    outcome = t.molo("run", path, "-t", "2", "--sim").expect(2)
    t.contains(outcome.err, "--threads has no use in a simulated run", "leave it out")


# -- the file is loaded once for each thread

def test_locals_of_the_file_are_of_a_thread(t):
    outcome = t.run(WHERE + """
        local count = 0
        molo.scenario("a", function(session)
            count = count + 1
            molo.add_var("count", 1)
            molo.log("info", "MARK", here, count)
        end)
        molo.global_teardown(function()
            molo.log("info", "ALL " .. molo.get_var("count"))
        end)
        """, "-w", "4", "-r", "5", "-t", "2").expect(0)
    highest = {}
    for mark in outcome.marks:
        here, count = mark.split()
        highest[here] = max(highest.get(here, 0), int(count))
    t.equal(sorted(highest.values()), [10, 10], "count, by thread")
    t.contains(outcome.err, "ALL 20")


def load_twice(t, text):
    """What a file comes to that is another one when it is loaded again; it finds out by a
    file of its own. As if it had not loaded at all: exit code 2, and no result."""
    seen = t.new_path(".seen")
    script = t.scenario("""
        local first = not io.open(%r)
        io.open(%r, "w"):close()
        """ % (seen, seen) + text + "\n")
    for command in ("check", "run"):
        outcome = t.molo(command, script, "-w", "2", "-t", "2").expect(2)
        t.equal(outcome.out, "", "stdout")
        os.remove(seen)
    outcome = t.run(script, "-w", "2", "-r", "1", "-t", "2").expect(2)
    t.check(not os.path.exists(outcome.json_path), "a result of no test")
    os.remove(seen)
    t.run(script, "-w", "2", "-r", "1").expect(0).expect_runs(ok=2)
    return outcome


def test_a_file_that_registers_something_else_each_time(t):
    for text in ("molo.scenario(first and 'a' or 'b', function() end)",
                 "molo.scenario('a', function() end)\n"
                 "if first then molo.setup(function() end) end"):
        outcome = load_twice(t, text)
        t.matches(outcome.err, r"\.lua registers other scenarios or fixtures each time it is "
                  r"loaded, .* must not depend on time or chance")


def test_a_file_that_does_not_load_again(t):
    outcome = load_twice(t, """
        if not first then error("once is enough") end
        molo.scenario("a", function() end)
        """)
    t.matches(outcome.err, r"^molo: error: .*\.lua:5: once is enough$")


def test_a_pipe_is_read_once(t):
    """Nobody writes to it any more when the second thread would load it."""
    fifo = t.new_path(".fifo")
    os.mkfifo(fifo)
    for threads, code in (("1", 0), ("2", 2)):
        running = t.start_molo("run", fifo, "-w", "2", "-r", "1", "-t", threads)
        with open(fifo, "w", encoding="utf-8") as file:
            file.write("local molo = require 'molo'\nmolo.scenario('a', function() end)\n")
        outcome = running.finish().expect(code)
    t.contains(outcome.err, "molo: error: '%s' can be read once, and each thread loads the "
               "scenario for itself: save it to a file, or use -t 1" % fifo)


def test_a_file_that_goes_through_tables_as_it_is_loaded(t):
    """What it registers is the same, in one order, though Lua's own differs each time; and
    feeds are the same feed everywhere."""
    for name in "abcdefgh":
        t.file(name + ".txt", "".join("%s%d\n" % (name, i) for i in range(1, 5)))
    outcome = t.run("""
        local feeds, pairs = {}, pairs
        for name in pairs{ a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1 } do
            feeds[name] = molo.data.lines(name .. ".txt", { order = "unique" })
            molo.scenario(name, function()
                molo.log("info", "MARK", feeds[name]:next())
            end)
        end
        """, "--single-run", "-w", "4", "-t", "4").expect(0)
    t.equal(sorted(outcome.marks), ["%s%d" % (name, i) for name in "abcdefgh"
                                    for i in range(1, 5)], "records")


# -- fixtures and data

def test_global_fixtures_run_once_and_their_data_is_everywhere(t):
    outcome = t.run("""
        molo.global_setup(function(run)
            molo.log("info", "MARK global_setup")
            return { list = { 1, 2, 3 }, workers = run.workers }
        end)
        molo.setup(function(worker)
            assert(worker.data.list[3] == 3)
            molo.log("info", "MARK setup", worker.worker_id)
        end)
        molo.scenario("a", function(session)
            assert(#session.data.list == 3 and session.data.workers == 6)
            session.data.list[1] = nil
        end)
        molo.teardown(function(worker) molo.log("info", "MARK teardown", worker.worker_id) end)
        molo.global_teardown(function(result, run)
            molo.log("info", "MARK global_teardown", result.runs.ok, run.data.workers)
        end)
        """, "-w", "6", "-r", "1", "-t", "3").expect(0)
    marks = outcome.marks
    t.equal((marks[0], marks[-1]), ("global_setup", "global_teardown 6 6"), "first, last")
    t.equal(sorted(marks[1:-1]), sorted("%s %d" % (what, worker) for worker in range(6)
                                        for what in ("setup", "teardown")), "others")


def test_feeds_give_nothing_twice(t):
    t.file("names.txt", NAMES)
    script = t.scenario("""
        local feed = molo.data.lines("names.txt", { order = "unique" })
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.worker_id, feed:next())
            molo.sleep(0.001)
        end)
        """)
    outcome = t.run(script, "-w", "6", "-d", "1m", "-t", "3").expect(0)
    t.equal(sorted(mark.split()[1] for mark in outcome.marks), sorted(NAMES.split()), "records")
    t.check(len({mark.split()[0] for mark in outcome.marks}) > 1, "workers that got some")


def test_listeners_hear_of_their_thread_and_the_first_of_rounds(t):
    outcome = t.run(WHERE + """
        local meet = molo.barrier("meet")
        molo.on("*", function(e)
            if e.type == "scenario_start" then
                molo.log("info", "MARK", e.worker_id, here)
            elseif e.type == "round_end" then
                molo.log("info", "ROUND " .. e.step .. " at " .. here)
            end
        end)
        molo.scenario("a", function(session) meet:wait() end)
        """, "-w", "4", "-r", "3", "-t", "2").expect(0)
    found = places(outcome)
    t.equal([len(seen) for seen in found.values()], [1] * 4, "threads of a worker")
    t.equal(len(set.union(*found.values())), 2, "threads")
    rounds = re.findall(r"ROUND (\d+) at (.*)$", outcome.err, re.MULTILINE)
    t.equal([step for step, _ in rounds], ["1", "2", "3"], "rounds")
    t.equal({here for _, here in rounds}, found[0], "where rounds are told")


# -- schedules are shared

def test_shared_runs_are_exactly_so_many(t):
    for workers, threads in ((1, 4), (2, 4), (7, 3), (3, 3)):
        outcome = t.run("molo.scenario('a', function() molo.sleep(0.001) end)\n", "-w",
                        str(workers), "-i", "20", "-t", str(threads)).expect(0)
        outcome.expect_runs(started=20, ok=20)


def test_workloads_with_fewer_workers_than_threads(t):
    outcome = t.run("""
        molo.options{ workloads = {
            x = { executor = "shared_runs", workers = 1, runs = 10 },
            y = { executor = "shared_runs", workers = 2, runs = 11 },
            z = { executor = "runs_per_worker", workers = 3, runs = 4 },
            r = { executor = "constant_rate", rate = "40/s", max_workers = 2, max_lag = "1m",
                  duration = "1s" },
        } }
        molo.scenario("a", function() end)
        """, "-t", "5").expect(0)
    # An arrival that still waits for a worker at the end is dropped.
    t.equal({name: row["ok"] + row["dropped"]
             for name, row in outcome.result["workloads"].items()},
            {"x": 10, "y": 11, "z": 12, "r": 40}, "runs")


def test_arrivals_are_those_of_one_thread(t):
    """Each is begun, or dropped and counted; how many there are the seed has decided."""
    for words in (("--rate", "90/s", "-d", "1s"),
                  ("--rate", "90/s", "-d", "1s", "--arrival", "poisson"),
                  ("--stage", "500ms:120/s", "--stage", "500ms:120/s")):
        counts = []
        for threads in (1, 2, 3):
            runs = t.run("molo.scenario('a', function() molo.sleep(0.01) end)\n", "-w", "12",
                         "--seed", "4", "-t", str(threads), *words).expect(0).runs
            counts.append(runs["started"] + runs["dropped"])
        t.equal(counts, [counts[0]] * 3, "arrivals of " + " ".join(words))
        t.check(counts[0] > 50, "arrivals")


def test_a_ramp_comes_and_goes(t):
    outcome = t.run("molo.scenario('a', function() molo.sleep(0.01) end)\n", "--stage", "500ms:6",
                    "--stage", "500ms:0", "-t", "3").expect(0)
    outcome.expect_runs(failed=0, interrupted=0)
    t.equal(outcome.runs["started"], outcome.runs["ok"], "runs")
    t.equal(outcome.result["threads"], 3, "threads")


def test_stages_of_a_single_run_follow_each_other_on_all_threads(t):
    outcome = t.run("""
        local function note(session, name)
            molo.add_var("begun." .. name, 1)
            molo.sleep(0.02 * session.index)
            molo.add_var("over." .. name, 1)
        end
        molo.scenario("a", { group = "g" }, function(session) note(session, "a") end)
        molo.scenario("b", { group = "g" }, function(session) note(session, "b") end)
        molo.scenario("c", function(session)
            assert(molo.get_var("over.a") == 4 and molo.get_var("over.b") == 4)
            note(session, "c")
        end)
        molo.scenario("d", function(session)
            assert(molo.get_var("over.c") == 4)
        end)
        """, "--single-run", "-w", "4", "-t", "3").expect(0)
    t.equal({name: row["ok"] for name, row in outcome.result["scenarios"].items()},
            {name: 4 for name in "abcd"}, "runs")


def test_workers_by_signals(t):
    running = t.start("""
        molo.options{ workloads = { hand = { executor = "manual", workers_at_start = 1,
                                             max_workers = 3, duration = "1h" } } }
        molo.setup(function(worker) molo.log("info", "BORN", worker.worker_id) end)
        molo.scenario("a", function(session) molo.sleep(0.02) end)
        """, "-t", "3")
    running.wait_for_err("BORN +0")
    told = []
    for number, count, born in ((signal.SIGUSR1, 2, 1), (signal.SIGUSR1, 3, 2),
                                (signal.SIGUSR1, 3, 0), (signal.SIGUSR2, 2, 0)):
        told.append("%d of at most 3 workers" % count)
        running.send(number)
        running.wait_for_err(r"[^\0]*".join(told))
        running.wait_for_err("BORN +%d" % born)
    running.send(signal.SIGINT)
    running.finish().expect(130).expect_runs(failed=0, interrupted=0)


# -- what is measured is one

def test_counts_are_those_of_the_server(t):
    t.server
    outcome = t.run("""
        local carts = molo.counter("carts")
        local took = molo.trend("took")
        molo.scenario("a", function(session)
            session:get("/bytes/100", { name = "bytes" })
            session:get("/status/500")
            carts:add(2)
            took:add(session.worker_id)
            molo.check("odd", session.worker_id % 2 == 1)
            if session.step == 3 then molo.fail("on purpose") end
        end)
        """, "-w", "6", "-r", "10", "-t", "3", "--fail", "never",
        "--threshold", "carts:count == 120", "--threshold", "took:max == 5",
        "--threshold", "checks:rate == 0.5", "--threshold",
        "runs:count == 60")
    outcome.expect(0).expect_runs(started=60, ok=54, failed=6, interrupted=0)
    t.equal(t.server.total(), 120, "the server's count")
    t.equal(outcome.result["requests"]["total"], 120, "requests")
    t.equal(outcome.endpoints, {"GET bytes": 60, "GET /status/500": 60}, "endpoints")
    t.equal(outcome.result["checks"]["odd"], {"passes": 30, "fails": 30}, "checks")
    errors = outcome.errors("check") + outcome.errors("script")
    t.equal(sum(error["count"] for error in errors), 6, "errors")
    t.check(all(row["ok"] for row in outcome.result["thresholds"]), "thresholds")


def test_what_global_teardown_does_is_measured(t):
    """The first thread has it, when all have told what the runs were."""
    t.server
    for threads in ("1", "2"):
        path = t.new_path(".ndjson")
        outcome = t.run("""
            molo.scenario("a", function(session) session:get("/bytes/1") end)
            molo.global_teardown(function()
                for i = 1, 5 do molo.session():get("/bytes/2") end
            end)
            """, "-w", "2", "-r", "3", "-t", threads, "-o", "ndjson=" + path).expect(0)
        t.equal(outcome.result["requests"]["total"], 11, "requests")
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        t.equal(sum(row["requests"] for row in rows if row["type"] == "interval"), 11,
                "requests of all intervals on %s" % threads)


def test_outputs_are_complete(t):
    t.server
    paths = {kind: t.new_path("." + kind) for kind in ("ndjson", "requests", "csv")}
    words = [word for kind, path in paths.items() for word in ("-o", kind + "=" + path)]
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/bytes/100")
            session:get("/bytes/10")
            if session.worker_id == 5 then molo.fail("no") end
        end)
        """, "-w", "6", "-r", "20", "-t", "3", *words).expect(1)

    def lines(kind):
        with open(paths[kind], encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    rows = lines("ndjson")
    t.equal((rows[0]["type"], rows[-1]["type"], rows[-1]["complete"]), ("start", "end", True),
            "lines")
    t.equal(rows[-1]["result"]["runs"], outcome.runs, "runs")
    spans = [row for row in rows if row["type"] == "interval"]
    t.equal(sum(row["requests"] for row in spans), 240, "requests of all intervals")
    errors = [row for row in rows if row["type"] == "error"]
    left_out = sum(row.get("errors_left_out", 0) for row in spans)
    t.equal(len(errors) + left_out, 20, "errors")
    t.equal({row["worker_id"] for row in errors}, {5}, "whose")
    rows = lines("requests")
    t.equal(rows[-1], {"type": "end", "complete": True, "written": 240, "dropped": 0}, "log")
    seen = sorted((row["worker_id"], row["step"], row["name"]) for row in rows[1:-1])
    t.equal(seen, sorted((worker, step, name) for worker in range(6) for step in range(1, 21)
                         for name in ("/bytes/10", "/bytes/100")), "requests")
    with open(paths["csv"], encoding="utf-8", newline="") as file:
        counts = {row["name"]: int(row["count"]) for row in csv.DictReader(file)}
    t.equal(counts, {"/bytes/100": 120, "/bytes/10": 120}, "csv")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

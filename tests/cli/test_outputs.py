#!/usr/bin/env python3
"""-o KIND=FILE: what each kind writes, and what happens when it cannot."""

import csv
import io
import json
import os
import signal
import struct
import sys
import time
import xml.etree.ElementTree

import harness
from harness import json_lines

PLAIN = "molo.scenario('a', function(session) end)\n"

MIXED = """
    molo.scenario("mixed", function(session)
        session:get("/bytes/100", { name = "=cmd()" })
        session:put("/pad/x", { body = "text" })
        session:get("/status/500")
        molo.check("sometimes", session.step % 2 == 0)
        if session.step == 3 then molo.fail("on purpose") end
    end)
    """


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def run_mixed(t, *outputs, arguments=("-w", "3", "-r", "10"), code=1):
    t.server
    words = []
    for output in outputs:
        words += ["-o", output]
    return t.run(MIXED, *arguments, *words).expect(code)


# -- every kind

def test_csv(t):
    path = t.new_path(".csv")
    outcome = run_mixed(t, "csv=" + path)
    text = read(path)
    t.equal(text.count("\r\n"), 4, "lines")
    rows = list(csv.DictReader(io.StringIO(text)))
    endpoints = {(row["method"], row["name"]): row
                 for row in outcome.result["endpoints"]}
    t.equal(len(rows), 3, "rows")
    for row in rows:
        # A spreadsheet would run what begins with "=".
        name = row["name"][1:] if row["name"].startswith("'=") else row["name"]
        same = endpoints.pop((row["method"], name))
        for key in ("count", "failed", "unsent", "bytes_sent",
                    "bytes_received"):
            t.equal(int(row[key]), same[key], key)
        for key in ("min", "mean", "p50", "p90", "p95", "p99", "p999", "max"):
            t.check(abs(float(row[key]) - same["duration"][key]) < 2e-9, key)
        t.equal(dict(pair.split("=") for pair in row["status"].split()),
                {key: str(count) for key, count in same["status"].items()},
                "status")
    t.equal(endpoints, {}, "endpoints that are missing")


def test_junit(t):
    path = t.new_path(".xml")
    run_mixed(t, "junit=" + path, arguments=(
        "-w", "3", "-r", "10", "--fail", "1", "--threshold",
        "http_reqs:count < 5", "--threshold", "http_reqs:count > 5"), code=99)
    suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    cases = {(case.get("classname"), case.get("name")):
             case.find("failure") for case in suite}
    t.equal(int(suite.get("tests")), len(cases), "tests")
    t.equal(int(suite.get("failures")),
            len([case for case in cases.values() if case is not None]),
            "failures")
    t.contains(cases["molo.scenario", "mixed"].get("message"),
               "3 of 30 runs failed")
    t.check(cases["molo.threshold", "http_reqs:count > 5"] is None, "holds")
    t.check(cases["molo.threshold", "http_reqs:count < 5"] is not None,
            "does not hold")
    t.contains(cases["molo.test", "exit code"].get("message"),
               "(exit code 99)", "(exit code 1)")


def test_ndjson(t):
    path = t.new_path(".ndjson")
    outcome = run_mixed(t, "ndjson=" + path)
    lines = json_lines(path)
    t.equal(lines[0]["type"], "start", "first line")
    t.equal(lines[0]["schema"], "molo-lines/1", "schema")
    t.equal(lines[0]["plan"], outcome.result["plan"], "plan")
    t.equal(lines[-1]["type"], "end", "last line")
    t.equal(lines[-1]["complete"], True, "complete")
    t.equal(lines[-1]["result"]["runs"], outcome.result["runs"], "runs")
    rows = [line for line in lines if line["type"] == "interval"]
    t.equal(sum(row["requests"] for row in rows),
            outcome.result["requests"]["total"], "requests")
    errors = [line for line in lines if line["type"] == "error"]
    t.equal(sorted(line["worker_id"] for line in errors), [0, 1, 2], "errors")
    for line in errors:
        t.equal((line["step"], line["message"]), (3, "on purpose"), "error")
        t.matches(line["where"], r"\.lua:\d+$")


def test_errors_that_are_too_many_for_a_line_each(t):
    path = t.new_path(".ndjson")
    t.run("""
        molo.scenario("a", function(session) molo.fail("no") end)
        """, "-w", "5", "-r", "100", "-o", "ndjson=" + path).expect(1)
    lines = json_lines(path)
    errors = len([line for line in lines if line["type"] == "error"])
    left_out = sum(line.get("errors_left_out", 0) for line in lines)
    t.equal(errors + left_out, 500, "errors")
    t.check(left_out > 0, "each has a line")


def test_requests(t):
    path = t.new_path(".ndjson")
    outcome = run_mixed(t, "requests=" + path)
    lines = json_lines(path)
    t.equal((lines[0]["type"], lines[0]["schema"]),
            ("start", "molo-requests/1"), "first line")
    t.equal(lines[-1], {"type": "end", "complete": True, "written": 90,
                        "dropped": 0}, "last line")
    t.equal(outcome.result["request_log"], {"written": 90, "dropped": 0},
            "request_log")
    rows = lines[1:-1]
    counts = {}
    for row in rows:
        key = "%s %s" % (row["method"], row["name"])
        counts[key] = counts.get(key, 0) + 1
        t.check(0 <= row["duration"] < 60 and row["at"] > 0, "times")
        t.equal(row["failed"], row["status"] == 500, "failed")
    t.equal(counts, outcome.endpoints, "requests")
    for key in ("bytes_sent", "bytes_received"):
        t.equal(sum(row[key] for row in rows),
                outcome.result["requests"][key], key)
    steps = {(row["worker_id"], row["step"]) for row in rows}
    t.equal(len(steps), 30, "workers and steps")
    # A kept connection has no such phase.
    t.equal(len([row for row in rows if "connect" in row]), 3, "connect")


def read_binary(path):
    """A reader of the binary log, from its description alone."""
    with open(path, "rb") as file:
        data = file.read()
    magic, head_size, record_size = struct.unpack_from("<8sII", data)
    if magic != b"MOLOREQ1" or (head_size, record_size) != (64, 120):
        raise harness.Failure("head: %r" % data[:64])
    head = {"started_at": data[16:48].rstrip(b"\0").decode(),
            "seed": struct.unpack_from("<Q", data, 48)[0]}
    names, kinds, rows, end = {0: "* other"}, {0: None}, [], None
    offset = head_size
    while offset < len(data):
        kind, size = struct.unpack_from("<II", data, offset)
        body = data[offset + 8:offset + size]
        if kind in (1, 2):
            number, length = struct.unpack_from("<II", body)
            (names if kind == 1 else kinds)[number] = (
                body[8:8 + length].decode())
        elif kind == 3:
            fields = struct.unpack("<8q2QqiIHBBIq", body)
            rows.append(dict(zip(
                ("at", "duration", "dns", "connect", "tls", "send", "wait",
                 "receive", "bytes_sent", "bytes_received", "step",
                 "worker_id", "name", "status", "failed", "kind", "sends",
                 "response"),
                fields)))
            rows[-1]["name"] = names[rows[-1]["name"]]
            rows[-1]["kind"] = kinds[rows[-1]["kind"]]
        elif kind == 4:
            end = struct.unpack("<QQ", body)
        offset += size
    return head, rows, end


def test_requests_in_binary(t):
    text, binary = t.new_path(".ndjson"), t.new_path(".bin")
    outcome = run_mixed(t, "requests=" + text, "requests-bin=" + binary)
    head, rows, end = read_binary(binary)
    t.equal(head, {"started_at": outcome.result["started_at"],
                   "seed": outcome.result["seed"]}, "head")
    t.equal(end, (90, 0), "end")
    lines = json_lines(text)[1:-1]
    t.equal(len(rows), len(lines), "requests")
    for row, line in zip(rows, lines):
        t.equal(row["name"], "%s %s" % (line["method"], line["name"]), "name")
        for key in ("status", "failed", "step", "worker_id", "sends",
                    "bytes_sent", "bytes_received"):
            t.equal(row[key], line[key], key)
        for key in ("at", "response", "duration", "wait", "connect"):
            t.equal(row[key], round(line.get(key, -1e-9) * 1e9), key)


def test_the_log_has_response_times_of_a_schedule(t):
    """Those of the result, one by one: a worker that is late makes them longer than the
    durations."""
    text, binary = t.new_path(".ndjson"), t.new_path(".bin")
    outcome = t.run("""
        molo.global_setup(function() molo.session():get("/") end)
        molo.scenario("a", function(session)
            session:get("/")
            molo.sleep(1)
        end)
        """, "--rate", "2/s", "-w", "1", "-d", "4s", "--sim", "--base-url", "http://x",
        "-o", "requests=" + text, "-o", "requests-bin=" + binary).expect(0)
    rows = json_lines(text)[1:-1]
    responses = [row["response"] for row in rows if "response" in row]
    response = outcome.result["metrics"]["http_req_response"]
    t.check(0 < len(responses) < len(rows), "one of a fixture, too")
    t.equal((len(responses), min(responses), max(responses)),
            (response["count"], response["min"], response["max"]), "response times")
    t.check(max(responses) > max(row["duration"] for row in rows), "nobody was late")
    t.equal([row["response"] for row in read_binary(binary)[1]],
            [round(row.get("response", -1e-9) * 1e9) for row in rows], "binary")


def test_requests_that_fail_have_their_kind(t):
    text, binary = t.new_path(".ndjson"), t.new_path(".bin")
    t.run("""
        molo.scenario("a", function(session)
            pcall(session.get, session, "http://127.0.0.1:1/")
        end)
        """, "-r", "2", "-o", "requests=" + text,
          "-o", "requests-bin=" + binary).expect(0)
    rows = json_lines(text)[1:-1]
    t.equal([(row["kind"], row["status"], row["failed"], row["sends"])
             for row in rows], [("connect", 0, True, 0)] * 2, "rows")
    t.equal([row["kind"] for row in read_binary(binary)[1]], ["connect"] * 2,
            "binary")


def test_a_request_log_can_be_followed(t):
    path = t.new_path(".ndjson")
    t.server
    running = t.start("""
        molo.scenario("a", function(session)
            session:get("/")
            molo.sleep(0.02)
        end)
        """, "-o", "requests=" + path, "-d", "60s")
    deadline = time.monotonic() + harness.PATIENCE
    while os.path.getsize(path) < 2000 if os.path.exists(path) else True:
        t.check(time.monotonic() < deadline, "nothing is written")
        time.sleep(0.02)
    # Ended without a chance to say goodbye: what is there is whole.
    running.kill()
    lines = json_lines(path)
    t.equal([line["type"] for line in lines[:2]], ["start", "request"], "types")
    t.check(lines[-1]["type"] != "end", "is not complete")


def test_simulated_runs_have_them_too(t):
    paths = [t.new_path(".x") for _ in range(4)]
    outcome = t.run(MIXED, "--base-url", "http://x", "-w", "3", "-d", "1m",
                    "--sim", "-f", "never", *[
        word for kind, path in zip(("ndjson", "requests", "csv", "junit"),
                                   paths)
        for word in ("-o", "%s=%s" % (kind, path))]).expect(0)
    rows = [line for line in json_lines(paths[0]) if line["type"] == "interval"]
    t.check(50 <= len(rows) <= 62, "%d rows for a minute" % len(rows))
    t.equal({json.dumps(row["generator"]) for row in rows}, {"null"},
            "generator")
    end = json_lines(paths[1])[-1]
    t.check(end["written"] > 1000, "requests")
    t.equal(end["dropped"], 0, "dropped")
    t.equal(end["written"], outcome.result["requests"]["total"], "requests")


# -- standard output

def test_one_of_them_on_stdout(t):
    path = t.scenario(PLAIN)
    for kind, first in (("json", "{"), ("ndjson", '{"type": "start"'),
                        ("csv", "method,name"), ("junit", "<?xml"),
                        ("requests", '{"type": "start"')):
        out = t.molo("run", path, "-r", "1", "-o", kind + "=-").expect(0).out
        t.check(out.startswith(first), "%s begins with %r" % (kind, out[:40]))
        t.lacks(out, "seed ", "\nok\n")


def test_ok_tells_of_failed_requests(t):
    """They fail nothing by themselves, which "ok" alone would not say."""
    some = t.scenario("""
        molo.scenario("a", function(session)
            molo.try(session.get, session, "/status/503")
            session:get("/")
        end)
        """)
    run = ("run", some, "-r", "2", "--progress", "off", "--base-url", t.server.url)
    lines = t.molo(*run).expect(0).out.splitlines()
    t.equal(lines[-1], "ok, but 2 of 4 requests failed; --threshold would judge that")
    judged = t.molo(*run, "--threshold", "http_req_failed:rate < 60%").expect(0)
    t.equal(judged.out.splitlines()[-1], "ok, but 2 of 4 requests failed")
    clean = t.molo("run", t.scenario(PLAIN), "-r", "1", "--progress", "off").expect(0)
    t.equal(clean.out.splitlines()[-1], "ok")


def test_summary_format(t):
    path = t.scenario(PLAIN)
    run = ("run", path, "-r", "3", "--progress", "off")
    out = t.molo(*run, "--summary-format", "json").expect(0).out
    t.equal(json.loads(out)["runs"]["ok"], 3, "runs.ok")
    t.equal(t.molo(*run, "--summary-format", "none").expect(0).out, "", "out")
    t.contains(t.molo(*run, "--summary-format", "text").expect(0).out, "3 ok")
    t.equal(t.molo(*run, "-q").expect(0).out, "", "-q")
    # What was asked for is there even if nothing else is.
    out = t.molo(*run, "-q", "--summary-format", "json").expect(0).out
    t.equal(json.loads(out)["runs"]["ok"], 3, "runs.ok")


# -- what is refused before the test begins

def test_what_is_refused(t):
    path = t.scenario("""
        molo.scenario("a", function(session) molo.log("info", "MARK ran") end)
        """)
    rows = (
        (2, ("-o", "jsn=x"), "unknown kind 'jsn': did you mean 'json'?"),
        (2, ("-o", "json"), "'json' is not KIND=FILE"),
        (2, ("-o", "json=x", "-o", "csv=x"), "would both write x"),
        (2, ("-o", "json=x", "-o", "csv=./x"), "would both write ./x"),
        (2, ("-o", "json=new", "-o", "csv=./new"), "would both write ./new"),
        (2, ("-o", "json=-", "-o", "csv=-"),
         "--out json=- and --out csv=- would both go to standard output"),
        (2, ("-o", "ndjson=-", "--timeline", "-"), "standard output"),
        (2, ("-o", "csv=-", "--summary-format", "json"), "standard output"),
        (6, ("-o", "json=/nowhere/x"), "cannot write '/nowhere/x': its directory "
         "does not exist"),
        (6, ("-o", "requests=/nowhere/x"), "cannot write '/nowhere/x': its direct"),
        (6, ("-o", "ndjson=" + t.directory), "it is a directory"),
    )
    t.file("x", "")
    for code, words, message in rows:
        outcome = t.molo("run", path, "-r", "1", *words).expect(code)
        t.contains(outcome.err, message)
        t.equal(len(outcome.err.splitlines()), 1, "lines of %r" % (words,))
        t.equal(outcome.marks, [], "has run with %r" % (words,))


# -- what goes wrong while it runs

def test_a_full_disk(t):
    path = t.scenario(PLAIN)
    for kind in ("json", "ndjson", "csv", "junit", "requests", "requests-bin"):
        outcome = t.molo("run", path, "-r", "1", "-o", kind + "=/dev/full",
                         "--progress", "off").expect(6)
        t.contains(outcome.err, "cannot write /dev/full: the disk is full")
        t.equal(len(outcome.err.splitlines()), 1, "lines of " + kind)
        t.contains(outcome.out, "(exit code 6)")


def test_a_file_that_may_not_grow(t):
    """Whole lines up to where it is full; a file that is replaced stays."""
    t.server
    growing, replaced = t.new_path(".ndjson"), t.file("old.json", "old\n")
    path = t.scenario("""
        molo.scenario("a", function(session) session:get("/") end)
        """)
    running = t.start_molo(
        "run", path, "-r", "500", "--base-url", t.server.url,
        "-o", "requests=" + growing, "-o", "json=" + replaced,
        "--progress", "off", "-q", prefix=["prlimit", "--fsize=8000"])
    outcome = running.finish().expect(6)
    t.contains(outcome.err, "cannot write %s: it would be larger" % growing,
               "cannot write %s: it would be larger" % replaced)
    lines = json_lines(growing)
    t.check(lines[-1]["type"] != "end", "is not complete")
    longest = max(len(line) for line in read(growing).splitlines())
    t.check(8000 - 2 * longest < os.path.getsize(growing) <= 8000, "more would have fitted")
    t.equal(read(replaced), "old\n", "old file")
    t.equal([name for name in os.listdir(t.directory)
             if name.endswith(".tmp")], [], "left behind")


def test_a_reader_that_has_gone(t):
    path = t.scenario(PLAIN)
    for kind in ("json", "ndjson", "csv", "junit", "requests"):
        reader, writer = os.pipe()
        os.close(reader)
        running = t.start_molo("run", path, "-r", "1", "-o", kind + "=-",
                               "--progress", "off", stdout=writer)
        os.close(writer)
        outcome = running.finish().expect(6)
        t.equal(outcome.err, "molo: error: cannot write to standard output: "
                             "the reader has gone\n", kind)


def test_a_slow_reader_does_not_slow_the_load(t):
    """A log of requests on a pipe that nobody reads: the load goes on, and what
    found no room is counted."""
    t.server
    path = t.scenario("""
        local name = ("x"):rep(900) -- fills the room sooner
        molo.scenario("a", function(session) session:get("/", { name = name }) end)
        """)
    fifo, result = t.new_path(".fifo"), t.new_path(".json")
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    running = t.start_molo(
        "run", path, "-w", "10", "-r", "1500", "--base-url", t.server.url,
        "-o", "requests=" + fifo, "-o", "json=" + result, "--progress", "off",
        json_path=result)
    deadline = time.monotonic() + harness.PATIENCE
    while t.server.total() < 15000:
        t.check(running.process.poll() is None, "ended early")
        t.check(time.monotonic() < deadline, "the load waits for the pipe")
        time.sleep(0.1)
    data = bytearray()
    os.set_blocking(reader, True)
    while True:
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        data += chunk
    os.close(reader)
    outcome = running.finish().expect(0)
    log = outcome.result["request_log"]
    t.equal(log["written"] + log["dropped"], 15000, "requests")
    t.check(log["dropped"] > 0, "nothing was dropped")
    t.matches(outcome.err, r"has %d of 15000 requests: it could not be written "
              r"as fast as they came" % log["written"])
    lines = data.decode().splitlines()
    t.equal(len(lines), log["written"] + 2, "lines")
    t.equal(json.loads(lines[-1])["dropped"], log["dropped"], "dropped")


def test_a_signal_completes_them(t):
    paths = [t.new_path(".x") for _ in range(3)]
    running = t.start("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK begun")
            molo.sleep(60)
        end)
        """, "-o", "ndjson=" + paths[0], "-o", "requests=" + paths[1],
        "-o", "csv=" + paths[2], "-d", "1h", "--graceful-stop", "0")
    running.wait_for_err("MARK begun")
    running.send(signal.SIGINT)
    running.finish().expect(130)
    end = json_lines(paths[0])[-1]
    t.equal(end["result"]["exit"]["code"], 130, "exit.code")
    t.equal(json_lines(paths[1])[-1]["complete"], True, "complete")
    t.contains(read(paths[2]), "method,name")


def test_a_run_that_cannot_be_stopped_completes_them(t):
    """The results are written from within the second signal's handler."""
    paths = [t.new_path(".x") for _ in range(2)]
    running = t.start("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK begun")
            string.rep("a", 40):find(("a*"):rep(30) .. "b")
        end)
        """, "-o", "ndjson=" + paths[0], "-o", "requests=" + paths[1],
        "-d", "1h", "--graceful-stop", "0")
    running.wait_for_err("MARK begun")
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    running.finish().expect(130)
    t.equal(json_lines(paths[0])[-1]["complete"], True, "complete")
    t.equal(json_lines(paths[1])[-1]["complete"], True, "complete")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""molo side by side with other load generators, as far as they are installed:
wrk, hey, h2load and ab (`tools/setup bench` installs them).

    tests/bench/peers.py BUILD_DIR [ROUNDS]

The same nginx, the same connections that are kept open, GET of the same 6 bytes
as often as each tool can, one tool after another, several times. Prints medians
and, next to them, ratios to molo's of the same round: a machine that others use
drifts, but for all alike. CPU time is that of the tool's own process.

Latency under as much load as a tool can make is that of its own queue: it says
how evenly a tool serves its connections, and nothing about the server.
"""
import os
import re
import shutil
import sys
import tempfile

import common

CONNECTIONS = 64
REQUESTS = 128_000
SECONDS = 4  # of tools that count time


class Row:
    """What one tool has done: its own word for the number of requests."""

    def __init__(self, requests, seconds, cpu, p50, p99):
        self.figures = {
            "requests/s": requests / seconds,
            "us CPU/request": cpu / requests * 1e6,
            "p50 ms": p50 * 1e3,
            "p99 ms": p99 * 1e3,
        }


def number(pattern, text):
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        raise RuntimeError("no %r in:\n%s" % (pattern, text))
    return float(match.group(1))


def molo(url, build, _):
    result, cpu, _ = common.run_molo(
        os.path.join(build, "molo"), "http_get.lua", "-w", str(CONNECTIONS),
        "-r", str(REQUESTS // CONNECTIONS), "--base-url", url.rstrip("/"))
    requests, trend = result["requests"], result["metrics"]["http_req_duration"]
    assert requests["failed"] == 0, result["errors"]
    return Row(requests["total"], result["duration"], cpu, trend["p50"],
               trend["p99"])


def wrk(url, _, __):
    out, cpu, _ = common.run(["wrk", "-t1", "-c", str(CONNECTIONS),
                              "-d", str(SECONDS), "--latency", url])

    def latency(percent):
        value = number(r"^ +%d%% +([\d.]+)(?:us|ms|s)$" % percent, out)
        unit = re.search(r"^ +%d%% +[\d.]+(us|ms|s)$" % percent, out,
                         re.MULTILINE).group(1)
        return value * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]

    requests = number(r"(\d+) requests in", out)
    return Row(requests, requests / number(r"Requests/sec: +([\d.]+)", out),
               cpu, latency(50), latency(99))


def hey(url, _, __):
    out, cpu, _ = common.run(["hey", "-n", str(REQUESTS), "-c",
                              str(CONNECTIONS), url])
    assert number(r"\[200\]\s+(\d+) responses", out) == REQUESTS, out
    return Row(REQUESTS, number(r"Total:\s+([\d.]+) secs", out), cpu,
               number(r"50% in ([\d.]+) secs", out),
               number(r"99% in ([\d.]+) secs", out))


def h2load(url, _, directory):
    """Its latencies are in a log, which costs time to write: a run of its
    own."""
    command = ["h2load", "--h1", "-t1", "-c", str(CONNECTIONS)]
    log = os.path.join(directory, "h2load.log")
    common.run(command + ["-n", str(REQUESTS // 4), "--log-file", log, url])
    with open(log, encoding="ascii") as file:
        times = sorted(int(line.split()[2]) / 1e6 for line in file)
    os.unlink(log)
    out, cpu, _ = common.run(command + ["-n", str(REQUESTS), url])
    assert number(r"(\d+) succeeded", out) == REQUESTS, out
    rate = number(r"([\d.]+) req/s", out)
    return Row(REQUESTS, REQUESTS / rate, cpu, times[len(times) // 2],
               times[len(times) * 99 // 100])


def ab(url, _, directory):
    table = os.path.join(directory, "ab.csv")
    out, cpu, _ = common.run(["ab", "-k", "-q", "-n", str(REQUESTS), "-c",
                              str(CONNECTIONS), "-e", table, url])
    assert number(r"Complete requests: +(\d+)", out) == REQUESTS, out
    assert number(r"Failed requests: +(\d+)", out) == 0, out
    with open(table, encoding="ascii") as file:
        percents = dict(line.split(",") for line in list(file)[1:])
    return Row(REQUESTS, number(r"Time taken for tests: +([\d.]+)", out), cpu,
               float(percents["50"]) / 1e3, float(percents["99"]) / 1e3)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    tools = [molo] + [tool for tool in (wrk, hey, h2load, ab)
                      if shutil.which(tool.__name__)]
    rows = {tool.__name__: [] for tool in tools}
    with common.Nginx() as nginx, tempfile.TemporaryDirectory() as directory:
        for _ in range(rounds):
            for tool in tools:
                rows[tool.__name__].append(
                    tool(nginx.url, build, directory).figures)

    names = list(rows["molo"][0])
    print("| tool | " + " | ".join(names) + " |")
    print("| --- |" + " --- |" * len(names))
    for tool, figures in rows.items():
        cells = []
        for name in names:
            value = common.median([row[name] for row in figures])
            cell = "%.0f" % value if value >= 100 else "%.3g" % value
            if tool != "molo":
                cell += " (%.2f)" % common.median(
                    [row[name] / own[name]
                     for row, own in zip(figures, rows["molo"])])
            cells.append(cell)
        print("| %s | %s |" % (tool, " | ".join(cells)))
    print("\n%d connections, %d rounds; in brackets: ratio to molo."
          % (CONNECTIONS, rounds))


if __name__ == "__main__":
    main()

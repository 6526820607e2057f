#!/usr/bin/env python3
"""CPU time per request: molo against a bare libcurl-multi loop, at few and at
many workers, and each at many against itself at few. Where wrk is installed it
runs too: it does next to nothing per request, so its ratio is the system's.

    tests/bench/http_cpu.py BUILD_DIR [ROUNDS]

Same nginx, same number of connections, runs of the two in turn; prints the
medians and the ratios. Read the ratios: the machine's speed drifts.
"""
import json
import os
import re
import shutil
import sys

import common

FEW, MANY = 64, 5000
# Many requests per connection, so that connecting does not count.
REQUESTS = {FEW: 200_000, MANY: 500_000}


def molo_cost(build, url, workers, requests):
    runs = max(requests // workers, 1)
    result, cpu, peak = common.run_molo(
        os.path.join(build, "molo"), "http_get.lua",
        "-w", str(workers), "-r", str(runs), "--base-url", url.rstrip("/"))
    total = result["requests"]["total"]
    assert total == workers * runs and result["requests"]["failed"] == 0, result
    return cpu / total * 1e6, peak


def bare_cost(build, url, workers, requests):
    out, cpu, _ = common.run(
        [os.path.join(build, "tests", "bench", "bare_curl"), url,
         str(workers), str(requests)])
    return cpu / json.loads(out)["requests"] * 1e6


def wrk_cost(url, connections):
    out, cpu, _ = common.run(
        ["wrk", "-t1", "-c", str(connections), "-d", "5", url])
    return cpu / int(re.search(r"(\d+) requests in", out).group(1)) * 1e6


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    common.raise_limits()
    whats = ["bare", "molo"] + ["wrk"] * bool(shutil.which("wrk"))
    costs = {(what, n): [] for what in whats for n in REQUESTS}
    with common.Nginx() as nginx:
        for _ in range(rounds):
            for workers, requests in REQUESTS.items():
                costs["bare", workers].append(
                    bare_cost(build, nginx.url, workers, requests))
                cost, peak = molo_cost(build, nginx.url, workers, requests)
                costs["molo", workers].append(cost)
                if "wrk" in whats:
                    costs["wrk", workers].append(
                        wrk_cost(nginx.url, workers))
    for (what, workers), values in costs.items():
        print(f"{what} at {workers:4} connections: "
              f"{common.median(values):6.2f} us CPU per request")
    print(f"molo at {MANY} workers: {peak / 1e6:.0f} MB")

    def ratio(text, over, under):
        pairs = [a / b for a, b in zip(costs[over], costs[under])]
        print(f"ratio {text}: {common.median(pairs):.2f}")

    ratio(f"molo / bare at {FEW} (goal: 1.25)", ("molo", FEW), ("bare", FEW))
    ratio(f"molo / bare at {MANY}", ("molo", MANY), ("bare", MANY))
    ratio(f"molo at {MANY} / at {FEW} (goal: 1.50)",
          ("molo", MANY), ("molo", FEW))
    ratio(f"bare at {MANY} / at {FEW}", ("bare", MANY), ("bare", FEW))
    if "wrk" in whats:
        ratio(f"wrk at {MANY} / at {FEW}", ("wrk", MANY), ("wrk", FEW))


if __name__ == "__main__":
    main()

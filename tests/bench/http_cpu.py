#!/usr/bin/env python3
"""CPU time per request: molo against a bare libcurl-multi loop, and molo at
many workers against molo at few.

    tests/bench/http_cpu.py BUILD_DIR [ROUNDS]

Same nginx, same number of connections, runs of the two in turn; prints the
medians and the ratios. Read the ratios: the machine's speed drifts.
"""
import json
import os
import sys

import common

REQUESTS_PER_ROUND = 200_000
FEW, MANY = 64, 5000


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


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    common.raise_limits()
    with common.Nginx() as nginx:
        bare, few, many = [], [], []
        for _ in range(rounds):
            bare.append(bare_cost(build, nginx.url, FEW, REQUESTS_PER_ROUND))
            few.append(molo_cost(build, nginx.url, FEW, REQUESTS_PER_ROUND)[0])
            cost, peak = molo_cost(build, nginx.url, MANY, REQUESTS_PER_ROUND)
            many.append(cost)
        print(f"bare libcurl, {FEW} connections:  "
              f"{common.median(bare):6.2f} us CPU per request")
        print(f"molo, {FEW} workers:             "
              f"{common.median(few):6.2f} us CPU per request")
        print(f"molo, {MANY} workers:           "
              f"{common.median(many):6.2f} us CPU per request, "
              f"{peak / 1e6:.0f} MB")
        over_bare = common.median([f / b for f, b in zip(few, bare)])
        over_few = common.median([m / f for m, f in zip(many, few)])
        print(f"ratio molo / bare at {FEW}:        {over_bare:6.2f}  (goal: 1.25)")
        print(f"ratio molo at {MANY} / at {FEW}:    {over_few:6.2f}  (goal: 1.50)")


if __name__ == "__main__":
    main()

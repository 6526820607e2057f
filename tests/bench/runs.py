#!/usr/bin/env python3
"""CPU time of very short runs, and of workers that come and go: by the difference
between many and few, so that starting up does not count.

    tests/bench/runs.py BUILD_DIR [REPETITIONS]

Each case next to the reference, a run that does nothing. Read the ratios: the
machine's speed drifts. Goal: a worker costs the same among 50,000 as among 10,000.
"""
import os
import sys

import common

# name, case, options of few and of many, how many more runs (or workers) that is
CASES = [
    ("run that does nothing", "empty", ("-w", "10", "-r", "100"),
     ("-w", "10", "-r", "20100"), 200_000),
    ("run of one sleep of no length", "sleep", ("-w", "10", "-r", "100"),
     ("-w", "10", "-r", "20100"), 200_000),
    ("the same, at 20,000/s", "sleep", ("--rate", "20000/s", "-w", "100", "-d", "1"),
     ("--rate", "20000/s", "-w", "100", "-d", "4"), 60_000),
    ("worker with one run, up to 10,000", "sleep", ("-w", "10", "-r", "1"),
     ("-w", "10000", "-r", "1"), 9_990),
    ("worker with one run, up to 50,000", "sleep", ("-w", "10000", "-r", "1"),
     ("-w", "50000", "-r", "1"), 40_000),
    ("worker that waits for all, up to 10,000", "together", ("-w", "10", "-r", "1"),
     ("-w", "10000", "-r", "1"), 9_990),
    ("worker that waits for all, up to 50,000", "together",
     ("-w", "10000", "-r", "1"), ("-w", "50000", "-r", "1"), 40_000),
]


def cpu_of(build, case, options):
    result, cpu, _ = common.run_molo(os.path.join(build, "molo"), "runs.lua",
                                     "-e", "CASE=" + case, *options)
    runs = result["runs"]
    assert runs["ok"] == runs["started"] and not runs["dropped"], runs
    return cpu


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    costs = {case[0]: [] for case in CASES}
    for _ in range(repetitions):
        for name, case, few, many, more in CASES:
            spent = cpu_of(build, case, many) - cpu_of(build, case, few)
            costs[name].append(spent / more * 1e6)
    reference = common.median(costs[CASES[0][0]])
    for name, values in costs.items():
        cost = common.median(values)
        print(f"{name:40} {cost:6.2f} us CPU, ratio to the reference: "
              f"{cost / reference:.2f}")


if __name__ == "__main__":
    main()

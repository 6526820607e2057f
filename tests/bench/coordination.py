#!/usr/bin/env python3
"""CPU time of coordination: what a round costs, by the difference between many
rounds and few, so that starting up does not count.

    tests/bench/coordination.py BUILD_DIR [REPETITIONS]

Each case next to the reference, a sleep of no length: a wait that ends by itself.
Read the ratios: the machine's speed drifts. Goals, on a machine of this order of
speed: a wait-and-wake pair within 2 us, a release of 10,000 within 20 ms.
"""
import os
import sys

import common

# name, case, workers, few rounds, many rounds, operations per round, unit
CASES = [
    ("sleep of no length", "sleep", 1, 1000, 201_000, 1),
    ("notifier, 4 readers: per reader", "notifier", 5, 1000, 41_000, 4),
    ("notifier, 4,000 readers: per reader", "notifier", 4001, 5, 55, 4000),
    ("barrier of 10,000: per worker", "barrier", 10_000, 5, 25, 10_000),
    ("lock nobody else wants: acquire, release", "lock", 1, 1000, 201_000, 1),
    ("queue: put and get", "queue", 2, 1000, 201_000, 1),
    ("queue: hand-over, each waits", "handover", 2, 1000, 101_000, 2),
    ("get_var of a small table", "get_var", 1, 1000, 201_000, 1),
]


def cpu_of(build, case, workers, rounds):
    result, cpu, _ = common.run_molo(
        os.path.join(build, "molo"), "coordination.lua", "-w", str(workers),
        "-r", "1", "-e", f"CASE={case}", "-e", f"ROUNDS={rounds}")
    assert result["runs"]["ok"] == workers, result["errors"]
    return cpu


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    costs = {case[0]: [] for case in CASES}
    for _ in range(repetitions):
        for name, case, workers, few, many, operations in CASES:
            spent = (cpu_of(build, case, workers, many)
                     - cpu_of(build, case, workers, few))
            costs[name].append(spent / (many - few) / operations * 1e6)
    reference = common.median(costs[CASES[0][0]])
    for name, *_, operations in CASES:
        cost = common.median(costs[name])
        whole = f", {cost * operations / 1e3:.1f} ms all" \
            if operations >= 1000 else ""
        print(f"{name:42} {cost:6.2f} us CPU{whole}, ratio to the reference: "
              f"{cost / reference:.2f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Memory of a worker that waits, before its first request.

    tests/bench/waiting_memory.py BUILD_DIR

Runs the same scenario with few and with many workers that sleep, and with
many that wait on one notifier, and divides the difference of the peaks.
"""
import os
import sys

import common

FEW, MANY = 10, 10_000


def peak_of(build, workers, asleep):
    result, _, peak = common.run_molo(
        os.path.join(build, "molo"), "waiting.lua",
        "-w", str(workers), "-r", "1", "-e", f"ASLEEP={asleep}")
    assert result["runs"]["ok"] == workers, result["runs"]
    return peak


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    base = peak_of(build, FEW, 0)
    for what, asleep in (("asleep", MANY - 1), ("on one notifier", 0)):
        each = (peak_of(build, MANY, asleep) - base) / (MANY - FEW)
        print(f"{MANY} workers {what}: {each / 1000:.2f} kB each "
              f"(goal: below 8; {each / 8000:.2f} of it)")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What measuring costs per request: the time that recording one takes, against
the CPU time that molo spends on one in all.

    tests/bench/measuring.py BUILD_DIR [ROUNDS]

A test cannot be run without being measured, so "off" is the whole less the
recording. Read the ratios: the machine's speed drifts, for both alike.
"""
import json
import os
import sys

import common

WORKERS, REQUESTS = 64, 100_000


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    common.raise_limits()
    ratios = {"plain": [], "tagged": [], "series": []}
    with common.Nginx() as nginx:
        for _ in range(rounds):
            result, cpu, _ = common.run_molo(
                os.path.join(build, "molo"), "http_get.lua", "-w", str(WORKERS),
                "-r", str(REQUESTS // WORKERS), "--base-url", nginx.url.rstrip("/"))
            whole = cpu / result["requests"]["total"] * 1e9
            out, _, _ = common.run([os.path.join(build, "tests", "bench", "recording")])
            costs = json.loads(out)
            print(f"{whole:6.0f} ns CPU per request, of these " + ", ".join(
                f"{value:.0f} ns {name}" for name, value in costs.items()))
            # What a run costs more with a tag or many series comes on top.
            off = whole - costs["plain"]
            for name, value in costs.items():
                ratios[name].append((off + value) / off)
    for name, what in (("plain", "one series"), ("tagged", "a tag on each request"),
                       ("series", "900 series in turn")):
        print(f"ratio on / off, {what}: {common.median(ratios[name]):.3f}")


if __name__ == "__main__":
    main()

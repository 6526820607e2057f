#!/usr/bin/env python3
"""Every example in scenarios/ ends well, run as its first comment says ("molo
run scenarios/NAME.lua ...") or else by five workers, and again on two threads; so
does the scenario in README.md."""

import glob
import os
import re
import shlex
import sys

import harness


def missed_only_times(outcome):
    """Whether it is for nothing but a slow machine that it does not end well: its
    thresholds on times, or on what there was no time for, do not hold."""
    missed = [row["expression"] for row in outcome.result["thresholds"] if not row["ok"]]
    return outcome.code == 99 and missed and all(
        re.search(r":(p\d+|max) < \d+m?s$", text) for text in missed)


def run_example(t, path, *options):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = "scenarios/" + os.path.basename(path)
    command = re.search(r"^--\s*(molo run %s.*)$" % re.escape(name), text,
                        re.MULTILINE)
    words = (shlex.split(command.group(1))[3:] if command
             else ["-w", "5", "-r", "20"])
    if "--base-url" in words:
        at = words.index("--base-url")
        del words[at:at + 2]
    t.server
    outcome = t.run(path, *words, *options)
    if not missed_only_times(outcome):
        outcome.expect(0)
    # A machine may stand still for as long as a test takes that ends by its time.
    t.check(outcome.runs["ok"] > 0 or outcome.result["exit"]["reason"] == "duration",
            "no runs\n" + outcome.describe())
    t.equal(outcome.runs["failed"], 0, "failed runs")
    # The server does not count requests for its counts.
    endpoints = {name: count for name, count in outcome.endpoints.items()
                 if name != "GET /stats"}
    unsent = outcome.result["requests"]["unsent"]
    t.equal(sum(endpoints.values()) - unsent, t.server.total(), "requests")


def test_scenario_of_the_readme(t):
    with open(os.path.join(harness.ROOT, "README.md"),
              encoding="utf-8") as file:
        block = re.search(r"^```lua\n(.*?)^```", file.read(),
                          re.MULTILINE | re.DOTALL)
    t.check(block, "no Lua in README.md")
    path = t.file("readme.lua", block.group(1))
    t.server
    outcome = t.run(path, "-w", "5", "-r", "20").expect(0)
    outcome.expect_runs(ok=100)


def test_all_are_listed(t):
    folder = os.path.join(harness.ROOT, "scenarios")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        listed = re.findall(r"^\| \[(\w+\.lua)\]\(\1\) \| .+ \|$", file.read(), re.MULTILINE)
    t.equal(sorted(listed), sorted(map(os.path.basename, glob.glob(folder + "/*.lua"))),
            "scenarios/README.md")


def make_test(path, *options):
    return lambda t: run_example(t, path, *options)


for example in sorted(glob.glob(os.path.join(harness.ROOT, "scenarios",
                                             "*.lua"))):
    stem = os.path.basename(example)[:-len(".lua")]
    globals()["test_example_" + stem] = make_test(example)
    globals()["test_example_%s_on_two_threads" % stem] = make_test(example, "-t", "2")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

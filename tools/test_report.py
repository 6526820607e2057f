#!/usr/bin/env python3
"""Counts the test cases in meson's result logs.

    tools/test_report.py [--broken TEXT]... LOG.json...

Prints the output of every test that failed and ends with one line,
"N passed, N failed". A case is one line of TAP. A test that crashed, ran out of
time, printed fewer cases than it announced or none at all counts as one failed
case more; so does each --broken TEXT.
"""

import json
import re
import sys

CASE = re.compile(r"(not )?ok\b\s*(?:\d+)?\s*(?:-\s*)?([^#\n]*)(#.*)?$")
PLAN = re.compile(r"1\.\.(\d+)")


class Outcome:
    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.skipped = 0
        self.failures = []


def read_tap(outcome, text):
    """Adds the cases of `text` to `outcome`; returns the number announced."""
    planned = None
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned = int(plan.group(1))
        case = CASE.match(line)
        if not case:
            continue
        directive = (case.group(3) or "").lower()
        if directive.startswith("# skip"):
            outcome.skipped += 1
        elif case.group(1):
            outcome.failures.append(case.group(2).strip() or "a case")
        else:
            outcome.passed += 1
    return planned


def judge(record):
    outcome = Outcome(record["name"])
    planned = read_tap(outcome, record.get("stdout", ""))
    seen = outcome.passed + outcome.skipped + len(outcome.failures)
    if planned is None or (planned > 0 and seen == 0):
        outcome.failures.append("no results (%s)" % describe_end(record))
    elif seen != planned:
        outcome.failures.append(
            "%d cases announced, %d seen (%s)"
            % (planned, seen, describe_end(record))
        )
    elif record["result"] not in ("OK", "SKIP") and not outcome.failures:
        outcome.failures.append(describe_end(record))
    return outcome


def describe_end(record):
    code = record.get("returncode", 0)
    if code < 0:
        return "killed by signal %d" % -code
    return "%s, exit status %d" % (record["result"].lower(), code)


def read_log(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line.strip():
                yield json.loads(line)


def main(arguments):
    broken, logs = [], []
    while arguments:
        word = arguments.pop(0)
        if word == "--broken":
            broken.append(arguments.pop(0))
        else:
            logs.append(word)

    passed = skipped = failed = 0
    for path in logs:
        for record in read_log(path):
            outcome = judge(record)
            passed += outcome.passed
            skipped += outcome.skipped
            failed += len(outcome.failures)
            if not outcome.failures:
                continue
            print("-- %s: %s" % (path, outcome.name))
            for stream in ("stdout", "stderr"):
                for line in record.get(stream, "").splitlines():
                    if line.strip() and not line.startswith("ok "):
                        print(line)
            for failure in outcome.failures:
                print("   failed: %s" % failure)
            print()
    for text in broken:
        print("-- " + text)
    if not logs and not broken:
        broken = ["no results"]
    failed += len(broken)
    if skipped:
        print("%d skipped" % skipped)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Runs a file of Lua cases (see cases.lua) inside molo and reports TAP.

    tests/lua/run.py FILE.lua [THREADS]

A case passed when every worker came to its end.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PATIENCE = 120.0


def main(path, threads="1"):
    molo = os.environ.get("MOLO", os.path.join(ROOT, "build/molo"))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("MOLO")}
    with tempfile.TemporaryDirectory(prefix="molo-lua-") as directory:
        result_path = os.path.join(directory, "result.json")
        command = [molo, "run", path, "--progress", "off", "--no-color",
                   "-t", threads, "-o", "json=" + result_path]
        # run() kills the child by its pid when the time is over.
        try:
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=PATIENCE, env=environment,
                encoding="utf-8", errors="replace", check=False)
        except subprocess.TimeoutExpired as late:
            print("Bail out! %s did not end" % path)
            print(late.stderr, file=sys.stderr)
            return 1
        result = None
        if os.path.exists(result_path):
            with open(result_path, encoding="utf-8") as file:
                result = json.load(file)

    # Told once by each thread, which loads the file for itself.
    cases = list(dict.fromkeys(re.findall(
        r"CASE (\d+) (\d+) (.*)$", ended.stderr, re.MULTILINE)))
    if result is None or not cases:
        print(ended.stdout + ended.stderr, file=sys.stderr)
        return 1

    failed = 0
    print("1..%d" % (len(cases) + 1))
    for index, workers, name in cases:
        passes = result["checks"].get(name, {"passes": 0})["passes"]
        ok = passes == int(workers)
        failed += not ok
        print("%s %s - %s" % ("ok" if ok else "not ok", index, name))
        if not ok:
            for error in result["errors"]:
                if error["first"]["step"] == int(index):
                    print("# %s: %s" % (error["kind"], error["message"]))
    # Whatever else goes wrong, in a fixture or at the end, shows here.
    clean = ended.returncode == (1 if failed else 0)
    print("%s %d - exit code %d" % ("ok" if clean else "not ok",
                                    len(cases) + 1, ended.returncode))
    if not clean:
        for line in (ended.stdout + ended.stderr).splitlines():
            print("# " + line)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

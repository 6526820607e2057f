#!/usr/bin/env python3
"""Runs luacheck over everything written in Lua."""

import os
import subprocess

import lint

FOLDERS = ["lua", "scenarios", "tests/lua"]


def check(root):
    settings = os.path.join(lint.ROOT, ".luacheckrc")
    for path in lint.files(root, FOLDERS, (".lua",)):
        # Rules for single files go by the path from the root.
        result = subprocess.run(
            ["luacheck", "--config", settings, "--codes", "--no-color",
             "--quiet", path],
            cwd=root, capture_output=True, text=True, check=False)
        yield path, ([result.stdout + result.stderr]
                     if result.returncode != 0 else [])


SELF_TESTS = [
    ("a scenario as it should be",
     {"scenarios/a.lua": 'local molo = require "molo"\n'
                         'molo.scenario("a", function(session)\n'
                         '  session:get("/")\n'
                         'end)\n'},
     None),
    ("an undeclared global", {"lua/molo/a.lua": "x = 1\n"}, "'x'"),
    ("a local that is not used",
     {"scenarios/a.lua": "local unused = 1\n"}, "'unused'"),
    ("a syntax error", {"tests/lua/a.lua": "local = 1\n"}, "E011"),
    ("a line that is too long",
     {"lua/a.lua": "return '%s'\n" % ("x" * 120)}, "W631"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)

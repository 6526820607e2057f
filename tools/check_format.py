#!/usr/bin/env python3
"""Checks the layout of C files with clang-format."""

import os
import subprocess

import lint


def check(root):
    style = "--style=file:" + os.path.join(lint.ROOT, ".clang-format")
    paths = lint.files(root, ["src", "tests"], (".c", ".h"))
    # One process for all: starting hundreds takes longer than their work.
    result = subprocess.run(
        ["clang-format", style, "--dry-run", "--Werror", *paths],
        cwd=root, capture_output=True, text=True, check=False)
    found = {path: [] for path in paths}
    path = None
    for line in result.stderr.splitlines():
        start = line.split(":", 1)[0]
        path = start if start in found else path
        found.setdefault(path, []).append(line)
    for path in found:
        yield str(path), ["\n".join(found[path])] if found[path] else []


SELF_TESTS = [
    ("a function as it should be",
     {"src/base/a.c": "int\nf(void)\n{\n    return 1;\n}\n"}, None),
    ("two spaces instead of four",
     {"src/base/a.c": "int\nf(void)\n{\n  return 1;\n}\n"},
     "clang-format-violations"),
    ("a type on the line of the name",
     {"tests/unit/a.c": "int f(void)\n{\n    return 1;\n}\n"},
     "clang-format-violations"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)

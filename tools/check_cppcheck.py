#!/usr/bin/env python3
"""Runs cppcheck over the C files; errors only."""

import os
import subprocess

import lint

# Its macros are loops; unexpanded they look like errors.
UTHASH = "/usr/include/uthash.h"


def check(root):
    names = {path.split(os.sep)[1]
             for path in lint.files(root, ["src"], (".c",))}
    for path in sorted(os.path.join("src", name) for name in names):
        result = subprocess.run(
            ["cppcheck", "--quiet", "--std=c11", "--language=c",
             "--error-exitcode=1", "--inline-suppr", "-D_GNU_SOURCE",
             '-DMOLO_VERSION="0"', "-D__GNUC__=12", "-Isrc",
             "--include=" + UTHASH, path],
            cwd=root, capture_output=True, text=True, check=False)
        yield path, ([result.stdout + result.stderr]
                     if result.returncode != 0 else [])


SELF_TESTS = [
    ("code without a fault",
     {"src/base/a.c": "int f(void);\nint\nf(void)\n{\n    return 1;\n}\n"},
     None),
    ("a write behind the end",
     {"src/base/a.c": "void f(void);\nvoid\nf(void)\n{\n    char a[4];\n"
                      "    a[4] = 0;\n    (void)a;\n}\n"},
     "arrayIndexOutOfBounds"),
    ("memory that is lost",
     {"src/base/a.c": "#include <stdlib.h>\nvoid f(void);\nvoid\nf(void)\n{\n"
                      "    char *p = malloc(3);\n    p[0] = 0;\n}\n"},
     "memleak"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)

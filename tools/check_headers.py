#!/usr/bin/env python3
"""Checks that every header compiles alone, and twice."""

import os
import shutil
import subprocess

import lint

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
         "-Werror", "-Wno-unused-parameter", "-Wno-unused-function"]
PACKAGES = ["lua5.4", "jansson", "libmicrohttpd", "libcurl",
            "libcrypto"]


def dependency_flags():
    if not shutil.which("pkg-config"):
        return []
    flags = []
    for package in PACKAGES:
        found = subprocess.run(["pkg-config", "--cflags", package],
                               capture_output=True, text=True, check=False)
        if found.returncode == 0:
            flags += found.stdout.split()
    return flags


def check(root):
    compiler = os.environ.get("CC", "cc").split()
    dependencies = dependency_flags()
    for path in lint.files(root, ["src"], (".h",)):
        problems = []
        include = '#include "%s"\n' % os.path.relpath(path, "src")
        result = subprocess.run(
            compiler + FLAGS + dependencies
            + ["-I" + os.path.join(root, "src"), "-x", "c", "-"],
            input=include * 2, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            problems.append(result.stderr)
        yield path, problems


def header(guard, text):
    return "#ifndef %s\n#define %s\n%s#endif\n" % (guard, guard, text)


SELF_TESTS = [
    ("a header that is complete",
     {"src/base/a.h": header("MOLO_BASE_A_H",
                             "#include <stddef.h>\nsize_t f(void);\n")},
     None),
    ("a header that lacks an include",
     {"src/base/a.h": header("MOLO_BASE_A_H", "size_t f(void);\n")},
     "size_t"),
    ("a header without a guard",
     {"src/base/a.h": "struct a {\n    int b;\n};\n"}, "redefinition"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)

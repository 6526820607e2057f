#!/usr/bin/env python3
"""Checks what every file has in common: a README that lists it, a length that
can be read in one go, lines that fit, no tabs and no spaces at their ends."""

import os
import re

import lint

# A module has one subject and 100 to 400 lines; from here on it has two.
MAX_LINES = 600
MAX_COLUMNS = 100
TEXTS = (".c", ".h", ".lua", ".py", ".build", ".scd", ".md")
FOLDERS = ["src", "lua", "scenarios", "tests", "tools", "docs"]


def check_text(root, path):
    text = lint.read(root, path)
    lines = text.split("\n")
    if text and not text.endswith("\n"):
        yield "%s: the last line has no end" % path
    if len(lines) - 1 > MAX_LINES and not path.endswith((".md", ".scd")):
        yield "%s: %d lines are more than %d: look for the second subject" % (
            path, len(lines) - 1, MAX_LINES)
    for number, line in enumerate(lines, 1):
        where = "%s:%d: " % (path, number)
        if "\t" in line and not path.endswith(".scd"):
            yield where + "a tab"
        if line != line.rstrip():
            yield where + "spaces at the end"
        if len(line) > MAX_COLUMNS and not path.endswith((".md", ".scd")):
            yield where + "%d columns are more than %d" % (
                len(line), MAX_COLUMNS)


def listed(readme):
    """The first column of its table: "hist.c", "hist.c, snapshot.c", or for both
    files of a module "hist" or "hist.c/.h"."""
    names = set()
    for cell in re.findall(r"^\|([^|]*)\|", readme, re.MULTILINE):
        names |= {re.sub(r"[/,]\s*\.h$", "", word)
                  for word in re.findall(r"[\w.]+(?:/\.h)?", cell)}
    return names - {"file", ".h"}


def is_listed(name, names):
    """A header may go with its .c file."""
    stem = os.path.splitext(name)[0]
    return name in names or stem in names or \
        name.endswith(".h") and stem + ".c" in names


def check_readmes(root):
    by_folder = {}
    for path in lint.files(root, ["src"], (".c", ".h")):
        by_folder.setdefault(os.path.dirname(path), []).append(path)
    by_folder.pop("src", None)
    for folder, paths in sorted(by_folder.items()):
        readme_path = folder + "/README.md"
        if not os.path.exists(os.path.join(root, readme_path)):
            yield readme_path, ["%s is missing" % readme_path]
            continue
        names = listed(lint.read(root, readme_path))
        present = {os.path.basename(path) for path in paths}
        problems = ["%s does not list %s" % (readme_path, name)
                    for name in sorted(present) if not is_listed(name, names)]
        problems += ["%s lists %s, which is not there" % (readme_path, name)
                     for name in sorted(names)
                     if not {name, name + ".c", name + ".h"} & present]
        yield readme_path, problems


def check(root):
    yield from check_readmes(root)
    for folder in FOLDERS:
        problems = [problem for path in lint.files(root, [folder], TEXTS)
                    for problem in check_text(root, path)]
        yield "texts in " + folder, problems


README = "# base\n\n| file | subject |\n| --- | --- |\n| a.c | a |\n"

SELF_TESTS = [
    ("a directory as it should be",
     {"src/base/README.md": README, "src/base/a.c": "\n",
      "src/base/a.h": "\n"}, None),
    ("a directory without a README", {"src/base/a.c": "\n"},
     "src/base/README.md is missing"),
    ("a README that lacks a file",
     {"src/base/README.md": README, "src/base/a.c": "\n",
      "src/base/b.c": "\n"}, "does not list b.c"),
    ("a README that lists too much", {"src/base/README.md": README,
                                      "src/base/b.c": "\n"},
     "lists a.c, which is not there"),
    ("a README that lists both files of a module in one",
     {"src/base/README.md": README.replace("a.c", "`a`"),
      "src/base/a.c": "\n", "src/base/a.h": "\n"}, None),
    ("the same in another form",
     {"src/base/README.md": README.replace("a.c", "a.c/.h"),
      "src/base/a.c": "\n", "src/base/a.h": "\n"}, None),
    ("a long file",
     {"src/base/README.md": README, "src/base/a.c": "\n" * 601},
     "src/base/a.c: 601 lines"),
    ("a long line", {"lua/a.lua": "-- %s\n" % ("x" * 100)},
     "lua/a.lua:1: 103 columns"),
    ("a tab", {"tools/a.py": "\tpass\n"}, "tools/a.py:1: a tab"),
    ("spaces at the end", {"docs/a.md": "a \n"}, "docs/a.md:1: spaces"),
    ("no end of the last line", {"docs/a.md": "a"}, "has no end"),
]

if __name__ == "__main__":
    lint.run(check, SELF_TESTS)

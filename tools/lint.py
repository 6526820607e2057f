"""What the checkers in this directory share.

A checker is a function that takes the root of a tree and yields pairs (name of
the case, list of problems). Run without arguments, a checker first proves on
small trees with known faults that it finds them, then checks the repository;
both are reported as TAP.
"""

import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(root, folders, endings):
    """Paths below `folders`, relative to `root`, in a fixed order."""
    found = []
    for folder in folders:
        for directory, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders.sort()
            found += [os.path.relpath(os.path.join(directory, name), root)
                      for name in sorted(names) if name.endswith(endings)]
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


class Tree:
    """A temporary tree: Tree({"src/base/a.c": "text", ...})."""

    def __init__(self, contents):
        self._directory = tempfile.TemporaryDirectory(prefix="molo-lint-")
        self.root = self._directory.name
        for path, text in contents.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)

    def __enter__(self):
        return self.root

    def __exit__(self, *_):
        self._directory.cleanup()


def self_test(check, rows):
    """`rows`: (name, tree, words of the one problem expected, or None)."""
    for name, contents, expected in rows:
        with Tree(contents) as root:
            problems = [problem for _, found in check(root)
                        for problem in found]
        complaints = []
        if expected is None and problems:
            complaints.append("finds what is no fault: %r" % problems)
        if expected is not None and not any(expected in problem
                                            for problem in problems):
            complaints.append("misses it; found %r" % problems)
        yield "self-test: " + name, complaints


def main(check, rows):
    cases = list(self_test(check, rows))
    cases += list(check(ROOT))
    print("1..%d" % len(cases))
    for index, (name, problems) in enumerate(cases, 1):
        print("%s %d - %s" % ("not ok" if problems else "ok", index, name))
        for problem in problems:
            for line in problem.splitlines():
                print("# " + line)
    return 0


def run(check, rows):
    sys.exit(main(check, rows))

#!/usr/bin/env python3
"""`molo hist` reads the logs that the HdrHistogram project publishes, and comes
to the totals that its own tests state (see published/README.md)."""

import os
import re
import sys

from proof import harness
from test_hist import rows_of

PUBLISHED = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         "published")
SCALES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
COLUMNS = ("count", "mean", "min", "p50", "p90", "p99", "p99.9", "max")


def read(t, name):
    said = t.molo("hist", os.path.join(PUBLISHED, name)).expect(0)
    return said.out, {tag: dict(zip(COLUMNS, cells))
                      for tag, cells in rows_of(said.out).items()}


def seconds(cell):
    number, unit = cell.split()
    return float(number) * SCALES[unit]


def expect_time(t, cell, expected):
    """`cell` shows 3 digits; the histogram has 3 of its own."""
    told = seconds(cell)
    t.check(abs(told - expected) <= 0.006 * expected,
            "%s stands for %.9f s" % (cell, expected))


def test_hiccups(t):
    text, rows = read(t, "jHiccup-2.0.7S.logV2.hlog")
    t.equal(int(t.matches(text, r"^intervals +(\d+),").group(1)), 62,
            "intervals")
    t.equal(list(rows), ["-"], "tags")
    t.equal(rows["-"]["count"], "48761", "count")
    expect_time(t, rows["-"]["p99.9"], 1.745879039)
    expect_time(t, rows["-"]["max"], 1.796210687)


def test_tags(t):
    text, rows = read(t, "tagged-Log.logV2.hlog")
    t.equal(int(t.matches(text, r"^intervals +(\d+),").group(1)), 42,
            "intervals")
    t.equal(sorted(rows), ["-", "A"], "tags")
    t.equal(sum(int(row["count"]) for row in rows.values()), 32290, "count")
    t.equal(rows["-"], rows["A"], "both halves")


def test_not_all_of_it(t):
    """A log that lacks an interval has other totals, and one with a damaged
    interval is refused with its line."""
    path = os.path.join(PUBLISHED, "jHiccup-2.0.7S.logV2.hlog")
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    short = t.molo("hist", t.file("short.hlog", "\n".join(lines[:-1]) + "\n"))
    t.check(int(rows_of(short.expect(0).out)["-"][0]) < 48761,
            "count of the shorter log")
    lines[10] = re.sub(r"(HIST.{30}).", r"\1_", lines[10])
    torn = t.molo("hist", t.file("torn.hlog", "\n".join(lines) + "\n"))
    t.contains(torn.expect(2).err, "line 11: ")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

"""What the proofs share: distributions out of a result, and patience with a
machine that others use, too."""

import base64
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "cli"))

import harness  # noqa: E402
from test_hist import decode  # noqa: E402

# Somebody else may have the core at the wrong moment, but hardly every time; a
# figure that is wrong is wrong every time.
TRIES = 10


def best_of(attempt):
    """Calls `attempt()`, which raises a harness.Failure, until it does not."""
    for left in reversed(range(TRIES)):
        try:
            return attempt()
        except harness.Failure as failure:
            if isinstance(failure, harness.Hang) or left == 0:
                raise
            harness.diagnose("once more: %s" % failure)


def values(trend):
    """All values of a metric with a histogram, sorted, in seconds."""
    packed = zlib.compress(base64.b64decode(trend["hist"], validate=True))
    framed = struct.pack(">II", 0x1c849314, len(packed)) + packed
    found = []
    for low, high, count in decode(base64.b64encode(framed)):
        found += [(low + high) / 2e9] * count
    return found


def expect_distribution(t, trend, expected, within, what, below=0.0, late=0.0):
    """Compares the k-th smallest value with the k-th smallest expected one, for
    every percent and the greatest. Those expected below `below` may be later by
    `late`, as what has queued up takes time to be gone; earlier, none."""
    got, expected = values(trend), sorted(expected)
    t.equal(trend["count"], len(expected), what + ": count")
    t.equal(len(got), len(expected), what + ": values in the histogram")
    wrong = []
    for percent in range(1, 101):
        rank = -(-percent * len(expected) // 100) - 1
        off = got[rank] - expected[rank]
        most = max(within, late) if expected[rank] < below else within
        if not -within <= off <= most:
            wrong.append("p%d is %.4f s and not %.4f s" % (
                percent, got[rank], expected[rank]))
    t.check(not wrong, "%s: not what follows from the schedule: %s"
            % (what, ", ".join(wrong)))

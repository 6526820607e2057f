"""What the proofs share: distributions out of a result, and patience with a
machine that others use, too."""

import base64
import os
import struct
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "cli"))

import harness  # noqa: E402
from test_hist import decode  # noqa: E402

# A figure that is wrong is wrong every time, and on a machine that does nothing else.
# One that comes out wrong while who sleeps here is woken late proves nothing.
TRIES = 6
DISTURBED = 4
CALM = 0.003

# Sleeps on the core that is its argument, until its standard input is closed, and
# says how late it was at the most.
WITNESS = """
import os, select, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
late, ended = 0, False
while not ended:
    began = time.monotonic()
    ended, _, _ = select.select([sys.stdin], [], [], 0.002)
    late = max(late, time.monotonic() - began - 0.002)
print(late)
"""


class Witnesses:
    """One on each core. `late`: of what any of them was late, at the most."""

    def __enter__(self):
        self._processes = [
            subprocess.Popen([sys.executable, "-c", WITNESS, str(core)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for core in os.sched_getaffinity(0)]
        return self

    def __exit__(self, *_):
        self.late = max(float(process.communicate()[0])
                        for process in self._processes)


def best_of(attempt):
    """Calls `attempt()`, which raises a harness.Failure, until it does not, or until
    it is clear whether molo or the machine is to blame."""
    calm = disturbed = 0
    while True:
        with Witnesses() as witnesses:
            failure = failure_of(attempt)
        if failure is None:
            return
        if isinstance(failure, harness.Hang):
            raise failure
        told = "woken %.1f ms late: %s" % (witnesses.late * 1e3,
                                           str(failure).splitlines()[0])
        harness.diagnose(told)
        if witnesses.late <= CALM:
            calm += 1
        else:
            disturbed += 1
        if calm == TRIES:
            raise failure
        if disturbed == DISTURBED:
            raise harness.Skip("the machine has other things to do: " + told)


def failure_of(attempt):
    try:
        attempt()
    except harness.Failure as failure:
        return failure
    return None


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

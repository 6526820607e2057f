#!/usr/bin/env python3
"""Whatever ends a test, and whatever workloads it has: results are complete,
the exit code tells the cause, every worker that was set up is torn down, and
started = ok + failed + interrupted."""

import collections
import dataclasses
import signal
import sys

import harness

SCENARIO = """
    molo.options{ graceful_stop = "1s", workloads = {
    %(workloads)s
    } }
    local function mark(what)
        return function(it)
            molo.log("info", "MARK", what, it.worker_id or "-")
        end
    end
    molo.setup(mark "setup")
    molo.setup_session(mark "setup_session")
    molo.scenario("a", function(session)
        molo.log("info", "MARK run", session.worker_id)
        %(before)s
        molo.sleep(0.05)
    end)
    molo.teardown_session(mark "teardown_session")
    molo.teardown(mark "teardown")
    molo.global_teardown(function(result)
        molo.log("info", "MARK end", result.runs.started == result.runs.ok
            + result.runs.failed + result.runs.interrupted)
    end)
    """

CLOSED = """
    closed = { executor = "constant_workers", workers = 4, duration = "%s" },
    """
OPEN = """
    open = { executor = "constant_rate", rate = "40/s", duration = "%s",
             pre_allocated = 2, max_workers = 8 },
    """
RAMP = """
    ramp = { executor = "ramping_workers", stages = { "1s:4", "%s:4" } },
    """
ROUNDS = """
    rounds = { executor = "round_rate", workers = 3, rate = "10/s",
               duration = "%s" },
    """
KINDS = {
    "a fixed number of workers": CLOSED,
    "a rate": OPEN,
    "a ramp": RAMP,
    "rounds on a schedule": ROUNDS,
    "all of them at once": CLOSED + OPEN + RAMP + ROUNDS,
}

LONG = "1h"


@dataclasses.dataclass(frozen=True)
class Cause:
    """What ends a test, and what the result says then: `code`, how `reason` begins,
    and how many runs `failed` and were `interrupted`, if that is sure."""

    code: int
    reason: str
    before: str = ""
    length: str = LONG
    options: tuple = ()
    more: str = ""
    signals: tuple = ()
    failed: int | None = None
    interrupted: int | None = None


AT_THIRD = "if session.step == 3 and session.worker_id == 0 then %s end"

CAUSES = {
    "its time": Cause(0, "duration", length="2s", failed=0, interrupted=0),
    "SIGINT": Cause(130, "ended by SIGINT", signals=(signal.SIGINT,), failed=0,
                    interrupted=0),
    "SIGTERM twice": Cause(143, "ended by SIGTERM", before="molo.sleep(1000)",
                           signals=(signal.SIGTERM, signal.SIGTERM), failed=0),
    "the first failure": Cause(
        1, "1 of ", options=("-x",),
        before=AT_THIRD % "molo.fail('no')"),
    "a threshold": Cause(
        99, "threshold failed: checks:rate > 0.5", failed=0,
        before="molo.check('good', false)",
        more="molo.options{ thresholds = { { 'checks:rate > 0.5', "
             "abort = true } } }"),
    "molo.stop": Cause(0, "stopped by the script", failed=0, interrupted=0,
                       before=AT_THIRD % "molo.stop('enough')"),
    "molo.abort": Cause(1, "aborted", failed=0,
                        before=AT_THIRD % "molo.abort('broken')"),
    # In the meantime worker 0 runs, if the others need not be ready first.
    "a setup that fails": Cause(
        3, "setup_session failed", failed=0,
        more="molo.setup_session(function(session)\n"
             "  mark 'setup_session'(session)\n"
             "  molo.sleep(0.1)\n"
             "  if session.worker_id > 0 then error('no') end\n"
             "end)"),
    "a deadlock": Cause(
        4, "deadlock", length="3s", failed=0,
        before="molo.event('never'):wait{ timeout = false }"),
}


def start(t, kind, cause):
    workloads = KINDS[kind].replace("%s", cause.length)
    text = SCENARIO % {"workloads": workloads, "before": cause.before}
    if "setup_session" in cause.more:
        text = text.replace('molo.setup_session(mark "setup_session")',
                            cause.more)
    else:
        text += cause.more + "\n"
    options = list(cause.options)
    if not cause.signals:
        options.append("--sim")
    return t.start(text, *options)


def end(t, kind, cause):
    running = start(t, kind, cause)
    if cause.signals:
        running.wait_for_err("MARK run")
        for number in cause.signals:
            running.send(number)
            running.wait_for_err("no new runs")
    return running.finish()


def judge(t, what, cause, outcome):
    t.equal(outcome.code, cause.code,
            "exit code of %s\n%s" % (what, outcome.describe()))
    result = outcome.result
    t.equal(result["exit"]["code"], cause.code, what + ": exit.code")
    reason = result["exit"]["reason"]
    # Those who play rounds go home after the last one.
    if reason == "completed" and what.startswith("rounds"):
        reason = "duration"
    t.check(reason.startswith(cause.reason),
            "%s: exit.reason is %r" % (what, reason))
    runs = outcome.runs
    for name in ("failed", "interrupted"):
        if getattr(cause, name) is not None:
            t.equal(runs[name], getattr(cause, name), what + ": " + name)
    by_scenario = result["scenarios"].values()
    t.equal(sum(row["ok"] + row["failed"] + row["interrupted"]
                for row in by_scenario), runs["started"], what + ": scenarios")
    marks = collections.Counter(mark.split()[0] for mark in outcome.marks)
    t.equal(marks["run"], runs["started"], what + ": runs that began")
    t.equal(marks["teardown"], marks["setup"], what + ": teardown")
    t.equal(marks["teardown_session"], marks["setup_session"],
            what + ": teardown_session")
    t.equal(outcome.marks[-1], "end true", what + ": last")


def case(name):
    def test(t):
        for kind in KINDS:
            what = "%s ended by %s" % (kind, name)
            judge(t, what, CAUSES[name], end(t, kind, CAUSES[name]))
    return test


for cause_name in CAUSES:
    globals()["test_" + cause_name.replace(" ", "_").replace(".", "_")] = \
        case(cause_name)


def test_all_runs_made(t):
    for workloads, total in (
            ("each = { executor = 'runs_per_worker', workers = 3, runs = 5 },",
             15),
            ("all = { executor = 'shared_runs', workers = 4, runs = 10 },",
             10),
            ("each = { executor = 'runs_per_worker', workers = 3, runs = 5 },\n"
             "all = { executor = 'shared_runs', workers = 4, runs = 10,\n"
             "        start = '1s' },", 25)):
        cause = Cause(0, "completed", failed=0, interrupted=0)
        outcome = t.run(SCENARIO % {"workloads": workloads, "before": ""},
                        "--sim")
        judge(t, workloads, cause, outcome)
        outcome.expect_runs(ok=total)


def test_too_much_memory(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session.state.big = session.state.big or {}
            table.insert(session.state.big, ("x"):rep(1 << 20)
                         .. session.step)
            molo.sleep(0.01)
        end)
        molo.teardown(function() molo.log("info", "MARK teardown") end)
        """, "-d", "1h", "--max-rss", "256MB").expect(1)
    t.matches(outcome.out, r"memory: [0-9.]+ MB, over --max-rss 256 MB")
    runs = outcome.runs
    t.equal(runs["started"], runs["ok"], "runs")
    t.equal(outcome.marks, ["teardown"], "teardowns")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

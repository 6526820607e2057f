#!/usr/bin/env python3
"""Plans made by chance: any workloads together, scenarios that wait, fail, quit
and hang, fixtures that fail; in simulated time, and in real time with signals.
Whatever comes of one, it ends, its counts add up, and whoever was set up is torn
down.

PLAN_SEEDS and SIGNAL_SEEDS, as first..last, choose the seeds, for longer runs
than that of the suite; a failure names the seed and shows the scenario."""

import collections
import fractions
import json
import os
import random
import signal
import sys
import time

import harness
import jsonschema


def seeds_of(name, otherwise):
    first, last = os.environ.get(name, otherwise).split("..")
    return range(int(first), int(last) + 1)


SEEDS = seeds_of("PLAN_SEEDS", "1..25")
SIGNAL_SEEDS = seeds_of("SIGNAL_SEEDS", "1..4")

with open(os.path.join(harness.ROOT, "docs/schema/molo-result-1.json"),
          encoding="utf-8") as schema_file:
    VALIDATOR = jsonschema.Draft202012Validator(json.load(schema_file))

# What begins a line of the scenario's log, and what has to follow it.
PAIRS = {"setup": "teardown", "setup_session": "teardown_session",
         "worker_start": "worker_end"}

PREAMBLE = """
local function mark(what)
    return function(it) molo.log("info", "MARK", what, it.worker_id) end
end
molo.on("worker_start", mark "worker_start")
molo.on("worker_end", mark "worker_end")
"""

# What a run may do, with how often it is chosen. `%s` is a short time.
STEPS = [
    (8, "molo.sleep(%s)"),
    (4, "session:get('http://127.0.0.1/' .. session.step)"),
    (2, "session:think(0.01, %s)"),
    (2, "if session.rng:float() < 0.2 then molo.fail('by chance') end"),
    (1, "if session.rng:float() < 0.2 then error({}) end"),
    (1, "if session.rng:float() < 0.1 then session:quit() end"),
    (1, "molo.expect('by chance', session.rng:float() < 0.8)"),
    (2, "molo.event('e'):wait{ timeout = %s }"),
    (1, "molo.event('e'):set()"),
    (2, "molo.lock('l'):with(function() molo.sleep(%s) end)"),
    (1, "molo.lock('l'):acquire()"),
    (1, "molo.queue('q'):put(session.step, { timeout = %s })"),
    (1, "molo.queue('q'):get{ timeout = %s }"),
    (1, "do local permit <close> = molo.semaphore('s', { permits = 2 }):hold()"
        " molo.sleep(%s) end"),
    (2, "molo.spawn(function() molo.sleep(%s) end)"),
    (1, "molo.spawn(function() error('in a task') end)"),
    (1, "molo.timeout(0.05, function() molo.sleep(%s) end)"),
    (1, "pcall(molo.sleep, %s)"),
    (1, "molo.defer(function() molo.sleep(%s) end)"),
    (1, "molo.defer(function() error('in clean-up') end)"),
    (1, "molo.eventually(function() return session.rng:float() < 0.3 end,"
        " { every = 0.01, timeout = %s })"),
    (1, "molo.add_var('n', 1)"),
    (1, "molo.transaction('t', function() molo.sleep(%s) end)"),
    (1, "molo.any({ function() molo.sleep(%s) end,"
        " function() molo.event('e'):wait() end })"),
    (1, "molo.task_group(function(g) g:spawn(molo.sleep, %s)"
        " g:spawn(function() molo.event('e'):wait{ timeout = 0.2 } end) end)"),
    (1, "molo.lock('l'):hold{ scope = 'worker' }"),
    (1, "molo.update_var('v', function(v) return (v or 0) + 1 end)"),
    (1, "do local held <close> = molo.hold_task{ run = function(_, pause)"
        " pause() molo.sleep(%s) end } end"),
]
# What ends a test, or keeps it from ending.
RARE = [
    "if session.rng:float() < 0.02 then molo.stop('by chance') end",
    "if session.rng:float() < 0.02 then molo.abort('by chance') end",
    "if session.step == 3 then molo.event('never'):wait{ timeout = false } end",
    "if session.step == 2 then molo.sleep(100000) end",
    "molo.barrier('b', { parties = 2 }):wait()",
    "molo.barrier('all'):wait()",
    "local n = molo.notifier('n') if session.index == 0 then n:written(1)"
    " else n:wait_for_writer() n:one_read() end",
    "molo.event('forever'):wait()",
]


class Plan:
    """One of them: the text of the scenario and the words of the command."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.options = ["--seed", str(seed)]
        parts = [PREAMBLE]
        names = ["s%d" % i for i in range(self.rng.randint(1, 3))]
        parts += [self.scenario(name) for name in names]
        parts += [self.fixture(*row) for row in (
            ("setup", 0.5), ("setup_session", 0.5),
            ("teardown_session", 1), ("teardown", 1))]
        if self.chance(0.15):
            parts.append(self.picker(names))
        parts.append(self.load(names))
        self.text = "\n".join(parts) + "\n"

    def chance(self, part):
        return self.rng.random() < part

    def time(self, low=0.01, high=1.0):
        return "%.3f" % self.rng.uniform(low, high)

    def steps(self, count):
        chosen = self.rng.choices([text for _, text in STEPS],
                                  [weight for weight, _ in STEPS], k=count)
        if self.chance(0.15):
            chosen.append(self.rng.choice(RARE))
        return [line % self.time() if "%s" in line else line
                for line in chosen]

    def scenario(self, name):
        options = ["weight = %d" % self.rng.randint(1, 3)]
        if self.chance(0.2):
            options.append("timeout = " + self.time(0.05, 1))
        if self.chance(0.2):
            options.append("delay = { %s, 0.5 }" % self.time(0.01, 0.4))
        if self.chance(0.2):
            options.append("pace = " + self.time())
        if self.chance(0.2):
            options.append("params = { 'x', 'y' }")
        if self.chance(0.3):
            options.append("group = 'g'")
        # No plan makes endless runs of no time.
        lines = ["molo.sleep(%s)" % self.time(0.05, 0.5)]
        lines += self.steps(self.rng.randint(0, 4))
        return "molo.scenario(%r, { %s }, function(session)\n" \
               "    mark 'run'(session)\n    %s\nend)" % (
                   name, ", ".join(options), "\n    ".join(lines))

    def fixture(self, name, waits):
        lines = ["mark %r(it)" % name]
        if self.chance(waits / 2):
            lines.append("molo.sleep(%s)" % self.time())
        if self.chance(0.05):
            lines.append("if it.worker_id % 3 == 1 then error('fixture') end")
        if self.chance(0.03):
            lines.append("molo.sleep(100000)")
        return "molo.%s(function(it) %s end)" % (name, " ".join(lines))

    def picker(self, names):
        return "molo.scenario_picker(function(worker_id, step)\n" \
               "    if step % 5 == 4 then error('picker') end\nend)"

    def load(self, names):
        if self.chance(0.2):
            self.options += ["--graceful-stop", self.time(0, 2)]
        if self.chance(0.1):
            self.options.append("-x")
        if self.chance(0.3):
            self.options += ["--on-deadlock", "break"]
        if self.chance(0.1):
            self.options += ["--wait-timeout", self.time()]
        kind = self.rng.random()
        if kind < 0.1:
            self.options += ["--single-run", "-w", str(self.rng.randint(1, 4))]
            return ""
        if kind < 0.15:
            self.options += ["--sizing", "--sizing-step", "2", "--max-workers",
                             str(self.rng.randint(1, 8))]
            return ""
        count = self.rng.randint(1, 4)
        workloads = ["    w%d = { %s }," % (i, ", ".join(self.workload(names)))
                     for i in range(count)]
        return "molo.options{ workloads = {\n%s\n} }" % "\n".join(workloads)

    def workload(self, names):
        rng = self.rng
        workers = rng.randint(1, 5)
        length = fractions.Fraction(rng.randint(1, 50), 10)
        rate = "%d/%s" % (rng.randint(1, 40), rng.choice(["s", "3s", "700ms"]))
        span = "%dms" % (length * 1000)
        unit = rng.choice(["", "/s"])
        stages = ", ".join("'%s:%d%s'" % (self.time(0.1, 3), rng.randint(1, 9),
                                          unit)
                           for _ in range(rng.randint(1, 4)))
        pool = ["max_workers = %d" % rng.randint(1, 12),
                "max_lag = " + self.time(0, 2)]
        if self.chance(0.5):
            pool.append("arrival = 'poisson'")
        keys = rng.choice([
            ["executor = 'constant_workers'", "workers = %d" % workers,
             "duration = '%s'" % span],
            ["executor = 'constant_workers'", "workers = %d" % workers,
             "duration = '%s'" % span, "ramp_up = " + self.time(0, 6)],
            ["executor = 'runs_per_worker'", "workers = %d" % workers,
             "runs = %d" % rng.randint(1, 9), "duration = '9s'"],
            ["executor = 'shared_runs'", "workers = %d" % workers,
             "runs = %d" % rng.randint(1, 20)],
            ["executor = 'round_rate'", "workers = %d" % workers,
             "rate = '%s'" % rate, "duration = '%s'" % span],
            ["executor = 'manual'", "workers = %d" % workers,
             "duration = '%s'" % span],
            ["executor = 'constant_rate'", "rate = '%s'" % rate,
             "duration = '%s'" % span] + pool,
            ["executor = 'ramping_%s'" % ("rate" if unit else "workers"),
             "stages = { %s }" % stages] + (pool if unit else []),
        ])
        if self.chance(0.3):
            keys.append("start = " + self.time(0, 3))
        if self.chance(0.3):
            keys.append("graceful_stop = " + self.time(0, 2))
        if self.chance(0.3):
            keys.append("delay = " + self.time(0, 0.5))
        if self.chance(0.3):
            keys.append("scenario = %r" % rng.choice(names))
        return keys


def judge(t, outcome, codes, pairs):
    """What holds for every test, however it ends."""
    result = outcome.result
    problem = next(VALIDATOR.iter_errors(result), None)
    t.check(problem is None, "the result is not valid: %s" % problem)
    t.check(outcome.code in codes, "exit code %d" % outcome.code)
    t.equal(result["exit"]["code"], outcome.code, "exit.code")
    runs = result["runs"]
    workloads = result["workloads"].values()
    for name, rows in (("all", [runs]), ("workloads", workloads),
                       ("scenarios", result["scenarios"].values())):
        t.equal(sum(row["ok"] + row["failed"] + row["interrupted"]
                    for row in rows), runs["started"], "started, by " + name)
    for name in ("started", "dropped"):
        t.equal(sum(row[name] for row in workloads), runs[name], name)
    marks = collections.defaultdict(list)
    for mark in outcome.marks:
        what, worker = mark.split()
        marks[what].append(worker)
    for first, last in pairs.items():
        t.equal(sorted(marks[last]), sorted(marks[first]), last)
        t.equal(len(set(marks[first])), len(marks[first]), first + ", once")
    t.check(len(marks["run"]) <= runs["started"], "runs that began")
    if runs["failed"] and not outcome.result["sizing"]:
        t.check(outcome.code != 0, "exit code 0 with failed runs")
    by_kind = sum(row["count"] for row in result["errors"]
                  if row["kind"] != "fixture")
    t.check(by_kind >= runs["failed"], "%d errors for %d failed runs"
            % (by_kind, runs["failed"]))
    t.lacks(outcome.err, "Sanitizer", "runtime error")


def play(t, seed):
    plan = Plan(seed)
    try:
        outcome = t.run(plan.text, "--sim", *plan.options)
        judge(t, outcome, (0, 1, 3, 4), PAIRS)
    except harness.Failure as failure:
        raise harness.Failure("seed %d: %s\n%s\n%s" % (
            seed, " ".join(plan.options), failure, plan.text)) from None
    return outcome


def interrupt(running, rng):
    """Sends one signal or two, after random times; how many."""
    number = rng.choice([signal.SIGINT, signal.SIGTERM])
    count = rng.choice([1, 2, 2])
    time.sleep(rng.uniform(0, 2))
    running.send(number)
    # The first may come too late; the second, then, would end what writes.
    while running.process.poll() is None and "no new runs" not in running.err():
        time.sleep(0.005)
    if count == 2 and running.process.poll() is None:
        time.sleep(rng.choice([0, rng.uniform(0, 0.5)]))
        running.send(number)
    return count


def play_with_signals(t, seed):
    plan = Plan(seed)
    plan.options += ["--graceful-stop", "500ms"]
    try:
        running = t.start(plan.text, *plan.options)
        # Before it has begun a signal ends it as it ends any program.
        running.wait_for_err("MARK")
        count = interrupt(running, plan.rng)
        outcome = running.finish()
        # After the second one teardowns have but a moment, and on a machine that
        # does not let molo run in it, none.
        pairs = PAIRS if count == 1 else {"worker_start": "worker_end"}
        if harness.GIVEN_UP in outcome.err:
            pairs = {}
        judge(t, outcome, (0, 1, 3, 4, 130, 143), pairs)
    except harness.Failure as failure:
        raise harness.Failure("seed %d: %s\n%s\n%s" % (
            seed, " ".join(plan.options), failure, plan.text)) from None


def test_random_plans(t):
    codes = collections.Counter(play(t, seed).code for seed in SEEDS)
    harness.diagnose("exit codes: %r" % dict(codes))


def test_random_plans_and_signals(t):
    for seed in SIGNAL_SEEDS:
        play_with_signals(t, seed)


def test_the_same_seed_is_the_same_test(t):
    for seed in list(SEEDS)[:5]:
        first, second = play(t, seed), play(t, seed)
        t.equal(second.marks, first.marks, "what seed %d does" % seed)
        t.equal(second.runs, first.runs, "runs of seed %d" % seed)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

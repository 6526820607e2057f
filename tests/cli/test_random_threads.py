#!/usr/bin/env python3
"""Plans made by chance, played with one thread and with several: what is certain about one
comes out the same. Whatever depends on who is faster is left out of the comparison, so that
each line of a scenario here says what has to come of it.

THREAD_SEEDS, as first..last, chooses the seeds; a failure names the seed and shows the
scenario."""

import collections
import random
import re
import sys

import harness
from test_random_plans import seeds_of

SEEDS = seeds_of("THREAD_SEEDS", "1..4" if harness.WRAPPER else "1..12")
THREADS = (1, 2, 3)
# Of a loop, in seconds; what is due as an end comes is due at least that long before it.
LATE = 0.03

PREAMBLE = """
local function mark(what)
    return function(it) molo.log("info", "MARK", what, it.worker_id) end
end
molo.on("worker_start", mark "worker_start")
molo.on("worker_end", mark "worker_end")
molo.setup(mark "setup")
molo.teardown(mark "teardown")
-- The same for the same worker, step and place, whoever runs where.
local function by_chance(session, place, part)
    local x = (session.worker_id * 31 + session.step * 17 + place * 101) * 2654435761 % 4294967296
    return (x >> 8) % 1000 < part * 1000
end
-- An object of the workers that play together.
local function ours(type, session)
    if session.room then return session.room[type](session.room, "our " .. type) end
    return molo[type](type .. " of " .. session.scenario)
end
local function first(session)
    if session.room then return session.seat == 0 end
    return session.index == 0
end
local count = molo.counter("counted")
"""

# What a run of workers that are all there may do. `@` is the number of the line, `#` the name
# of the workload.
STEPS = [
    (6, "molo.sleep(0.0@)"),
    (3, "if by_chance(session, @, 0.2) then molo.fail('fail @') end"),
    (2, "if by_chance(session, @, 0.2) then error('error @') end"),
    (3, "molo.expect('expected @', not by_chance(session, @, 0.2))"),
    (3, "molo.check('checked @', by_chance(session, @, 0.5))"),
    (3, "count:add(@)"),
    (2, "molo.add_var('sum', @)"),
    (2, "molo.update_var('kept', function(v) return (v or 0) + 1 end)"),
    (2, "molo.transaction('part @', function() molo.sleep(0.001) end)"),
    (2, "molo.lock('l'):with(function() molo.sleep(0) end)"),
    (2, "do local p <close> = molo.semaphore('s', { permits = 2 }):hold() molo.sleep(0) end"),
    (1, "if by_chance(session, @, 0.2) then molo.lock('held # ' .. session.worker_id):acquire()"
        " end"),
    (2, "molo.queue('q#', { capacity = 100000 }):put(session.step)"
        " molo.queue('q#'):get()"),
    (3, "ours('barrier', session):wait()"),
    (2, "molo.expect('all came @', ours('barrier', session):exchange(1).n > 0)"),
    (2, "do local n = ours('notifier', session) if first(session) then n:written(@) else"
        " n:wait_for_writer() n:one_read() end end"),
    (2, "molo.spawn(function() molo.sleep(0.001) end)"),
    (1, "molo.spawn(function() if by_chance(session, @, 0.2) then error('task @') end end)"),
    (2, "molo.event('e @'):set() molo.event('e @'):wait()"),
    (1, "molo.try(function() molo.event('never'):wait{ timeout = 0.01 } end)"),
    (1, "if by_chance(session, @, 0.1) then molo.event('never'):wait{ timeout = 0.01 } end"),
    (1, "molo.timeout(5, function() molo.sleep(0.001) end)"),
    (1, "if by_chance(session, @, 0.1) then session:quit() end"),
    (1, "molo.defer(function() count:add(1) end)"),
    (1, "molo.defer(function() if by_chance(session, @, 0.2) then error('deferred @') end end)"),
]

# Of these anybody may run any: they say what comes of the run by its number.
ANYBODY = [
    (3, "molo.sleep(0.0@)"),
    (3, "count:add(1)"),
    (2, "if n % 4 == 1 then molo.fail('fail @') end"),
    (2, "molo.check('checked @', n % 3 == 0)"),
    (2, "molo.lock('l'):with(function() molo.sleep(0) end)"),
    (2, "molo.queue('q#', { capacity = 100000 }):put(n) molo.queue('q#'):get()"),
]


class Plan:
    """The text of a scenario and the words of the command."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.options = ["--seed", str(seed)]
        self.places = 0
        self.pools = False
        self.left = []
        self.parts = [PREAMBLE]
        rng = self.rng
        if rng.random() < 0.15:
            self.options.append("--single-run")
            self.options += ["-w", str(rng.randint(1, 5))]
            for i in range(rng.randint(1, 3)):
                group = rng.choice(["", "group = 'g'"])
                self.parts.append(self.scenario("s%d" % i, group, self.steps(STEPS, "s%d" % i)))
        else:
            workloads = [self.workload("w%d" % i) for i in range(rng.randint(1, 3))]
            self.parts.append("molo.options{ workloads = {\n%s\n} }" % "\n".join(workloads))
        if rng.random() < 0.2:
            self.parts.append("molo.setup_session(function(session) molo.sleep(0.0%d) end)"
                              % rng.randint(1, 9))
        if rng.random() < 0.2:
            self.parts.append("molo.options{ thresholds = 'runs{status=failed}:count <= %d' }"
                              % rng.randint(0, 9))
        if rng.random() < 0.2:
            self.options += ["--fail", "%d%%" % rng.randint(1, 100)]
        self.text = "\n".join(self.parts) + "\n"

    def steps(self, choices, name, most=5):
        chosen = self.rng.choices([text for _, text in choices],
                                  [weight for weight, _ in choices],
                                  k=self.rng.randint(0, most))
        lines = []
        for line in chosen:
            self.places += 1
            lines.append(line.replace("@", str(self.places)).replace("#", name))
        return lines

    @staticmethod
    def scenario(name, options, lines):
        return "molo.scenario(%r, { %s }, function(session)\n    %s\nend)" % (
            name, options, "\n    ".join(lines))

    def workload(self, name):
        keys = self.rng.choice([self.each, self.each, self.rooms, self.rounds, self.shared,
                                self.served, self.overrun, self.deserted])(name)
        if self.rng.random() < 0.3:
            keys.append("start = 0.%d" % self.rng.randint(1, 4))
        return "    %s = { scenario = %r, %s }," % (name, name, ", ".join(keys))

    def each(self, name):
        self.parts.append(self.scenario(name, "", self.steps(STEPS, name)))
        keys = ["executor = 'runs_per_worker'", "workers = %d" % self.rng.randint(1, 7),
                "runs = %d" % self.rng.randint(1, 8)]
        if self.rng.random() < 0.3:
            keys.append("ramp_up = 0.%d" % self.rng.randint(1, 3))
        if self.rng.random() < 0.3:
            keys.append("delay = 0.0%d" % self.rng.randint(1, 3))
        return keys

    def rooms(self, name):
        seats = self.rng.randint(2, 3)
        self.parts.append(self.scenario(name, "cast = { { 'seat', %d } }" % seats,
                                        self.steps(STEPS, name)))
        return ["executor = 'runs_per_worker'", "workers = %d" % (seats * self.rng.randint(1, 4)),
                "runs = %d" % self.rng.randint(1, 6)]

    def rounds(self, name):
        self.parts.append(self.scenario(name, "", self.steps(STEPS, name, 3)))
        return ["executor = 'round_rate'", "workers = %d" % self.rng.randint(1, 5),
                "rate = '2/s'", "duration = '%s'" % self.rng.choice(["0.9s", "1.4s"]),
                "graceful_stop = 10"]

    def numbered(self, name):
        lines = ["local n = molo.add_var('runs #', 1)".replace("#", name)]
        self.parts.append(self.scenario(name, "", lines + self.steps(ANYBODY, name)))

    def shared(self, name):
        self.numbered(name)
        return ["executor = 'shared_runs'", "workers = %d" % self.rng.randint(1, 7),
                "runs = %d" % self.rng.randint(1, 60)]

    def served(self, name):
        """A rate with more workers than it can need: each run is made."""
        self.pools = True
        self.numbered(name)
        rate, runs = self.rng.randint(8, 15), self.rng.randint(1, 8)
        return ["executor = 'constant_rate'", "rate = '%d/s'" % rate,
                "duration = '%dms'" % ((runs - 0.5) / rate * 1000), "max_workers = 200",
                "max_lag = 10", "graceful_stop = 10"]

    def overrun(self, name):
        """A rate whose workers are all busy to the end: what they cannot take is dropped."""
        self.pools = True
        self.parts.append(self.scenario(name, "", ["molo.sleep(1.5)"]))
        return ["executor = 'constant_rate'", "rate = '100/s'", "duration = '0.3s'",
                "max_workers = %d" % self.rng.randint(1, 6),
                "max_lag = %s" % self.rng.choice(["0.01", "0.1", "10"]), "graceful_stop = 10"]

    def deserted(self, name):
        """A rate whose workers all quit, which ends it: what was due meanwhile is dropped."""
        self.left.append(name)
        self.pools = True
        self.parts.append(self.scenario(name, "", ["session:quit()"]))
        return ["executor = 'constant_rate'", "rate = '100/s'", "duration = '5s'",
                "max_workers = %d" % self.rng.randint(1, 6), "max_lag = 10"]


def told(plan, outcome):
    """What has to be the same, however many threads there are."""
    result = outcome.result
    errors = collections.Counter()
    for row in result["errors"]:
        # What molo itself says may name who came first, and after how long.
        message = row["message"] if row["kind"] == "script" else ""
        errors[row["kind"], message] += row["count"]
    counts = ("started", "ok", "failed", "interrupted", "dropped")
    for name in plan.left:
        result["runs"]["dropped"] -= result["workloads"][name]["dropped"]
        result["workloads"][name]["dropped"] = 0
    return {
        "exit": result["exit"],
        "runs": {name: result["runs"][name] for name in counts},
        "workloads": {name: {key: row[key] for key in counts}
                      for name, row in result["workloads"].items()},
        "scenarios": {name: {key: row[key] for key in counts[1:4]}
                      for name, row in result["scenarios"].items()},
        "checks": result["checks"],
        "errors": errors,
        "counted": result["metrics"].get("counted", {}).get("count"),
        "transactions": {name: (row["ok"], row["failed"], row["interrupted"])
                         for name, row in result["transactions"].items()},
        "rounds": {name: [row.get(key) for key in ("rounds", "missed", "breaks")]
                   for name, row in result["coordination"].items()},
        # Which workers a rate needs is for the machine to say.
        "fixtures": None if plan.pools else collections.Counter(outcome.marks),
        "warnings": sorted(re.findall(r"warning: (workload .*)", outcome.err)),
    }


def differences(one, other):
    return ["%s: %r, not %r" % (name, other[name], one[name])
            for name in one if one[name] != other[name]]


def outcomes_of(t, plan):
    """Once more, where the machine took the processors away from one of them for longer than
    what is due before an end can wait: that is dropped then, or missed, with right."""
    for _ in range(5):
        running = [t.start(plan.text, "-t", str(threads), *plan.options) for threads in THREADS]
        outcomes = [each.finish() for each in running]
        if all(each.result["generator"]["loop_lag_max"] < LATE for each in outcomes):
            break
    return outcomes


def play(t, seed):
    plan = Plan(seed)
    one = None
    for threads, outcome in zip(THREADS, outcomes_of(t, plan)):
        try:
            t.lacks(outcome.err, "Sanitizer", "runtime error")
            seen = told(plan, outcome)
            one = one or seen
            differs = differences(one, seen)
            t.check(not differs, "\n".join(differs))
        except harness.Failure as failure:
            raise harness.Failure("seed %d, %d threads: %s\n%s\n%s\n%s" % (
                seed, threads, " ".join(plan.options), failure, plan.text,
                outcome.err)) from None


def test_any_number_of_threads_comes_to_the_same(t):
    for seed in SEEDS:
        play(t, seed)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

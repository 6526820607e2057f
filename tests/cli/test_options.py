#!/usr/bin/env python3
"""Where options come from, which one wins, and what they do."""

import os
import sys

import harness

COUNT = """
    %s
    molo.scenario("a", function(session)
        if session.step == 1 then
            molo.log("info", "MARK workers", session.workers)
        end
    end)
    """


def workers_of(t, options, arguments, env):
    outcome = t.run(COUNT % options, "-r", "1", *arguments, env=env).expect(0)
    t.equal(outcome.marks,
            ["workers %d" % outcome.result["workers"]]
            * outcome.result["workers"], "session.workers")
    return outcome.result["workers"]


def test_precedence(t):
    script = "molo.options{ workers = 2 }"
    rows = (
        ("default", "", [], {}, 1),
        ("script", script, [], {}, 2),
        ("environment over script", script, [], {"MOLO_WORKERS": "3"}, 3),
        ("command line over all", script, ["-w", "4"], {"MOLO_WORKERS": "3"},
         4),
        ("environment alone", "", [], {"MOLO_WORKERS": "3"}, 3),
        ("an empty variable is none", script, [], {"MOLO_WORKERS": ""}, 2),
    )
    for name, options, arguments, env, expected in rows:
        t.equal(workers_of(t, options, arguments, env), expected, name)


def test_a_bad_environment_variable_is_named(t):
    outcome = t.run(COUNT % "", env={"MOLO_WORKERS": "many"}).expect(2)
    t.contains(outcome.err, "MOLO_WORKERS")


def test_a_mistyped_environment_variable_is_told(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    outcome = t.molo("check", path, env={"MOLO_WORKER": "3", "MOLO_CONFIG": "x.json",
                                         "MOLO_ELEPHANTS": "5"}).expect(0)
    t.equal(sorted(outcome.err.splitlines()), [
        "molo: warning: MOLO_CONFIG has no effect: --config is for the command line",
        "molo: warning: MOLO_WORKER has no effect: did you mean MOLO_WORKERS?"], "stderr")


def test_forms_of_one_option(t):
    for arguments in (["-w3"], ["-w", "3"], ["--workers=3"],
                      ["--workers", "3"], ["-qw3"], ["-u", "3"],
                      ["--vus", "3"]):
        outcome = t.run(COUNT % "", "-r", "1", *arguments).expect(0)
        t.equal(outcome.result["workers"], 3, " ".join(arguments))


def test_a_flag_is_taken_back(t):
    text = """
        molo.options { stop_on_failure = true }
        molo.scenario("a", function() molo.fail("no") end)
        """
    t.run(text, "-r", "3").expect(1).expect_runs(failed=1)
    t.run(text, "-r", "3", "--stop-on-failure=false").expect(1).expect_runs(failed=3)
    t.run(text, "-r", "3", env={"MOLO_STOP_ON_FAILURE": "0"}).expect(1).expect_runs(failed=3)


def test_env_for_the_scenario(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK", molo.env.USER_NAME, molo.env.EMPTY,
                     tostring(molo.env.ABSENT), molo.env.FROM_SHELL)
        end)
        """, "-r", "1", "-e", "USER_NAME=a=b", "-e", "EMPTY=",
        env={"FROM_SHELL": "shell", "USER_NAME": "shell"}).expect(0)
    t.matches(outcome.marks[0], r"^a=b\s+nil\s+shell$")


def picks(t, *arguments):
    outcome = t.run("""
        for _, name in ipairs{ "one", "two", "three" } do
            molo.scenario(name, { weight = name == "one" and 8 or 1 },
                function(session)
                    molo.log("info", "MARK", session.worker_id, session.step,
                             session.scenario, session.rng:int(1, 1000000),
                             math.random(1000000))
                end)
        end
        molo.scenario("never", { weight = 0 }, function(session) end)
        """, "-w", "3", "-r", "40", *arguments).expect(0)
    return outcome, sorted(outcome.marks)


def test_seed_makes_picks_and_random_numbers_repeatable(t):
    first, marks = picks(t, "--seed", "42")
    t.equal(first.result["seed"], 42, "seed")
    t.matches(first.out + first.err, r"\bseed\b\D*42\b")
    t.equal(len(set(marks)), 120, "marks")
    t.equal(picks(t, "--seed", "42")[1], marks, "the same seed")
    t.check(picks(t, "--seed", "43")[1] != marks, "another seed, same run")


def test_seed_makes_uuids_repeatable(t):
    scenario = """
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.worker_id, molo.uuid())
        end)
        """
    def uuids(seed):
        return sorted(t.run(scenario, "-w", "3", "-r", "2", "--seed", seed)
                      .expect(0).marks)
    first = uuids("42")
    t.equal(len({mark.split()[1] for mark in first}), 6, "all differ")
    t.equal(uuids("42"), first, "the same seed")
    t.check(not set(uuids("43")) & set(first), "another seed, same UUIDs")


def test_a_seed_is_made_up_and_printed(t):
    outcome, marks = picks(t)
    seed = outcome.result["seed"]
    t.contains(outcome.out + outcome.err, str(seed))
    t.equal(picks(t, "--seed", str(seed))[1], marks, "repeated")
    t.check(picks(t)[0].result["seed"] != seed, "the same seed twice")


def test_weights(t):
    scenarios = picks(t, "--seed", "1")[0].result["scenarios"]
    counts = {name: row["ok"] for name, row in scenarios.items()}
    t.equal(counts.get("never", 0), 0, "weight 0")
    t.check(counts["one"] > counts["two"] + counts["three"],
            "weights: %r" % counts)
    t.check(counts["two"] > 0 and counts["three"] > 0, "weights: %r" % counts)


def test_selecting_scenarios(t):
    for names, expected in ((["two"], {"two"}), (["never"], {"never"}),
                            (["two", "three"], {"two", "three"})):
        arguments = [word for name in names for word in ("-s", name)]
        scenarios = picks(t, "--seed", "1", *arguments)[0].result["scenarios"]
        ran = {name for name, row in scenarios.items() if row["ok"]}
        t.equal(ran, expected, "scenarios that ran")


def test_quiet(t):
    rows = (
        ("ok", "molo.scenario('a', function() end)\n\n", 0),
        ("failed", "molo.scenario('a', function() molo.fail('x') end)\n\n", 1),
        ("deadlock",
         "molo.scenario('a', function() molo.wait_var('x') end)\n\n", 4),
    )
    for name, text, code in rows:
        outcome = t.run(text, "-r", "1", "-q").expect(code)
        t.equal(outcome.out, "", name + ": stdout")
        if code == 0:
            t.equal(outcome.err, "", name + ": stderr")
        t.equal(outcome.result["exit"]["code"], code, name + ": exit.code")


def test_verbose_adds_tracebacks(t):
    text = """
        local function inner() error("deep down") end
        local function outer() inner() end
        molo.scenario("a", function(session) outer() end)
        """
    plain = t.run(text, "-r", "1").expect(1)
    t.contains(plain.out + plain.err, "deep down")
    t.lacks(plain.out + plain.err, "stack traceback")
    verbose = t.run(text, "-r", "1", "-v").expect(1)
    t.contains(verbose.out + verbose.err, "stack traceback", "inner")


def test_very_verbose_adds_requests(t):
    t.server
    text = """
        molo.scenario("a", function(session) session:get("/status/418") end)
        """
    t.lacks(t.run(text, "-r", "1", "-v").expect(0).err, "/status/418")
    t.contains(t.run(text, "-r", "1", "-vv").expect(0).err, "GET",
               "/status/418", "418")


def test_delay_lies_between_runs(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK", molo.now())
        end)
        """, "-r", "4", "--delay", "200ms").expect(0)
    times = [float(mark) for mark in outcome.marks]
    for before, after in zip(times, times[1:]):
        t.check(after - before >= 0.199, "times: %r" % times)


def test_delay_of_the_scenario(t):
    outcome = t.run("""
        molo.scenario("a", { delay = "200ms" }, function(session)
            molo.log("info", "MARK", molo.now())
            if session.step == 2 then molo.fail("after failures too") end
        end)
        """, "-r", "4").expect(1)
    times = [float(mark) for mark in outcome.marks]
    for before, after in zip(times, times[1:]):
        t.check(after - before >= 0.199, "times: %r" % times)


def test_ramp_up_staggers_the_starts(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            molo.log("info", "MARK", session.worker_id, molo.now())
        end)
        """, "-w", "4", "-r", "1", "--ramp-up", "2", "--sim").expect(0)
    rows = sorted((int(i), float(at)) for i, at in
                  (mark.split() for mark in outcome.marks))
    t.equal(rows, [(0, 0), (1, 0.5), (2, 1), (3, 1.5)], "starts")


def test_duration_includes_the_ramp_up(t):
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(0.05) end)
        """, "-w", "2", "-d", "1", "--ramp-up", "1m").expect(0)
    t.check(1 <= outcome.result["duration"] < 30,
            "duration %r" % outcome.result["duration"])


def test_options_of_the_script(t):
    t.server
    outcome = t.run("""
        molo.options{
            workers = 2,
            max_runs = 3,
            delay = "1ms",
            session = { base_url = "%s", headers = { ["X-A"] = "b" } },
        }
        molo.scenario("a", function(session)
            molo.expect("header",
                        session:get("/echo").body:find("X-A", 1, true))
        end)
        """ % t.server.url).expect(0)
    outcome.expect_runs(started=6, ok=6)


def test_options_of_the_script_have_names(t):
    outcome = t.run("""
        molo.options{ "workers", 3 }
        molo.scenario("a", function() end)
        """).expect(2)
    t.contains(outcome.err, ".lua:2: molo.options: option names are strings, as in "
                            "{workers = 3}; got a number")


def test_relative_paths_are_those_of_the_caller(t):
    t.scenario("molo.scenario('a', function() end)\n", "here.lua")
    t.molo("run", "here.lua", "-r", "1", "-q", "-o", "json=out.json").expect(0)
    t.check(os.path.exists(os.path.join(t.directory, "out.json")), "no file")


def test_require_finds_modules_beside_the_scenario(t):
    t.file("deep/helper.lua", "return { answer = 42 }\n")
    path = t.scenario("""
        local helper = require "helper"
        molo.scenario("a", function()
            molo.expect("answer", helper.answer == 42)
        end)
        """, "deep/main.lua")
    t.molo("run", path, "-r", "1").expect(0)


def test_progress_on(t):
    outcome = t.run("""
        molo.scenario("a", function(session) molo.sleep(1.5) end)
        """, "-r", "1", "--progress", "on").expect(0)
    t.matches(outcome.err, r"\b1 .*worker")
    # Not a terminal: no cursor movements.
    t.lacks(outcome.err, "\x1b[")


def test_colour_only_on_a_terminal(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    outcome = t.molo("run", path, "-r", "1").expect(0)
    t.lacks(outcome.out + outcome.err, "\x1b")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Workloads as they are described in the file, and changed on the command line:
what `molo check` says of them."""

import re
import sys

import harness
from plans import check, refused, says, words

WORKLOADS = """
    molo.options { workloads = {
        shoppers = { executor = "ramping_workers", workers = 0,
                     stages = { "1m:50", "30s:0" }, delay = { 1, 2 },
                     graceful_stop = "5s", tags = { team = "a" },
                     env = { PASSWORD = "secret" },
                     scenarios = { browse = 1, buy = 3 } },
        api = { executor = "constant_rate", rate = 2.5, duration = "2m",
                start = 30, scenario = "buy", arrival = "poisson",
                max_workers = 20, pre_allocated = 3, max_lag = 0 },
        audits = { executor = "shared_runs", workers = 2, runs = 10,
                   scenario = "audit" },
    } }
    """


# --- workloads of the script ---

def test_workloads(t):
    outcome = check(t, options=WORKLOADS)
    text = "\n".join(words(outcome.expect(0)))
    t.contains(text, """\
workload api (constant_rate)
starts after 30 s
workers at most 20, 3 of them ready before
rate 150/m, at random (poisson)
runs about 300 in all; one that finds no free worker is dropped
ends after 2m00s from then
scenarios buy
workload audits (shared_runs)
workers 2
ends after 10 runs by all workers together
scenarios audit
workload shoppers (ramping_workers)
workers 0 at the start, at most 50
stages to 50 workers within 60 s
to 0 workers within 30 s
ends after 90 s
delay 1 s to 2 s after each run
grace 5 s for runs in flight at its end
scenarios browse (25 %), buy (75 %)
tags team = a
env PASSWORD
scenarios browse
buy
audit
""")
    t.lacks(text, "secret")


def test_a_list_keeps_its_order(t):
    outcome = check(t, options="""
        local function runs(name, n)
            return { name = name, executor = "runs_per_worker", runs = n }
        end
        molo.options { workloads = { runs("z", 1), runs("a", 2), runs("m", 3) } }
        """).expect(0)
    t.equal(re.findall(r"^workload +(\w+)", outcome.out, re.M),
            ["z", "a", "m"], "workloads")


def test_scenarios_as_registered(t):
    """Without scenarios: all, with the weights they have; a list: those."""
    says(t, check(t, options="""
        molo.options { workloads = {
            a = { executor = "shared_runs", runs = 1 },
            b = { executor = "shared_runs", runs = 1,
                  scenarios = { "audit", "browse" } },
        } }
        """), "scenarios browse (75 %), buy (25 %)",
         "scenarios browse (75 %), audit (25 %)")


def test_only_some_scenarios(t):
    outcome = check(t, "-s", "browse", options=WORKLOADS).expect(0)
    t.equal(re.findall(r"^workload +(\w+)", outcome.out, re.M), ["shoppers"],
            "workloads")
    says(t, outcome, "scenarios browse")


def workload(text):
    return "molo.options { workloads = { main = { %s } } }\n" % text


def test_keys_that_are_wrong(t):
    where = "shop.lua:2: molo.options: "
    main = where + "workload 'main': "
    for text, message in (
            ("", "it needs an executor, such as executor = "
             "\"constant_workers\""),
            ("executor = 'constant_workers', workers = 0, duration = 1",
             "workers: '0' is not a whole number from 1 to 1000000"),
            ("executor = 'constant_worker'",
             "unknown executor 'constant_worker': did you mean "
             "'constant_workers'?"),
            ("executor = 'x'",
             "unknown executor 'x' (there are: constant_workers, "
             "ramping_workers, runs_per_worker, shared_runs, constant_rate, "
             "ramping_rate, round_rate, manual)"),
            ("executor = 'single_run'",
             "executor 'single_run' is for the command line: run it with "
             "--single-run"),
            ("executor = 'shared_runs', worker = 5",
             "unknown option 'worker': did you mean 'workers'?"),
            ("executor = 'shared_runs', elephants = {}",
             "unknown option 'elephants'"),
            ("executor = 'shared_runs', runs = 5, rate = '5/s'",
             "executor 'shared_runs' has no 'rate': it has workers, duration, "
             "runs and ramp_up"),
            ("executor = 'ramping_workers', stages = { '1m:5' }, "
             "duration = '1m'",
             "executor 'ramping_workers' has no 'duration': it has workers, "
             "workers_at_start and stages"),
            ("executor = 'round_rate', rate = '5/s', duration = 5, runs = 2",
             "executor 'round_rate' has no 'runs': it has workers, duration "
             "and rate"),
            ("executor = 'constant_workers'",
             "executor 'constant_workers' needs 'duration'"),
            ("executor = 'runs_per_worker'",
             "executor 'runs_per_worker' needs 'runs'"),
            ("executor = 'constant_rate', duration = 5",
             "executor 'constant_rate' needs 'rate'"),
            ("executor = 'ramping_rate'",
             "executor 'ramping_rate' needs 'stages'"),
            ("executor = 'ramping_rate', stages = { '1m:5' }",
             "stages: executor 'ramping_rate' goes to a number of runs per "
             "time, such as \"1m:50/s\", not to 5 workers"),
            ("executor = 'ramping_workers', stages = { '1m:5/s' }",
             "stages: executor 'ramping_workers' goes to a number of workers, "
             "such as \"1m:50\", not to 5/s"),
            ("executor = 'ramping_workers', stages = { '0:5' }",
             "stages: one of them must last longer than 0"),
            ("executor = 'ramping_workers', stages = {}",
             "stages: expected a list such as {\"1m:50\", \"30s:0\"}, got "
             "table"),
            ("executor = 'ramping_workers', stages = { '1m' }",
             "stages: '1m' is not a stage such as 1m:50 (workers) or 1m:100/s "
             "(a rate of runs)"),
            ("executor = 'constant_rate', rate = '5', duration = 5",
             "rate: '5' is not a rate such as 50/s, 2.5/s or 1/2m, at most "
             "1000000000/s"),
            ("executor = 'constant_rate', rate = 0, duration = 5",
             "rate: must be above 0"),
            ("executor = 'constant_rate', rate = -1, duration = 5",
             "rate: '-1/s' is not a rate such as 50/s, 2.5/s or 1/2m, at most "
             "1000000000/s"),
            ("executor = 'constant_rate', rate = 1, duration = 5, "
             "pre_allocated = 5, max_workers = 4",
             "pre_allocated is above max_workers"),
            ("executor = 'constant_rate', rate = 1, duration = 5, "
             "arrival = 'random'",
             "arrival: 'random' is not fixed or poisson"),
            ("executor = 'manual', workers = 5, workers_at_start = 5",
             "it has both 'workers' and 'workers_at_start': they mean the same "
             "here"),
            ("executor = 'manual', workers = 5, max_workers = 4",
             "it begins with more workers than max_workers"),
            ("executor = 'shared_runs', runs = 0",
             "runs: '0' is not a whole number from 1"),
            ("executor = 'shared_runs', runs = 2.5",
             "runs: '2.5' is not a whole number from 1"),
            ("executor = 'shared_runs', runs = true",
             "runs: expected a number or a string, got boolean"),
            ("executor = 'shared_runs', runs = 5, workers = 0",
             "workers: '0' is not a whole number from 1 to 1000000"),
            ("executor = 'shared_runs', runs = 5, start = '-1s'",
             "start: '-1s' is not a time such as 250ms, 30s, 2m, 1h30m or 1.5 "
             "(seconds)"),
            ("executor = 'shared_runs', runs = 5, delay = { 1 }",
             "delay is a time or {low, high}"),
            ("executor = 'shared_runs', runs = 5, scenario = 'buy', "
             "scenarios = { buy = 1 }",
             "it has both 'scenario' and 'scenarios': one of them says what "
             "it runs"),
            ("executor = 'shared_runs', runs = 5, scenarios = { buy = -1 }",
             "scenarios: the weight of 'buy' is not a number from 0 on"),
            ("executor = 'shared_runs', runs = 5, scenarios = 'buy'",
             "scenarios: expected a table such as {browse = 3, buy = 1}, got "
             "string"),
            ("executor = 'shared_runs', runs = 5, tags = { 'a' }",
             "tags: expected names as keys, got number"),
            ("5", "option names are strings, got a number"),
    ):
        refused(t, main + message, options=workload(text))
    for text, message in (
            ("5", "workloads: expected a table, got number"),
            ("{}", "workloads: the table is empty"),
            ("{ main = 5 }", "workload 'main': expected a table, got number"),
            ("{ { executor = 'manual' } }", "workload 1 of the list needs a "
             "name, such as {name = \"browse\", ...}"),
            ("{ { name = 'a', executor = 'manual' }, "
             "{ name = 'a', executor = 'manual' } }",
             "workload 'a' is there twice"),
            ("{ { name = 'a', executor = 'manual' }, b = {} }",
             "workloads has both names and a list"),
    ):
        refused(t, where + message,
                options="molo.options { workloads = %s }\n" % text)


def test_scenarios_that_are_wrong(t):
    main = "shop.lua:2: workload 'main': "
    runs = "executor = 'shared_runs', runs = 5, "
    refused(t, main + "unknown scenario 'bowse': did you mean 'browse'?",
            options=workload(runs + "scenario = 'bowse'"))
    refused(t, main + "unknown scenario 'pad' (there are: browse, buy, audit)",
            options=workload(runs + "scenarios = { pad = 1, buy = 1 }"))
    refused(t, main + "scenarios: all of them have weight 0",
            options=workload(runs + "scenarios = { buy = 0 }"))
    refused(t, "no workload runs any of the scenarios that were selected",
            "-s", "browse", options=workload(runs + "scenario = 'buy'"))


def test_a_cast_needs_workers_that_stay(t):
    cast = """
        molo.scenario("chat", { cast = { { "speaker", 1 }, { "listener", 1 } } },
                      function() end)
        """
    for line, executor in (("-i 5", "shared_runs"),
                           ("--rate 5/s", "constant_rate"),
                           ("--stage 1m:4", "ramping_workers"),
                           ("--manual", "manual")):
        refused(t, "scenario 'chat' has a cast, which needs a fixed number of "
                "workers, and the workload 'default' (%s) has none: run it "
                "with constant_workers, runs_per_worker or round_rate, or "
                "choose another scenario" % executor,
                "-w", "2", *line.split(), scenarios=cast)
    says(t, check(t, scenarios=cast, options="""
        molo.options { workloads = {
            a = { executor = "round_rate", workers = 4, rate = "1/s",
                  duration = "1m" },
            b = { executor = "runs_per_worker", workers = 6, runs = 1 },
        } }
        """), "rooms 2 of 2 workers", "rooms 3 of 2 workers")


# --- the command line over the script ---

def test_one_workload_is_changed(t):
    says(t, check(t, "--workload", "api", "--rate", "5/s", "-d", "10s", "-w",
                  "2", "--arrival", "fixed", options=WORKLOADS),
         "workers at most 2, 2 of them ready before",
         "rate 5/s, at even distances", "ends after 10 s from then")
    outcome = check(t, "--workload", "shoppers", "--stage", "7s:3", "-w", "1",
                    "--delay", "0", "--graceful-stop", "9s",
                    options=WORKLOADS)
    says(t, outcome, "workers 1 at the start, at most 3",
         "stages to 3 workers within 7 s", "ends after 7 s")
    t.lacks(outcome.out, "to 50", "  delay ", "api", "at its end")
    says(t, check(t, "--workload", "audits", "-i", "3", options=WORKLOADS),
         "ends after 3 runs by all workers together")


def test_a_change_needs_a_name(t):
    names = "(api, audits, shoppers)"
    for line, option in (("-w 5", "--workers"), ("-d 5s", "--duration"),
                         ("-r 5", "--max-runs"), ("-i 5", "--iterations"),
                         ("--rate 5/s", "--rate"), ("--stage 1m:5", "--stage"),
                         ("--ramp-up 5s", "--ramp-up"),
                         ("--manual", "--manual")):
        refused(t, "%s: the workloads %s say that for themselves: say with "
                "--workload NAME which one it changes" % (option, names),
                *line.split(), options=WORKLOADS)
    refused(t, "MOLO_WORKERS: the workloads %s say that for themselves: say with "
            "--workload NAME which one it changes" % names,
            options=WORKLOADS, env={"MOLO_WORKERS": "5"})
    refused(t, "workers (molo.options): the workloads say that for themselves: "
            "move it into them",
            options=WORKLOADS + "molo.options { workers = 5 }\n")


def test_a_change_that_does_not_fit(t):
    for line, message in (
            ("--workload api -r 5",
             "--max-runs does not change workload 'api': executor "
             "'constant_rate' has duration, rate, pre_allocated, max_workers, "
             "max_lag and arrival"),
            ("--workload audits -r 5",
             "--max-runs does not change workload 'audits': executor "
             "'shared_runs' has workers, duration, runs and ramp_up"),
            ("--workload audits --manual --ramp-up 5s",
             "--ramp-up does not change workload 'audits': executor "
             "'manual' has workers, workers_at_start, duration and "
             "max_workers"),
            ("--workload shoppers --stage 1m:5/s",
             "workload 'shoppers': stages: executor 'ramping_workers' goes to "
             "a number of workers, such as \"1m:50\", not to 5/s"),
            ("--workload ap", "unknown workload 'ap': did you mean 'api'?"),
            ("--workload elephants",
             "unknown workload 'elephants' (there are: api, audits, "
             "shoppers)"),
    ):
        refused(t, message, *line.split(), options=WORKLOADS)


def test_a_single_run_leaves_workloads_aside(t):
    outcome = check(t, "--single-run", "-w", "2", options=WORKLOADS)
    says(t, outcome, "workload single_run (single_run)", "workers 2")
    t.lacks(outcome.out, "api")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

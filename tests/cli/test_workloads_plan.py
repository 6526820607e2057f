"""Workloads as they are asked for: on the command line, in the file, and what
`molo check` says of them. Only a single run runs here, for its summary."""

import re
import sys

import harness

SHOP = """
    molo.scenario("browse", { weight = 3 }, function() end)
    molo.scenario("buy", function() end)
    molo.scenario("audit", { weight = 0 }, function() end)
    """

WORKLOADS = """
    molo.options { workloads = {
        shoppers = { executor = "ramping_workers",
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


def check(t, *arguments, options="", scenarios=SHOP, env=None):
    return t.molo("check", t.scenario(options + scenarios, "shop.lua"),
                  *arguments, env=env)


def refused(t, message, *arguments, **more):
    """One line on stderr, nothing on stdout, exit code 2."""
    outcome = check(t, *arguments, **more).expect(2)
    t.equal(outcome.out, "", "stdout")
    t.equal(outcome.err.strip().replace(t.directory + "/", ""),
            "molo: error: " + message, "message of " + " ".join(arguments))


def words(outcome):
    return [re.sub(r"\s+", " ", line.strip())
            for line in outcome.out.splitlines()]


def says(t, outcome, *lines):
    outcome.expect(0)
    for line in lines:
        if line not in words(outcome):
            raise harness.Failure("%r is missing in:\n%s" % (
                line, outcome.out))


# --- the command line ---

def test_a_rate(t):
    says(t, check(t, "--rate", "50/s", "-d", "1m", "-w", "200"),
         "workload default (constant_rate)",
         "workers at most 200, 6 of them ready before",
         "rate 50/s, at even distances",
         "runs 3000 in all; one that no worker can start within 1 s is "
         "dropped",
         "ends after 60 s")


def test_a_rate_without_a_time_lasts_10_s(t):
    says(t, check(t, "--rate", "3/s", "--arrival", "poisson"),
         "workers at most 1000, 1 of them ready before",
         "rate 3/s, at random (poisson)", "ends after 10 s",
         "runs about 30 in all; one that no worker can start within 1 s is "
         "dropped")


def test_stages_of_workers(t):
    says(t, check(t, "--stage", "1m:50", "--stage", "0:10", "--stage=30s:0",
                  "-w", "5"),
         "workload default (ramping_workers)",
         "workers 5 at the start, at most 50",
         "stages to 50 workers within 60 s", "to 10 workers at once",
         "to 0 workers within 30 s", "ends after 90 s")


def test_stages_of_a_rate(t):
    says(t, check(t, "--rate", "1/2m", "--stage", "1m:100/s", "--max-lag",
                  "0"),
         "workload default (ramping_rate)",
         "rate 30/h at the start, at even distances",
         "stages to 100/s within 60 s",
         "runs 3000 in all; one that finds no free worker is dropped")


def test_shared_runs(t):
    says(t, check(t, "-i", "100", "-w", "3", "-d", "1m"),
         "workload default (shared_runs)", "workers 3",
         "ends after 100 runs by all workers together or 60 s, whichever is "
         "first")


def test_by_hand(t):
    says(t, check(t, "--manual", "-w", "3", "--manual-step", "5",
                  "--max-workers", "40"),
         "workload default (manual)",
         "workers 3 at the start, at most 40; SIGUSR1 adds 5, SIGUSR2 takes 5 "
         "away", "ends when it is stopped")


def test_a_single_run_in_order_of_registration(t):
    says(t, check(t, "--single-run", "-w", "4"),
         "workload single_run (single_run)", "workers 4",
         "ends after each scenario has run once", "runs 1. browse", "2. buy")


def test_a_single_run_of_groups(t):
    """A group is one stage, and its scenarios are played by workers apart."""
    outcome = check(t, "--single-run", "-w", "2", scenarios="""
        for _, row in ipairs {
            { "login" }, { "read", "edit" }, { "search" }, { "write", "edit" },
            { "pay", "shop" }, { "ship", "shop" }, { "mail", "shop" },
            { "bye" }, { "never" },
        } do
            molo.scenario(row[1], { group = row[2],
                                    weight = row[1] == "never" and 0 or 1 },
                          function() end)
        end
        """)
    text = "\n".join(words(outcome.expect(0)))
    t.contains(text,
               "workload single_run (single_run)\nworkers 2\nends after each "
               "scenario has run once\nruns 1. login\n2. read\n3. search\n"
               "4. pay\n5. bye\n",
               "workload single_run_2 (single_run)\nworkers 2\nends after each "
               "scenario has run once\nruns 2. write\n4. ship\n",
               "workload single_run_3 (single_run)\nworkers 2\nends after each "
               "scenario has run once\nruns 4. mail\n")
    t.lacks(text, "never")


def test_a_single_run_reports_its_scenarios_like_tests(t):
    text = """
        molo.scenario("login", function() molo.sleep(0.25) end)
        molo.scenario("read", { group = "doc" }, function(session)
            molo.sleep(1 + session.index)
        end)
        molo.scenario("write", { group = "doc" }, function() molo.sleep(3) end)
        molo.scenario("pay", function(session)
            if session.index == 1 then molo.fail("no money") end
        end)
        """
    outcome = t.run(text, "--sim", "--single-run", "-w", "2").expect(1)
    outcome.expect_runs(started=8, ok=7, failed=1)
    text_of = "\n".join(words(outcome))
    t.contains(text_of, """\
scenario result took runs failed
login ok 250 ms 2 0
read ok 2 s 2 0
write ok 3 s 2 0
pay FAILED 0 s 2 1
""")
    # One after another, those of a group at the same time.
    t.check(3.24 < outcome.result["duration"] < 3.26, "duration")


def test_a_single_run_that_is_cut_short(t):
    outcome = t.run("""
        molo.scenario("a", function() molo.sleep(1) end)
        molo.scenario("b", function() molo.sleep(1) end)
        """, "--sim", "--single-run", "-d", "0.5").expect(0)
    t.contains("\n".join(words(outcome)), "a ok 1 s 1 0\nb not run - 0 0\n")


TOGETHER = " do not go together: "


def test_what_contradicts_itself(t):
    by_hand = "with --manual the workers are added by hand"
    stages = "the stages say how long the run is"
    time = "a rate goes on for a time, given by --duration"
    once = "each worker runs each scenario once"
    for line, message in (
            ("-r 5 -i 5", "--max-runs and --iterations" + TOGETHER +
             "the first counts the runs of each worker, the second those of "
             "all"),
            ("--stage 1m:5 -d 5s", "--stage and --duration" + TOGETHER +
             stages),
            ("--stage 1m:5 -r 5", "--stage and --max-runs" + TOGETHER + stages),
            ("--stage 1m:5 -i 5", "--stage and --iterations" + TOGETHER +
             stages),
            ("--stage 1m:5 --ramp-up 5s", "--stage and --ramp-up" + TOGETHER +
             "the stages say when workers start"),
            ("--rate 5/s -r 5", "--rate and --max-runs" + TOGETHER + time),
            ("--rate 5/s -i 5", "--rate and --iterations" + TOGETHER + time),
            ("--rate 5/s --ramp-up 5s", "--rate and --ramp-up" + TOGETHER +
             "runs start as the rate says; a rate that grows is --stage "
             "1m:50/s"),
            ("--manual -r 5", "--manual and --max-runs" + TOGETHER + by_hand),
            ("--manual --rate 5/s", "--manual and --rate" + TOGETHER + by_hand),
            ("--manual --stage 1m:5", "--manual and --stage" + TOGETHER +
             by_hand),
            ("--single-run -r 5", "--single-run and --max-runs" + TOGETHER +
             once),
            ("--single-run --workload api", "--single-run and --workload" +
             TOGETHER + "a single run leaves workloads aside"),
            ("--single-run --manual", "--single-run and --manual" + TOGETHER +
             once),
            ("--stage 1m:5 --stage 1m:5/s",
             "--stage: some go to a number of workers (1m:50) and some to a "
             "rate (1m:50/s): a run has stages of one kind"),
            ("--rate 5/s --stage 1m:5",
             "--rate and --stage: the stages go to numbers of workers; to go "
             "to a rate write them as 1m:50/s"),
            ("--stage 0:5", "--stage: the stages last no time: give one of "
             "them more than 0"),
            ("--stage 1m:0", "--stage: no stage has a worker"),
            ("--stage 80000h:5 --stage 80000h:5",
             "--stage: the stages together last longer than ten years"),
            ("--rate 0/s", "--rate: must be above 0"),
            ("--stage 1m:1/1000000007ns --stage 1m:1/1000000009ns --stage "
             "1m:1/1000000021ns",
             "--stage: the rates of the stages have no common unit of time "
             "that is short enough: write them per the same time, such as "
             "50/s and 0.5/s"),
            ("--arrival poisson", "--arrival is for runs at a rate: add --rate "
             "N/T or --stage T:N/s"),
            ("--max-lag 1s -w 5", "--max-lag is for runs at a rate: add --rate "
             "N/T or --stage T:N/s"),
            ("--manual-step 5", "--manual-step is for --manual"),
            ("--max-workers 5 --rate 5/s", "--max-workers is for --manual and --sizing; "
             "with --rate, -w is the most there may be"),
            ("--manual -w 50 --max-workers 5",
             "--workers is above --max-workers"),
            ("--workload api", "--workload api: the script has no workloads"),
            ("-s 30s:10", "unknown scenario '30s:10': did you mean '--stage "
             "30s:10'?"),
    ):
        refused(t, message, *line.split())


def test_a_source_that_is_stronger_wins_without_a_word(t):
    options = "molo.options { max_runs = 5, duration = '7s' }\n"
    says(t, check(t, "-i", "9", options=options),
         "workload default (shared_runs)",
         "ends after 9 runs by all workers together or 7 s, whichever is "
         "first")
    says(t, check(t, "--stage", "9s:4", options=options), "ends after 9 s",
         "workload default (ramping_workers)")
    says(t, check(t, "-r", "3", env={"MOLO_ITERATIONS": "8"}),
         "workload default (runs_per_worker)")
    refused(t, "MOLO_MAX_RUNS and MOLO_ITERATIONS" + TOGETHER +
            "the first counts the runs of each worker, the second those of "
            "all", env={"MOLO_ITERATIONS": "8", "MOLO_MAX_RUNS": "5"})


def test_the_same_in_molo_options(t):
    says(t, check(t, options="molo.options { rate = 0.5, duration = '1m', "
                             "arrival = 'poisson', max_lag = 0 }\n"),
         "rate 30/m, at random (poisson)",
         "runs about 30 in all; one that finds no free worker is dropped")
    says(t, check(t, options="molo.options { stage = { '1s:5', '2s:1', "
                             "'3s:2', '4s:0' } }\n"),
         "stages to 5 workers within 1 s", "to 1 worker within 2 s",
         "to 2 workers within 3 s", "to 0 workers within 4 s")
    refused(t, "shop.lua:2: molo.options: stage: '1m' is not a stage such as "
            "1m:50 (workers) or 1m:100/s (a rate of runs)",
            options="molo.options { stage = { '1m' } }\n")


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
ends after 2m00s
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
         "rate 5/s, at even distances", "ends after 10 s")
    outcome = check(t, "--workload", "shoppers", "--stage", "7s:3", "-w", "1",
                    "--delay", "0", "--graceful-stop", "9s",
                    options=WORKLOADS)
    says(t, outcome, "workers 1 at the start, at most 3",
         "stages to 3 workers within 7 s", "ends after 7 s")
    t.lacks(outcome.out, "to 50", "delay", "api", "at its end")
    says(t, check(t, "--workload", "audits", "-i", "3", options=WORKLOADS),
         "ends after 3 runs by all workers together")


def test_a_change_needs_a_name(t):
    names = "(api, audits, shoppers)"
    for line, option in (("-w 5", "--workers"), ("-d 5s", "--duration"),
                         ("-r 5", "--max-runs"), ("-i 5", "--iterations"),
                         ("--rate 5/s", "--rate"), ("--stage 1m:5", "--stage"),
                         ("--ramp-up 5s", "--ramp-up"),
                         ("--manual", "--manual")):
        refused(t, "%s: the script has workloads of its own %s: say with "
                "--workload NAME which one it changes" % (option, names),
                *line.split(), options=WORKLOADS)
    refused(t, "MOLO_WORKERS: the script has workloads of its own %s: say with "
            "--workload NAME which one it changes" % names,
            options=WORKLOADS, env={"MOLO_WORKERS": "5"})
    refused(t, "workers: the script has workloads, and each says that for "
            "itself: move it into them",
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


# --- the plot ---

def test_the_plot(t):
    outcome = check(t, "--stage", "1m:60", "--stage", "1m:60", "--stage",
                    "0:12", "--stage", "2m:12").expect(0)
    lines = outcome.out[outcome.out.index("\nworkers   ") + 1:].splitlines()
    t.equal(lines, [
        "workers     60 |            ##################",
        "               |         #####################",
        "               |      ########################",
        "               |   ###########################",
        "               |" + "#" * 60,
        "             0 +" + ("-" * 14 + "+") * 4,
        "               0 s                         2m00s"
        "                       4m00s"], "plot")


def test_the_plot_of_rates_and_rounds(t):
    outcome = check(t, options="""
        molo.options { workloads = {
            a = { executor = "round_rate", workers = 10, rate = "2/s",
                  duration = "30s" },
            b = { executor = "constant_rate", rate = 80, duration = "30s",
                  start = "30s" },
        } }
        """).expect(0)
    half = "#" * 30
    t.contains(outcome.out,
               "workers     10 |" + half + "\n",
               "runs/s      80 |" + " " * 30 + half + "\n",
               "               |" + half + half + "\n")


def test_no_plot_of_what_is_not_known(t):
    t.lacks(check(t, "-r", "5").expect(0).out, "#")
    t.lacks(check(t, "--manual").expect(0).out, "#")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

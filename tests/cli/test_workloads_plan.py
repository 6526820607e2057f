#!/usr/bin/env python3
"""Workloads as they are asked for on the command line, and what `molo check` says of
them. Only a single run runs here, for its summary."""

import sys

import harness
from plans import TOGETHER, check, refused, says, words


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
             "--workers: 50 are more than --max-workers, 5"),
            ("--workload api", "--workload api: there are no workloads"),
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
    says(t, check(t, "--single-run", env={"MOLO_MAX_RUNS": "8", "MOLO_WORKLOAD": "api"}),
         "workload single_run (single_run)")
    refused(t, "--workers: 50 are more than MOLO_MAX_WORKERS, 5", "--manual", "-w", "50",
            env={"MOLO_MAX_WORKERS": "5"})
    refused(t, "MOLO_SINGLE_RUN and --max-runs" + TOGETHER +
            "each worker runs each scenario once", "-r", "8",
            env={"MOLO_SINGLE_RUN": "true"})
    refused(t, "MOLO_MAX_RUNS and MOLO_ITERATIONS" + TOGETHER +
            "the first counts the runs of each worker, the second those of "
            "all", env={"MOLO_ITERATIONS": "8", "MOLO_MAX_RUNS": "5"})


def test_a_workload_of_none_is_placed(t):
    refused(t, "MOLO_WORKLOAD api: there are no workloads", env={"MOLO_WORKLOAD": "api"})
    refused(t, "workload (molo.options) api: there are no workloads",
            options="molo.options { workload = 'api' }\n")


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

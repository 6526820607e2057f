#!/usr/bin/env python3
"""Config files of named tests (--config), services, and which source of an option wins."""

import json
import sys

import harness

SHOW = """
molo.scenario('s', function(session)
  molo.log('info', 'MARK', session.workers, molo.env.WHO)
end)
"""


def config(t, content, name="tests.json"):
    return t.file(name, json.dumps(content))


def run(t, path, *arguments, env=None):
    return t.molo("run", "--config", path, *arguments, env=env)


def test_named_tests(t):
    t.scenario(SHOW, "sub/show.lua")
    path = config(t, {
        "defaults": {"workers": 2, "max_runs": 1, "env": {"WHO": "all"}},
        "tests": {
            "test": {"scenario": "show.lua"},
            "smoke": {"scenario": "show.lua", "workers": 1, "env": {"WHO": "one"}},
            "base": {"workers": 3},
            "more": {"extends": "base", "scenario": "show.lua"},
        }}, "sub/tests.json")
    t.equal(run(t, path).expect(0).marks, ["2 all"] * 2, "test is the one that is meant")
    t.equal(run(t, path, "smoke").expect(0).marks, ["1 one"], "smoke")
    t.equal(run(t, path, "more").expect(0).marks, ["3 all"] * 3, "more")
    listed = t.molo("list", "-c", path).expect(0)
    t.equal([line.split() for line in listed.out.splitlines()],
            [[name, t.directory + "/sub/show.lua"] for name in ("test", "smoke", "more")],
            "tests")
    t.equal(t.molo("list", "-c", path, "smoke").expect(0).out.split()[0], "s", "scenarios")
    t.matches(t.molo("check", "-c", path, "more").expect(0).out, r"workers +3$")


def test_precedence(t):
    t.scenario("molo.options{workers = 3, env = {WHO = 'script'}}\n" + SHOW, "show.lua")
    path = config(t, {"tests": {"test": {"scenario": "show.lua", "workers": 2, "max_runs": 1,
                                         "env": {"WHO": "config"}}}})
    t.equal(run(t, path).marks, ["3 script"] * 3, "the script wins over the config")
    outcome = run(t, path, env={"MOLO_WORKERS": "4"})
    t.equal(len(outcome.marks), 4, "the environment wins over the script")
    outcome = run(t, path, "-w", "1", "-e", "WHO=me", env={"MOLO_WORKERS": "4"})
    t.equal(outcome.marks, ["1 me"], "the command line wins over all")


def test_what_the_script_overrides_is_told(t):
    t.scenario("molo.options{workers = 3, delay = 0, env = {WHO = 'script'}}\n" + SHOW,
               "show.lua")
    path = config(t, {"tests": {
        "both": {"scenario": "show.lua", "workers": 2, "delay": 1, "max_runs": 1,
                 "env": {"WHO": "config"}},
        "one": {"scenario": "show.lua", "workers": 2, "max_runs": 1},
        "none": {"scenario": "show.lua", "max_runs": 1}}})
    overrides = "tests.%s: molo.options in %s/show.lua overrides %s: take %s out there, or " \
                "give %s on the command line\n"
    both = run(t, path, "both").expect(0)
    t.contains(both.err, overrides % ("both", t.directory, "workers, delay", "them", "them"))
    t.equal(both.err.count("warning"), 1, "warnings")
    t.contains(t.molo("check", "-c", path, "one").expect(0).err,
               overrides % ("one", t.directory, "workers", "it", "it"))
    t.lacks(run(t, path, "one", "-w", "1").expect(0).err, "warning")
    t.lacks(run(t, path, "one", env={"MOLO_WORKERS": "1"}).expect(0).err, "warning")
    t.lacks(run(t, path, "none").expect(0).err, "warning")


def test_check_tells_where_options_come_from(t):
    t.scenario("molo.options{workers = 3, max_lag = '5s'}\n" + SHOW, "show.lua")
    path = config(t, {"tests": {"test": {
        "scenario": "show.lua", "workers": 2, "max_runs": 1, "env": {"WHO": "config"}}}})
    checked = t.molo("check", "-c", path, "--delay", "1", env={"MOLO_MAX_RUNS": "7"}).expect(0)
    t.matches(checked.out, r"^command line    --delay, --config$")
    t.matches(checked.out, r"^environment     MOLO_MAX_RUNS$")
    t.matches(checked.out, r"^molo.options    workers, max_lag$")
    t.matches(checked.out, r"^config file     env$")
    plain = t.molo("check", t.scenario(SHOW)).expect(0).out
    t.lacks(plain, "command line", "environment", "molo.options", "config file")


def test_false_switches_off(t):
    t.scenario("molo.scenario('s', function(s) error('no') end)", "fails.lua")
    path = config(t, {"defaults": {"stop_on_failure": True, "max_runs": 3},
                      "tests": {"on": {"scenario": "fails.lua"},
                                "off": {"scenario": "fails.lua", "stop_on_failure": False}}})
    t.contains(run(t, path, "off").expect(1).out, "3 of 3 runs failed")
    t.lacks(run(t, path, "on").expect(1).out, "3 of 3 runs failed")


def test_services(t):
    t.scenario("""
        molo.scenario('s', function(session)
          molo.log('info', 'MARK', molo.service('users'), molo.service('user-api'))
        end)
        """, "services.lua")
    path = config(t, {
        "defaults": {"max_runs": 1, "services": {"users": {"base_url": "http://127.0.0.1:1"}}},
        "tests": {"test": {"scenario": "services.lua",
                           "services": {"user-api": {"base_url": "http://127.0.0.1:2"}}}}})
    t.equal(run(t, path).expect(0).marks, ["http://127.0.0.1:1 http://127.0.0.1:2"], "config")
    outcome = run(t, path, "--service", "users=http://127.0.0.1:4",
                  env={"MOLO_SERVICE_USERS": "http://127.0.0.1:3",
                       "MOLO_SERVICE_USER_API": "http://127.0.0.1:5"})
    t.equal(outcome.marks, ["http://127.0.0.1:4 http://127.0.0.1:5"], "stronger sources")
    refused = run(t, path, env={"MOLO_SERVICE_USERS": "nowhere"}).expect(2)
    t.contains(refused.err, "MOLO_SERVICE_USERS: 'nowhere' is not an address such as "
               "http://127.0.0.1:8642, or the name")


def test_an_unknown_service(t):
    script = t.scenario("molo.scenario('s', function() molo.service('user') end)", "s.lua")
    outcome = t.run(script, "-r", "1", "--service", "users=http://127.0.0.1:1").expect(1)
    t.contains(outcome.error("script")["message"],
               "molo.service: unknown service 'user': did you mean 'users'?")
    outcome = t.run(script, "-r", "1").expect(1)
    t.contains(outcome.error("script")["message"],
               "molo.service: unknown service 'user': give its address under services in the "
               "config file, with --service user=URL, or in MOLO_SERVICE_USER")


def test_workloads_and_thresholds(t):
    t.scenario("molo.scenario('s', function() end)", "empty.lua")
    path = config(t, {"tests": {"test": {
        "scenario": "empty.lua",
        "thresholds": ["runs:count > 100"],
        "workloads": {"one": {"executor": "shared_runs", "workers": 2, "runs": 7}}}}})
    result = t.new_path(".json")
    outcome = run(t, path, "-o", "json=" + result).expect(99)
    with open(result, encoding="utf-8") as file:
        written = json.load(file)
    t.equal(written["workloads"]["one"]["ok"], 7, "runs")
    t.contains(outcome.out, "runs:count > 100")


def test_what_contradicts_itself_is_placed(t):
    t.scenario("molo.options{stage = '1m:5', ramp_up = 1}\n" + SHOW, "script.lua")
    t.scenario(SHOW, "plain.lua")
    path = config(t, {"tests": {
        "script": {"scenario": "script.lua"},
        "config": {"scenario": "plain.lua", "stage": "1m:5", "duration": "1m"},
        "workloads": {"scenario": "plain.lua", "workloads": {
            "one": {"executor": "shared_runs", "runs": 1}}}}})
    t.contains(refused(t, "check", "-c", path, "script"),
               "error: stage (molo.options) and ramp_up (molo.options) do not go together: ")
    t.contains(refused(t, "check", "-c", path, "config"),
               "error: stage (config file) and duration (config file) do not go together: ")
    t.contains(refused(t, "check", "-c", path, "workloads", "-w", "2"),
               "--workers: the workloads (one) say that for themselves: say with --workload NAME")


def refused(t, *words):
    outcome = t.molo(*words).expect(2)
    t.equal(outcome.err.count("\n"), 1, "lines of the message")
    return outcome.err


def test_refusals(t):
    t.scenario(SHOW, "show.lua")
    bad = t.file("bad.json", "{\"tests\": {\n  \"a\": }\n}\n")
    t.contains(refused(t, "run", "-c", bad), "bad.json:2:8: unexpected token near '}'")
    path = config(t, {"tests": {"smoke": {"scenario": "show.lua"},
                                "gone": {"scenario": "shw.lua"}}})
    t.contains(refused(t, "run", "-c", path), "has no test 'test' (there are: smoke, gone)")
    t.contains(refused(t, "check", "-c", path, "smke"), "did you mean 'smoke'?")
    err = refused(t, "run", "-c", path, "gone")
    t.contains(err, "tests.json: tests.gone: cannot read '", "shw.lua'", "did you mean '",
               "show.lua'")
    unknown = config(t, {"tests": {"a": {"scenario": "show.lua", "max_run": 1}}}, "u.json")
    t.contains(refused(t, "list", "-c", unknown),
               "u.json: tests.a: unknown option 'max_run': did you mean 'max_runs'?")
    t.contains(refused(t, "run", "-c", "64", "x.lua"),
               "--config: '64' is not the name of a JSON file with tests (the number of workers "
               "is -w)")
    t.contains(refused(t, "run", "-c", "none.json"), "cannot read 'none.json': No such file")
    t.contains(refused(t, "check", "-c", path, "smoke", "gone"),
               "one scenario file at a time, not 'smoke' and 'gone'")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

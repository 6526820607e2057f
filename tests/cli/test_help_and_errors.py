#!/usr/bin/env python3
"""What molo says when asked for help, and when something is mistyped."""

import os
import re
import subprocess
import sys
import threading

import harness


def expect_one_line(t, outcome, code=2):
    """A mistake gets one line that helps, not a page and not a traceback."""
    outcome.expect(code)
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    t.check(len(lines) == 1, "not one line\n" + outcome.describe())
    t.equal(outcome.out, "", "stdout")
    return lines[0]


def test_help_shows_examples_first(t):
    for arguments in (["--help"], ["run", "--help"]):
        outcome = t.molo(*arguments).expect(0)
        first_example = re.search(r"^\s+molo run \S+", outcome.out,
                                  re.MULTILINE)
        first_option = re.search(r"^\s+-\w, --", outcome.out, re.MULTILINE)
        t.check(first_example, "no example\n" + outcome.describe())
        if first_option:
            t.check(first_example.start() < first_option.start(),
                    "options before examples\n" + outcome.describe())
        widest = max(len(line) for line in outcome.out.splitlines())
        t.check(widest <= 80, "help is %d columns wide" % widest)


def test_help_of_run_names_its_options(t):
    out = t.molo("run", "--help").expect(0).out
    for name in ("workers", "duration", "max-runs", "ramp-up", "delay",
                 "scenario", "stop-on-failure", "fail", "base-url", "seed",
                 "graceful-stop", "wait-timeout", "on-deadlock", "progress",
                 "no-color"):
        t.contains(out, "--" + name)


def test_no_command_shows_how_to_begin(t):
    outcome = t.molo()
    t.contains(outcome.out + outcome.err, "molo run")


def test_unknown_command_is_suggested(t):
    line = expect_one_line(t, t.molo("rnu", "x.lua"))
    t.contains(line, "rnu", "run")
    t.matches(line, r"did you mean '?(molo )?run")


def test_unknown_option_is_suggested(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    line = expect_one_line(t, t.molo("run", path, "--wrokers", "2"))
    t.contains(line, "--wrokers", "--workers")


def test_unknown_option_before_the_command(t):
    rows = (
        ("--verison", "unknown option '--verison': did you mean '--version'?"),
        ("--hlep", "unknown option '--hlep': did you mean '--help'?"),
        ("--workers", "unknown option '--workers': options follow the "
                      "command, as in 'molo run FILE --workers'"),
    )
    for word, message in rows:
        t.contains(expect_one_line(t, t.molo(word)), message)


def test_every_command_has_help(t):
    for command in ("run", "check", "list", "serve", "hist", "version"):
        usage = r"^Usage: molo %s( |$)" % command
        out = t.molo(command, "--help").expect(0).out
        t.matches(out, usage)
        t.equal(t.molo("help", command).expect(0).out, out, "help " + command)
    for command in ("check", "list"):
        t.contains(t.molo("help", command).out,
                   "molo %s --config FILE [TEST] [options]" % command)
    t.equal(t.molo("help", "help").expect(0).out, t.molo("help").out, "help help")


def test_help_whatever_the_environment_says(t):
    broken = {"MOLO_WORKERS": "many"}
    t.contains(t.molo("run", "--help", env=broken).expect(0).out, "--workers")
    t.contains(expect_one_line(t, t.molo("run", "x.lua", env=broken)),
               "MOLO_WORKERS: 'many' is not")


def test_arguments_of_small_commands(t):
    port = "a port from 0 (any) to 65535"
    rows = (
        (["serve", "-p99999"], "--port: '99999' is not " + port),
        (["serve", "--port=-1"], "--port: '-1' is not " + port),
        (["serve", "-p"], "--port needs a value: " + port),
        (["serve", "--host"],
         "--host needs a value: an address such as 127.0.0.1"),
        (["serve", "--host="],
         "--host: '' is not an address such as 127.0.0.1"),
        (["serve", "--prot=1"],
         "unknown option '--prot=1': did you mean '--port'?"),
        (["serve", "now"], "'molo serve' takes no argument 'now'"),
        (["hist"], "give one file: molo hist FILE"),
        (["hist", "a", "b"],
         "there is no use for 'b': give one file: molo hist FILE"),
        (["hist", "--json", "a"],
         "unknown option '--json': give one file: molo hist FILE"),
        (["hist", "--", "-a"], "cannot read '-a': No such file"),
        (["version", "all"], "'molo version' takes no argument 'all'"),
        (["list", "a.lua", "b.lua"],
         "one scenario file at a time, not 'a.lua' and 'b.lua'"),
    )
    for arguments, message in rows:
        t.contains(expect_one_line(t, t.molo(*arguments)), message)


def test_unknown_short_option(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    t.contains(expect_one_line(t, t.molo("run", path, "-Z")), "-Z")


def test_bad_values_name_the_option(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    rows = (
        (["-w", "0"], "workers"),
        (["-w", "many"], "workers"),
        (["-r", "0"], "max-runs"),
        (["-d", "fast"], "duration"),
        (["-d", "-1"], "duration"),
        (["--progress", "maybe"], "progress"),
        (["--fail", "101%"], "fail"),
        (["--seed", "9007199254740993"], "seed"),
        (["--on-deadlock", "ignore"], "on-deadlock"),
        (["-e", "no_equals_sign"], "env"),
        (["-w"], "workers"),
    )
    for arguments, name in rows:
        line = expect_one_line(t, t.molo("run", path, *arguments))
        t.check(name in line or arguments[0] in line,
                "%r: %r" % (arguments, line))


def test_flags_of_other_tools_get_a_hint(t):
    path = t.scenario("molo.scenario('a', function() end)\n")
    rows = (
        (["-t", "30s"], "-d"),
        (["-n", "100"], "-i"),
        (["-R", "100"], "--rate"),
        (["-c", "64"], "-w"),
    )
    for arguments, hint in rows:
        line = expect_one_line(t, t.molo("run", path, *arguments))
        t.contains(line, hint)


def test_missing_file_is_named(t):
    line = expect_one_line(t, t.molo("run", "nowhere.lua"))
    t.contains(line, "nowhere.lua", "No such file")


def test_no_file_given(t):
    expect_one_line(t, t.molo("run"))


def test_directory_instead_of_a_file(t):
    t.contains(expect_one_line(t, t.molo("run", t.directory)), t.directory)


def test_file_that_is_a_pipe(t):
    """Looking at it must not take anything out of it, nor let its writer
    believe that its reader has gone."""
    path = t.scenario("molo.scenario('in a pipe', function() end)\n")
    with open(path, "rb") as file:
        text = file.read()
    # More than a pipe holds, so that the writer is still at it.
    text += (b"-" * 79 + b"\n") * 2000
    fifo = t.new_path(".fifo")
    os.mkfifo(fifo)

    def write():
        with open(fifo, "wb") as file:
            file.write(text)

    for command in (["run", fifo, "-r", "1"], ["list", fifo]):
        # It may wait for a reader that never comes, but nobody waits for it.
        threading.Thread(target=write, daemon=True).start()
        t.molo(*command).expect(0)

    outcome = subprocess.run(
        [harness.MOLO, "list", "/dev/stdin"], input=text,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=harness.PATIENCE, check=False)
    t.equal(outcome.stdout, b"in a pipe  weight 1\n", "stdout")
    t.equal(outcome.returncode, 0, "exit code")


def test_syntax_error_has_file_and_line(t):
    path = t.scenario("""
        molo.scenario("a", function(session)
            local x = = 1
        end)
        """, "broken.lua")
    t.matches(expect_one_line(t, t.molo("run", path)), r"broken\.lua:3: ")


def test_error_while_loading_has_file_and_line(t):
    path = t.scenario("""
        local x = nil
        print(x.field)
        """, "raises.lua")
    outcome = t.molo("run", path).expect(2)
    t.matches(outcome.err, r"raises\.lua:3: ")


def test_no_scenario_registered(t):
    path = t.scenario("local x = 1\n")
    t.contains(expect_one_line(t, t.molo("run", path)), "scenario")


def test_unknown_key_of_molo_options_is_suggested(t):
    path = t.scenario("""
        molo.options{ worker = 3 }
        molo.scenario("a", function(session) end)
        """, "options.lua")
    outcome = t.molo("run", path).expect(2)
    t.contains(outcome.err, "'worker'", "workers")
    t.matches(outcome.err, r"did you mean")


def test_unknown_option_of_scenario_is_suggested(t):
    path = t.scenario("""
        molo.scenario("a", { wieght = 2 }, function(session) end)
        """)
    outcome = t.molo("run", path).expect(2)
    t.contains(outcome.err, "'wieght'", "weight")


def test_unknown_option_of_a_request_is_suggested(t):
    t.server
    outcome = t.run("""
        molo.scenario("a", function(session)
            session:get("/", { header = { A = "b" } })
        end)
        """, "-r", "1").expect(1)
    t.contains(outcome.err + outcome.out, "'header'", "'headers'")
    t.equal(t.server.total(), 0, "requests at the server")


def test_two_scenarios_of_one_name(t):
    path = t.scenario("""
        molo.scenario("twin", function(session) end)
        molo.scenario("twin", function(session) end)
        """, "twins.lua")
    outcome = t.molo("run", path).expect(2)
    t.contains(outcome.err, "twin")
    t.matches(outcome.err, r"twins\.lua:3")


def test_unknown_scenario_name_is_suggested(t):
    path = t.scenario("molo.scenario('browse', function() end)\n")
    line = expect_one_line(t, t.molo("run", path, "-s", "brwose"))
    t.contains(line, "brwose", "browse")


def test_assigning_a_global_points_to_state_and_set_var(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            counter = 1
        end)
        """, "-r", "1").expect(1)
    text = outcome.err + outcome.out
    t.contains(text, "counter", "state", "set_var")
    t.matches(text, r"\.lua:3")


def test_reading_a_global_points_to_state_and_set_var(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            return couner + 1
        end)
        """, "-r", "1").expect(1)
    text = outcome.err + outcome.out
    t.contains(text, "couner", "state", "set_var")


def test_assigning_a_global_while_loading(t):
    path = t.scenario("shared = {}\nmolo.scenario('a', function() end)\n")
    outcome = t.molo("run", path).expect(2)
    t.contains(outcome.err, "shared", "set_var")


def test_assigning_a_session_field_points_to_state(t):
    outcome = t.run("""
        molo.scenario("a", function(session)
            session.token = "x"
        end)
        """, "-r", "1").expect(1)
    t.contains(outcome.err + outcome.out, "token", "state")


def test_check_prints_the_plan_and_runs_nothing(t):
    t.server
    path = t.scenario("""
        molo.scenario("browse", function(session) session:get("/") end)
        """)
    outcome = t.molo("check", path, "-w", "7", "-r", "3",
                     "--base-url", t.server.url).expect(0)
    t.contains(outcome.out, "browse", "7", "3")
    t.equal(t.server.total(), 0, "requests at the server")


def test_check_finds_errors(t):
    path = t.scenario("molo.scenario(\n", "half.lua")
    t.matches(t.molo("check", path).expect(2).err, r"half\.lua:\d+: ")


def test_version_names_what_is_linked(t):
    out = t.molo("version").expect(0).out
    t.matches(out, r"(?m)^molo \d+\.\d+\.\d+")
    t.contains(out, "curl", "libev", "Lua", "jansson", "microhttpd")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

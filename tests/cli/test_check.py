#!/usr/bin/env python3
"""What `molo check` warns of, locals of the file that workers assign, and what it does
not show."""

import glob
import os
import re
import sys

import harness

OWN = "use session.state for the worker's own, "
ALL = "molo.set_var or molo.add_var for all"
WARNING = re.compile(
    r"^molo: warning: (\S+): (.*?) assigns the local '(\w+)' of the file: "
    r"workers on other threads would not see it; use (.*)$", re.MULTILINE)


def check(t, text, *arguments):
    return t.molo("check", t.scenario(text, "pad.lua"), *arguments).expect(0)


def warnings(outcome):
    """[(line, who, local)], in the order in which they are told."""
    return [(int(where.rsplit(":", 1)[1]), who, name)
            for where, who, name, _ in WARNING.findall(outcome.err)]


def expect(t, text, *expected):
    outcome = check(t, text)
    t.equal(warnings(outcome), list(expected), "warnings")
    t.equal(len(outcome.err.splitlines()), len(expected), "lines on stderr")


def test_a_local_of_the_file_is_told_with_its_place(t):
    outcome = check(t, """
        local count = 0
        molo.scenario("pad", function(session)
            session:get("/")
            count = count + 1
        end)
        """)
    t.matches(outcome.err,
              r"^molo: warning: \S*pad\.lua:5: scenario 'pad' assigns the local "
              r"'count' of the file: workers on other threads would not see "
              r"it; " + re.escape(OWN + ALL) + "$")
    t.equal(len(outcome.err.splitlines()), 1, "lines on stderr")
    t.contains(outcome.out, "scenarios       pad")


def test_each_local_and_place_is_told_once_in_order(t):
    expect(t, """
        local a, b, c
        molo.scenario("pad", function()
            c = 1; c = 2
            local function later() b = 1 end
            b = a
            later()
            c, a = 1, 2
        end)
        """,
           (4, "scenario 'pad'", "c"),
           (5, "scenario 'pad'", "b"),
           (6, "scenario 'pad'", "b"),
           (8, "scenario 'pad'", "c"),
           (8, "scenario 'pad'", "a"))


def test_functions_in_functions_count_and_their_own_locals_do_not(t):
    expect(t, """
        local outside, untouched = 0, 0
        molo.scenario("pad", function(session)
            local mine = untouched
            local function one()
                local deeper = 0
                return function()
                    deeper = deeper + 1
                    mine = mine + deeper
                    session = nil
                    return function() outside = mine end
                end
            end
            mine = one()
        end)
        """, (11, "scenario 'pad'", "outside"))


def test_a_function_that_is_assigned_counts(t):
    expect(t, """
        local helper
        molo.scenario("pad", function()
            function helper() end
        end)
        """, (4, "scenario 'pad'", "helper"))


def test_what_only_reads_is_left_alone(t):
    expect(t, """
        local count, names = 3, { "a", "b" }
        count = count + 1
        local function outside() return count end
        molo.scenario("pad", function(session)
            local count = count
            for i = 1, count do count = i end
            session.state.seen = (session.state.seen or 0) + #names
            return outside()
        end)
        """)


def test_tables_are_not_seen_and_neither_are_functions_that_are_called(t):
    """As documented: what this cannot tell."""
    expect(t, """
        local seen, count = {}, 0
        local function bump() count = count + 1 end
        molo.scenario("pad", function()
            seen[#seen + 1] = 1
            seen.count = 1
            bump()
        end)
        """)


def test_fixtures_are_told_by_name_except_global_setup(t):
    outcome = check(t, """
        local n
        molo.scenario("pad", function() end)
        molo.global_setup(function() n = 1 end)
        molo.setup(function() n = 1 end)
        molo.setup_session(function() n = 1 end)
        molo.teardown_session(function() n = 1 end)
        molo.teardown(function() n = 1 end)
        molo.global_teardown(function() n = 1 end)
        """)
    t.equal(warnings(outcome), [
        (5, "setup", "n"),
        (6, "setup_session", "n"),
        (7, "teardown_session", "n"),
        (8, "teardown", "n"),
        (9, "global_teardown", "n"),
    ], "warnings")
    own = OWN + ALL
    t.equal([words for _, _, _, words in WARNING.findall(outcome.err)],
            [text[len("use "):] for text in (
                own.replace("session.", "worker."), own, own,
                own.replace("session.", "worker."), "use " + ALL)],
            "advice")


def test_all_roles_of_a_cast_are_looked_at(t):
    path = t.scenario("""
        local said, heard
        local function listen() heard = true end
        molo.scenario("chat", { cast = { { "speaker", 1 }, { "listener", 2 },
                                         { "guest", 1 } } }, {
            speaker = function() said = true end,
            listener = listen,
            guest = listen,
        })
        """, "pad.lua")
    outcome = t.molo("check", path, "-w", "4").expect(0)
    t.equal(warnings(outcome), [(6, "scenario 'chat'", "said"),
                                (3, "scenario 'chat'", "heard")], "warnings")


def test_a_function_used_twice_is_told_once(t):
    expect(t, """
        local n = 0
        local function bump() n = n + 1 end
        molo.scenario("a", bump)
        molo.scenario("b", bump)
        molo.setup(bump)
        """, (3, "scenario 'a'", "n"))


def test_a_module_beside_the_file_is_named(t):
    t.file("users.lua", """\
        local last = 0
        return function()
            last = last + 1
        end
        """)
    outcome = check(t, 'molo.scenario("pad", (require "users"))\n')
    t.matches(outcome.err, r"users\.lua:3: scenario 'pad' assigns the local "
                           r"'last'")


def test_a_function_that_is_not_lua_is_passed_over(t):
    expect(t, 'molo.scenario("pad", print)\n')


def test_lines_are_right_in_long_functions(t):
    """Far lines, and many instructions, are stored in other ways."""
    lines = ["local n = 0", "local s = '%s'" % ("x" * 300),
             'molo.scenario("pad", function(session)']
    expected = []
    for i in range(60):
        if i % 20 == 0:
            lines += [""] * 300
        lines.append("local t%d = { %s, %d.5, %d, nil, true, false, '%s' }" % (
            i, "s .. 'a', " * 40 + "1", i, i * 1000003, "long" * (i + 1)))
        if i % 3 == 0:
            lines.append("n = #t%d" % i)
            expected.append((len(lines) + 1, "scenario 'pad'", "n"))
    lines.append("end)")
    expect(t, "\n".join(lines) + "\n", *expected)


def test_many_locals_around(t):
    names = ["n%d" % i for i in range(150)]
    expect(t, "local %s\nmolo.scenario('pad', function()\n%s\nend)\n" % (
        ", ".join(names),
        "\n".join("local f%d = %s; %s = 1" % (i, name, name)
                  for i, name in enumerate(names))),
           *((i + 4, "scenario 'pad'", name) for i, name in enumerate(names)))


def test_credentials_are_not_shown(t):
    outcome = check(t, "molo.scenario('pad', function() end)\n", "-e", "PASSWORD=hidden",
                    "-H", "Authorization: Bearer hidden", "-H", "X-Team:a",
                    "--base-url", "https://ann:hid@den@127.0.0.1:8642/v1?a@b")
    t.lacks(outcome.out, "hid")
    t.matches(outcome.out, r"^headers +Authorization, X-Team$")
    t.matches(outcome.out, r"^base URL +https://\*\*\*@127\.0\.0\.1:8642/v1\?a@b$")
    plain = check(t, "molo.scenario('pad', function() end)\n", "--base-url", "http://[::1]/@")
    t.matches(plain.out, r"^base URL +http://\[::1\]/@$")


def test_outputs_that_run_would_refuse(t):
    path = t.scenario("molo.scenario('pad', function() end)\n")
    for command in ("check", "run"):
        outcome = t.molo(command, path, "-r", "1", "-o", "jsn=out.json").expect(2)
        t.contains(outcome.err, "--out jsn=out.json: unknown kind 'jsn': did you mean 'json'?")
        t.equal(outcome.out, "", "stdout of " + command)
    t.molo("check", path, "-o", "json=out.json").expect(0)
    t.check(not os.path.exists(os.path.join(t.directory, "out.json")), "check wrote a file")


def test_only_check_warns_and_quiet_hides_it(t):
    text = """
        local n = 0
        molo.scenario("pad", function() n = n + 1 end)
        """
    path = t.scenario(text, "pad.lua")
    t.equal(t.molo("list", path).expect(0).err, "", "stderr of list")
    t.lacks(t.run(path, "-r", "1").expect(0).err, "assigns")
    quiet = t.molo("check", path, "-q").expect(0)
    t.equal(quiet.err, "", "stderr with -q")


def test_the_scenarios_that_come_with_molo_are_clean(t):
    paths = glob.glob(os.path.join(harness.ROOT, "scenarios", "*.lua"))
    t.check(len(paths) > 5, "scenarios were found")
    for path in paths:
        with open(path, encoding="utf-8") as file:
            workers = [] if "workloads = {" in file.read() else ["-w", "10"]
        t.equal(t.molo("check", path, *workers).expect(0).err, "", path)


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

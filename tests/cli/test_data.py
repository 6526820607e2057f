#!/usr/bin/env python3
"""Data files (molo.data): what workers get of them together, and what a user is told."""

import re
import sys

import harness

NAMES = "".join("name%d\n" % i for i in range(1, 31))


def feed(t, text, options="", name="names.txt", kind="lines"):
    t.file(name, "")
    with open("%s/%s" % (t.directory, name), "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return "local feed = molo.data.%s('%s', {%s})\n" % (kind, name, options)


MARK = """
molo.scenario('s', function(session)
  molo.log('info', 'MARK', session.worker_id, feed:next())
  molo.sleep(0.001)
end)
"""


def values(outcome):
    return [mark.split(" ")[1] for mark in outcome.marks]


def test_unique_is_given_once_and_then_workers_end(t):
    script = t.scenario(feed(t, NAMES, "order = 'unique'") + MARK)
    outcome = t.run(script, "-w", "4", "-d", "30s").expect(0)
    t.equal(sorted(values(outcome)), sorted(NAMES.split()), "records")
    t.check(outcome.seconds < 25, "workers went on without data")
    # The run in which each of the four found nothing more.
    outcome.expect_runs(started=34, ok=30, failed=0, interrupted=4)


def test_sequential_goes_round_across_workers(t):
    script = t.scenario(feed(t, NAMES) + MARK)
    outcome = t.run(script, "-w", "3", "-r", "20").expect(0)
    t.equal(sorted(values(outcome)), sorted(NAMES.split() * 2), "records")


def test_shuffled_is_repeated_by_the_seed(t):
    script = t.scenario(feed(t, NAMES, "order = 'shuffled'") + MARK)
    orders = [values(t.run(script, "-r", "60", "--seed", seed).expect(0))
              for seed in ("1", "1", "2")]
    t.equal(orders[0], orders[1], "the same seed")
    t.check(orders[0] != orders[2], "the seed changes nothing")
    t.equal(sorted(orders[0][:30]), sorted(NAMES.split()), "the first round")
    t.equal(sorted(orders[0][30:]), sorted(NAMES.split()), "the second round")
    t.check(orders[0][:30] != orders[0][30:], "each round has the same order")


def test_a_record_of_its_own_for_each_worker(t):
    script = t.scenario(feed(t, "a\nb\nc\n", "order = 'worker', on_end = 'stop'") + MARK)
    outcome = t.run(script, "-w", "5", "-r", "2").expect(0)
    t.equal(sorted(outcome.marks), ["0 a", "0 a", "1 b", "1 b", "2 c", "2 c"], "records")
    outcome.expect_runs(ok=6, failed=0, interrupted=2)
    t.equal(sorted(set(values(t.run(t.scenario(
        feed(t, "a\nb\nc\n", "order = 'worker'") + MARK), "-w", "5", "-r", "2")))),
        ["a", "b", "c"], "shared records")


def test_the_end_as_an_error(t):
    script = t.scenario(feed(t, "a\nb\n", "on_end = 'error'") + MARK)
    outcome = t.run(script, "-r", "5").expect(1)
    outcome.expect_runs(ok=2, failed=3)
    error, = outcome.errors("exhausted")
    t.equal(error["message"], "'names.txt' has no more records: it has 2", "message")


def test_two_feeds_of_one_file_share_nothing(t):
    script = t.scenario(feed(t, NAMES) + "local other = molo.data.lines('names.txt')\n" + """
        molo.scenario('s', function(session)
          molo.log('info', 'MARK', feed:next(), other:next())
        end)
        """)
    t.equal(t.run(script, "-r", "2").marks, ["name1 name1", "name2 name2"], "records")


def test_feeds_leave_no_trace_in_the_result(t):
    script = t.scenario(feed(t, NAMES) + MARK)
    outcome = t.run(script, "-w", "3", "-r", "5").expect(0)
    t.equal(outcome.result["coordination"], {}, "coordination")


def test_a_worker_ends_with_all_its_tasks(t):
    script = t.scenario(feed(t, NAMES, "order = 'unique'") + """
        molo.teardown(function() molo.log('info', 'MARK', 'down') end)
        molo.scenario('s', function(session)
          molo.spawn(function() molo.sleep(60) end)
          local function take() for _ = 1, 40 do feed:next() end end
          molo.all{take, take}
          molo.fail('nothing has ended this worker')
        end)
        """)
    outcome = t.run(script, "-w", "3", "-d", "50s").expect(0)
    t.check(outcome.seconds < 45, "the sleeping task was waited for")
    outcome.expect_runs(ok=0, failed=0, interrupted=3)
    t.equal(outcome.marks, ["down"] * 3, "teardowns")


def test_setup_takes_from_a_feed(t):
    script = t.scenario(feed(t, "name,password\nann,x\nben,y\n", "order = 'unique'",
                             "users.csv", "csv") + """
        molo.setup_session(function(session)
          session.state.user = feed:next()
        end)
        molo.scenario('s', function(session)
          molo.log('info', 'MARK', session.state.user.name, session.state.user.password)
        end)
        """)
    outcome = t.run(script, "-w", "2", "-r", "1").expect(0)
    t.equal(sorted(outcome.marks), ["ann x", "ben y"], "users")
    t.lacks(outcome.err, "warning")
    # Who wanted more users than there are is told, once.
    for threads in ("1", "2"):
        outcome = t.run(script, "-w", "5", "-r", "1", "-t", threads).expect(0)
        t.equal(sorted(outcome.marks), ["ann x", "ben y"], "users")
        t.equal(re.findall(r"warning: (.*)", outcome.err), [
            "'users.csv' has no more records: it has 2; who finds none before the first run "
            'makes no run (order = "worker" shares records)'], "warnings")


def test_the_same_data_in_a_simulation(t):
    script = t.scenario(feed(t, NAMES, "order = 'unique'") + MARK)
    first, second = [t.run(script, "-w", "4", "-d", "1h", "--sim", "--seed", "3").expect(0)
                     for _ in range(2)]
    t.equal(first.marks, second.marks, "records")
    t.equal(len(first.marks), 30, "how many")


def refused(t, text, kind="csv", options=""):
    script = t.scenario(feed(t, text, options, "users.csv", kind)
                        + "molo.scenario('s', function() end)\n", "shop.lua")
    outcome = t.molo("check", script).expect(2)
    t.contains(outcome.err, "shop.lua:2: molo.data.%s: " % kind)
    return outcome.err


def test_faults_are_told_with_file_and_line(t):
    t.contains(refused(t, "name,password\nann,x\nben\n"),
               "users.csv:3: 1 field where there are 2 columns: every record has a field for "
               "every column, empty ones too")
    t.contains(refused(t, 'name\n"ann\nben\n'),
               "users.csv:2: the quote of a field that begins here is never closed")
    t.contains(refused(t, "name\n"), "'users.csv' has no record below its header")
    t.contains(refused(t, "[1,\n}", "json"), "users.csv:2:1: unexpected token near '}'")
    t.contains(refused(t, "{}", "json"), "'users.csv' is not an array of values: write [...] "
               "around them, or one a line with format = \"ndjson\"")


def test_a_file_that_is_not_there(t):
    script = t.file("sub/shop.lua", """
        local molo = require 'molo'
        molo.data.csv('data/users.csv')
        """)
    outcome = t.molo("check", script).expect(2)
    t.contains(outcome.err, "molo.data.csv: cannot read 'data/users.csv': No such file or "
               "directory (paths are relative to the scenario file)")
    t.file("sub/data/users.csv", "name\nann\n")
    script = t.file("sub/shop.lua", """
        local molo = require 'molo'
        local users = molo.data.csv('data/users.csv')
        molo.scenario('s', function() molo.log('info', 'MARK', users:next().name) end)
        """)
    t.equal(t.run(script, "-r", "1").expect(0).marks, ["ann"], "record")


def test_next_where_nothing_can_wait(t):
    script = t.scenario(feed(t, NAMES) + """
        molo.on('worker_start', function() feed:next() end)
        molo.scenario('s', function()
          molo.update_var('x', function() feed:next() end)
        end)
        """)
    outcome = t.run(script, "-r", "1").expect(1)
    t.contains(outcome.err, "feed:next cannot be used in a listener")
    t.contains(outcome.error("script")["message"],
               "feed:next cannot be used inside the function of update_var")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

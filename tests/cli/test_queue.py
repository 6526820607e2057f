#!/usr/bin/env python3
"""Events, queues and limiters in a whole test: how it ends, and what is told
about them."""

import signal
import sys

import harness


def test_what_a_task_got_and_never_saw_goes_back(t):
    # The getter is not resumed before its worker is taken down.
    history = t.new_path(".ndjson")
    running = t.start("""
        local molo = require "molo"
        local jobs = molo.queue("jobs")
        molo.scenario("jobs", function(session)
            if session.worker_id == 0 then
                jobs:get()
                molo.log("info", "MARK", "seen")
            else
                molo.sleep(0.1)
                jobs:put("work")
                print("READY")
                while true do end
            end
        end)
        """, "-w", "2", "-r", "1", "--timeline", history)
    running.wait_for_err("READY")
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    outcome = running.finish()
    outcome.expect(130).expect_runs(started=2, ok=0, interrupted=2)
    t.equal(outcome.marks, [], "marks")
    expected = [(0, "get", "wait"), (1, "put", "granted"), (0, "get", "granted"),
                (0, "give_back", "granted")]
    if harness.GIVEN_UP in outcome.err:
        del expected[-1]  # nobody was taken down any more
    t.equal([(e["worker"], e["op"], e["what"])
             for e in harness.json_lines(history) if e.get("type") == "queue"],
            expected, "what happened to the item")
    t.equal(outcome.result["coordination"]["jobs"]["depth"]["max"], 1,
            "items in the queue at most")


def test_all_wait_for_items(t):
    outcome = t.run("""
        local molo = require "molo"
        molo.scenario("jobs", function(session)
            if session.worker_id == 0 then
                molo.event("go"):wait()
            else
                molo.queue("jobs", { capacity = 3 }):get()
            end
        end)
        """, "-w", "2", "-r", "1")
    outcome.expect(4).expect_runs(ok=0, failed=0, interrupted=2)
    t.contains(outcome.err, "deadlock: all workers wait for each other",
               "wait of event 'go'", "not set; missing: a worker that sets it",
               "get of queue 'jobs'", "empty; missing: a worker that puts")


# Time alone ends the wait, so that it is no reason to stop the run.
def test_a_limiter_at_the_end_of_the_test(t):
    outcome = t.run("""
        local molo = require "molo"
        local api = molo.limiter("api", { rate = 2, burst = 1 })
        molo.scenario("api", function(session)
            api:take()
            molo.log("info", "MARK", "through")
        end)
        """, "-w", "3", "-d", "200ms", "--graceful-stop", "60s")
    outcome.expect(0)
    t.equal(outcome.runs["interrupted"], 0, "interrupted")
    t.check(outcome.runs["ok"] >= 3, "ok: %d" % outcome.runs["ok"])
    t.check(outcome.seconds >= 1, "too fast: %.2f s" % outcome.seconds)
    row = outcome.result["coordination"]["api"]
    t.equal(row["type"], "limiter", "type")
    t.equal(row["waits"], outcome.runs["ok"], "waits")
    t.equal(row["contended"], outcome.runs["ok"] - 1, "contended")


def test_how_long_the_news_of_an_event_took(t):
    outcome = t.run("""
        local molo = require "molo"
        molo.scenario("go", function(session)
            local go = molo.event("go" .. session.step)
            if session.worker_id == 0 then
                molo.wait_var("waiting", 2 * session.step)
                go:set()
            else
                molo.spawn(molo.add_var, "waiting", 1)
                go:wait()
            end
        end)
        """, "-w", "3", "-r", "5").expect(0)
    row = outcome.result["coordination"]["go#"]
    t.equal(row["type"], "event", "type")
    t.equal(row["waits"], 10, "waits")
    t.equal(row["propagation"]["count"], 10, "propagation")


def test_errors_of_a_queue(t):
    outcome = t.run("""
        local molo = require "molo"
        molo.scenario("jobs", function(session)
            local jobs = molo.queue("jobs" .. session.worker_id)
            if session.step == 1 then jobs:get({ timeout = 0.01 }) end
            jobs:close()
            jobs:put(1)
        end)
        """, "-w", "1", "-r", "2").expect(1)
    outcome.expect_runs(ok=0, failed=2)
    (late,) = outcome.errors("timeout")
    t.contains(late["message"], "queue 'jobs0': empty after")
    (closed,) = outcome.errors("closed")
    t.contains(closed["message"],
               "queue 'jobs0' is closed: nothing can be put into it")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

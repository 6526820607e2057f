#!/usr/bin/env python3
"""The shared page: one writes, the others wait, read, check and acknowledge,
round after round, over real HTTP."""

import os
import sys

import harness

PAD = os.path.join(harness.ROOT, "scenarios", "pad.lua")
WORKERS = 5
# A checker makes everything slower; the rounds are the same.
ROUNDS = 50 if harness.WRAPPER else 1000

BODY = """
    molo.scenario("pad", function(session)
        %s
        if session.worker_id == session.workers - 1 then
            %s:wait_for_readers()
            local text = "round " .. session.step
            session:put("/pad/demo", { body = text })
            pad:written(text)
        else
            local text, round = pad:wait_for_writer()
            local page = session:get("/pad/demo")
            molo.expect("text arrived", page.body == text)
            molo.expect("text of this round",
                        text == "round " .. session.step)
            pad:one_read()
        end
    end)
    """


def expect_all_rounds(t, outcome, checks):
    runs = WORKERS * ROUNDS
    outcome.expect(0).expect_runs(started=runs, ok=runs, failed=0,
                                  interrupted=0)
    reads = (WORKERS - 1) * ROUNDS
    for name in checks:
        t.equal(outcome.result["checks"][name],
                {"passes": reads, "fails": 0}, name)

    paths = t.server.paths()
    t.equal(paths, {"PUT /pad/demo": ROUNDS, "GET /pad/demo": reads},
            "requests at the server")
    t.equal(outcome.endpoints, paths, "endpoints")
    t.equal(outcome.result["requests"]["total"], runs, "requests.total")
    t.equal(outcome.result["requests"]["failed"], 0, "requests.failed")


def test_five_workers_a_thousand_rounds(t):
    t.server
    outcome = t.run(PAD, "-w", str(WORKERS), "-r", str(ROUNDS))
    expect_all_rounds(t, outcome, ["text arrived"])
    pad = outcome.result["coordination"]["pad"]
    t.equal(pad["type"], "notifier", "type")
    t.equal(pad["rounds"], ROUNDS, "rounds")
    t.equal(pad["missed"], 0, "missed")
    t.equal(pad["timeouts"], 0, "timeouts")
    t.equal(pad["breaks"], 0, "breaks")


def test_one_notifier_for_all_rounds(t):
    t.server
    text = BODY % ('local pad = molo.notifier("pad")', "pad")
    outcome = t.run(text, "-w", str(WORKERS), "-r", str(ROUNDS))
    expect_all_rounds(t, outcome, ["text arrived", "text of this round"])


def test_one_notifier_per_step(t):
    t.server
    text = BODY % (
        """local pad = molo.get_var("pad" .. session.step, molo.notifier)
        local last = molo.notifier("pad" .. (session.step - 1))""", "last")
    outcome = t.run(text, "-w", str(WORKERS), "-r", str(ROUNDS))
    expect_all_rounds(t, outcome, ["text arrived", "text of this round"])
    # Shown under one label, the trailing digits as "#".
    t.equal(list(outcome.result["coordination"]), ["pad#"], "labels")


def test_writer_that_asks_the_notifier_of_the_current_step(t):
    t.server
    text = BODY % (
        'local pad = molo.notifier("pad" .. session.step)', "pad")
    outcome = t.run(text, "-w", str(WORKERS), "-r", str(ROUNDS))
    expect_all_rounds(t, outcome, ["text arrived", "text of this round"])


def test_handles_are_values(t):
    t.server
    text = BODY % (
        """local pad = molo.get_var("where", function()
            return molo.notifier("pad")
        end)""", "pad")
    outcome = t.run(text, "-w", "5", "-r", "20").expect(0)
    outcome.expect_runs(ok=100)


def test_writer_waits_for_the_slowest_reader(t):
    """The page never changes under a reader that has not acknowledged."""
    t.server
    outcome = t.run("""
        molo.scenario("pad", function(session)
            local pad = molo.notifier("pad")
            if session.worker_id == 0 then
                pad:wait_for_readers()
                session:put("/pad/x", { body = "r" .. session.step })
                pad:written()
            else
                pad:wait_for_writer()
                molo.sleep(session.rng:float(0, 0.005))
                local page = session:get("/pad/x")
                molo.expect("unchanged", page.body == "r" .. session.step)
                pad:one_read()
            end
        end)
        """, "-w", "5", "-r", "50").expect(0)
    t.equal(outcome.result["checks"]["unchanged"],
            {"passes": 200, "fails": 0}, "checks")


def test_two_rounds_in_one_run(t):
    t.server
    outcome = t.run("""
        molo.scenario("talk", function(session)
            local say = molo.notifier("say")
            for turn = 0, 1 do
                if session.worker_id == turn then
                    say:written(session.step * 10 + turn)
                else
                    local value, round = say:wait_for_writer()
                    molo.expect("its turn",
                                value == session.step * 10 + turn)
                    molo.expect("n", round == turn + 1)
                    say:one_read()
                end
            end
        end)
        """, "-w", "4", "-r", "100").expect(0)
    outcome.expect_runs(ok=400)
    t.equal(outcome.result["checks"]["its turn"],
            {"passes": 600, "fails": 0}, "checks")
    t.equal(outcome.result["coordination"]["say"]["rounds"], 200, "rounds")


def test_staggered_start(t):
    t.server
    outcome = t.run(PAD, "-w", "5", "-r", "20", "--ramp-up", "500ms")
    outcome.expect(0).expect_runs(ok=100)
    t.equal(outcome.result["coordination"]["pad"]["missed"], 0, "missed")


def test_delays_between_runs(t):
    t.server
    outcome = t.run(PAD, "-w", "5", "-r", "20", "--delay", "0ms..5ms")
    outcome.expect(0).expect_runs(ok=100)


def test_a_thousand_readers(t):
    readers = 50 if harness.WRAPPER else 1000
    outcome = t.run("""
        molo.scenario("crowd", function(session)
            local news = molo.notifier("news")
            if session.worker_id == 0 then
                molo.sleep(0.05)
                news:written(session.step)
            else
                molo.expect("heard", news:wait_for_writer() == session.step)
                news:one_read()
            end
        end)
        """, "-w", str(readers + 1), "-r", "3").expect(0)
    outcome.expect_runs(ok=3 * (readers + 1))
    t.equal(outcome.result["checks"]["heard"],
            {"passes": 3 * readers, "fails": 0}, "checks")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

#!/usr/bin/env python3
"""Several barriers in each run while runs fail at random places: every round
meets or breaks, nobody hangs, and the counts are those that the places say."""

import sys

import harness

WORKERS, RUNS = 6, 50
STAGES = ["start", "ready", "done"]

SCENARIO = """
    local stages = { "start", "ready", "done" }
    -- The place where this run fails: before the first barrier (0) ... after
    -- the last one (3); more: it does not.
    local function place(session)
        return (session.worker_id * 31 + session.step * 17) % 29
    end
    molo.scenario("stages", function(session)
        for i, name in ipairs(stages) do
            molo.sleep(session.rng:float(0, 0.002))
            if place(session) == i - 1 then error("at " .. i) end
            local index = molo.barrier(name):wait()
            molo.expect("index", index == session.worker_id)
        end
        if place(session) == 3 then error("at the end") end
    end)
    """


def expected():
    """(failed runs, rounds by stage, breaks by stage)"""
    failed, rounds, breaks = 0, dict.fromkeys(STAGES, 0), dict.fromkeys(
        STAGES, 0)
    for step in range(1, RUNS + 1):
        places = [(worker * 31 + step * 17) % 29 for worker in range(WORKERS)]
        first = min(places)
        for index, name in enumerate(STAGES):
            if first > index:
                rounds[name] += 1
            elif first == index:
                breaks[name] += sum(place > index for place in places)
        failed += WORKERS if first < 3 else sum(place == 3 for place in places)
    return failed, rounds, breaks


def test_random_failures_never_deadlock(t):
    outcome = t.run(SCENARIO, "-w", str(WORKERS), "-r", str(RUNS)).expect(1)
    failed, rounds, breaks = expected()
    # Or the places would show nothing.
    t.equal(all(breaks.values()) and all(rounds.values()), True, "places")
    outcome.expect_runs(started=WORKERS * RUNS, failed=failed,
                        ok=WORKERS * RUNS - failed, interrupted=0)
    for name in STAGES:
        row = outcome.result["coordination"][name]
        t.equal((row["type"], row["rounds"], row["breaks"], row["timeouts"]),
                ("barrier", rounds[name], breaks[name], 0), name)
    t.equal("deadlock" in outcome.err, False, "a deadlock was told")
    for error in outcome.errors("broken"):
        if "had failed: " not in error["message"]:
            raise harness.Failure("no cause: " + error["message"])


def test_scripts_that_go_on_after_a_break(t):
    """Who catches `broken` and who fails meet again, in the next round or in
    the next step."""
    outcome = t.run("""
        molo.scenario("loop", function(session)
            local gate = molo.barrier("gate")
            for i = 1, 10 do
                if (session.worker_id + session.step + i) % 9 == 0 then
                    if i == 10 then error("enough") end
                elseif (session.worker_id * session.step + i) % 7 == 0 then
                    gate:abort()
                else
                    molo.try(gate.wait, gate, { round = i })
                end
            end
        end)
        """, "-w", "5", "-r", "30").expect(1)
    outcome.expect_runs(started=150, interrupted=0)
    row = outcome.result["coordination"]["gate"]
    t.equal(row["breaks"] > 0 and row["rounds"] > 0, True, "breaks and rounds")
    t.equal("deadlock" in outcome.err, False, "a deadlock was told")


def test_skew_and_release_are_measured(t):
    outcome = t.run("""
        molo.scenario("late", function(session)
            if session.worker_id == 0 then molo.sleep(0.05) end
            molo.barrier("start"):wait()
        end)
        """, "-w", "4", "-r", "3").expect(0)
    row = outcome.result["coordination"]["start"]
    t.equal((row["rounds"], row["waits"]), (3, 12), "rounds, waits")
    t.equal(row["skew"]["count"], 3, "skew")
    t.equal(row["skew"]["max"] >= 0.02, True, "who slept was waited for")
    t.equal(row["release"]["count"], 12, "release")


def test_exactly_one_won(t):
    """All values are there for everybody to check."""
    outcome = t.run("""
        molo.scenario("race", function(session)
            local won = molo.add_var("race" .. session.step, 1) == 1
            local values = molo.barrier("end"):exchange(won)
            local winners = 0
            for i = 1, values.n do
                winners = winners + (values[i] and 1 or 0)
            end
            molo.expect("one winner", winners == 1)
        end)
        """, "-w", "8", "-r", "25").expect(0)
    t.equal(outcome.result["checks"]["one winner"],
            {"passes": 200, "fails": 0}, "checks")


def test_parties_over_rounds_of_any_workers(t):
    """A fast worker that comes again belongs to the next round. The last runs
    may be those of fewer workers than parties."""
    outcome = t.run("""
        molo.scenario("few", function(session)
            local few = molo.barrier("few",
                { parties = 3, on_leave = "shrink" })
            molo.sleep(session.rng:float(0, 0.002))
            local index, round = few:wait()
            local seen = molo.add_var("in" .. round, 1)
            molo.expect("three in a round", seen <= 3 and index <= 2)
        end)
        """, "-w", "9", "-r", "20").expect(0)
    row = outcome.result["coordination"]["few"]
    t.equal((row["waits"], row["breaks"]), (180, 0), "waits, breaks")
    t.equal(60 <= row["rounds"] <= 70, True, "rounds")


def test_who_goes_home_is_no_longer_waited_for(t):
    outcome = t.run("""
        molo.scenario("leaving", function(session)
            local all = molo.barrier("all", { on_leave = "shrink" })
            local values = all:exchange(session.worker_id)
            molo.expect("n", values.n == 5)
            if session.step == session.worker_id + 1 then
                session:quit()
            end
        end)
        """, "-w", "5", "-r", "10")
    outcome.expect(0).expect_runs(ok=1 + 2 + 3 + 4 + 5)
    t.equal(outcome.result["coordination"]["all"]["rounds"], 5, "rounds")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

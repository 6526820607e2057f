#!/usr/bin/env python3
"""-t N: runs that nobody in particular is meant to make find whoever is free, on whatever
thread. Each test hangs, or counts wrong, where every thread keeps its share to itself."""

import sys

import harness

# Arrivals for a while and then none, with all the time there is to make their runs: a
# machine that stands still makes them late and takes none away. The script ends the test.
def arrivals(rate, length):
    return ("--stage", "0s:" + rate, "--stage", "%s:%s" % (length, rate), "--stage", "0s:0/s",
            "--stage", "1h:0/s", "--max-lag", "1h")


# Worker 0 is on the first thread, worker 1 on the second.
WORKER_0_WAITS = """
    local done = 0
    molo.scenario("share", function(session)
      local zero, enough = molo.event("zero"), molo.event("enough")
      if session.worker_id == 0 then
        molo.log("info", "MARK zero")
        zero:set()
        enough:wait()
      else
        zero:wait()
        done = done + 1
        if done == tonumber(molo.env.ENOUGH) then
          enough:set()
        end
      end
      if molo.add_var("made", 1) == tonumber(molo.env.ALL) then
        molo.stop("all are made")
      end
    end)
    """


def test_shared_runs_are_for_whoever_is_free(t):
    outcome = t.run(WORKER_0_WAITS, "-w", "2", "-i", "21", "-t", "2", "-e", "ENOUGH=20")
    outcome.expect(0).expect_runs(started=21, ok=21)
    t.equal(outcome.marks, ["zero"], "runs of worker 0")


def test_shared_runs_are_as_many_as_asked_for(t):
    for threads in (2, 3, 4):
        for runs in (1, 5, 203):
            outcome = t.run("""
                molo.scenario("count", function(session)
                  molo.update_var("sum", function(sum) return (sum or 0) + 1 end)
                end)
                molo.global_teardown(function()
                  molo.log("info", "MARK", molo.get_var("sum"))
                end)
                """, "-w", "7", "-i", str(runs), "-t", str(threads))
            outcome.expect(0).expect_runs(started=runs, ok=runs)
            t.equal(outcome.marks, [str(runs)], "runs")


def test_an_arrival_finds_who_is_idle(t):
    """Half of 40 runs belong to each thread."""
    outcome = t.run(WORKER_0_WAITS, "-w", "2", *arrivals("40/s", "1s"), "-t", "2",
                    "-e", "ENOUGH=30", "-e", "ALL=40")
    outcome.expect(0).expect_runs(started=40, ok=40, dropped=0)
    t.equal(outcome.marks[:1], ["zero"], "runs of worker 0")


def test_an_arrival_hears_of_who_becomes_idle(t):
    """Worker 0 has the first thread for itself and waits to the end. What belongs to that thread
    often finds worker 1 busy, and has to be told when it is not."""
    outcome = t.run("""
        molo.scenario("share", function(session)
          molo.sleep(session.worker_id == 0 and 1000 or 0.02)
        end)
        """, "-w", "2", "--rate", "20/s", "--arrival", "poisson", "-d", "3s", "--max-lag", "10s",
        "--graceful-stop", "0s", "-t", "2", "--seed", "1").expect(0)
    runs = outcome.result["runs"]
    arrivals = runs["started"] + runs["dropped"]
    t.check(arrivals > 40, "arrivals: %d" % arrivals)
    t.check(runs["ok"] > arrivals * 0.8, "runs of worker 1: %r" % runs)


def test_who_can_be_found_makes_it_no_deadlock(t):
    """Run 0 waits on the first thread, run 1 passes on the second, run 2 belongs to the
    first, is taken by the second and ends the wait. Before it comes all is still."""
    outcome = t.run("""
        local runs = 0
        molo.scenario("still", function(session)
          local go = molo.event("go")
          if session.worker_id == 0 then
            go:wait()
            molo.stop("it was found")
          else
            runs = runs + 1
            if runs == 2 then go:set() end
          end
        end)
        """, "-w", "2", *arrivals("5/s", "600ms"), "-t", "2")
    outcome.expect(0).expect_runs(started=3, ok=3)


def test_arrivals_that_nobody_can_take_end_no_deadlock(t):
    """Both wait for ever. That more runs will be due for a minute changes nothing."""
    outcome = t.run("""
        molo.scenario("stuck", function(session)
          molo.event("never"):wait()
        end)
        """, "-w", "2", "--rate", "20/s", "-d", "60s", "-t", "2")
    outcome.expect(4)
    t.contains(outcome.err, "deadlock")
    t.check(outcome.seconds < 30, "it was found long before the end")


def test_who_quits_leaves_arrivals_to_others(t):
    outcome = t.run("""
        molo.scenario("leave", function(session)
          if session.worker_id == 0 then session:quit() end
          if molo.add_var("made", 1) == 40 then molo.stop("all are made") end
        end)
        """, "-w", "2", *arrivals("40/s", "1s"), "-t", "2")
    outcome.expect(0).expect_runs(started=40, ok=40, dropped=0)


def test_a_rate_is_over_when_all_have_quit_on_all_threads(t):
    """What would arrive after that is not dropped: it is not due any more. Two of three threads
    have a worker to quit, and the third has none."""
    for threads in ("1", "2", "3"):
        outcome = t.run("""
            molo.options { workloads = {
              left = { executor = "constant_rate", rate = "10/s", duration = "2s",
                       max_workers = 2, max_lag = "10s" },
              other = { executor = "runs_per_worker", workers = 3, runs = 8 },
            } }
            molo.scenario("a", function(session)
              if session.workload == "left" then session:quit() else molo.sleep(0.1) end
            end)
            """, "-t", threads).expect(0)
        row = outcome.result["workloads"]["left"]
        t.equal((row["started"], row["dropped"]), (2, 0), "runs, dropped, %s threads" % threads)
        t.equal(outcome.err.count("workload 'left': all of its workers have quit"), 1,
                "warnings, %s threads" % threads)


def test_more_workers_are_started_where_there_are_more(t):
    """Worker 1 has the second thread for itself and waits, and so does worker 0. The fourth run
    belongs to the second thread; worker 2, whom only the first could start, makes it."""
    outcome = t.run("""
        molo.options { workloads = { rate = {
          executor = "ramping_rate", stages = { "0s:20/s", "200ms:20/s", "0s:0/s", "1h:0/s" },
          max_lag = "1h", pre_allocated = 2, max_workers = 3,
        } } }
        molo.scenario("held", function(session)
          local more = molo.event("more")
          if session.worker_id == 2 then
            more:set()
          elseif session.worker_id == 1 or session.step == 2 then
            more:wait()
          end
          if molo.add_var("made", 1) == 4 then molo.stop("all are made") end
        end)
        """, "-t", "2")
    outcome.expect(0).expect_runs(started=4, ok=4, dropped=0)


def test_what_is_due_before_the_end_is_made(t):
    """All threads are held from before the first arrival until after the last."""
    for threads in ("1", "2", "3"):
        outcome = t.run("""
            molo.options { workloads = {
              rate = { executor = "constant_rate", start = "0.3s", rate = "100/s",
                       duration = "0.2s", max_workers = 60, max_lag = "1h" },
              hold = { executor = "runs_per_worker", workers = 3, runs = 1 },
            } }
            molo.scenario("a", function(session)
              if session.workload == "rate" then return end
              while molo.now() < 0.7 do end
            end)
            """, "-t", threads).expect(0)
        row = outcome.result["workloads"]["rate"]
        t.equal((row["started"], row["dropped"]), (20, 0), "runs, dropped, %s threads" % threads)


def test_every_arrival_is_made_or_dropped(t):
    """Also those that look for a worker on other threads, or wait, when the end comes."""
    for workers, threads in ((8, 2), (3, 3), (2, 4)):
        outcome = t.run("""
            molo.scenario("quick", function(session) molo.sleep(0.001) end)
            """, "-w", str(workers), "--rate", "2000/s", "-d", "0.1s", "--max-lag", "20ms",
            "-t", str(threads)).expect(0)
        runs = outcome.result["runs"]
        t.equal(runs["started"] + runs["dropped"], 200, "arrivals")


def test_every_arrival_of_a_workload_is_made_or_dropped(t):
    outcome = t.run("""
        molo.options { workloads = {
          first = { executor = "constant_rate", rate = "2000/s", duration = "0.1s",
                    max_workers = 8, max_lag = "20ms" },
          second = { executor = "constant_workers", workers = 1, duration = "0.3s" },
        } }
        molo.scenario("quick", function(session) molo.sleep(0.01) end)
        """, "-t", "2").expect(0)
    runs = outcome.result["workloads"]["first"]
    t.equal(runs["started"] + runs["dropped"], 200, "arrivals")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

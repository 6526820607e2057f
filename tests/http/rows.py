"""Runs rows of a table of faults, several at a time, each as a TAP test.

A row is one molo with one worker and two runs: the first asks for what is
broken, the second for what works. So each row shows how the fault is told, what
it counts for, and that the worker goes on.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "cli"))

import harness  # noqa: E402
from harness import Skip  # noqa: E402

# What a row that is about a timeout gives molo. It has to come as far as the server lets
# it meanwhile, on a machine that may stand still for a while.
SECONDS = 10 if harness.WRAPPER else 3

SCENARIO = """
    molo.scenario("a", function(session)
        if session.step > 1 then
            local page = session:get("%(good)s/good")
            molo.log("info", "MARK", "next", page.status, page.body)
            return
        end
        %(before)s
        local page, err = molo.try(session.request, session, "%(method)s",
                                   "%(url)s", %(options)s)
        if page then
            molo.log("info", "MARK", "answer", page.status, #page.body)
        else
            molo.log("info", "MARK", err.kind, err.phase, err.message or err)
            error(err, 0)
        end
    end)
    """


def start(t, scenario, *arguments, prefix=(), env=None):
    """Like t.start, with words in front of the command."""
    json_path = t.new_path(".json")
    command = list(prefix) + harness.WRAPPER + [
        harness.MOLO, "run", t.scenario(scenario), "--progress", "off",
        "--no-color", "-o", "json=" + json_path] + list(arguments)
    running = harness.Running(t.directory, command,
                              harness.clean_environment(env), json_path)
    t._running.append(running)
    return running


def run_pair(t, url, good, *arguments, method="GET", options="{}", before="",
             prefix=(), env=None):
    return start(t, SCENARIO % {
        "url": url, "good": good, "method": method, "options": options,
        "before": before}, "-r", "2", *arguments, prefix=prefix,
        env=env).finish()


def need_encoding(t, name):
    """Skips the row where libcurl cannot decode it."""
    said = t.molo("check", t.scenario(
        "molo.options{ session = { compress = '%s' } }\n"
        "molo.scenario('a', function() end)" % name))
    if "cannot decode" in said.err:
        raise Skip("this libcurl cannot decode " + name)


def expect_fault(t, outcome, kind, phase, message, *, total=2, failed=1,
                 unsent=0):
    """`message` is a pattern for all of it behind the URL."""
    outcome.expect(1).expect_runs(started=2, ok=1, failed=1, interrupted=0)
    said = "\n".join(outcome.marks)
    match = re.search(r"^(\S+) (\S+) (?:\S+ )?http\S+: (.*)$", said,
                      re.MULTILINE)
    t.check(match, "no fault was told:\n" + outcome.describe())
    t.equal(match.group(1, 2), (kind, phase), "kind and phase")
    t.check(re.fullmatch(message, match.group(3)),
            "message: %r, not %r" % (match.group(3), message))
    errors = outcome.result["errors"]
    t.equal([(e["kind"], e["count"]) for e in errors], [(kind, 1)], "errors")
    t.contains(errors[0]["message"], match.group(3))
    t.matches(errors[0]["first"]["where"], r"\.lua:\d+$")
    expect_counts(t, outcome, total, failed, unsent)


def expect_answer(t, outcome, status, size, *, total=2, failed=0, unsent=0):
    outcome.expect(0).expect_runs(started=2, ok=2, failed=0)
    t.equal(outcome.marks[-2], "answer %d %d" % (status, size), "answer")
    expect_counts(t, outcome, total, failed, unsent)


def expect_counts(t, outcome, total, failed, unsent):
    # A build with sanitizers goes on after some of its reports.
    t.lacks(outcome.err, "runtime error:", "Sanitizer")
    t.equal(outcome.marks[-1], "next 200 good", "the next run")
    requests = outcome.result["requests"]
    t.equal({name: requests[name] for name in ("total", "failed", "unsent")},
            {"total": total, "failed": failed, "unsent": unsent}, "requests")


def expect_wire(t, outcome, server):
    """Request for request and byte for byte what the server had."""
    requests = outcome.result["requests"]
    t.equal(requests["total"] - requests["unsent"], len(server.requests),
            "requests that were sent, against the server's")
    t.equal((requests["bytes_sent"], requests["bytes_received"]),
            (server.bytes_in, server.bytes_out),
            "bytes (sent, received), against the server's")


def main(tests):
    """`tests` maps names to functions of a harness.Test."""
    return harness.run(tests)

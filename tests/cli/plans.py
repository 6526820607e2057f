"""What `molo check` says of a plan, for the tests of workloads."""

import re

import harness

SHOP = """
    molo.scenario("browse", { weight = 3 }, function() end)
    molo.scenario("buy", function() end)
    molo.scenario("audit", { weight = 0 }, function() end)
    """

TOGETHER = " do not go together: "


def check(t, *arguments, options="", scenarios=SHOP, env=None):
    return t.molo("check", t.scenario(options + scenarios, "shop.lua"),
                  *arguments, env=env)


def refused(t, message, *arguments, **more):
    """One line on stderr, nothing on stdout, exit code 2."""
    outcome = check(t, *arguments, **more).expect(2)
    t.equal(outcome.out, "", "stdout")
    t.equal(outcome.err.strip().replace(t.directory + "/", ""),
            "molo: error: " + message, "message of " + " ".join(arguments))


def words(outcome):
    return [re.sub(r"\s+", " ", line.strip())
            for line in outcome.out.splitlines()]


def says(t, outcome, *lines):
    outcome.expect(0)
    for line in lines:
        if line not in words(outcome):
            raise harness.Failure("%r is missing in:\n%s" % (
                line, outcome.out))

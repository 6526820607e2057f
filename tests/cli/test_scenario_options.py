#!/usr/bin/env python3
"""Options of molo.scenario, and what selects scenarios by them."""

import sys

import harness


def test_options_are_checked(t):
    rows = [
        ("timeout = 0", "timeout: a run cannot end in no time"),
        ("timeout = -1", "timeout: a time cannot be negative"),
        ("timeout = true", "timeout: expected a time"),
        ("timout = 1", "unknown option 'timout': did you mean 'timeout'?"),
        ("pace = {2, 1}", "pace: the low end of a range is above its high end"),
        ("delay = 'x'", "delay: 'x' is not a duration"),
        ("group = 3", "group must be a string, got number"),
        ("group = ''", "group is empty"),
        ("tags = 'smoke'", "tags is a table such as {\"smoke\", service = "
                           "\"cart\"}, got string"),
        ("tags = {1}", "a tag without a value must be a string, got number"),
        ("tags = {a = {}}", "the value of tag 'a' must be a string or a "
                            "number, got table"),
        ("tags = {['a b'] = 1}", "tags: 'a b' is no name for a tag"),
        ("tags = {status = 'x'}", "tags: the tag 'status' is set by molo "
                                  "itself"),
        ("tags = {page = ''}", "tags: the tag 'page' has an empty value"),
        ("params = 1", "params must be a list of values or a table of values "
                       "by name, got number"),
        ("params = {}", "params is empty: there would be no scenario"),
        ("params = {1, 2, 1}", "params has '1' twice"),
        ("params = {1, b = 2}", "not both ('b')"),
        ("params = {print}", "function"),
    ]
    for option, text in rows:
        outcome = t.run('\nmolo.scenario("a", {%s}, function() end)' % option)
        outcome.expect(2)
        t.contains(outcome.err, text)
        t.matches(outcome.err, r"\.lua:2: ")


def test_arguments_are_checked(t):
    rows = [
        ("", "molo.scenario: expected a name, got no value"),
        ("''", "molo.scenario: a name is not empty"),
        ("{}, print", "molo.scenario: expected a name, got table"),
        ("'a'", "molo.scenario: expected a function, got nil"),
        ("'a', {weight = 2}", "molo.scenario: expected a function, got table"),
        ("'a', print, {}", "options must be a table, got function (they come "
                           "before it)"),
    ]
    for arguments, text in rows:
        outcome = t.run("\nmolo.scenario(%s)" % arguments).expect(2)
        t.contains(outcome.err, text)
        t.matches(outcome.err, r"\.lua:2: ")


def test_a_name_can_be_used_once(t):
    for first, second in (("'a'", "'a'"), ("'a', {params = {1}}", "'a[1]'")):
        outcome = t.run("""
            molo.scenario(%s, function() end)
            molo.scenario(%s, function() end)
            """ % (first + (", {}" if "params" not in first else ""),
                   second + ", {}")).expect(2)
        t.matches(outcome.err, r":3: scenario 'a(\[1\])?' is registered twice: "
                               r"names must be unique")


PARAMS = """
    molo.scenario("search", {params = {"shoes", 7, {x = 1}}}, function(session)
        local param = session.param
        local text = type(param) == "table" and "x=" .. param.x or tostring(param)
        molo.log("info", "MARK", session.scenario, text)
        if type(param) == "table" then param.x = param.x + 1 end
    end)
    molo.scenario("map", {params = {small = 1, big = 2}}, function(session)
        molo.log("info", "MARK", session.scenario, session.param)
    end)
    molo.scenario("plain", function(session)
        molo.log("info", "MARK", session.scenario, session.param)
    end)
    """


def test_a_scenario_for_each_param(t):
    outcome = t.molo("list", t.scenario(PARAMS)).expect(0)
    t.equal([line.split()[0] for line in outcome.out.splitlines()],
            ["search[shoes]", "search[7]", "search[3]", "map[big]",
             "map[small]", "plain"], "names")
    t.matches(outcome.out, r"^search\[shoes\]  weight 0\.3333$")


def test_params_are_selected_together_or_alone(t):
    rows = [("search", {"search[shoes] shoes", "search[7] 7",
                        "search[3] x=1"}),
            ("search[3]", {"search[3] x=1"}),
            ("map[small]", {"map[small] 1"}),
            ("plain", {"plain nil"})]
    for name, marks in rows:
        outcome = t.run(PARAMS, "-s", name, "-r", "30", "--seed", "1")
        outcome.expect(0)
        t.equal(set(outcome.marks), marks, name)
    outcome = t.run(PARAMS, "-s", "search[hats]").expect(2)
    t.contains(outcome.err, "unknown scenario 'search[hats]'")


TAGS = """
    molo.scenario("a", {tags = {"smoke", service = "cart"}}, function() end)
    molo.scenario("b", {tags = {"smoke", "slow"}, group = "g", weight = 2,
                        timeout = "2s", pace = {1, 2}}, function() end)
    molo.scenario("c", function() end)
    molo.scenario("d", {tags = {"smoke"}, weight = 0}, function() end)
    """


def listed(t, *arguments):
    outcome = t.molo("list", t.scenario(TAGS), *arguments).expect(0)
    return [line.split()[0] for line in outcome.out.splitlines()]


def test_only_tag(t):
    t.equal(listed(t), ["a", "b", "c"], "all")
    t.equal(listed(t, "--only-tag", "smoke"), ["a", "b"], "smoke")
    t.equal(listed(t, "--only-tag", "slow"), ["b"], "slow")
    t.equal(listed(t, "--only-tag", "slow", "--only-tag", "smoke"), ["a", "b"],
            "any")
    t.equal(listed(t, "--only-tag", "smoke", "-s", "d", "-s", "c"), ["d"],
            "of those selected")
    outcome = t.molo("list", t.scenario(TAGS), "--only-tag", "smok").expect(2)
    t.contains(outcome.err, "no scenario has the tag 'smok': did you mean "
                            "'smoke'?")
    outcome = t.molo("list", t.scenario(TAGS), "--only-tag", "cart").expect(2)
    t.contains(outcome.err, "no scenario has the tag 'cart'")
    outcome = t.molo("list", t.scenario(TAGS), "--only-tag", "slow",
                     "-s", "c").expect(2)
    t.contains(outcome.err, "no scenario is left")


def test_list_shows_what_scenarios_have(t):
    outcome = t.molo("list", t.scenario(TAGS)).expect(0)
    t.equal(outcome.out,
            "a  weight 1   tags smoke, service=cart\n"
            "b  weight 2   group g   tags smoke, slow   timeout 2 s   "
            "pace 1 s to 2 s\n"
            "c  weight 1\n", "list")


def test_shuffle_is_an_order_of_the_seed(t):
    text = "\n" + "".join('molo.scenario("%s", function() end)\n' % name
                          for name in "abcdefgh")
    orders = set()
    for seed in ("1", "1", "2", "3"):
        outcome = t.run(text, "--single-run", "--shuffle", "--seed", seed).expect(0)
        match = t.matches(outcome.err, r"order of the scenarios \(seed (\d)\): "
                                       r"(.*)$")
        t.equal(match.group(1), seed, "seed")
        order = match.group(2).split(", ")
        t.equal(sorted(order), list("abcdefgh"), "all of them")
        orders.add(tuple(order))
    t.equal(len(orders), 3, "orders of three seeds")
    t.lacks(t.run(text, "-r", "1").expect(0).err, "order of the scenarios")


def test_pace_is_from_start_to_start(t):
    outcome = t.run("""
        molo.scenario("a", {pace = 1}, function(session)
            molo.log("info", "MARK", ("%.3f"):format(molo.now()))
            molo.sleep(session.step == 2 and 2.5 or 0.25)
        end)
        """, "-r", "4", "--sim").expect(0)
    t.equal(outcome.marks, ["0.000", "1.000", "3.500", "4.500"], "starts")


def test_a_scenario_is_its_function(t):
    outcome = t.run("""
        local fn = molo.scenario("a", function() return 7 end)
        molo.scenario("b", function() molo.log("info", "MARK", fn()) end)
        """, "-r", "1", "-s", "b").expect(0)
    t.equal(outcome.marks, ["7"], "marks")


def test_weight_0_is_never_picked(t):
    text = """
        molo.scenario("a", {weight = 0}, function()
            molo.log("info", "MARK a")
        end)
        molo.scenario("b", function() end)
        """
    t.equal(t.run(text, "-w", "3", "-r", "50").expect(0).marks, [], "marks")
    t.equal(t.run(text, "-r", "1", "-s", "a").expect(0).marks, ["a"], "marks")

if __name__ == "__main__":
    sys.exit(harness.main(globals()))

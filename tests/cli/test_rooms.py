#!/usr/bin/env python3
"""Casts and rooms: workers divided into rooms with roles, each playing its own
rounds."""

import sys

import harness

CHAT = """
    local function speaker(session)
        local said = session.room:notifier("said")
        said:wait_for_readers()
        local text = session.room.id .. ":" .. session.step
        session.room:set_var("said", text)
        said:written(text)
    end
    local function listener(session)
        local said = session.room:notifier("said")
        local text = said:wait_for_writer()
        molo.expect("of this room and round",
                    text == session.room.id .. ":" .. session.step)
        molo.expect("its variable", session.room:get_var("said") == text)
        said:one_read()
    end
    molo.scenario("chat", { cast = { {"speaker", 1}, {"listener", 4} } },
                  { speaker = speaker, listener = listener })
    """

CAST = '{ cast = { {"first", 1}, {"second", 1} } }'


def printed(outcome, word):
    """What scripts printed after `word`, in order of the alphabet."""
    start = "molo: %s " % word
    return sorted(line[len(start):] for line in outcome.err.splitlines()
                  if line.startswith(start))


def roles_of(outcome, scenario):
    return outcome.result["scenarios"][scenario]["roles"]


def test_twenty_rooms_of_five(t):
    rounds = 5 if harness.WRAPPER else 50
    outcome = t.run(CHAT, "-w", "100", "-r", str(rounds)).expect(0)
    outcome.expect_runs(started=100 * rounds, ok=100 * rounds)
    for check in outcome.result["checks"].values():
        t.equal(check, {"passes": 80 * rounds, "fails": 0}, "check")
    said = outcome.result["coordination"]["said"]
    t.equal(said["rounds"], 20 * rounds, "rounds")
    t.equal(said["missed"], 0, "missed")
    t.equal(roles_of(outcome, "chat"), {
        "speaker": {"ok": 20 * rounds, "failed": 0, "interrupted": 0},
        "listener": {"ok": 80 * rounds, "failed": 0, "interrupted": 0},
    }, "roles")
    workload = outcome.result["workloads"]["default"]
    t.equal((workload["rooms"], workload["room_size"]), (20, 5), "rooms")


def test_seats_are_filled_in_order(t):
    outcome = t.run("""
        molo.scenario("a", { cast = { {"x", 2}, {"y", "rest"}, {"z", 1} } },
            function(session)
                print("played", session.worker_id, session.room.id, session.room.size,
                      session.seat, session.role)
            end)
        """, "-w", "5", "-r", "1").expect(0)
    t.equal(printed(outcome, "played"),
            ["0 0 5 0 x", "1 0 5 1 x", "2 0 5 2 y", "3 0 5 3 y", "4 0 5 4 z"],
            "seats")


def test_no_cast_no_room(t):
    t.run("""
        molo.scenario("a", function(session)
            molo.expect("none", session.room == nil and session.seat == nil
                        and session.role == nil)
        end)
        """, "-w", "2", "-r", "1").expect(0)


def test_who_quits_ends_its_room_alone(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            local here = session.room:notifier("here")
            if session.role == "first" then
                here:written(session.step)
            else
                here:wait_for_writer()
                if session.room.id == 1 and session.step == 3 then
                    session:quit()
                end
            end
        end)
        molo.teardown_session(function(session)
            print("room", session.room.id, session.seat, session.step)
        end)
        """ % CAST, "-w", "6", "-r", "20").expect(0)
    # Two rooms of two play all rounds, the one between them three.
    outcome.expect_runs(started=2 * 2 * 20 + 2 * 3, failed=0, interrupted=0)
    t.equal(printed(outcome, "room"),
            ["%d %d %d" % (room, seat, 3 if room == 1 else 20)
             for room in range(3) for seat in range(2)], "last steps")


def test_a_member_that_fails(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            local here = session.room:notifier("here")
            if session.role == "first" then
                if session.room.id == 0 and session.step %% 2 == 0 then
                    molo.fail("out of luck")
                end
                here:written(session.step)
            else
                molo.expect("in step", here:wait_for_writer() == session.step)
            end
        end)
        """ % CAST, "-w", "4", "-r", "10").expect(1)
    # In every second round of room 0, both fail; they go on together.
    outcome.expect_runs(started=40, ok=30, failed=10)
    t.equal(roles_of(outcome, "a"),
            {"first": {"ok": 15, "failed": 5, "interrupted": 0},
             "second": {"ok": 15, "failed": 5, "interrupted": 0}}, "roles")
    broken = [error for error in outcome.result["errors"]
              if error["kind"] == "broken"]
    t.contains(broken[0]["message"], "notifier 'here'", "out of luck")


def test_a_room_runs_one_scenario_at_a_time(t):
    text = """
        local function play(name)
            molo.scenario(name, { cast = { {"all", 4} } },
                function(session)
                    -- A notifier that the scenario alone has: whoever runs
                    -- another one would be waited for in vain.
                    local here = session.room:notifier("in " .. session.scenario)
                    if session.seat > 0 then
                        molo.expect("the same",
                            here:wait_for_writer() == session.scenario)
                    else
                        here:written(session.scenario)
                        print("picked", session.room.id, session.step,
                              session.scenario)
                    end
                end)
        end
        play("one") play("two")
        """

    def picks(seed):
        outcome = t.run(text, "-w", "8", "-r", "30", "--seed", seed).expect(0)
        outcome.expect_runs(ok=240)
        return printed(outcome, "picked")

    first = picks("7")
    own = {room: [line[2:] for line in first if line[0] == room]
           for room in "01"}
    for room, lines in own.items():
        count = sum(line.endswith("one") for line in lines)
        t.check(len(lines) == 30 and 5 <= count <= 25,
                "one in room %s: %d of %d" % (room, count, len(lines)))
    t.check(own["0"] != own["1"], "rooms pick on their own")
    t.equal(picks("7"), first, "picks of the same seed")
    t.check(picks("8") != first, "another seed picks otherwise")


def test_delays_hold_up_the_next_round(t):
    """Nobody is in a round before all have ended the one before."""
    t.run("""
        molo.scenario("a", { cast = { {"all", 3} },
                             delay = { 0.001, 0.02 } }, function(session)
            local room = session.room
            molo.expect("all have ended the round before",
                        (room:get_var("ended") or 0) == 3 * (session.step - 1))
            room:add_var("begun", 1)
            room:wait_var("begun", function(n)
                return n and n >= 3 * session.step
            end)
            room:add_var("ended", 1)
        end)
        """, "-w", "6", "-r", "8").expect(0).expect_runs(ok=48)


def test_ramp_up_starts_a_room_when_it_is_full(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            session.room:add_var("here", 1)
            session.room:wait_var("here", 2)
        end)
        """ % CAST, "-w", "4", "-r", "1", "--ramp-up", "200ms").expect(0)
    outcome.expect_runs(ok=4)


def test_one_room_deadlocks(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            if session.room.id == 1 then
                session.room:wait_var("never")
            else
                molo.sleep(30)
            end
        end)
        """ % CAST, "-w", "6", "-r", "1", "--graceful-stop", "0").expect(4)
    t.contains(outcome.err, "deadlock: all workers of room 1 of workload "
               "'default' wait for each other", "variable 'never' (room 1)")
    # Others are stopped with the test.
    outcome.expect_runs(started=6, interrupted=6)
    t.check(outcome.seconds < 25, "it was known at once")


def test_a_deadlock_that_is_raised_leaves_other_rooms_alone(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            if session.room.id == 1 then
                session.room:wait_var("never", nil, { timeout = false })
            else
                for _ = 1, 20 do
                    session.room:add_var("n", 1)
                    molo.sleep(0.005)
                end
            end
        end)
        """ % CAST, "-w", "4", "-r", "1", "--on-deadlock", "break").expect(1)
    outcome.expect_runs(ok=2, failed=2)


def test_result_of_a_run_that_is_cut(t):
    outcome = t.run("""
        molo.scenario("a", %s, function(session)
            if session.role == "second" then molo.sleep(30) end
        end)
        """ % CAST, "-w", "2", "-d", "100ms", "--graceful-stop", "0").expect(0)
    t.equal(roles_of(outcome, "a"),
            {"first": {"ok": 1, "failed": 0, "interrupted": 0},
             "second": {"ok": 0, "failed": 0, "interrupted": 1}}, "roles")


def test_check_shows_rooms_roles_and_seats(t):
    path = t.scenario("""
        molo.scenario("chat", { cast = { {"speaker", 1}, {"listener", 4} } },
                      function() end)
        molo.scenario("calm", { cast = { {"all", "rest"} } }, function() end)
        """)
    outcome = t.molo("check", path, "-w", "20", "-s", "chat").expect(0)
    t.contains(outcome.out, "\n  rooms         4 of 5 workers\n",
               "\n  roles         speaker (seat 0), listener (seats 1 to 4)\n")
    outcome = t.molo("check", path, "-w", "5").expect(0)
    t.contains(outcome.out, "rooms         1 of 5 workers",
               "all (seats 0 to 4)")


def refuse(t, text, *words, arguments=("-w", "2")):
    """Refused when loaded, by check and by run, with the exit code of errors
    before the test."""
    path = t.scenario(text)
    outcome = t.molo("check", path, *arguments)
    t.check(outcome.code != 0, "it was accepted:\n" + text)
    t.contains(outcome.err, *words)
    again = t.molo("run", path, *arguments)
    t.equal(again.code, outcome.code, "exit code of run")
    t.contains(again.err, *words)


def cast(value, function="function() end"):
    return 'molo.scenario("a", { cast = %s }, %s)\n' % (value, function)


def test_wrong_casts(t):
    at = ".lua:2: scenario 'a': "
    shape = "cast is a list such as {{\"speaker\", 1}, {\"listener\", 4}}"
    seats = ("role 'x': the number of seats is a whole number from 1 on or "
             "\"rest\", got ")
    for value, words in (
            ('"speaker"', shape + ", got string"),
            ("{}", "its cast has no role"),
            ('{ speaker = 1 }', shape + ", it has no key 'speaker'"),
            ('{ "speaker" }', "number 1 of its cast must be {role, number of "
             "seats}, got string"),
            ('{ {"x", 1}, {"y"} }', "number 2 of its cast must be"),
            ('{ {1, 1} }', "a role of its cast must have a name, got 1"),
            ('{ {"", 1} }', "a role of its cast must have a name"),
            ('{ {"x", 0} }', seats + "0"),
            ('{ {"x", -1} }', seats + "-1"),
            ('{ {"x", 1.5} }', seats + "1.5"),
            ('{ {"x", "2"} }', seats + "2"),
            ('{ {"x", "all"} }', seats + "all"),
            ('{ {"x", 1}, {"x", 1} }', "role 'x' is in its cast twice"),
            ('{ {"x", "rest"}, {"y", "rest"} }',
             "roles 'x' and 'y' both get the \"rest\"")):
        refuse(t, cast(value), at + words)


def test_functions_by_role(t):
    two = '{ {"first", 1}, {"second", 1} }'
    for function, words in (
            ("{ first = print }", "role 'second' has no function"),
            ("{ first = print, secnd = print }",
             "a function for an unknown role 'secnd': did you mean 'second'?"),
            ("{ first = print, second = 3 }",
             "role 'second': expected a function, got number"),
            ("{ print, print }", "its functions are named by their roles")):
        refuse(t, cast(two, function), ".lua:2: scenario 'a': " + words)
    refuse(t, cast(two, "7"), "molo.scenario: expected a function, got number")
    refuse(t, 'molo.scenario("a", { weight = 1 }, { first = print })\n',
           "scenario 'a': functions by role need the roles: give it a cast")


def test_workers_that_do_not_divide(t):
    five = cast('{ {"x", 1}, {"y", 4} }')
    refuse(t, five, "7 workers do not divide into rooms of 5: use -w 5 or "
           "-w 10", arguments=("-w", "7"))
    refuse(t, five, "3 workers do not divide into rooms of 5: use -w 5\n",
           arguments=("-w", "3"))
    refuse(t, five, "1 worker does not divide into rooms of 5: use -w 5\n",
           arguments=())
    refuse(t, cast('{ {"x", 3}, {"y", "rest"} }'),
           "no seat is left for the role 'y'", "there are only 3 workers",
           "use -w 4 or more", arguments=("-w", "3"))


def test_casts_that_do_not_agree(t):
    one = 'molo.scenario("a", { cast = { {"x", 2} } }, function() end)\n'
    refuse(t, one + 'molo.scenario("b", function() end)\n',
           "scenario 'a' has a cast and scenario 'b' has none")
    refuse(t, 'molo.scenario("b", function() end)\n' + one,
           "scenario 'a' has a cast and scenario 'b' has none")
    other = 'molo.scenario("b", { cast = { {"x", 1} } }, function() end)\n'
    refuse(t, one + other, "the cast of scenario 'a' has 2 seats and that of "
           "scenario 'b' 1")
    # What is not chosen does not matter.
    t.molo("check", t.scenario(one + other), "-w", "2", "-s", "a").expect(0)


def test_simulated(t):
    """The same plan in virtual time, twice the same."""
    results = []
    for _ in range(2):
        outcome = t.run(CHAT, "-w", "10", "-r", "20", "--sim",
                        "--seed", "3").expect(0)
        outcome.expect_runs(ok=200)
        results.append(outcome.result["coordination"]["said"])
    t.equal(results[0], results[1], "coordination")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))

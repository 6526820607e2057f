/* The action of a barrier, run by the one who comes last. */
#include "barriers.h"

/* --- of all --- */

static void
test_action_runs_before_the_release(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet_and_act(&play, 0);
    meet_and_act(&play, 1);
    meet_and_act(&play, 2);
    assert_status(&play, 2, HUB_ACT);
    assert_waits(&play, 0);
    meet(&play, 2);
    assert_status(&play, 2, HUB_MISUSE);
    assert_text(&play, 2,
                "barrier 'start': this worker runs its action (for the wait at "
                "pad.lua:9)");
    acted(&play, 2, NULL);
    for (int32_t i = 0; i < 3; i++)
        assert_met(&play, i, 1);
    acted(&play, 2, NULL);
    assert_status(&play, 2, HUB_MISUSE);
    assert_int_equal(coord(&play, "start")->rounds, 1);
    play_close(&play);
}

static void
test_failed_action_breaks_the_round(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    acted(&play, 1, "script: boom");
    assert_granted(&play, 1);
    assert_broken(&play, 0,
                  "worker 1 (in its run of step 1) failed in its action: "
                  "script: boom");
    meet(&play, 0);
    meet(&play, 1);
    assert_met(&play, 0, 2);
    play_close(&play);
}

static void
test_actor_ends_without_a_word(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    fail_run(&play, 1, "x");
    assert_broken(&play, 0,
                  "worker 1 (in its run of step 1) ended while it "
                  "ran the action");
    play_close(&play);
}

static void
test_actor_ends_in_drain(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    hub_drain(play.hub, play.now);
    end(&play, 1);
    assert_waits(&play, 0);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

static void
test_round_broken_during_its_action(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet_for(&play, 0, NSEC_PER_SEC);
    meet(&play, 1);
    meet_and_act(&play, 2);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "missing: worker 2 (in its run of step 1), which "
                "runs the action");
    assert_status(&play, 1, HUB_BROKEN);
    acted(&play, 2, NULL);
    assert_broken(&play, 2, "waited 1 s in vain");
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    assert_met(&play, 2, 2);
    play_close(&play);
}

/* The action waits for those that wait for it. */
static void
test_deadlock_in_the_action(void **state)
{
    struct play play;
    open_breaking(&play, 3, 0);
    meet(&play, 0);
    meet(&play, 1);
    meet_and_act(&play, 2);
    wait_writer(&play, 2);
    for (int32_t i = 0; i < 3; i++)
        assert_status(&play, i, HUB_DEADLOCK);
    assert_says(play.report, "missing: worker 2 (in its run of step 1), which "
                             "runs the action");
    acted(&play, 2, NULL); /* the others have been told otherwise */
    assert_broken(&play, 2, "all others waited for each other");
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    assert_met(&play, 0, 2);
    play_close(&play);
}

/* --- with parties --- */

static void
test_next_round_fills_during_the_action(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    assert_status(&play, 1, HUB_ACT);
    for (int32_t i = 2; i < 5; i++) {
        meet(&play, i);
        assert_waits(&play, i);
    }
    acted(&play, 1, NULL);
    assert_met_as(&play, 0, 0, 1);
    assert_met_as(&play, 1, 1, 1);
    assert_met_as(&play, 2, 0, 2);
    assert_met_as(&play, 3, 1, 2);
    assert_waits(&play, 4);
    meet(&play, 0);
    assert_met_as(&play, 4, 0, 3);
    play_close(&play);
}

static void
test_queued_rounds_act_one_after_the_other(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    meet_and_act(&play, 2);
    meet_and_act(&play, 3);
    assert_waits(&play, 3);
    acted(&play, 1, NULL);
    assert_status(&play, 3, HUB_ACT);
    assert_waits(&play, 2);
    acted(&play, 3, NULL);
    assert_met_as(&play, 2, 0, 2);
    assert_met_as(&play, 3, 1, 2);
    play_close(&play);
}

static void
test_failed_action_breaks_it(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    meet(&play, 2); /* of the next round: it is broken for all */
    acted(&play, 1, "boom");
    assert_granted(&play, 1);
    assert_broken(&play, 0, "failed in its action: boom");
    assert_status(&play, 2, HUB_BROKEN);
    meet(&play, 3);
    assert_status(&play, 3, HUB_BROKEN);
    play_close(&play);
}

static void
test_reset_during_the_action(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    ask(&play, 2, HUB_OP_BARRIER_RESET);
    assert_status(&play, 0, HUB_BROKEN);
    meet(&play, 0);
    meet(&play, 3);
    assert_granted(&play, 0); /* whole again */
    acted(&play, 1, NULL);
    assert_broken(&play, 1, "reset it at");
    play_close(&play);
}

static void
test_actor_ends_without_a_word_of_parties(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    fail_run(&play, 1, "x");
    assert_broken(&play, 0, "ended while it ran the action");
    ask(&play, 0, HUB_OP_BARRIER_RESET);
    meet(&play, 0);
    meet_and_act(&play, 2);
    ask(&play, 3, HUB_OP_BARRIER_ABORT);
    assert_status(&play, 0, HUB_BROKEN);
    fail_run(&play, 2, "x"); /* a broken one whose action was run */
    play_close(&play);
}

static void
test_actor_comes_again(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 0);
    meet_and_act(&play, 1);
    meet(&play, 1);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1,
                "barrier 'start': this task runs its action (for the "
                "wait at pad.lua:9)");
    play_close(&play);
}

/* Nobody is released without those who were stopped, not even the actor. */
static void
test_others_are_stopped_meanwhile(void **state)
{
    for (int32_t parties = 0; parties <= 3; parties += 3) {
        struct play play;
        open_barrier(&play, 3 + (parties > 0), parties, false);
        meet(&play, 0);
        meet(&play, 1);
        meet_and_act(&play, 2);
        assert_status(&play, 2, HUB_ACT);
        hub_drain(play.hub, play.now);
        hub_stop_waits(play.hub, play.now);
        assert_status(&play, 0, HUB_STOPPED);
        acted(&play, 2, NULL);
        assert_status(&play, 2, HUB_STOPPED);
        assert_int_equal(play.rounds_over, 0);
        play_close(&play);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action_runs_before_the_release),
        cmocka_unit_test(test_failed_action_breaks_the_round),
        cmocka_unit_test(test_actor_ends_without_a_word),
        cmocka_unit_test(test_actor_ends_in_drain),
        cmocka_unit_test(test_round_broken_during_its_action),
        cmocka_unit_test(test_deadlock_in_the_action),
        cmocka_unit_test(test_next_round_fills_during_the_action),
        cmocka_unit_test(test_queued_rounds_act_one_after_the_other),
        cmocka_unit_test(test_failed_action_breaks_it),
        cmocka_unit_test(test_reset_during_the_action),
        cmocka_unit_test(test_actor_ends_without_a_word_of_parties),
        cmocka_unit_test(test_actor_comes_again),
        cmocka_unit_test(test_others_are_stopped_meanwhile),
    };
    return cmocka_run_group_tests_name("barrier_action", tests, NULL, NULL);
}

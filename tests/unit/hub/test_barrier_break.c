/* What breaks a round of a barrier of a whole cohort, and who is told. */
#include "barriers.h"

/* --- passing --- */

static void
test_who_passes_breaks_this_round_only(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    fail_run(&play, 2, "no coffee");
    assert_broken(&play, 0,
                  "barrier 'start': round 1 of step 1 is broken: passed by "
                  "worker 2 (before step 2); worker 2 had failed: no coffee");
    assert_int_equal(answer_of(&play, 0)->culprit, 2);
    meet(&play, 1); /* later arrivals at once */
    assert_broken(&play, 1, "worker 2 had failed: no coffee");
    end(&play, 0);
    end(&play, 1);
    assert_null(play.hub->cohorts[0]->by_step);
    begin_all(&play);
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    for (int32_t i = 0; i < 3; i++)
        assert_met(&play, i, 1);
    assert_int_equal(coord(&play, "start")->breaks, 2);
    play_close(&play);
}

/* Also for those who come after everybody who could tell has passed. */
static void
test_late_arrival_at_a_passed_round(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    fail_run(&play, 1, "x");
    end(&play, 2);
    meet(&play, 0);
    assert_broken(&play, 0, "passed by worker 1 (before step 2), worker 2");
    meet(&play, 0);
    assert_broken(&play, 0, "round 2 of step 1");
    play_close(&play);
}

static void
test_ended_worker_breaks_rounds_to_come(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    end_all(&play);
    runs_over(&play, 1);
    begin(&play, 0);
    meet(&play, 0);
    assert_broken(&play, 0, "passed by worker 1 (has no more runs)");
    play_close(&play);
}

/* --- waits that end without the meeting --- */

static void
test_timeout_breaks_the_round(void **state)
{
    struct play play;
    open_barrier(&play, 4, 0, false);
    meet_for(&play, 0, 2 * NSEC_PER_SEC);
    advance(&play, NSEC_PER_SEC);
    meet(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(
        &play, 0,
        "barrier 'start': round 1 of step 1 not met by all after 2 s at "
        "pad.lua:9; missing: worker 2 (in its run of step 1), worker 3 "
        "(in its run of step 1)");
    assert_broken(&play, 1,
                  "worker 0 (in its run of step 1) waited 2 s in vain");
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    /* It was used: these go on in the next one. */
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    meet(&play, 3);
    assert_status(&play, 3, HUB_BROKEN);
    meet(&play, 3);
    for (int32_t i = 0; i < 4; i++)
        assert_met(&play, i, 2);
    play_close(&play);
}

static void
test_try_breaks_the_round(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 1);
    try_to_meet(&play, 0);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_status(&play, 1, HUB_BROKEN);
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    /* The last one to come gets it without waiting. */
    meet(&play, 1);
    meet(&play, 2);
    try_to_meet(&play, 0);
    assert_met(&play, 0, 2);
    play_close(&play);
}

static void
test_cancelled_wait_breaks_the_round(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    meet(&play, 1);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    assert_broken(&play, 1, "was cancelled while it waited");
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    play_close(&play);
}

static void
test_all_time_out_together(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    meet(&play, 1);
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_broken(&play, 1, "waited 60 s in vain");
    assert_int_equal(coord(&play, "start")->timeouts, 1);
    assert_int_equal(coord(&play, "start")->breaks, 1);
    play_close(&play);
}

static void
test_run_that_ends_in_the_wait(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    meet(&play, 1);
    answer_of(&play, 0)->waiting = false;
    fail_run(&play, 0, "reset");
    assert_broken(&play, 1,
                  "worker 0 (in its run of step 1) ended while it "
                  "waited: reset");
    play_close(&play);
}

static void
test_abort_is_a_use(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    ask(&play, 1, HUB_OP_BARRIER_ABORT);
    assert_granted(&play, 1);
    assert_int_equal(answer_of(&play, 1)->round, 1);
    assert_broken(&play, 0, "worker 1 aborted it at pad.lua:9");
    assert_int_equal(answer_of(&play, 0)->culprit, 1);
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    for (int32_t i = 0; i < 3; i++)
        assert_met(&play, i, 2);
    play_close(&play);
}

/* --- leaving --- */

static void
test_shrinks_with_those_who_ended(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, true);
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    end_all(&play);
    begin(&play, 0);
    begin(&play, 1);
    meet(&play, 0);
    meet(&play, 1);
    assert_waits(&play, 0);
    runs_over(&play, 2);
    assert_met(&play, 0, 1);
    assert_met(&play, 1, 1);
    exchange(&play, 0, "zero");
    exchange(&play, 1, "one");
    struct value *items[] = {text_value("zero"), text_value("one"), NULL};
    struct value *list = value_list(items, 3);
    assert_true(value_equal(answer_of(&play, 0)->value, list));
    value_unref(items[0]);
    value_unref(items[1]);
    value_unref(list);
    play_close(&play);
}

/* A run that took part in the step is waited for, and breaks the round when it
 * passes it, whether its worker goes on or not and whoever comes first. */
static void
test_shrinks_not_with_a_failed_run(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct play play;
        open_barrier(&play, 3, 0, true);
        if (!late)
            meet(&play, 0);
        fail_run(&play, 2, "gone");
        runs_over(&play, 2);
        if (late)
            meet(&play, 0);
        assert_broken(&play, 0, "worker 2 had failed: gone");
        play_close(&play);
    }
}

static void
test_leaving_in_drain_breaks_nothing(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    meet(&play, 1);
    hub_drain(play.hub, play.now);
    answer_of(&play, 1)->waiting = false;
    fail_run(&play, 1, "x");
    end(&play, 2);
    assert_waits(&play, 0);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

static void
test_passed_before_drain_still_breaks(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    end(&play, 2);
    hub_drain(play.hub, play.now);
    meet(&play, 0);
    assert_broken(&play, 0, "passed by worker 2");
    play_close(&play);
}

/* --- deadlock --- */

static void
test_deadlock_with_a_notifier(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    assert_int_equal(play.deadlocks, 0);
    wait_writer(&play, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report,
                "worker 0 (pad, step 1): wait of barrier 'start' for 0 s at "
                "pad.lua:9: round 1 of step 1 not met by all; missing: worker "
                "1 (in its run of step 1)");
    play_close(&play);
}

static void
test_deadlock_is_told_to_the_waiters(void **state)
{
    struct play play;
    open_breaking(&play, 3, 0);
    meet(&play, 0);
    meet(&play, 1);
    wait_writer(&play, 2);
    for (int32_t i = 0; i < 3; i++)
        assert_status(&play, i, HUB_DEADLOCK);
    meet(&play, 2); /* the round is over for all of them */
    assert_broken(&play, 2, "all others waited for each other");
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    assert_met(&play, 0, 2);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_passes_breaks_this_round_only),
        cmocka_unit_test(test_late_arrival_at_a_passed_round),
        cmocka_unit_test(test_ended_worker_breaks_rounds_to_come),
        cmocka_unit_test(test_timeout_breaks_the_round),
        cmocka_unit_test(test_try_breaks_the_round),
        cmocka_unit_test(test_cancelled_wait_breaks_the_round),
        cmocka_unit_test(test_all_time_out_together),
        cmocka_unit_test(test_run_that_ends_in_the_wait),
        cmocka_unit_test(test_abort_is_a_use),
        cmocka_unit_test(test_shrinks_with_those_who_ended),
        cmocka_unit_test(test_shrinks_not_with_a_failed_run),
        cmocka_unit_test(test_leaving_in_drain_breaks_nothing),
        cmocka_unit_test(test_passed_before_drain_still_breaks),
        cmocka_unit_test(test_deadlock_with_a_notifier),
        cmocka_unit_test(test_deadlock_is_told_to_the_waiters),
    };
    return cmocka_run_group_tests_name("barrier_break", tests, NULL, NULL);
}

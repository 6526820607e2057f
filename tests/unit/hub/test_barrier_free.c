/* Barriers with a number of parties of their own. */
#include "barriers.h"

/* Workers 0 to 2 and 3 to 5. */
static void
open_workloads(struct play *play, bool fixed, int32_t parties)
{
    options = (struct hub_options){.given = true, .parties = parties};
    play_open(play, 6, NULL);
    struct hub_config config = play->hub->config;
    hub_destroy(play->hub);
    play->hub = hub_create(&config);
    hub_add_cohort(play->hub, "one", 0, 3, fixed);
    hub_add_cohort(play->hub, "two", 3, 3, fixed);
    start_all(play);
    begin_all(play);
}

static void
go_home(struct play *play, int32_t worker)
{
    end(play, worker);
    runs_over(play, worker);
    leave(play, worker);
}

/* --- meeting --- */

static void
test_first_come_first_served(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    meet(&play, 3);
    assert_waits(&play, 3);
    meet(&play, 1);
    assert_met_as(&play, 3, 0, 1);
    assert_met_as(&play, 1, 1, 1);
    meet(&play, 0);
    assert_waits(&play, 0);
    meet(&play, 3); /* fast, and in the next round */
    assert_met_as(&play, 0, 0, 2);
    assert_met_as(&play, 3, 1, 2);
    assert_int_equal(coord(&play, "start")->rounds, 2);
    play_close(&play);
}

/* Rounds of runs are none of its business. */
static void
test_across_steps_and_workloads(void **state)
{
    struct play play;
    open_workloads(&play, true, 5);
    for (int32_t i = 0; i < 4; i++)
        meet(&play, i);
    assert_waits(&play, 3);
    go_on(&play, 5);
    fail_run(&play, 4, "x");
    assert_waits(&play, 0);
    meet(&play, 5);
    assert_met_as(&play, 3, 3, 1);
    assert_met_as(&play, 5, 4, 1);
    play_close(&play);
}

static void
test_without_a_fixed_number(void **state)
{
    struct play play;
    open_workloads(&play, false, 2);
    meet(&play, 0);
    meet(&play, 5);
    assert_met_as(&play, 0, 0, 1);
    play_close(&play);
}

static void
test_exchange(void **state)
{
    struct play play;
    open_barrier(&play, 3, 2, false);
    exchange(&play, 2, "two");
    exchange(&play, 0, "zero");
    struct value *items[] = {text_value("two"), text_value("zero")};
    struct value *list = value_list(items, 2);
    assert_true(value_equal(answer_of(&play, 0)->value, list));
    assert_true(value_equal(answer_of(&play, 2)->value, list));
    value_unref(items[0]);
    value_unref(items[1]);
    value_unref(list);
    play_close(&play);
}

/* --- broken until reset --- */

static void
test_timeout_breaks_it_until_reset(void **state)
{
    struct play play;
    open_barrier(&play, 5, 3, false);
    meet_for(&play, 0, NSEC_PER_SEC);
    meet(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "barrier 'start': round 1 not complete after 1 s at "
                "pad.lua:9; missing: 1 of 3 parties");
    assert_broken(&play, 1,
                  "barrier 'start' is broken until its reset: worker 0 (in its "
                  "run of step 1) waited 1 s in vain");
    meet(&play, 2);
    assert_broken(&play, 2, "worker 0");
    end_all(&play);
    begin_all(&play);
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    ask(&play, 4, HUB_OP_BARRIER_STATE);
    assert_true(answer_of(&play, 4)->broken);
    ask(&play, 4, HUB_OP_BARRIER_RESET);
    assert_granted(&play, 4);
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    for (int32_t i = 0; i < 3; i++)
        assert_granted(&play, i);
    play_close(&play);
}

static void
test_try_and_cancel_break_it(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, false);
    meet(&play, 0);
    try_to_meet(&play, 1);
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_status(&play, 0, HUB_BROKEN);
    ask(&play, 1, HUB_OP_BARRIER_RESET);
    meet(&play, 0);
    meet(&play, 1);
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    assert_broken(&play, 0, "worker 1 (in its run of step 1) was cancelled");
    play_close(&play);
}

static void
test_abort(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, false);
    meet(&play, 0);
    ask(&play, 1, HUB_OP_BARRIER_ABORT);
    assert_granted(&play, 1);
    assert_broken(&play, 0,
                  "worker 1 (in its run of step 1) aborted it at pad.lua:9");
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    play_close(&play);
}

static void
test_reset_sends_the_waiters_away(void **state)
{
    struct play play;
    open_barrier(&play, 5, 3, false);
    meet(&play, 0);
    meet(&play, 1);
    ask(&play, 2, HUB_OP_BARRIER_STATE);
    assert_int_equal(answer_of(&play, 2)->number, 2);
    assert_int_equal(answer_of(&play, 2)->index, 3);
    ask(&play, 2, HUB_OP_BARRIER_RESET);
    assert_broken(&play, 0, "reset it at pad.lua:9");
    assert_status(&play, 1, HUB_BROKEN);
    for (int32_t i = 0; i < 3; i++)
        meet(&play, i);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_run_that_ends_in_the_wait(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, false);
    meet(&play, 0);
    meet(&play, 1);
    answer_of(&play, 1)->waiting = false;
    fail_run(&play, 1, "reset");
    assert_broken(&play, 0,
                  "worker 1 (in its run of step 1) ended while it "
                  "waited: reset");
    play_close(&play);
}

/* --- who leaves --- */

static void
test_leaving_matters_when_too_few_are_left(void **state)
{
    struct play play;
    open_barrier(&play, 5, 3, false);
    meet(&play, 0);
    go_home(&play, 4);
    go_home(&play, 3);
    assert_waits(&play, 0);
    go_home(&play, 2);
    assert_broken(&play, 0,
                  "barrier 'start' is broken until its reset: only 2 of 3 "
                  "parties can come; worker 2 (has ended)");
    assert_int_equal(answer_of(&play, 0)->culprit, 2);
    ask(&play, 0, HUB_OP_BARRIER_RESET);
    meet(&play, 0);
    assert_broken(&play, 0, "only 2 of 3 parties can come");
    play_close(&play);
}

static void
test_shrinks_to_those_who_can_come(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, true);
    meet(&play, 0);
    meet(&play, 1);
    go_home(&play, 3);
    assert_waits(&play, 0);
    go_home(&play, 2);
    assert_met_as(&play, 0, 0, 1);
    assert_met_as(&play, 1, 1, 1);
    meet(&play, 1);
    assert_waits(&play, 1);
    meet(&play, 0);
    assert_met_as(&play, 1, 0, 2);
    go_home(&play, 1);
    meet(&play, 0);
    assert_met_as(&play, 0, 0, 3);
    play_close(&play);
}

/* Too few for the next round are no reason to break the one that is complete.
 */
static void
test_leaving_during_the_action(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, false);
    meet(&play, 0);
    meet(&play, 1);
    meet_and_act(&play, 2);
    meet(&play, 3);
    assert_waits(&play, 3);
    acted(&play, 2, NULL);
    assert_granted(&play, 0);
    go_home(&play, 0);
    assert_waits(&play, 3);
    go_home(&play, 1);
    assert_broken(&play, 3, "only 2 of 3 parties can come");
    play_close(&play);
}

static void
test_leaving_in_drain_breaks_nothing(void **state)
{
    for (int with_shrink = 0; with_shrink < 2; with_shrink++) {
        struct play play;
        open_barrier(&play, 3, 2, with_shrink);
        meet(&play, 0);
        hub_drain(play.hub, play.now);
        go_home(&play, 1);
        go_home(&play, 2);
        assert_waits(&play, 0);
        assert_true(quiescent(&play));
        assert_status(&play, 0, HUB_STOPPED);
        play_close(&play);
    }
}

/* The pool is the workload if that can fill the barrier, else all workers. */
/* Those who were stopped are no part of a meeting of teardowns. */
static void
test_who_was_stopped_is_not_of_the_meeting(void **state)
{
    struct play play;
    open_barrier(&play, 4, 2, false);
    exchange(&play, 0, "run");
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    for (int32_t i = 0; i < 4; i++) {
        end(&play, i);
        runs_over(&play, i);
    }
    exchange(&play, 1, "one");
    exchange(&play, 2, "two");
    assert_met_as(&play, 1, 0, 1);
    assert_met_as(&play, 2, 1, 1);
    const struct value *values = answer_of(&play, 2)->value;
    struct value *one = text_value("one"), *two = text_value("two");
    struct value *expected = value_list((struct value *[]){one, two}, 2);
    assert_true(value_equal(values, expected));
    value_unref(expected);
    value_unref(one);
    value_unref(two);
    play_close(&play);
}

static void
test_who_can_come(void **state)
{
    struct play play;
    open_workloads(&play, true, 2);
    meet(&play, 0);
    go_home(&play, 1);
    assert_waits(&play, 0);
    go_home(&play, 2);
    assert_broken(&play, 0, "only 1 of 2 parties can come");
    play_close(&play);

    open_workloads(&play, true, 4);
    meet(&play, 0);
    go_home(&play, 1);
    go_home(&play, 2);
    assert_waits(&play, 0);
    go_home(&play, 3);
    assert_broken(&play, 0, "only 3 of 4 parties can come");
    play_close(&play);
}

static void
test_guests_count_when_they_have_come(void **state)
{
    struct play play;
    open_workloads(&play, true, 2);
    meet(&play, 0);
    meet(&play, 4);
    assert_met_as(&play, 0, 0, 1);
    go_home(&play, 1);
    go_home(&play, 2);
    meet(&play, 4); /* with worker 0 they are two */
    assert_waits(&play, 4);
    meet(&play, 0);
    assert_met_as(&play, 4, 0, 2);
    play_close(&play);
}

/* --- misuse and the rest --- */

static void
test_more_parties_than_workers(void **state)
{
    struct play play;
    open_barrier(&play, 3, 4, false);
    meet(&play, 0);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0,
                "barrier 'start' wants 4 parties, but there are only 3 "
                "workers");
    play_close(&play);
    open_barrier(&play, 1, 2, false);
    meet(&play, 0);
    assert_text(&play, 0,
                "barrier 'start' wants 2 parties, but there is only 1 worker");
    play_close(&play);
}

static void
test_a_party_is_a_worker(void **state)
{
    struct play play;
    open_barrier(&play, 4, 3, false);
    meet(&play, 0);
    submit(&play, 0, 1, barrier_op(HUB_OP_BARRIER_WAIT));
    assert_says(play.answers[1 * PLAY_TASKS + 1].text,
                "barrier 'start': another task of this worker waits in this "
                "round (at pad.lua:9): a party is a worker");
    meet(&play, 1);
    meet(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

/* Nobody is left who could come: told when everybody waits. */
static void
test_deadlock(void **state)
{
    struct play play;
    open_barrier(&play, 3, 2, false);
    meet(&play, 0);
    wait_writer(&play, 1);
    wait_writer(&play, 2);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "wait of barrier 'start' for 0 s at pad.lua:9: "
                             "round 1 not complete; missing: 1 of 2 parties");
    play_close(&play);
}

/* Broken for good, and everybody is told the same. */
static void
test_deadlock_is_told_to_the_waiters(void **state)
{
    struct play play;
    open_breaking(&play, 4, 3);
    meet(&play, 0);
    meet(&play, 1);
    wait_writer(&play, 2);
    wait_writer(&play, 3);
    assert_true(quiescent(&play));
    for (int32_t i = 0; i < 4; i++)
        assert_status(&play, i, HUB_DEADLOCK);
    meet(&play, 2);
    assert_broken(&play, 2, "all others waited for each other");
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    open_barrier(&play, 3, 2, false);
    meet(&play, 0);
    ask(&play, 1, HUB_OP_FREE);
    assert_text(&play, 1,
                "barrier 'start' cannot be freed: a worker waits on it");
    meet(&play, 1);
    ask(&play, 1, HUB_OP_FREE);
    assert_granted(&play, 1);
    play_close(&play);
}

/* Nothing is told to anybody when the hub goes away. */
static void
test_destroyed_while_in_use(void **state)
{
    struct play play;
    open_barrier(&play, 5, 2, false);
    exchange(&play, 0, "zero");
    meet_and_act(&play, 1);
    exchange(&play, 2, "two");
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_across_steps_and_workloads),
        cmocka_unit_test(test_without_a_fixed_number),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_timeout_breaks_it_until_reset),
        cmocka_unit_test(test_try_and_cancel_break_it),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_reset_sends_the_waiters_away),
        cmocka_unit_test(test_run_that_ends_in_the_wait),
        cmocka_unit_test(test_leaving_matters_when_too_few_are_left),
        cmocka_unit_test(test_shrinks_to_those_who_can_come),
        cmocka_unit_test(test_leaving_during_the_action),
        cmocka_unit_test(test_leaving_in_drain_breaks_nothing),
        cmocka_unit_test(test_who_was_stopped_is_not_of_the_meeting),
        cmocka_unit_test(test_who_can_come),
        cmocka_unit_test(test_guests_count_when_they_have_come),
        cmocka_unit_test(test_more_parties_than_workers),
        cmocka_unit_test(test_a_party_is_a_worker),
        cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_deadlock_is_told_to_the_waiters),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_destroyed_while_in_use),
    };
    return cmocka_run_group_tests_name("barrier_free", tests, NULL, NULL);
}

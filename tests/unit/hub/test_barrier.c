/* Barriers of a whole cohort: every round by itself. */
#include "barriers.h"

/* --- meeting --- */

static void
test_last_one_lets_all_go(void **state)
{
    struct play play;
    open_barrier(&play, 4, 0, false);
    for (int32_t i = 0; i < 3; i++) {
        meet(&play, i);
        assert_waits(&play, i);
        advance(&play, NSEC_PER_SEC);
    }
    meet(&play, 3);
    for (int32_t i = 0; i < 4; i++) {
        assert_met(&play, i, 1);
        assert_int_equal(answer_of(&play, i)->happened_at, play.now);
    }
    assert_int_equal(answer_of(&play, 0)->waited, 3 * NSEC_PER_SEC);
    assert_int_equal(answer_of(&play, 3)->waited, 0);
    play_close(&play);
}

/* Who comes again belongs to the next round, however slow the others are. */
static void
test_many_rounds_and_steps(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    for (int step = 0; step < 5; step++) {
        for (int64_t round = 1; round <= 20; round++) {
            for (int32_t i = 0; i < 3; i++) {
                int32_t worker = (int32_t)((i + round) % 3);
                meet(&play, worker);
                for (int32_t j = 0; j < i; j++)
                    if (i < 2)
                        assert_waits(&play, (int32_t)((j + round) % 3));
            }
            for (int32_t i = 0; i < 3; i++)
                assert_met(&play, i, round);
        }
        end_all(&play);
        begin_all(&play);
    }
    assert_int_equal(coord(&play, "start")->rounds, 100);
    assert_int_equal(play.rounds_over, 100);
    assert_int_equal(coord(&play, "start")->breaks, 0);
    assert_null(play.hub->cohorts[0]->by_step);
    play_close(&play);
}

/* Worker 0 is two rounds ahead in what it has used, never in what it got. */
static void
test_nobody_enters_the_next_round_early(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    meet(&play, 1);
    meet(&play, 0);
    assert_waits(&play, 0);
    assert_met(&play, 1, 1);
    meet(&play, 1);
    assert_met(&play, 0, 2);
    assert_met(&play, 1, 2);
    play_close(&play);
}

static void
test_alone(void **state)
{
    struct play play;
    open_barrier(&play, 1, 0, false);
    meet(&play, 0);
    assert_met(&play, 0, 1);
    meet_and_act(&play, 0);
    assert_status(&play, 0, HUB_ACT);
    acted(&play, 0, NULL);
    assert_met(&play, 0, 2);
    play_close(&play);
}

static void
test_skew_and_duration(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    advance(&play, 2 * NSEC_PER_SEC);
    meet(&play, 1);
    advance(&play, NSEC_PER_SEC);
    meet(&play, 2);
    const struct coord_stats *row = coord(&play, "start");
    assert_string_equal(row->type, "barrier");
    assert_int_equal(row->waits, 3);
    assert_int_equal(hist_count(row->skew), 1);
    assert_in_range(hist_max(row->skew), 29 * NSEC_PER_SEC / 10,
                    31 * NSEC_PER_SEC / 10);
    play_close(&play);
}

static void
test_those_to_come_are_waited_for(void **state)
{
    struct play play;
    options = (struct hub_options){0};
    play_open(&play, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    meet(&play, 0);
    advance(&play, 3600 * NSEC_PER_SEC);
    assert_waits(&play, 0); /* the default timeout stands still */
    start(&play, 1);
    begin(&play, 1);
    advance(&play, 59 * NSEC_PER_SEC);
    assert_waits(&play, 0);
    meet(&play, 1);
    assert_met(&play, 0, 1);
    play_close(&play);
}

static void
test_setup_and_teardown_have_rounds(void **state)
{
    struct play play;
    options = (struct hub_options){0};
    play_open(&play, 2, NULL);
    start(&play, 0);
    start(&play, 1);
    meet(&play, 0);
    meet(&play, 1);
    assert_met(&play, 0, 1);
    runs_over(&play, 0);
    meet(&play, 0);
    assert_waits(&play, 0);
    runs_over(&play, 1);
    meet(&play, 1);
    assert_met(&play, 0, 1);
    assert_met(&play, 1, 1);
    play_close(&play);
}

static void
test_exchange(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    exchange(&play, 2, "two");
    meet(&play, 0);
    exchange(&play, 1, "one");
    struct value *items[] = {NULL, text_value("one"), text_value("two")};
    struct value *list = value_list(items, 3);
    assert_true(value_equal(answer_of(&play, 1)->value, list));
    assert_true(value_equal(answer_of(&play, 2)->value, list));
    assert_null(answer_of(&play, 0)->value);
    for (int32_t i = 0; i < 3; i++)
        assert_met(&play, i, 1);
    value_unref(items[1]);
    value_unref(items[2]);
    value_unref(list);
    play_close(&play);
}

/* --- rounds by name --- */

static void
test_named_rounds(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet_in(&play, 0, 3);
    assert_waits(&play, 0);
    meet_in(&play, 1, 1); /* worker 0 has left it out */
    assert_broken(&play, 1, "round 1 of step 1 is broken: passed by worker 0");
    meet_in(&play, 1, 3);
    assert_met(&play, 0, 3);
    assert_met(&play, 1, 3);
    meet_in(&play, 1, 2);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1,
                "barrier 'start': {round = 2} after round 3 was used");
    play_close(&play);
}

static void
test_leaving_out_a_round_others_wait_in(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    meet_in(&play, 1, 2);
    assert_broken(&play, 0, "passed by worker 1 (in its run of step 1)");
    meet(&play, 2);
    assert_status(&play, 2, HUB_BROKEN);
    meet(&play, 0);
    meet(&play, 2);
    for (int32_t i = 0; i < 3; i++)
        assert_met(&play, i, 2);
    play_close(&play);
}

/* --- the rest --- */

static void
test_state(void **state)
{
    struct play play;
    open_barrier(&play, 3, 0, false);
    meet(&play, 0);
    ask(&play, 1, HUB_OP_BARRIER_STATE);
    assert_int_equal(answer_of(&play, 1)->number, 1);
    assert_int_equal(answer_of(&play, 1)->index, 3);
    assert_false(answer_of(&play, 1)->broken);
    ask(&play, 2, HUB_OP_BARRIER_ABORT);
    ask(&play, 1, HUB_OP_BARRIER_STATE);
    assert_int_equal(answer_of(&play, 1)->number, 0);
    assert_true(answer_of(&play, 1)->broken);
    ask(&play, 0, HUB_OP_BARRIER_STATE); /* its next round is another one */
    assert_false(answer_of(&play, 0)->broken);
    fail_run(&play, 2, "x");
    ask(&play, 0, HUB_OP_BARRIER_STATE);
    assert_true(answer_of(&play, 0)->broken);
    play_close(&play);
}

static void
test_misuse(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    ask(&play, 0, HUB_OP_BARRIER_RESET);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0,
                "barrier 'start': reset is for barriers with "
                "parties");
    ask(&play, HUB_GLOBAL, HUB_OP_BARRIER_WAIT);
    assert_text(&play, HUB_GLOBAL,
                "barrier 'start' cannot be used in a global fixture");
    meet(&play, 0);
    submit(&play, 0, 1, barrier_op(HUB_OP_BARRIER_WAIT));
    assert_says(play.answers[1 * PLAY_TASKS + 1].text,
                "another task of this run waits in it (wait at pad.lua:9)");
    options = (struct hub_options){.given = true, .parties = 7};
    meet(&play, 1);
    assert_text(&play, 1,
                "barrier 'start' is used by all 2 workers of workload 'pad' "
                "already: {parties = 7} comes too late");
    play_close(&play);
}

static void
test_as_many_parties_as_the_cohort(void **state)
{
    struct play play;
    open_barrier(&play, 2, 2, false);
    meet(&play, 1);
    end(&play, 0);
    assert_broken(&play, 1, "round 1 of step 1 is broken");
    end(&play, 1);
    begin_all(&play);
    meet(&play, 1);
    meet(&play, 0);
    assert_met(&play, 1, 1);
    play_close(&play);
}

static void
test_no_fixed_number(void **state)
{
    struct play play;
    options = (struct hub_options){0};
    play_open(&play, 2, NULL);
    struct hub_config config = play.hub->config;
    hub_destroy(play.hub);
    play.hub = hub_create(&config);
    hub_add_cohort(play.hub, "rates", 0, 2, false);
    start(&play, 0);
    begin(&play, 0);
    meet(&play, 0);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0,
                "barrier 'start': workload 'rates' has no fixed number of "
                "workers, so nobody knows who takes part in a round; use an "
                "event, a queue or barrier{parties = n}");
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    open_barrier(&play, 2, 0, false);
    meet(&play, 0);
    ask(&play, 1, HUB_OP_FREE);
    assert_text(&play, 1,
                "barrier 'start' cannot be freed: a worker waits on it");
    meet(&play, 1);
    end_all(&play);
    begin_all(&play);
    ask(&play, 1, HUB_OP_FREE);
    assert_granted(&play, 1);
    play_close(&play);
}

/* One look at all for a round, and nothing for an arrival. */
static void
test_cost_of_a_round(void **state)
{
    struct play play;
    open_barrier(&play, 1000, 0, false);
    uint64_t before = play.hub->effort;
    for (int32_t i = 0; i < 1000; i++)
        meet(&play, i);
    assert_true(play.hub->effort - before <= 2000);
    end_all(&play);
    assert_true(play.hub->effort - before <= 4000);
    play_close(&play);
}

/* Who asks looks at all once in a round, not each time. */
static void
test_asking_costs_little(void **state)
{
    enum { MANY = 500 };
    struct play play;
    open_barrier(&play, MANY, 0, false);
    uint64_t before = play.hub->effort;
    for (int32_t i = 0; i < MANY; i++) {
        ask(&play, i, HUB_OP_BARRIER_STATE);
        assert_int_equal(answer_of(&play, i)->number, 0);
    }
    assert_true(play.hub->effort - before <= MANY);
    meet(&play, 0);
    assert_int_equal(ask(&play, 1, HUB_OP_BARRIER_STATE)->number, 1);
    fail_run(&play, 2, "boom");
    assert_broken(&play, 0, "passed by worker 2");
    assert_true(ask(&play, 1, HUB_OP_BARRIER_STATE)->broken);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_one_lets_all_go),
        cmocka_unit_test(test_many_rounds_and_steps),
        cmocka_unit_test(test_nobody_enters_the_next_round_early),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_skew_and_duration),
        cmocka_unit_test(test_those_to_come_are_waited_for),
        cmocka_unit_test(test_setup_and_teardown_have_rounds),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_named_rounds),
        cmocka_unit_test(test_leaving_out_a_round_others_wait_in),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_as_many_parties_as_the_cohort),
        cmocka_unit_test(test_no_fixed_number),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_cost_of_a_round),
        cmocka_unit_test(test_asking_costs_little),
    };
    return cmocka_run_group_tests_name("barrier", tests, NULL, NULL);
}

/* Cycles of waits for one known owner, and deadlocks that are broken. */
#include "driver.h"

#include <stdio.h>
#include <string.h>

static void
wait_var(struct play *play, int32_t worker)
{
    var(play, worker, HUB_OP_VAR_WAIT, "x", NULL);
}

/* --- cycles --- */

static void
close_cycle(struct play *play, int32_t length)
{
    static const char *const names[] = {"a", "b", "c"};
    for (int32_t i = 0; i < length; i++)
        make_var(play, i, names[i]);
    for (int32_t i = 0; i < length; i++) {
        play->where = i == 0 ? "pad.lua:1" : "pad.lua:2";
        make_var(play, i, names[(i + 1) % length]);
    }
}

static void
test_cycle_at_once(void **state)
{
    struct play play;
    play_open_running(&play, 4); /* worker 3 is busy */
    close_cycle(&play, 3);
    assert_int_equal(play.deadlocks, 1);
    assert_true(play.deadlock_stops);
    assert_says(play.report, "each of these waits for the next one");
    assert_says(play.report,
                "worker 0 (pad, step 1): get_var of variable 'b' "
                "for 0 s at pad.lua:1: not made; missing: worker 1");
    assert_says(play.report, "worker 2 (pad, step 1): get_var of variable 'a'");
    for (int32_t i = 0; i < 3; i++)
        assert_waits(&play, i);
    play_close(&play);
}

static void
test_cycle_is_broken_where_it_closed(void **state)
{
    struct play play;
    play_open_breaking(&play, 3);
    close_cycle(&play, 2);
    assert_int_equal(play.deadlocks, 1);
    assert_false(play.deadlock_stops);
    assert_status(&play, 1, HUB_DEADLOCK);
    assert_text(&play, 1, "each of these waits");
    assert_waits(&play, 0);
    var(&play, 1, HUB_OP_VAR_MADE, "b", text_value("b"));
    assert_news(&play, 0, "b");
    play_close(&play);
}

static void
test_cycle_of_updates_and_factories(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    var(&play, 0, HUB_OP_VAR_LOCK, "a", NULL);
    make_var(&play, 1, "b");
    var(&play, 1, HUB_OP_VAR_SET, "a", text_value("x"));
    assert_int_equal(play.deadlocks, 0);
    make_var(&play, 0, "b");
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

/* It ends by itself. */
static void
test_no_cycle_with_a_timeout(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    make_var(&play, 0, "a");
    make_var(&play, 1, "b");
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_GET_OR_MAKE,
               .object = HUB_VARIABLE,
               .name = "b",
               .timeout = NSEC_PER_SEC,
           });
    make_var(&play, 1, "a");
    assert_int_equal(play.deadlocks, 0);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    play_close(&play);
}

static void
test_chain_is_no_cycle(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    make_var(&play, 0, "a");
    make_var(&play, 1, "b");
    make_var(&play, 1, "a");
    make_var(&play, 2, "b");
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

/* --- breaking --- */

static void
test_break_answers_all(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    for (int32_t i = 0; i < 2; i++) {
        assert_status(&play, i, HUB_DEADLOCK);
        assert_text(&play, i, "worker 1 (pad, step 1)");
    }
    assert_false(play.deadlock_stops);
    written(&play, 0, "one"); /* the round was given back */
    assert_int_equal(answer_of(&play, 0)->round, 1);
    play_close(&play);
}

/* A script that tries again at once does not spin: the next one is broken a
 * tenth of a second later, and after three the test stops. */
static void
test_break_three_times(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    for (int i = 1; i <= 4; i++) {
        wait_writer(&play, 0);
        wait_writer(&play, 1);
        if (i > 1 && i < 4) {
            assert_int_equal(play.deadlocks, i - 1);
            assert_waits(&play, 0);
            assert_int_equal(hub_next_deadline(play.hub),
                             play.now + 100 * NSEC_PER_MSEC);
            assert_false(quiescent(&play));
            advance(&play, 100 * NSEC_PER_MSEC - 1);
            assert_waits(&play, 0);
            advance(&play, 1);
        }
        assert_int_equal(play.deadlocks, i);
        if (i < 4)
            assert_status(&play, 0, HUB_DEADLOCK);
    }
    assert_true(play.deadlock_stops);
    assert_waits(&play, 0);
    play_close(&play);
}

static void
test_break_after_a_success_counts_anew(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    for (int i = 0; i < 10; i++) {
        wait_writer(&play, 0);
        wait_writer(&play, 1);
        assert_status(&play, 0, HUB_DEADLOCK);
        wait_writer(&play, 0);
        written(&play, 1, "text");
        assert_granted(&play, 0);
        advance(&play, 100 * NSEC_PER_MSEC);
    }
    assert_int_equal(play.deadlocks, 10);
    assert_false(play.deadlock_stops);
    play_close(&play);
}

/* A success in between makes the next deadlock the first of a row again, but
 * does not bring it any sooner. */
static void
test_break_after_a_success_is_not_at_once(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_status(&play, 0, HUB_DEADLOCK);
    wait_writer(&play, 0);
    written(&play, 1, "text");
    assert_granted(&play, 0);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_false(quiescent(&play));
    advance(&play, 100 * NSEC_PER_MSEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_status(&play, 0, HUB_DEADLOCK);
    assert_int_equal(play.deadlocks, 2);
    play_close(&play);
}

static void
test_broken_cycles_wait_too(void **state)
{
    struct play play;
    play_open_breaking(&play, 3);
    close_cycle(&play, 2);
    assert_status(&play, 1, HUB_DEADLOCK);
    make_var(&play, 1, "a"); /* again */
    assert_waits(&play, 1);
    advance(&play, 100 * NSEC_PER_MSEC);
    assert_int_equal(play.deadlocks, 2);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 1);
    play_close(&play);
}

static void
test_quiet_is_broken(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    wait_var(&play, 0);
    wait_var(&play, 1);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_DEADLOCK);
    assert_status(&play, 1, HUB_DEADLOCK);
    wait_var(&play, 0);
    wait_var(&play, 1);
    assert_false(quiescent(&play));
    assert_int_equal(hub_next_deadline(play.hub),
                     play.now + 100 * NSEC_PER_MSEC);
    advance(&play, 100 * NSEC_PER_MSEC);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 2);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycle_at_once),
        cmocka_unit_test(test_cycle_is_broken_where_it_closed),
        cmocka_unit_test(test_cycle_of_updates_and_factories),
        cmocka_unit_test(test_no_cycle_with_a_timeout),
        cmocka_unit_test(test_chain_is_no_cycle),
        cmocka_unit_test(test_break_answers_all),
        cmocka_unit_test(test_break_three_times),
        cmocka_unit_test(test_break_after_a_success_counts_anew),
        cmocka_unit_test(test_break_after_a_success_is_not_at_once),
        cmocka_unit_test(test_broken_cycles_wait_too),
        cmocka_unit_test(test_quiet_is_broken),
    };
    return cmocka_run_group_tests_name("cycles", tests, NULL, NULL);
}

/* The end of the test: who is stopped, and when. */
#include "driver.h"

/* Its next wait is answered with STOPPED, too. */
static bool
is_stopped(struct play *play, int32_t worker)
{
    return hub_member(play->hub, worker)->stopped;
}

static void
test_leaving_breaks_nothing(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_writer(&play, 0);
    hub_drain(play.hub, play.now);
    end(&play, 2);
    runs_over(&play, 2);
    leave(&play, 2);
    wait_writer(&play, 1);
    assert_waits(&play, 0);
    assert_waits(&play, 1);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    assert_status(&play, 1, HUB_STOPPED);
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

static void
test_leaving_satisfies_nothing(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    written(&play, 0, "one");
    wait_readers(&play, 0);
    hub_drain(play.hub, play.now);
    end(&play, 1);
    leave(&play, 1);
    leave(&play, 2);
    assert_waits(&play, 0);
    assert_int_equal(play.rounds_over, 0);
    hub_stop_waits(play.hub, play.now);
    assert_int_equal(coord(&play, "pad")->missed, 0);
    play_close(&play);
}

/* What was passed before still breaks, and runs in flight go on. */
static void
test_what_was_passed_before_counts(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    wait_writer(&play, 0);
    fail_run(&play, 3, "boom");
    hub_drain(play.hub, play.now);
    wait_writer(&play, 1);
    assert_waits(&play, 0);
    wait_writer(&play, 2);
    for (int32_t i = 0; i < 3; i++) {
        assert_status(&play, i, HUB_BROKEN);
        assert_text(&play, i, "boom");
    }
    play_close(&play);
}

/* A run still going passes rounds by using later ones. */
static void
test_runs_in_flight_go_on(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    written(&play, 0, "one");
    hub_drain(play.hub, play.now);
    wait_readers(&play, 0);
    wait_writer(&play, 1);
    assert_news(&play, 1, "one");
    written(&play, 1, "two");
    assert_granted(&play, 0);
    assert_int_equal(coord(&play, "pad")->missed, 1);
    play_close(&play);
}

static void
test_no_run_starts(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    end(&play, 0);
    hub_drain(play.hub, play.now);
    begin(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    assert_false(is_stopped(&play, 0)); /* its teardown may wait */
    play_close(&play);
}

/* Of what was asked for in time the hub may hear too late. */
static void
test_late_runs_start(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    wait_writer(&play, 0); /* the notifier is in use: who failed is held back */
    go_on(&play, 1);
    fail_run(&play, 1, "boom");
    end(&play, 2);
    hub_drain_late(play.hub, play.now);
    begin(&play, 1);
    assert_status(&play, 1, HUB_STOPPED);
    begin(&play, 2);
    assert_granted(&play, 2);
    end(&play, 3);
    runs_over(&play, 3); /* satisfies and breaks nothing */
    wait_writer(&play, 2);
    assert_waits(&play, 0);
    assert_waits(&play, 2);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    assert_status(&play, 2, HUB_STOPPED);
    end(&play, 2);
    begin(&play, 2);
    assert_status(&play, 2, HUB_STOPPED);
    play_close(&play);
}

/* A room's round needs all members, and some may have gone home. */
static void
test_late_runs_of_rooms_do_not(void **state)
{
    struct play play;
    play_open_rooms(&play, 1, 2, &(struct hub_config){0});
    start_all(&play);
    hub_drain_late(play.hub, play.now);
    begin(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

/* --- stopped --- */

static void
test_stopped_again_at_once(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_writer(&play, 0);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    assert_true(is_stopped(&play, 0));
    assert_false(is_stopped(&play, 1));
    written(&play, 1, "one");
    wait_writer(&play, 0); /* though there is one now */
    assert_status(&play, 0, HUB_STOPPED);
    wait_readers(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    assert_status(&play, 0, HUB_STOPPED);
    var(&play, 0, HUB_OP_VAR_GET_OR_MAKE, "x", NULL);
    assert_status(&play, 0, HUB_STOPPED);
    var(&play, 0, HUB_OP_VAR_LOCK, "x", NULL);
    assert_status(&play, 0, HUB_STOPPED);
    var(&play, 0, HUB_OP_VAR_SET, "x", text_value("a")); /* does not wait */
    assert_granted(&play, 0);
    var(&play, 1, HUB_OP_VAR_LOCK, "x", NULL);
    var(&play, 0, HUB_OP_VAR_SET, "x", text_value("b")); /* would wait */
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

static void
test_teardown_waits_anew(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    wait_writer(&play, 0);
    hub_drain(play.hub, play.now);
    quiescent(&play);
    end(&play, 0);
    runs_over(&play, 0);
    assert_false(is_stopped(&play, 0));
    wait_writer(&play, 0);
    assert_waits(&play, 0);
    assert_false(quiescent(&play)); /* worker 1 is in a run */
    end(&play, 1);
    runs_over(&play, 1);
    written(&play, 1, "bye");
    assert_news(&play, 0, "bye");
    play_close(&play);
}

static void
test_teardowns_are_stopped_last(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    hub_drain(play.hub, play.now);
    end(&play, 0);
    runs_over(&play, 0);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_true(quiescent(&play));
    assert_waits(&play, 0);
    assert_status(&play, 1, HUB_STOPPED);
    assert_false(quiescent(&play));
    for (int32_t i = 1; i < 3; i++) {
        end(&play, i);
        runs_over(&play, i);
    }
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    assert_true(is_stopped(&play, 0));
    wait_writer(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

/* Waits with a timeout are stopped, too; those that are due go first. */
static void
test_timeouts_in_drain(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_writer_for(&play, 0, NSEC_PER_SEC);
    wait_writer_for(&play, 1, 5 * NSEC_PER_SEC);
    hub_drain(play.hub, play.now);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_true(quiescent(&play));
    assert_status(&play, 1, HUB_STOPPED);
    play_close(&play);
}

static void
test_stop_waits_stops_all(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    end(&play, 0);
    runs_over(&play, 0);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    var(&play, HUB_GLOBAL, HUB_OP_VAR_WAIT, "x", NULL);
    written(&play, 3, "one");
    go_on(&play, 3);
    fail_run(&play, 3, "boom");
    begin(&play, 3); /* is held back */
    assert_waits(&play, 3);
    wait_writer(&play, 1);
    hub_stop_waits(play.hub, play.now);
    for (int32_t i = -1; i < 4; i++)
        if (i != 2)
            assert_status(&play, i, HUB_STOPPED);
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 0);
    assert_false(is_stopped(&play, 2)); /* it did not wait */
    assert_true(is_stopped(&play, HUB_GLOBAL));
    tell(&play, HUB_GLOBAL, HUB_OP_WORKER_END);
    tell(&play, HUB_GLOBAL, HUB_OP_WORKER_START);
    assert_false(is_stopped(&play, HUB_GLOBAL));
    play_close(&play);
}

/* What a run held goes on to the next one, in DRAIN too. */
static void
test_locks_are_released(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    var(&play, 0, HUB_OP_VAR_LOCK, "x", NULL);
    var(&play, 1, HUB_OP_VAR_LOCK, "x", NULL);
    hub_drain(play.hub, play.now);
    end(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaving_breaks_nothing),
        cmocka_unit_test(test_leaving_satisfies_nothing),
        cmocka_unit_test(test_what_was_passed_before_counts),
        cmocka_unit_test(test_runs_in_flight_go_on),
        cmocka_unit_test(test_no_run_starts),
        cmocka_unit_test(test_late_runs_start),
        cmocka_unit_test(test_late_runs_of_rooms_do_not),
        cmocka_unit_test(test_stopped_again_at_once),
        cmocka_unit_test(test_teardown_waits_anew),
        cmocka_unit_test(test_teardowns_are_stopped_last),
        cmocka_unit_test(test_timeouts_in_drain),
        cmocka_unit_test(test_stop_waits_stops_all),
        cmocka_unit_test(test_locks_are_released),
    };
    return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}

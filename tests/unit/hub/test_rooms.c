/* Workers that play in rooms: rounds, private names, the end of a room. */
#include <string.h>

#include "driver.h"

/* Rooms of two, all in their first run. Worker w is in room w / 2, which the
 * hub counts from 1. */
static void
open_running(struct play *play, int32_t rooms)
{
    play_open_rooms(play, rooms, 2, NULL);
    start_all(play);
    begin_all(play);
    for (int32_t i = 0; i < 2 * rooms; i++)
        assert_granted(play, i);
}

/* What worker w says is of its own room from now on. */
static void
be(struct play *play, int32_t worker)
{
    play->room = worker / 2 + 1;
}

static struct answer *
wait_var_of(struct play *play, int32_t worker)
{
    be(play, worker);
    return var(play, worker, HUB_OP_VAR_WAIT, "flag", NULL);
}

/* --- rounds --- */

static void
test_first_round_waits_for_all(void **state)
{
    struct play play;
    play_open_rooms(&play, 2, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    assert_waits(&play, 0);
    start(&play, 2);
    start(&play, 3);
    begin(&play, 2);
    begin(&play, 3);
    assert_granted(&play, 2);
    assert_granted(&play, 3);
    assert_waits(&play, 0);
    start(&play, 1);
    assert_waits(&play, 0);
    begin(&play, 1);
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_next_round_waits_for_the_slowest(void **state)
{
    struct play play;
    open_running(&play, 1);
    for (int round = 0; round < 3; round++) {
        go_on(&play, 1);
        assert_waits(&play, 1);
        end_delayed(&play, 0);
        assert_waits(&play, 1);
        begin(&play, 0);
        assert_granted(&play, 0);
        assert_granted(&play, 1);
    }
    play_close(&play);
}

static void
test_a_failed_run_ends_nothing(void **state)
{
    struct play play;
    open_running(&play, 1);
    be(&play, 0);
    written(&play, 0, "text");
    for (int round = 0; round < 3; round++) {
        fail_run(&play, 0, "boom");
        begin(&play, 0);
        assert_waits(&play, 0);
        go_on(&play, 1);
        assert_granted(&play, 0);
        assert_granted(&play, 1);
    }
    play_close(&play);
}

/* Nothing else happening is no reason to begin a round without a member. */
static void
test_quiescence_begins_no_round(void **state)
{
    struct play play;
    open_running(&play, 1);
    go_on(&play, 0);
    assert_false(quiescent(&play));
    assert_waits(&play, 0);
    play_close(&play);
}

static void
test_end_of_the_test(void **state)
{
    struct play play;
    open_running(&play, 1);
    go_on(&play, 0);
    hub_drain(play.hub, play.now);
    assert_status(&play, 0, HUB_STOPPED);
    go_on(&play, 1);
    assert_status(&play, 1, HUB_STOPPED);
    play_close(&play);
}

/* --- the end of a room --- */

static void
test_who_quits_ends_its_room_alone(void **state)
{
    struct play play;
    open_running(&play, 2);
    end(&play, 0);
    runs_over(&play, 0);
    /* Worker 1 finishes its run; then it has no more. */
    be(&play, 1);
    written(&play, 1, "still here");
    assert_granted(&play, 1);
    go_on(&play, 1);
    assert_status(&play, 1, HUB_STOPPED);
    for (int round = 0; round < 3; round++) {
        for (int32_t i = 2; i < 4; i++)
            go_on(&play, i);
        assert_granted(&play, 2);
        assert_granted(&play, 3);
    }
    play_close(&play);
}

static void
test_who_is_held_back_goes_home(void **state)
{
    struct play play;
    open_running(&play, 1);
    go_on(&play, 1);
    assert_waits(&play, 1);
    end(&play, 0);
    runs_over(&play, 0);
    assert_status(&play, 1, HUB_STOPPED);
    play_close(&play);
}

static void
test_who_never_starts_ends_its_room(void **state)
{
    struct play play;
    play_open_rooms(&play, 2, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    leave(&play, 1);
    assert_status(&play, 0, HUB_STOPPED);
    start(&play, 2);
    begin(&play, 2);
    assert_waits(&play, 2);
    play_close(&play);
}

static void
test_cancelling(void **state)
{
    struct play play;
    open_running(&play, 1);
    go_on(&play, 0);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    /* It may ask again. */
    play.steps[0]--;
    begin(&play, 0);
    go_on(&play, 1);
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_names_are_forgotten_with_the_room(void **state)
{
    struct play play;
    open_running(&play, 2);
    for (int32_t i = 0; i < 4; i += 2) {
        be(&play, i);
        written(&play, i, "text");
        var(&play, i, HUB_OP_VAR_SET, "flag", text_value("up"));
    }
    end(&play, 0);
    leave(&play, 0);
    be(&play, 1);
    var(&play, 1, HUB_OP_VAR_GET, "flag", NULL);
    assert_news(&play, 1, "up");
    leave(&play, 1);
    assert_null(hub_names(play.hub, 1)->objects);
    assert_null(hub_names(play.hub, 1)->variables);
    assert_non_null(hub_names(play.hub, 2)->objects);
    assert_non_null(hub_names(play.hub, 2)->variables);
    play_close(&play);
}

/* --- names --- */

static void
test_names_do_not_mix(void **state)
{
    struct play play;
    open_running(&play, 2);
    be(&play, 1);
    wait_writer(&play, 1);
    be(&play, 3);
    wait_writer(&play, 3);
    be(&play, 2);
    written(&play, 2, "of the second");
    assert_news(&play, 3, "of the second");
    assert_waits(&play, 1);
    be(&play, 0);
    written(&play, 0, "of the first");
    assert_news(&play, 1, "of the first");

    for (int32_t i = 0; i < 4; i += 2) {
        be(&play, i);
        var(&play, i, HUB_OP_VAR_SET, "flag",
            text_value(i == 0 ? "first" : "second"));
    }
    play.room = HUB_NO_ROOM;
    var(&play, 0, HUB_OP_VAR_GET, "flag", NULL);
    assert_granted(&play, 0);
    assert_null(answer_of(&play, 0)->value);
    be(&play, 1);
    var(&play, 1, HUB_OP_VAR_GET, "flag", NULL);
    assert_news(&play, 1, "first");
    be(&play, 3);
    var(&play, 3, HUB_OP_VAR_GET, "flag", NULL);
    assert_news(&play, 3, "second");
    play_close(&play);
}

static void
test_readers_are_those_of_the_room(void **state)
{
    struct play play;
    open_running(&play, 2);
    be(&play, 0);
    written(&play, 0, "text");
    wait_readers(&play, 0);
    assert_waits(&play, 0);
    wait_writer(&play, 1);
    one_read(&play, 1);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_names_of_others_are_refused(void **state)
{
    struct play play;
    open_running(&play, 2);
    be(&play, 0);
    var(&play, 3, HUB_OP_VAR_GET, "flag", NULL);
    assert_status(&play, 3, HUB_MISUSE);
    assert_text(&play, 3,
                "variable 'flag' is private to room 0: worker 3 plays in room "
                "1");
    written(&play, 3, "text");
    assert_status(&play, 3, HUB_MISUSE);
    assert_text(&play, 3, "notifier 'pad' is private to room 0");
    var(&play, HUB_GLOBAL, HUB_OP_VAR_GET, "flag", NULL);
    assert_status(&play, HUB_GLOBAL, HUB_MISUSE);
    assert_text(&play, HUB_GLOBAL, "a global fixture plays in no room");
    play_close(&play);

    play_open_running(&play, 1);
    play.room = 1;
    var(&play, 0, HUB_OP_VAR_GET, "flag", NULL);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "worker 0 plays in no room");
    play_close(&play);
}

/* --- waits that cannot end --- */

static void
test_who_has_ended_its_run_has_passed(void **state)
{
    struct play play;
    open_running(&play, 1);
    be(&play, 0);
    wait_writer(&play, 0);
    fail_run(&play, 1, "boom");
    assert_status(&play, 0, HUB_BROKEN);
    assert_text(&play, 0, "notifier 'pad' (room 0): round 1 of step 1");
    assert_text(&play, 0, "worker 1 had failed: boom");
    assert_int_equal(answer_of(&play, 0)->culprit, 1);
    begin(&play, 1);
    wait_writer(&play, 0);
    assert_status(&play, 0, HUB_BROKEN);
    assert_text(&play, 0, "worker 1 (held back before step 2)");
    assert_int_equal(play.deadlocks, 0);
    go_on(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_one_room_deadlocks_alone(void **state)
{
    struct play play;
    open_running(&play, 2);
    wait_var_of(&play, 2);
    assert_int_equal(play.deadlocks, 0);
    wait_var_of(&play, 3);
    assert_int_equal(play.deadlocks, 1);
    assert_true(play.deadlock_stops);
    assert_says(play.report,
                "all workers of room 1 of workload 'chat' wait for each other");
    assert_says(play.report, "variable 'flag' (room 1)");
    assert_false(strstr(play.report, "worker 0"));
    play_close(&play);
}

static void
test_a_broken_deadlock_leaves_others_alone(void **state)
{
    struct play play;
    play_open_rooms(&play, 2, 2,
                    &(struct hub_config){
                        .on_deadlock_do = HUB_DEADLOCK_BREAK,
                        .wait_timeout = HUB_TIMEOUT_NONE,
                    });
    start_all(&play);
    begin_all(&play);
    wait_var_of(&play, 0);
    wait_var_of(&play, 2);
    wait_var_of(&play, 3);
    assert_int_equal(play.deadlocks, 1);
    assert_status(&play, 2, HUB_DEADLOCK);
    assert_status(&play, 3, HUB_DEADLOCK);
    assert_waits(&play, 0);
    be(&play, 1);
    var(&play, 1, HUB_OP_VAR_SET, "flag", text_value("up"));
    assert_news(&play, 0, "up");
    play_close(&play);
}

/* Worker 1 can do nothing for worker 0 any more: it waits for its run's end. */
static void
test_who_is_held_back_cannot_help(void **state)
{
    struct play play;
    open_running(&play, 2);
    wait_var_of(&play, 0);
    end(&play, 1);
    assert_int_equal(play.deadlocks, 0);
    begin(&play, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "ready for the next round of room 0: worker 1 "
                             "(held back before step 2)");
    play_close(&play);
}

/* Somebody of another room may still end a wait on everybody's names. */
static void
test_waits_on_shared_names_are_judged_with_all(void **state)
{
    struct play play;
    open_running(&play, 2);
    var(&play, 0, HUB_OP_VAR_WAIT, "flag", NULL);
    var(&play, 1, HUB_OP_VAR_WAIT, "flag", NULL);
    assert_int_equal(play.deadlocks, 0);
    var(&play, 2, HUB_OP_VAR_WAIT, "flag", NULL);
    go_on(&play, 3);
    assert_int_equal(play.deadlocks, 0);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "ready for the next round of room 1: worker 3");
    play_close(&play);
}

static struct answer *
of_type(struct play *play, int32_t worker, enum hub_object_type object,
        const char *name, enum hub_op_type type, nsec_t timeout)
{
    be(play, worker);
    return submit(play, worker, 0,
                  (struct hub_op){
                      .type = type,
                      .object = object,
                      .name = name,
                      .timeout = timeout,
                  });
}

/* Its timeout leaves a condition's wait without one: it needs the lock now, and
 * who has that waits for it. */
static void
test_a_timeout_completes_a_deadlock(void **state)
{
    struct play play;
    open_running(&play, 2);
    of_type(&play, 0, HUB_CONDITION, "full", HUB_OP_LOCK_ACQUIRE, 0);
    of_type(&play, 0, HUB_CONDITION, "full", HUB_OP_CONDITION_WAIT,
            NSEC_PER_SEC);
    of_type(&play, 1, HUB_CONDITION, "full", HUB_OP_LOCK_ACQUIRE, 0);
    assert_granted(&play, 1);
    of_type(&play, 1, HUB_EVENT, "go", HUB_OP_EVENT_WAIT, 0);
    assert_int_equal(play.deadlocks, 0);
    advance(&play, NSEC_PER_SEC);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "all workers of room 0 of workload 'chat'");
    assert_says(play.report, "timeout, but its lock is still held");
    play_close(&play);
}

static void
test_timeouts_name_the_room(void **state)
{
    struct play play;
    open_running(&play, 2);
    be(&play, 2);
    wait_writer_for(&play, 2, NSEC_PER_SEC);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 2, HUB_TIMEOUT);
    assert_text(&play, 2,
                "notifier 'pad' (room 1): round 1 of step 1 not written");
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_round_waits_for_all),
        cmocka_unit_test(test_next_round_waits_for_the_slowest),
        cmocka_unit_test(test_a_failed_run_ends_nothing),
        cmocka_unit_test(test_quiescence_begins_no_round),
        cmocka_unit_test(test_end_of_the_test),
        cmocka_unit_test(test_who_quits_ends_its_room_alone),
        cmocka_unit_test(test_who_is_held_back_goes_home),
        cmocka_unit_test(test_who_never_starts_ends_its_room),
        cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_names_are_forgotten_with_the_room),
        cmocka_unit_test(test_names_do_not_mix),
        cmocka_unit_test(test_readers_are_those_of_the_room),
        cmocka_unit_test(test_names_of_others_are_refused),
        cmocka_unit_test(test_who_has_ended_its_run_has_passed),
        cmocka_unit_test(test_one_room_deadlocks_alone),
        cmocka_unit_test(test_a_broken_deadlock_leaves_others_alone),
        cmocka_unit_test(test_who_is_held_back_cannot_help),
        cmocka_unit_test(test_waits_on_shared_names_are_judged_with_all),
        cmocka_unit_test(test_a_timeout_completes_a_deadlock),
        cmocka_unit_test(test_timeouts_name_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

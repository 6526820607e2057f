/* Conditions: a wait comes back with the lock, however it ends. */
#include "conditions.h"

static void
test_wait_gives_the_lock_away_and_back(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter_and_await(&play, 0);
    enter(&play, 1);
    assert_granted(&play, 1);
    assert_int_equal(notify(&play, 1, 1), 1);
    assert_waits(&play, 0); /* for the lock now */
    leave_it(&play, 1);
    assert_granted(&play, 0);
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

static void
test_notified_in_order(void **state)
{
    struct play play;
    play_open_running(&play, 5);
    for (int32_t i = 0; i < 4; i++)
        enter_and_await(&play, i);
    enter(&play, 4);
    assert_int_equal(notify(&play, 4, 2), 2);
    leave_it(&play, 4);
    assert_granted(&play, 0);
    assert_waits(&play, 1);
    assert_has_lock_and_leaves(&play, 0);
    assert_granted(&play, 1);
    assert_has_lock_and_leaves(&play, 1);
    assert_waits(&play, 2);
    assert_waits(&play, 3);
    enter(&play, 4);
    assert_int_equal(notify(&play, 4, 5), 2); /* there are no more */
    assert_int_equal(notify(&play, 4, 1), 0);
    play_close(&play);
}

static void
test_notify_all(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    for (int32_t i = 0; i < 3; i++)
        enter_and_await(&play, i);
    enter(&play, 3);
    assert_int_equal(notify(&play, 3, 0), 3);
    leave_it(&play, 3);
    for (int32_t i = 0; i < 3; i++) {
        assert_granted(&play, i);
        assert_has_lock_and_leaves(&play, i);
    }
    play_close(&play);
}

/* Nothing is kept for those who come later. */
static void
test_notify_is_not_kept(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 1);
    assert_int_equal(notify(&play, 1, 0), 0);
    leave_it(&play, 1);
    enter_and_await(&play, 0);
    play_close(&play);
}

static void
test_notified_behind_others(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    enter_and_await(&play, 0);
    enter(&play, 1);
    enter(&play, 2);
    notify(&play, 1, 1);
    leave_it(&play, 1);
    assert_granted(&play, 2); /* came first */
    assert_waits(&play, 0);
    leave_it(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

/* --- misuse --- */

static void
test_needs_the_lock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    await(&play, 0);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "wait: condition 'full' is not held by this task: "
                        "nobody holds it");
    play.where = "pad.lua:3";
    enter(&play, 1);
    notify(&play, 0, 1);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "notify: condition 'full' is not held by this task: "
                        "worker 1 (in its run of step 1) holds it, acquired "
                        "at pad.lua:3");
    notify(&play, 0, 0);
    assert_text(&play, 0, "notify_all: ");
    leave_it(&play, 0);
    assert_text(&play, 0, "release: ");
    play_close(&play);
}

static struct answer *
declare(struct play *play, const char *name, const char *lock, int32_t room)
{
    return object_op_of(play, 0, 0, HUB_CONDITION, name,
                        (struct hub_op){
                            .type = HUB_OP_DECLARE,
                            .options.given = true,
                            .options.lock = lock,
                            .options.lock_room = room,
                        });
}

static void
test_lock_of_another_object(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    declare(&play, "full", "seat", HUB_SAME_ROOM);
    acquire(&play, 0, "seat");
    await(&play, 0);
    assert_waits(&play, 0);
    enter(&play, 1);
    assert_granted(&play, 1);
    assert_true(locked(&play, 1, "seat"));
    notify(&play, 1, 1);
    release(&play, 1, "seat");
    assert_granted(&play, 0);
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    await(&play, 0);
    assert_text(&play, 0, "wait: lock 'seat' is not held by this task");

    object_op_of(&play, 0, 0, HUB_LOCK, "seat",
                 (struct hub_op){.type = HUB_OP_FREE});
    assert_text(&play, 0, "a condition uses it");
    condition_op(&play, 0, (struct hub_op){.type = HUB_OP_FREE});
    assert_granted(&play, 0);
    object_op_of(&play, 0, 0, HUB_LOCK, "seat",
                 (struct hub_op){.type = HUB_OP_FREE});
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_locks_that_do_not_fit(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    written(&play, 1, "x"); /* a notifier 'pad' */
    assert_int_equal(declare(&play, "full", "pad", HUB_SAME_ROOM)->status,
                     HUB_MISUSE);
    assert_text(&play, 0, "'pad' is a notifier already, not a lock");
    assert_int_equal(declare(&play, "full", "seat", 3)->status, HUB_MISUSE);
    assert_text(&play, 0,
                "condition 'full' and its lock 'seat' must both be of the "
                "same room or of none");
    play_close(&play);
}

static void
test_lock_given_later(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 1); /* without options: a lock of its own */
    declare(&play, "full", "seat", HUB_SAME_ROOM);
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "condition 'full' is in use with a lock of its own "
                        "and cannot change to lock 'seat'");
    leave_it(&play, 1);
    declare(&play, "full", "seat", HUB_SAME_ROOM);
    assert_granted(&play, 0);
    enter(&play, 1);
    assert_true(locked(&play, 0, "seat"));
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter_and_await(&play, 0);
    condition_op(&play, 1, (struct hub_op){.type = HUB_OP_FREE});
    assert_text(&play, 1, "a worker waits on it");
    enter(&play, 1);
    notify(&play, 1, 1);
    condition_op(&play, 1, (struct hub_op){.type = HUB_OP_FREE});
    assert_text(&play, 1, "a worker holds its lock");
    play_close(&play);
}

static void
test_worker_scope_outlives_a_wait(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    condition_op(&play, 0,
                 (struct hub_op){
                     .type = HUB_OP_LOCK_ACQUIRE,
                     .worker_scope = true,
                 });
    await(&play, 0);
    enter(&play, 1);
    notify(&play, 1, 1);
    leave_it(&play, 1);
    go_on(&play, 0);
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

/* --- deadlock --- */

static void
test_all_wait(void **state)
{
    struct play play;
    play_open_breaking(&play, 2);
    enter_and_await(&play, 0);
    enter_and_await(&play, 1);
    assert_true(quiescent(&play));
    assert_says(play.report, "worker 1 (pad, step 1)");
    assert_says(play.report, "wait of condition 'full'");
    assert_says(play.report, "not notified; missing: a notify");
    /* One after the other, both with the lock. */
    assert_status(&play, 0, HUB_DEADLOCK);
    assert_waits(&play, 1);
    assert_has_lock_and_leaves(&play, 0);
    assert_status(&play, 1, HUB_DEADLOCK);
    assert_has_lock_and_leaves(&play, 1);
    play_close(&play);
}

/* A wait that must have the lock first is no victim: the other one is. */
static void
test_cycle_with_a_return(void **state)
{
    struct play play;
    play_open_breaking(&play, 3);
    acquire(&play, 0, "other");
    enter_and_await(&play, 0);
    enter(&play, 1);
    acquire(&play, 1, "other");
    assert_int_equal(play.deadlocks, 0); /* somebody could notify worker 0 */
    cancel(&play, 0);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "cancelled, but its lock is still held; missing: "
                             "worker 1");
    assert_waits(&play, 0);
    assert_status(&play, 1, HUB_DEADLOCK);
    leave_it(&play, 1);
    assert_status(&play, 0, HUB_CANCELLED);
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

/* While it waits for the lock, no timeout of its own will end it. */
static void
test_no_timeout_while_returning(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    await_for(&play, 0, NSEC_PER_SEC);
    enter(&play, 1);
    wait_readers(&play, 1);
    advance(&play, NSEC_PER_SEC);
    acquire(&play, 1, "other");
    assert_int_equal(play.hub->own_timeout_count, 0);
    play_close(&play);
}

static void
test_numbers(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    await_for(&play, 0, NSEC_PER_SEC);
    advance(&play, NSEC_PER_SEC);
    const struct coord_stats *stats = coord(&play, "full");
    assert_int_equal(stats->timeouts, 1);
    assert_int_equal(stats->contended, 1);
    assert_int_equal(hist_count(stats->held), 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_gives_the_lock_away_and_back),
        cmocka_unit_test(test_notified_in_order),
        cmocka_unit_test(test_notify_all),
        cmocka_unit_test(test_notify_is_not_kept),
        cmocka_unit_test(test_notified_behind_others),
        cmocka_unit_test(test_needs_the_lock),
        cmocka_unit_test(test_lock_of_another_object),
        cmocka_unit_test(test_locks_that_do_not_fit),
        cmocka_unit_test(test_lock_given_later),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_worker_scope_outlives_a_wait),
        cmocka_unit_test(test_all_wait),
        cmocka_unit_test(test_cycle_with_a_return),
        cmocka_unit_test(test_no_timeout_while_returning),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}

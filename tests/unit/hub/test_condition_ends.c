/* Conditions whose wait ends other than by a notify: timeouts, cancelling, the
 * end of the test or of the task. */
#include "conditions.h"

/* Workers 0 and 1 wait; worker 2, which has the lock, has notified the first
 * of them. */
static void
play_open_notified(struct play *play)
{
    play_open_running(play, 3);
    enter_and_await(play, 0);
    enter_and_await(play, 1);
    enter(play, 2);
    notify(play, 2, 1);
}

static void
test_timeout_with_the_lock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    play.where = "pad.lua:9";
    enter(&play, 0);
    await_for(&play, 0, 5 * NSEC_PER_SEC);
    advance(&play, 5 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_string_equal(answer_of(&play, 0)->text,
                        "condition 'full': not notified after 5 s at "
                        "pad.lua:9; missing: a notify from any worker");
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

static void
test_timeout_waits_for_the_lock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    await_for(&play, 0, 5 * NSEC_PER_SEC);
    enter(&play, 1);
    advance(&play, 5 * NSEC_PER_SEC);
    assert_waits(&play, 0);
    assert_int_equal(notify(&play, 1, 1), 0); /* too late for it */
    advance(&play, 3600 * NSEC_PER_SEC);
    assert_waits(&play, 0);
    leave_it(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0, "not notified after 5 s");
    assert_text(&play, 0, "a notify from worker 1");
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

/* Once it is notified, its timeout is over. */
static void
test_notified_in_time(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    await_for(&play, 0, 5 * NSEC_PER_SEC);
    enter(&play, 1);
    advance(&play, 2 * NSEC_PER_SEC);
    notify(&play, 1, 1);
    advance(&play, NSEC_PER_SEC);
    leave_it(&play, 1);
    assert_granted(&play, 0);
    assert_int_equal(answer_of(&play, 0)->remaining, 2 * NSEC_PER_SEC);
    enter(&play, 1);
    await_for(&play, 0, 2 * NSEC_PER_SEC);
    assert_granted(&play, 1);
    notify(&play, 1, 1);
    advance(&play, 3600 * NSEC_PER_SEC);
    assert_waits(&play, 0);
    leave_it(&play, 1);
    assert_granted(&play, 0);
    assert_true(answer_of(&play, 0)->remaining > 0);
    assert_true(answer_of(&play, 0)->remaining <= NSEC_PER_USEC);
    play_close(&play);
}

/* Longer than time lasts is for ever, also for one that goes on with what is
 * left of it. */
static void
test_notified_in_a_timeout_without_end(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    await_for(&play, 0, NSEC_NEVER - 1);
    enter(&play, 1);
    notify(&play, 1, 1);
    leave_it(&play, 1);
    assert_granted(&play, 0);
    assert_int_equal(answer_of(&play, 0)->remaining, 0); /* all of it */
    play_close(&play);
}

static void
test_timeout_of_nothing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter(&play, 0);
    enter(&play, 1);
    play_try(&play, 0,
             (struct hub_op){
                 .type = HUB_OP_CONDITION_WAIT,
                 .object = HUB_CONDITION,
                 .name = "full",
             });
    assert_granted(&play, 1); /* it gave the lock away all the same */
    assert_waits(&play, 0);
    leave_it(&play, 1);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

static void
test_cancelled_with_the_lock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    enter_and_await(&play, 0);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    await(&play, 0);
    enter(&play, 1);
    cancel(&play, 0);
    assert_waits(&play, 0);
    leave_it(&play, 1);
    assert_status(&play, 0, HUB_CANCELLED);
    assert_has_lock_and_leaves(&play, 0);
    play_close(&play);
}

/* Cancelled between its notify and the lock: the next one is notified. */
static void
test_cancelled_after_the_notify(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    for (int32_t i = 0; i < 3; i++)
        enter_and_await(&play, i);
    enter(&play, 3);
    notify(&play, 3, 1);
    cancel(&play, 0);
    cancel(&play, 0); /* twice is once */
    leave_it(&play, 3);
    assert_status(&play, 0, HUB_CANCELLED);
    assert_has_lock_and_leaves(&play, 0);
    assert_granted(&play, 1);
    assert_has_lock_and_leaves(&play, 1);
    assert_waits(&play, 2);
    play_close(&play);
}

/* Once it has the lock the cancellation comes too late. */
static void
test_cancelled_after_the_lock(void **state)
{
    struct play play;
    play_open_notified(&play);
    leave_it(&play, 2);
    cancel(&play, 0);
    assert_granted(&play, 0);
    assert_has_lock_and_leaves(&play, 0);
    assert_waits(&play, 1);
    play_close(&play);
}

static void
test_stopped_comes_back_without_the_lock(void **state)
{
    struct play play;
    play_open_notified(&play);
    hub_drain(play.hub, play.now);
    hub_stop_waits(play.hub, play.now);
    assert_status(&play, 0, HUB_STOPPED);
    assert_status(&play, 1, HUB_STOPPED);
    leave_it(&play, 0); /* no misuse of one that is stopped */
    assert_granted(&play, 0);
    leave_it(&play, 2);
    assert_granted(&play, 2);
    enter(&play, 2);
    assert_granted(&play, 2);
    play_close(&play);
}

/* A notified task that is taken down hands its notification on. */
static void
test_task_reset_after_the_notify(void **state)
{
    struct play play;
    play_open_notified(&play);
    runs_over(&play, 0);
    leave_it(&play, 2);
    assert_granted(&play, 1);
    play_close(&play);
}

/* Neither does it wait for the lock that it will not need. */
static void
test_task_reset_that_gives_up(void **state)
{
    struct play play;
    play_open_notified(&play);
    hub_submit(play.hub,
               &(struct hub_op){
                   .type = HUB_OP_CANCEL,
                   .id = {0, 0, answer_of(&play, 0)->seq},
                   .given_up = true,
               },
               play.now);
    assert_status(&play, 0, HUB_CANCELLED);
    leave_it(&play, 2);
    assert_granted(&play, 1);
    play_close(&play);
}

/* It had the lock again and did not live to see it. */
static void
test_notification_that_was_not_seen(void **state)
{
    struct play play;
    play_open_notified(&play);
    leave_it(&play, 2);
    assert_granted(&play, 0);
    give_back_unseen(&play, 0, 0,
                     (struct hub_op){
                         .type = HUB_OP_CONDITION_WAIT,
                         .object = HUB_CONDITION,
                         .name = "full",
                     });
    runs_over(&play, 0);
    assert_granted(&play, 1);
    assert_has_lock_and_leaves(&play, 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeout_with_the_lock),
        cmocka_unit_test(test_timeout_waits_for_the_lock),
        cmocka_unit_test(test_notified_in_time),
        cmocka_unit_test(test_notified_in_a_timeout_without_end),
        cmocka_unit_test(test_timeout_of_nothing),
        cmocka_unit_test(test_cancelled_with_the_lock),
        cmocka_unit_test(test_cancelled_after_the_notify),
        cmocka_unit_test(test_cancelled_after_the_lock),
        cmocka_unit_test(test_stopped_comes_back_without_the_lock),
        cmocka_unit_test(test_task_reset_after_the_notify),
        cmocka_unit_test(test_task_reset_that_gives_up),
        cmocka_unit_test(test_notification_that_was_not_seen),
    };
    return cmocka_run_group_tests_name("condition_ends", tests, NULL, NULL);
}

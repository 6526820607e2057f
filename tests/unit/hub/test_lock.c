/* Locks: who has one, who is next, and what is refused. */
#include "holders.h"

static void
test_one_at_a_time(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    assert_false(locked(&play, 2, "seat"));
    acquire(&play, 0, "seat");
    assert_granted(&play, 0);
    assert_true(locked(&play, 2, "seat"));
    acquire(&play, 1, "seat");
    assert_waits(&play, 1);
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    assert_true(locked(&play, 2, "seat"));
    release(&play, 1, "seat");
    assert_false(locked(&play, 2, "seat"));
    play_close(&play);
}

static void
test_first_come_first_served(void **state)
{
    struct play play;
    play_open_running(&play, 5);
    acquire(&play, 0, "seat");
    static const int32_t order[] = {3, 1, 4, 2};
    for (int i = 0; i < 4; i++)
        acquire(&play, order[i], "seat");
    int32_t holder = 0;
    for (int i = 0; i < 4; i++) {
        release(&play, holder, "seat");
        holder = order[i];
        assert_granted(&play, holder);
        for (int rest = i + 1; rest < 4; rest++)
            assert_waits(&play, order[rest]);
    }
    play_close(&play);
}

static void
test_releaser_does_not_overtake(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    release(&play, 0, "seat");
    assert_int_equal(try_acquire(&play, 2, "seat")->status, HUB_WOULD_WAIT);
    acquire(&play, 0, "seat");
    assert_waits(&play, 0);
    assert_granted(&play, 1);
    release(&play, 1, "seat");
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_attempts(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    assert_int_equal(try_acquire(&play, 0, "seat")->status, HUB_GRANTED);
    assert_int_equal(try_acquire(&play, 1, "seat")->status, HUB_WOULD_WAIT);
    release(&play, 0, "seat");
    assert_int_equal(try_acquire(&play, 1, "seat")->status, HUB_GRANTED);
    play_close(&play);
}

/* It does not wait, so one that is stopped may still clean up with it. */
static void
test_attempt_of_one_that_is_stopped(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    acquire(&play, 1, "seat");
    acquire(&play, 0, "seat");
    hub_stop_waits(play.hub, play.now);
    assert_status(&play, 0, HUB_STOPPED);
    assert_int_equal(try_acquire(&play, 0, "seat")->status, HUB_WOULD_WAIT);
    release(&play, 1, "seat");
    assert_int_equal(try_acquire(&play, 0, "seat")->status, HUB_GRANTED);
    acquire(&play, 0, "bed");
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

/* --- misuse --- */

static void
test_acquiring_what_one_holds(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    play.where = "seat.lua:3";
    acquire(&play, 0, "seat");
    play.where = "seat.lua:8";
    acquire(&play, 0, "seat");
    assert_status(&play, 0, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 0)->text,
                        "lock 'seat' is held by this task already, acquired "
                        "at seat.lua:3: nobody else could release it");
    try_acquire(&play, 0, "seat");
    assert_status(&play, 0, HUB_MISUSE);
    release(&play, 0, "seat"); /* still the first one's */
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_another_task_of_the_worker_waits(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    spawn(&play, 0, 1);
    acquire(&play, 0, "seat");
    assert_true(acquire_in(&play, 0, 1, "seat")->waiting);
    release(&play, 0, "seat");
    assert_int_equal(release_in(&play, 0, 1, "seat")->status, HUB_GRANTED);
    play_close(&play);
}

static void
test_only_the_holder_releases(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    release(&play, 1, "seat");
    assert_status(&play, 1, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 1)->text,
                        "release: lock 'seat' is not held by this task: "
                        "nobody holds it");
    play.where = "seat.lua:3";
    acquire(&play, 0, "seat");
    release(&play, 1, "seat");
    assert_status(&play, 1, HUB_MISUSE);
    assert_string_equal(answer_of(&play, 1)->text,
                        "release: lock 'seat' is not held by this task: "
                        "worker 0 (in its run of step 1) holds it, acquired "
                        "at seat.lua:3");
    spawn(&play, 0, 1);
    assert_string_equal(release_in(&play, 0, 1, "seat")->text,
                        "release: lock 'seat' is not held by this task: "
                        "another task of this worker holds it, acquired at "
                        "seat.lua:3");
    assert_true(locked(&play, 1, "seat"));
    play_close(&play);
}

static struct answer *
free_lock(struct play *play, int32_t worker, const char *name)
{
    return object_op_of(play, worker, 0, HUB_LOCK, name,
                        (struct hub_op){.type = HUB_OP_FREE});
}

static void
test_freeing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    acquire(&play, 0, "seat");
    free_lock(&play, 1, "seat");
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "lock 'seat' cannot be freed: a worker holds it");
    release(&play, 0, "seat");
    free_lock(&play, 1, "seat");
    assert_granted(&play, 1);
    play_close(&play);
}

/* --- waits that end without it --- */

static void
test_timeout_names_the_holder(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    play.where = "seat.lua:3";
    acquire(&play, 0, "seat");
    play.where = "seat.lua:9";
    acquire_for(&play, 1, "seat", 5 * NSEC_PER_SEC);
    acquire(&play, 2, "seat");
    advance(&play, 5 * NSEC_PER_SEC);
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_string_equal(answer_of(&play, 1)->text,
                        "lock 'seat': still held after 5 s at seat.lua:9; "
                        "missing: worker 0 (in its run of step 1), which "
                        "acquired it at seat.lua:3");
    release(&play, 0, "seat"); /* not to the one that has gone */
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_default_timeout_and_none(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    acquire_for(&play, 2, "seat", HUB_TIMEOUT_NONE);
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 1, HUB_TIMEOUT);
    advance(&play, 3600 * NSEC_PER_SEC);
    assert_waits(&play, 2);
    play_close(&play);
}

static void
test_timeout_of_nothing(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    const struct hub_op op = {
        .type = HUB_OP_LOCK_ACQUIRE,
        .object = HUB_LOCK,
        .name = "seat",
    };
    play_try(&play, 0, op);
    assert_granted(&play, 0);
    play_try(&play, 1, op);
    assert_status(&play, 1, HUB_TIMEOUT);
    play_close(&play);
}

static void
test_cancelled_before_the_grant(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    acquire(&play, 2, "seat");
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    release(&play, 0, "seat");
    assert_granted(&play, 2);
    play_close(&play);
}

/* Granted and then cancelled in one turn: the grant stands, once. */
static void
test_cancelled_after_the_grant(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    acquire(&play, 2, "seat");
    release(&play, 0, "seat");
    int64_t replies = play.replies;
    cancel(&play, 1);
    assert_int_equal(play.replies, replies);
    assert_granted(&play, 1);
    assert_waits(&play, 2);
    release(&play, 1, "seat");
    assert_granted(&play, 2);
    play_close(&play);
}

/* A grant that its task never saw, because the task was reset. */
static void
test_grant_of_a_reset_task_goes_on(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    spawn(&play, 1, 1);
    acquire(&play, 0, "seat");
    acquire_in(&play, 1, 1, "seat");
    acquire(&play, 2, "seat");
    release(&play, 0, "seat");
    end_task(&play, 1, 1, true);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_stopped(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    acquire(&play, 2, "seat");
    hub_drain(play.hub, play.now);
    hub_stop_waits(play.hub, play.now);
    assert_status(&play, 1, HUB_STOPPED);
    assert_status(&play, 2, HUB_STOPPED);
    acquire(&play, 1, "other");
    assert_status(&play, 1, HUB_STOPPED);
    release(&play, 1, "seat"); /* tidying up is no misuse */
    assert_granted(&play, 1);
    assert_true(locked(&play, 0, "seat"));
    release(&play, 0, "seat");
    assert_false(locked(&play, 0, "seat"));
    play_close(&play);
}

/* --- cycles --- */

static void
test_cycle(void **state)
{
    struct play play;
    play_open_running(&play, 3); /* worker 2 is busy */
    acquire(&play, 0, "a");
    acquire(&play, 1, "b");
    play.where = "seat.lua:4";
    acquire(&play, 0, "b");
    assert_int_equal(play.deadlocks, 0);
    play.where = "seat.lua:7";
    acquire(&play, 1, "a");
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "each of these waits for the next one");
    assert_says(play.report,
                "worker 1 (pad, step 1): acquire of lock 'a' for 0 s at "
                "seat.lua:7: still held; missing: worker 0");
    assert_says(play.report,
                "worker 0 (pad, step 1): acquire of lock 'b' for 0 s at "
                "seat.lua:4: still held; missing: worker 1");
    play_close(&play);
}

static void
test_cycle_is_broken(void **state)
{
    struct play play;
    play_open_breaking(&play, 3);
    acquire(&play, 0, "a");
    acquire(&play, 1, "b");
    acquire(&play, 0, "b");
    acquire(&play, 1, "a");
    assert_status(&play, 1, HUB_DEADLOCK);
    assert_waits(&play, 0);
    release(&play, 1, "b");
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_cycle_with_a_join(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    spawn(&play, 0, 1);
    acquire(&play, 0, "a");
    acquire_in(&play, 0, 1, "a");
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_TASK_JOIN,
               .object = HUB_TASK,
               .other = 1,
           });
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

/* What comes to a waiting parent from its child can close a cycle, too. */
static void
test_cycle_by_passing_on(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    spawn(&play, 0, 1);
    acquire_in(&play, 0, 1, "a");
    acquire(&play, 1, "b");
    acquire(&play, 1, "a");
    acquire(&play, 0, "b");
    assert_int_equal(play.deadlocks, 0);
    end_task(&play, 0, 1, false);
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

/* --- what is measured --- */

static void
test_numbers(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    acquire(&play, 0, "seat");
    acquire(&play, 1, "seat");
    advance(&play, 2 * NSEC_PER_SEC);
    release(&play, 0, "seat");
    release(&play, 1, "seat");
    const struct coord_stats *stats = coord(&play, "seat");
    assert_int_equal(stats->waits, 2);
    assert_int_equal(stats->contended, 1);
    assert_int_equal(hist_count(stats->held), 2);
    assert_true(hist_max(stats->held) >= 2 * NSEC_PER_SEC);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_releaser_does_not_overtake),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_attempt_of_one_that_is_stopped),
        cmocka_unit_test(test_acquiring_what_one_holds),
        cmocka_unit_test(test_another_task_of_the_worker_waits),
        cmocka_unit_test(test_only_the_holder_releases),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_timeout_names_the_holder),
        cmocka_unit_test(test_default_timeout_and_none),
        cmocka_unit_test(test_timeout_of_nothing),
        cmocka_unit_test(test_cancelled_before_the_grant),
        cmocka_unit_test(test_cancelled_after_the_grant),
        cmocka_unit_test(test_grant_of_a_reset_task_goes_on),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_cycle_is_broken),
        cmocka_unit_test(test_cycle_with_a_join),
        cmocka_unit_test(test_cycle_by_passing_on),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}

/* What becomes of locks and permits when a task, a run or a worker ends. */
#include "holders.h"

static struct answer *
take(struct play *play, int32_t worker, uint32_t task, int64_t amount)
{
    return object_op_of(play, worker, task, HUB_SEMAPHORE, "door",
                        (struct hub_op){
                            .type = HUB_OP_SEMAPHORE_ACQUIRE,
                            .amount = amount,
                            .options = {.given = true, .permits = 3},
                        });
}

static void
test_nothing_is_left(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    settle(&play, 0);
    assert_granted(&play, 0);
    acquire(&play, 0, "seat");
    release(&play, 0, "seat");
    settle(&play, 0);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_what_is_left_is_named_and_released(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    play.where = "a.lua:9";
    acquire(&play, 0, "seat");
    play.where = "a.lua:10";
    take(&play, 0, 0, 2);
    object_op_of(&play, 0, 0, HUB_CONDITION, "full",
                 (struct hub_op){.type = HUB_OP_LOCK_ACQUIRE});
    acquire(&play, 1, "seat");
    assert_waits(&play, 1);
    settle(&play, 0);
    assert_status(&play, 0, HUB_LEAKED);
    assert_string_equal(answer_of(&play, 0)->text,
                        "lock 'seat' (acquired at a.lua:9), 2 permits of "
                        "semaphore 'door' (acquired at a.lua:10), condition "
                        "'full' (acquired at a.lua:10)");
    assert_granted(&play, 1);
    settle(&play, 0); /* it is gone */
    assert_granted(&play, 0);
    play_close(&play);
}

/* A run that failed, or was taken down, is not blamed for it as well. */
static void
test_end_of_a_failed_run(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    acquire(&play, 0, "seat");
    take(&play, 0, 0, 3);
    acquire(&play, 1, "seat");
    fail_run(&play, 0, "oops");
    assert_granted(&play, 1);
    assert_int_equal(take(&play, 1, 0, 3)->status, HUB_GRANTED);
    play_close(&play);
}

static void
test_without_owners_nothing_leaks(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    object_op_of(&play, 0, 0, HUB_SEMAPHORE, "door",
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = 1,
                     .options = {.given = true, .unowned = true},
                 });
    settle(&play, 0);
    assert_granted(&play, 0);
    play_close(&play);
}

/* --- kept for the worker --- */

static void
test_kept_until_a_later_run(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    keep(&play, 0, "seat");
    settle(&play, 0);
    assert_granted(&play, 0);
    acquire(&play, 1, "seat");
    end(&play, 0);
    assert_waits(&play, 1);
    begin(&play, 0);
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_kept_until_the_worker_ends(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    keep(&play, 0, "seat");
    acquire(&play, 1, "seat");
    end(&play, 0);
    runs_over(&play, 0);
    assert_waits(&play, 1);
    leave(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_kept_by_one_that_waited(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    acquire(&play, 1, "seat");
    keep(&play, 0, "seat");
    assert_waits(&play, 0);
    release(&play, 1, "seat");
    settle(&play, 0);
    assert_granted(&play, 0);
    end(&play, 0);
    assert_true(locked(&play, 1, "seat"));
    play_close(&play);
}

/* The next one in line did not ask to keep it. */
static void
test_kept_by_one_only(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    keep(&play, 0, "seat");
    acquire(&play, 1, "seat");
    release(&play, 0, "seat");
    settle(&play, 1);
    assert_status(&play, 1, HUB_LEAKED);
    play_close(&play);
}

static void
test_kept_permits(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    object_op_of(&play, 0, 0, HUB_SEMAPHORE, "door",
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_ACQUIRE,
                     .amount = 2,
                     .worker_scope = true,
                     .options = {.given = true, .permits = 3},
                 });
    settle(&play, 0);
    assert_granted(&play, 0);
    end(&play, 0);
    assert_true(take(&play, 1, 0, 2)->waiting);
    begin(&play, 0);
    object_op_of(&play, 0, 0, HUB_SEMAPHORE, "door",
                 (struct hub_op){
                     .type = HUB_OP_SEMAPHORE_RELEASE,
                     .amount = 2,
                 });
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

/* --- tasks --- */

static void
test_task_passes_it_on(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    spawn(&play, 0, 1);
    acquire_in(&play, 0, 1, "seat");
    take(&play, 0, 1, 2);
    acquire(&play, 1, "seat");
    end_task(&play, 0, 1, false);
    assert_waits(&play, 1);
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    settle(&play, 0);
    assert_text(&play, 0, "2 permits of semaphore 'door'");
    play_close(&play);
}

static void
test_failed_task_releases_it(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    spawn(&play, 0, 1);
    acquire_in(&play, 0, 1, "seat");
    take(&play, 0, 1, 2);
    acquire(&play, 1, "seat");
    end_task(&play, 0, 1, true);
    assert_granted(&play, 1);
    settle(&play, 0);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_failed_task_keeps_it_for_the_worker(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    spawn(&play, 0, 1);
    object_op_of(&play, 0, 1, HUB_LOCK, "seat",
                 (struct hub_op){
                     .type = HUB_OP_LOCK_ACQUIRE,
                     .worker_scope = true,
                 });
    end_task(&play, 0, 1, true);
    assert_true(locked(&play, 0, "seat"));
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    play_close(&play);
}

/* The parent asked for it: it gets it in its turn. */
static void
test_parent_waits_for_what_its_child_has(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    spawn(&play, 0, 1);
    acquire_in(&play, 0, 1, "seat");
    acquire(&play, 1, "seat");
    acquire(&play, 0, "seat");
    end_task(&play, 0, 1, false);
    assert_int_equal(play.deadlocks, 0);
    assert_granted(&play, 1);
    assert_waits(&play, 0);
    release(&play, 1, "seat");
    assert_granted(&play, 0);
    release(&play, 0, "seat");
    assert_granted(&play, 0);
    play_close(&play);
}

/* What it waits for would else be its own, and nobody could release it. */
static void
test_parent_waits_for_permits_of_its_child(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    spawn(&play, 0, 1);
    take(&play, 0, 1, 3);
    assert_true(take(&play, 0, 0, 2)->waiting);
    end_task(&play, 0, 1, false);
    assert_granted(&play, 0);
    settle(&play, 0);
    assert_text(&play, 0, "2 permits of semaphore 'door'");
    play_close(&play);
}

static struct answer *
full(struct play *play, int32_t worker, uint32_t task, enum hub_op_type type,
     int64_t amount, nsec_t timeout)
{
    return object_op_of(play, worker, task, HUB_CONDITION, "full",
                        (struct hub_op){
                            .type = type,
                            .amount = amount,
                            .timeout = timeout,
                            .options = {.given = true, .lock = "seat"},
                        });
}

/* The child ends with the lock that its parent, in a wait that is notified or
 * not, must have to come back. */
static void
test_parent_waits_in_a_condition_of_that_lock(void **state)
{
    for (int notified = 0; notified < 2; notified++) {
        struct play play;
        play_open_running(&play, 2);
        spawn(&play, 0, 1);
        acquire(&play, 0, "seat");
        full(&play, 0, 0, HUB_OP_CONDITION_WAIT, 0, NSEC_PER_SEC);
        acquire_in(&play, 0, 1, "seat");
        if (notified)
            full(&play, 0, 1, HUB_OP_CONDITION_NOTIFY, 1, 0);
        assert_waits(&play, 0);
        end_task(&play, 0, 1, false);
        assert_int_equal(play.deadlocks, 0);
        if (notified) {
            assert_granted(&play, 0);
        } else {
            acquire(&play, 1, "seat");
            assert_granted(&play, 1);
            advance(&play, NSEC_PER_SEC);
            assert_waits(&play, 0); /* for the lock */
            release(&play, 1, "seat");
            assert_status(&play, 0, HUB_TIMEOUT);
        }
        release(&play, 0, "seat");
        assert_granted(&play, 0);
        play_close(&play);
    }
}

/* Making a variable is no property: it does not leak, nor is it passed on. */
static void
test_other_holdings(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    spawn(&play, 0, 1);
    submit(&play, 0, 1,
           (struct hub_op){
               .type = HUB_OP_VAR_GET_OR_MAKE,
               .object = HUB_VARIABLE,
               .name = "x",
           });
    settle(&play, 0);
    assert_granted(&play, 0);
    var(&play, 1, HUB_OP_VAR_GET_OR_MAKE, "x", NULL);
    assert_waits(&play, 1);
    end_task(&play, 0, 1, false);
    assert_status(&play, 1, HUB_MAKE);
    play_close(&play);
}

/* --- granted, and never seen --- */

/* It comes before the end of the task, or after it from another thread. */
static void
test_unseen_lock_kept_for_the_worker(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct play play;
        play_open_running(&play, 2);
        spawn(&play, 1, 1);
        acquire(&play, 0, "seat");
        const struct hub_op op = {
            .type = HUB_OP_LOCK_ACQUIRE,
            .object = HUB_LOCK,
            .name = "seat",
            .worker_scope = true,
        };
        struct answer *answer = submit(&play, 1, 1, op);
        release(&play, 0, "seat");
        assert_int_equal(answer->status, HUB_GRANTED);
        if (late)
            end_task(&play, 1, 1, true);
        give_back_unseen(&play, 1, 1, op);
        if (!late)
            end_task(&play, 1, 1, true);
        assert_false(locked(&play, 0, "seat"));
        play_close(&play);
    }
}

static void
test_only_that_lock(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    keep(&play, 0, "seat");
    acquire(&play, 1, "seat");
    release(&play, 0, "seat");
    assert_granted(&play, 1);
    /* It has been handed on since. */
    give_back_unseen(&play, 0, 0,
                     (struct hub_op){
                         .type = HUB_OP_LOCK_ACQUIRE,
                         .object = HUB_LOCK,
                         .name = "seat",
                     });
    assert_true(locked(&play, 1, "seat"));
    play_close(&play);
}

static void
test_unseen_permits(void **state)
{
    for (int unowned = 0; unowned < 2; unowned++) {
        struct play play;
        play_open_running(&play, 2);
        struct hub_op op = {
            .type = HUB_OP_SEMAPHORE_ACQUIRE,
            .object = HUB_SEMAPHORE,
            .name = "door",
            .amount = 2,
            .worker_scope = true,
            .options = {.given = true, .permits = 3, .unowned = unowned},
        };
        submit(&play, 0, 0, op);
        submit(&play, 1, 0, op);
        assert_waits(&play, 1);
        op.type = HUB_OP_SEMAPHORE_RELEASE;
        submit(&play, 0, 0, op);
        assert_granted(&play, 1);
        op.type = HUB_OP_SEMAPHORE_ACQUIRE;
        give_back_unseen(&play, 1, 0, op);
        fail_run(&play, 1, "taken down");
        op.type = HUB_OP_SEMAPHORE_STATE;
        assert_int_equal(submit(&play, 0, 0, op)->number, 3);
        play_close(&play);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_what_is_left_is_named_and_released),
        cmocka_unit_test(test_end_of_a_failed_run),
        cmocka_unit_test(test_without_owners_nothing_leaks),
        cmocka_unit_test(test_kept_until_a_later_run),
        cmocka_unit_test(test_kept_until_the_worker_ends),
        cmocka_unit_test(test_kept_by_one_that_waited),
        cmocka_unit_test(test_kept_by_one_only),
        cmocka_unit_test(test_kept_permits),
        cmocka_unit_test(test_task_passes_it_on),
        cmocka_unit_test(test_failed_task_releases_it),
        cmocka_unit_test(test_failed_task_keeps_it_for_the_worker),
        cmocka_unit_test(test_parent_waits_for_what_its_child_has),
        cmocka_unit_test(test_parent_waits_for_permits_of_its_child),
        cmocka_unit_test(test_parent_waits_in_a_condition_of_that_lock),
        cmocka_unit_test(test_other_holdings),
        cmocka_unit_test(test_unseen_lock_kept_for_the_worker),
        cmocka_unit_test(test_only_that_lock),
        cmocka_unit_test(test_unseen_permits),
    };
    return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}

/* Tasks of one worker that wait for each other: joins, pauses, what their end
 * leaves, and deadlocks through them. */
#include "driver.h"

#include <stdio.h>
#include <string.h>

#include "hub/cohort.h"

static void
begin_task(struct play *play, int32_t worker, uint32_t task, uint32_t parent)
{
    hub_submit(play->hub,
               &(struct hub_op){
                   .type = HUB_OP_TASK_BEGIN,
                   .id = {worker, task, 0},
                   .other = parent,
               },
               play->now);
}

static void
end_task(struct play *play, int32_t worker, uint32_t task, uint32_t parent,
         bool failed)
{
    hub_submit(play->hub,
               &(struct hub_op){
                   .type = HUB_OP_TASK_END,
                   .id = {worker, task, 0},
                   .other = parent,
                   .failed = failed,
               },
               play->now);
}

static struct answer *
join_op(struct play *play, uint32_t task, uint32_t other, nsec_t timeout,
        bool or_paused)
{
    return submit(play, 0, task,
                  (struct hub_op){
                      .type = HUB_OP_TASK_JOIN,
                      .other = other,
                      .timeout = timeout,
                      .or_paused = or_paused,
                  });
}

static struct answer *
join(struct play *play, uint32_t task, uint32_t other)
{
    return join_op(play, task, other, HUB_TIMEOUT_NONE, false);
}

static struct answer *
pause_task(struct play *play, uint32_t task)
{
    return submit(play, 0, task,
                  (struct hub_op){
                      .type = HUB_OP_TASK_PAUSE,
                      .timeout = HUB_TIMEOUT_NONE,
                  });
}

static struct answer *
var_of_task(struct play *play, int32_t worker, uint32_t task,
            enum hub_op_type type, const char *name)
{
    return submit(play, worker, task,
                  (struct hub_op){
                      .type = type,
                      .object = HUB_VARIABLE,
                      .name = name,
                      .timeout = HUB_TIMEOUT_NONE,
                  });
}

static void
open_with_tasks(struct play *play, int32_t workers)
{
    play_open_running(play, workers);
    begin_task(play, 0, 1, 0);
    begin_task(play, 0, 2, 0);
}

/* --- joins --- */

static void
test_an_end_answers_its_joins(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = join(&play, 0, 1);
    struct answer *other = join(&play, 2, 1);
    assert_true(root->waiting && other->waiting);
    advance(&play, 90 * NSEC_PER_SEC); /* no default timeout was asked for */
    end_task(&play, 0, 1, 0, false);
    assert_false(root->waiting || other->waiting);
    assert_int_equal(root->status, HUB_GRANTED);
    assert_int_equal(root->number, 0);
    assert_int_equal(root->waited, 90 * NSEC_PER_SEC);
    assert_int_equal(other->status, HUB_GRANTED);
    play_close(&play);
}

static void
test_a_join_waits_for_its_task_only(void **state)
{
    struct play play;
    open_with_tasks(&play, 2);
    begin_task(&play, 1, 1, 0);
    struct answer *root = join(&play, 0, 1);
    end_task(&play, 0, 2, 0, false);
    end_task(&play, 1, 1, 0, false); /* of another worker */
    assert_true(root->waiting);
    end_task(&play, 0, 1, 0, true); /* however it ends */
    assert_int_equal(root->status, HUB_GRANTED);
    play_close(&play);
}

static void
test_a_join_times_out(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    play.where = "pad.lua:7";
    var_of_task(&play, 0, 1, HUB_OP_VAR_WAIT, "x");
    play.where = "pad.lua:9";
    struct answer *root = join_op(&play, 0, 1, NSEC_PER_SEC, false);
    advance(&play, NSEC_PER_SEC);
    assert_int_equal(root->status, HUB_TIMEOUT);
    assert_string_equal(root->text,
                        "join: task 1 has not ended after 1 s at pad.lua:9; "
                        "missing: task 1 of the same worker, which waits at "
                        "pad.lua:7");
    play_close(&play);
}

static void
test_a_join_that_only_tries(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = play_try(&play, 0,
                                   (struct hub_op){
                                       .type = HUB_OP_TASK_JOIN,
                                       .other = 1,
                                   });
    assert_int_equal(root->status, HUB_TIMEOUT);
    play_close(&play);
}

static void
test_a_cancelled_join(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = join(&play, 0, 1);
    cancel(&play, 0);
    assert_int_equal(root->status, HUB_CANCELLED);
    end_task(&play, 0, 1, 0, false); /* answers nobody */
    play_close(&play);
}

static void
test_an_end_drops_its_own_wait(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *waiting = join(&play, 2, 1);
    end_task(&play, 0, 2, 0, true);
    end_task(&play, 0, 1, 0, false);
    assert_true(waiting->waiting); /* never answered */
    waiting->waiting = false;
    assert_int_equal(hub_waiting(play.hub, NSEC_NEVER), 0);
    play_close(&play);
}

static void
test_a_stopped_worker_joins_no_more(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = join(&play, 0, 1);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_int_equal(root->status, HUB_STOPPED);
    join(&play, 0, 1);
    assert_int_equal(root->status, HUB_STOPPED);
    pause_task(&play, 1);
    assert_int_equal(play.answers[PLAY_TASKS + 1].status, HUB_STOPPED);
    play_close(&play);
}

/* --- pauses --- */

static void
test_a_pause_and_the_leave_to_go_on(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = join_op(&play, 0, 1, HUB_TIMEOUT_NONE, true);
    struct answer *held = pause_task(&play, 1);
    assert_int_equal(root->status, HUB_GRANTED);
    assert_int_equal(root->number, 1);
    assert_true(held->waiting);
    submit(&play, 0, 0,
           (struct hub_op){.type = HUB_OP_TASK_RESUME, .other = 1});
    assert_int_equal(held->status, HUB_GRANTED);
    assert_int_equal(root->status, HUB_GRANTED);
    play_close(&play);
}

static void
test_a_task_that_pauses_already(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    pause_task(&play, 1);
    struct answer *root = join_op(&play, 0, 1, HUB_TIMEOUT_NONE, true);
    assert_int_equal(root->status, HUB_GRANTED);
    assert_int_equal(root->number, 1);
    play_close(&play);
}

static void
test_a_pause_is_no_end(void **state)
{
    struct play play;
    open_with_tasks(&play, 2);
    struct answer *root = join(&play, 0, 1);
    pause_task(&play, 1);
    assert_true(root->waiting);
    play_close(&play);
}

static void
test_an_end_instead_of_a_pause(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = join_op(&play, 0, 1, HUB_TIMEOUT_NONE, true);
    end_task(&play, 0, 1, 0, false);
    assert_int_equal(root->status, HUB_GRANTED);
    assert_int_equal(root->number, 0);
    play_close(&play);
}

static void
test_going_on_without_a_pause_does_nothing(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    struct answer *root = submit(
        &play, 0, 0, (struct hub_op){.type = HUB_OP_TASK_RESUME, .other = 1});
    assert_int_equal(root->status, HUB_GRANTED);
    struct answer *held = pause_task(&play, 1);
    assert_true(held->waiting);
    play_close(&play);
}

/* --- what a task has --- */

static void
test_a_failed_task_gives_back_what_it_makes(void **state)
{
    struct play play;
    open_with_tasks(&play, 2);
    struct answer *maker =
        var_of_task(&play, 0, 1, HUB_OP_VAR_GET_OR_MAKE, "token");
    assert_int_equal(maker->status, HUB_MAKE);
    struct answer *waiter =
        var_of_task(&play, 1, 0, HUB_OP_VAR_GET_OR_MAKE, "token");
    assert_true(waiter->waiting);
    end_task(&play, 0, 1, 0, true);
    assert_int_equal(waiter->status, HUB_MAKE);
    play_close(&play);
}

/* --- deadlocks --- */

static void
test_tasks_that_join_each_other(void **state)
{
    struct play play;
    open_with_tasks(&play, 2); /* worker 1 is busy */
    play.where = "pad.lua:1";
    join(&play, 1, 2);
    assert_int_equal(play.deadlocks, 0);
    play.where = "pad.lua:2";
    join(&play, 2, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "each of these waits for the next one");
    assert_says(play.report, "worker 0 task 1 (pad, step 1): join for 0 s at "
                             "pad.lua:1: task 2 has not ended");
    assert_says(play.report, "worker 0 task 2 (pad, step 1): join for 0 s at "
                             "pad.lua:2: task 1 has not ended");
    play_close(&play);
}

static void
test_a_cycle_through_a_join_and_another_worker(void **state)
{
    struct play play;
    open_with_tasks(&play, 3); /* worker 2 is busy */
    var_of_task(&play, 0, 0, HUB_OP_VAR_LOCK, "a");
    var_of_task(&play, 1, 0, HUB_OP_VAR_GET_OR_MAKE, "b");
    var_of_task(&play, 0, 1, HUB_OP_VAR_GET_OR_MAKE, "b"); /* for worker 1 */
    join(&play, 0, 1);
    assert_int_equal(play.deadlocks, 0);
    var_of_task(&play, 1, 0, HUB_OP_VAR_SET, "a"); /* for worker 0 */
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

static void
test_no_cycle_within_a_scope_that_ends(void **state)
{
    struct play play;
    open_with_tasks(&play, 2);
    join(&play, 1, 2);
    struct answer *enclosed = submit(&play, 0, 2,
                                     (struct hub_op){
                                         .type = HUB_OP_TASK_JOIN,
                                         .other = 1,
                                         .timeout = HUB_TIMEOUT_NONE,
                                         .enclosed = true,
                                     });
    assert_int_equal(play.deadlocks, 0);
    assert_false(quiescent(&play));
    assert_true(enclosed->waiting);
    play_close(&play);
}

/* All tasks of all workers wait, through joins: known at once. */
static void
test_everybody_waits(void **state)
{
    struct play play;
    open_with_tasks(&play, 2);
    wait_writer(&play, 1);
    join(&play, 0, 1);
    join(&play, 2, 1);
    assert_int_equal(play.deadlocks, 0); /* task 1 is busy */
    submit(&play, 0, 1,
           (struct hub_op){
               .type = HUB_OP_NOTIFIER_WAIT_WRITER,
               .object = HUB_NOTIFIER,
               .name = "pad",
           });
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "join for 0 s at pad.lua:9: task 1 has not ended");
    play_close(&play);
}

static void
test_a_held_task_that_nobody_lets_go(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    begin_task(&play, 0, 1, 0);
    pause_task(&play, 1);
    assert_int_equal(play.deadlocks, 0);
    join(&play, 0, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "held at its pause; missing: the task that holds "
                             "it");
    play_close(&play);
}

static void
test_joins_are_not_shown_as_objects(void **state)
{
    struct play play;
    open_with_tasks(&play, 1);
    join(&play, 0, 1);
    end_task(&play, 0, 1, 0, false);
    assert_null(recorder_snapshot(play.recorder)->coords);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_end_answers_its_joins),
        cmocka_unit_test(test_a_join_waits_for_its_task_only),
        cmocka_unit_test(test_a_join_times_out),
        cmocka_unit_test(test_a_join_that_only_tries),
        cmocka_unit_test(test_a_cancelled_join),
        cmocka_unit_test(test_an_end_drops_its_own_wait),
        cmocka_unit_test(test_a_stopped_worker_joins_no_more),
        cmocka_unit_test(test_a_pause_and_the_leave_to_go_on),
        cmocka_unit_test(test_a_task_that_pauses_already),
        cmocka_unit_test(test_a_pause_is_no_end),
        cmocka_unit_test(test_an_end_instead_of_a_pause),
        cmocka_unit_test(test_going_on_without_a_pause_does_nothing),
        cmocka_unit_test(test_a_failed_task_gives_back_what_it_makes),
        cmocka_unit_test(test_tasks_that_join_each_other),
        cmocka_unit_test(test_a_cycle_through_a_join_and_another_worker),
        cmocka_unit_test(test_no_cycle_within_a_scope_that_ends),
        cmocka_unit_test(test_everybody_waits),
        cmocka_unit_test(test_a_held_task_that_nobody_lets_go),
        cmocka_unit_test(test_joins_are_not_shown_as_objects),
    };
    return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}

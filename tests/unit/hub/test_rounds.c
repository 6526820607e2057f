/* Rounds of setups and teardowns, of many tasks and many members, and what is
 * kept of them. */
#include "driver.h"

#include <string.h>

/* --- setup, teardown, tasks --- */

static void
test_setup_and_teardown_have_rounds(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    wait_writer(&play, 0);
    start(&play, 1);
    written(&play, 1, "in setup");
    assert_news(&play, 0, "in setup");
    one_read(&play, 0);
    begin_all(&play);
    written(&play, 1, "in the run");
    wait_writer(&play, 0);
    assert_news(&play, 0, "in the run");
    end_all(&play);
    runs_over(&play, 0);
    wait_writer(&play, 0);
    assert_waits(&play, 0);
    runs_over(&play, 1);
    written(&play, 1, "in teardown");
    assert_news(&play, 0, "in teardown");
    wait_readers(&play, 1);
    assert_waits(&play, 1);
    leave(&play, 0);
    assert_granted(&play, 1);
    play_close(&play);
}

/* The rounds of runs are passed with the last run, not with the teardown. */
static void
test_last_run_passes_all_runs(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    end_all(&play);
    begin_all(&play);
    wait_writer(&play, 0);
    end(&play, 1);
    assert_status(&play, 0, HUB_BROKEN);
    runs_over(&play, 1);
    go_on(&play, 0);
    wait_writer(&play, 0);
    assert_status(&play, 0, HUB_BROKEN);
    play_close(&play);
}

static void
test_failed_setup_is_told(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    start(&play, 1);
    wait_writer(&play, 0);
    hub_submit(play.hub,
               &(struct hub_op){
                   .type = HUB_OP_WORKER_END,
                   .id = {1, 0, 0},
                   .failed = true,
                   .text = "no login",
               },
               play.now);
    assert_status(&play, 0, HUB_BROKEN);
    assert_text(&play, 0, "the setup");
    assert_text(&play, 0, "no login");
    play_close(&play);
}

static void
test_two_tasks_in_one_notifier(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    submit(&play, 0, 1, (struct hub_op){.type = HUB_OP_TASK_BEGIN});
    play.answers[(0 + 1) * PLAY_TASKS + 1].waiting = false;
    wait_writer(&play, 0);
    struct answer *other = submit(&play, 0, 1,
                                  (struct hub_op){
                                      .type = HUB_OP_NOTIFIER_WRITTEN,
                                      .object = HUB_NOTIFIER,
                                      .name = "pad",
                                  });
    assert_int_equal(other->status, HUB_MISUSE);
    assert_says(other->text, "another task");
    assert_says(other->text, "pad.lua:9");
    other = submit(&play, 0, 1,
                   (struct hub_op){
                       .type = HUB_OP_NOTIFIER_WRITTEN,
                       .object = HUB_NOTIFIER,
                       .name = "another",
                   });
    assert_int_equal(other->status, HUB_GRANTED);
    play_close(&play);
}

/* --- what is kept --- */

static void
test_rounds_are_forgotten(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    for (int i = 0; i < 20000; i++) {
        written(&play, 1, "text");
        assert_granted(&play, 1);
        wait_writer(&play, 0);
        one_read(&play, 0);
        assert_granted(&play, 0);
    }
    play_close(&play);
}

static void
test_too_many_rounds(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    for (int32_t i = 0; i < 2; i++) {
        start(&play, i);
        begin(&play, i);
    }
    for (int i = 0; i < 10000; i++)
        written(&play, 0, "text");
    assert_granted(&play, 0);
    assert_int_equal(answer_of(&play, 0)->round, 10000);
    written(&play, 0, "text");
    assert_status(&play, 0, HUB_EXHAUSTED);
    assert_text(&play, 0, "worker 2 (not started)");
    assert_int_equal(answer_of(&play, 0)->culprit, 2);
    end(&play, 1);
    leave(&play, 2);
    written(&play, 0, "text");
    assert_granted(&play, 0);
    assert_int_equal(answer_of(&play, 0)->round, 10001); /* not used up */
    play_close(&play);
}

/* Thousands of readers cost what they are: a round, a few looks at each. */
static void
test_cost_of_many_readers(void **state)
{
    enum { READERS = 4000, ROUNDS = 3 };
    struct play play;
    play_open_running(&play, READERS + 1);
    uint64_t before = play.hub->effort;
    for (int round = 0; round < ROUNDS; round++) {
        wait_readers(&play, READERS);
        for (int32_t i = 0; i < READERS; i++)
            wait_writer(&play, i);
        assert_granted(&play, READERS);
        written(&play, READERS, "text");
        wait_readers(&play, READERS);
        for (int32_t i = 0; i < READERS; i++)
            one_read(&play, i);
        assert_granted(&play, READERS);
        end_all(&play);
        begin_all(&play);
    }
    uint64_t each = (play.hub->effort - before) / (READERS * ROUNDS);
    assert_true(each <= 8);
    play_close(&play);
}

/* The same for many that time out, break, or are held up one by one. */
static void
test_cost_of_many_broken_readers(void **state)
{
    enum { READERS = 4000 };
    struct play play;
    play_open_running(&play, READERS + 1);
    uint64_t before = play.hub->effort;
    fail_run(&play, READERS, "boom");
    for (int32_t i = 0; i < READERS; i++)
        wait_writer(&play, i);
    assert_status(&play, 0, HUB_BROKEN);
    assert_true(strlen(answer_of(&play, 0)->text) < 300);
    end_all(&play);
    assert_true(play.hub->effort - before <= 8 * READERS);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setup_and_teardown_have_rounds),
        cmocka_unit_test(test_last_run_passes_all_runs),
        cmocka_unit_test(test_failed_setup_is_told),
        cmocka_unit_test(test_two_tasks_in_one_notifier),
        cmocka_unit_test(test_rounds_are_forgotten),
        cmocka_unit_test(test_too_many_rounds),
        cmocka_unit_test(test_cost_of_many_readers),
        cmocka_unit_test(test_cost_of_many_broken_readers),
    };
    return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}

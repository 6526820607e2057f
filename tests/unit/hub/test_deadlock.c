/* Waits that can never end are told at once, and only those. */
#include "driver.h"

#include <stdio.h>
#include <string.h>

static void
wait_var(struct play *play, int32_t worker)
{
    var(play, worker, HUB_OP_VAR_WAIT, "x", NULL);
}

/* --- a workload alone --- */

/* The scenario's writer is worker 4, and there are only four workers. */
static void
test_the_writer_is_missing(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(play.deadlocks, 0);
        wait_writer(&play, i);
        advance(&play, 10 * NSEC_PER_MSEC);
    }
    assert_int_equal(play.deadlocks, 1); /* nobody had to say it is quiet */
    assert_true(play.deadlock_stops);
    assert_says(play.report, "all workers of workload 'pad'");
    assert_says(play.report,
                "  worker 0 (pad, step 1): wait_for_writer of notifier 'pad' "
                "for 30");
    assert_says(play.report, "  worker 3 (pad, step 1)");
    assert_says(play.report, "at pad.lua:9: round 1 of step 1 not written; "
                             "nobody is left to write it");
    for (int32_t i = 0; i < 4; i++)
        assert_waits(&play, i); /* until the end of the run */
    assert_false(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    for (int32_t i = 0; i < 4; i++)
        assert_status(&play, i, HUB_STOPPED);
    play_close(&play);
}

static void
test_many_alike_are_one_line(void **state)
{
    enum { MANY = 45 };
    struct play play;
    play_open_running(&play, MANY + 1);
    for (int32_t i = 0; i < MANY; i++)
        wait_writer(&play, i);
    play.name = "another";
    wait_writer(&play, MANY);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "workers 0, 1, 2, 3, 4, 5, 6, 7 and 37 more");
    assert_says(play.report, "worker 45 (pad, step 1): wait_for_writer of "
                             "notifier 'another'");
    int lines = 0;
    for (const char *at = play.report; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 3);
    play_close(&play);
}

static void
test_many_different_are_cut(void **state)
{
    enum { MANY = 60 };
    struct play play;
    play_open_running(&play, MANY);
    for (int32_t i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", (int)i);
        play.name = name;
        wait_writer(&play, i);
    }
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "and 40 more waits");
    play_close(&play);
}

/* Two workloads; the other one goes on. */
static void
test_alone_whatever_others_do(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    struct hub_config config = play.hub->config;
    hub_destroy(play.hub);
    play.hub = hub_create(&config);
    hub_add_cohort(play.hub, "stuck", 0, 2, true);
    hub_add_cohort(play.hub, "busy", 2, 2, true);
    for (int32_t i = 0; i < 4; i++) {
        start(&play, i);
        begin(&play, i);
    }
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "workload 'stuck'");
    play_close(&play);
}

/* --- what is none --- */

static void
not_while_one_is_busy(struct play *play)
{
}

static void
not_while_one_has_a_timeout(struct play *play)
{
    wait_writer_for(play, 2, NSEC_PER_SEC);
}

static void
not_while_one_waits_for_a_variable(struct play *play)
{
    wait_var(play, 2);
}

static void
not_while_one_is_between_runs(struct play *play)
{
    end(play, 2);
}

static void
not_while_one_is_in_its_teardown(struct play *play)
{
    end(play, 2);
    runs_over(play, 2);
}

static void
not_while_another_task_runs(struct play *play)
{
    tell(play, 2, HUB_OP_TASK_BEGIN);
    wait_writer(play, 2);
}

static void
not_while_a_scope_ends_it(struct play *play)
{
    submit(play, 2, 0,
           (struct hub_op){
               .type = HUB_OP_NOTIFIER_WAIT_WRITER,
               .object = HUB_NOTIFIER,
               .name = "pad",
               .timeout = HUB_TIMEOUT_NONE,
               .enclosed = true,
           });
}

static void
not_in_drain(struct play *play)
{
    hub_drain(play->hub, play->now);
    wait_writer(play, 2);
}

static const struct {
    const char *name;
    void (*go)(struct play *play);
} innocents[] = {
    {"one is busy", not_while_one_is_busy},
    {"one has a timeout", not_while_one_has_a_timeout},
    {"one waits for a variable", not_while_one_waits_for_a_variable},
    {"one is between runs", not_while_one_is_between_runs},
    {"one is in its teardown", not_while_one_is_in_its_teardown},
    {"another task runs", not_while_another_task_runs},
    {"a scope will end it", not_while_a_scope_ends_it},
    {"in DRAIN", not_in_drain},
};

static void
test_innocents(void **state)
{
    for (size_t i = 0; i < sizeof(innocents) / sizeof(innocents[0]); i++) {
        struct play play;
        play_open_running(&play, 3);
        /* Of setup: nobody passes it by ending a run. */
        play.name = "pad";
        submit(&play, 0, 0,
               (struct hub_op){
                   .type = HUB_OP_NOTIFIER_WAIT_WRITER,
                   .object = HUB_NOTIFIER,
                   .name = "pad",
                   .round = 2,
               });
        submit(&play, 1, 0,
               (struct hub_op){
                   .type = HUB_OP_NOTIFIER_WAIT_WRITER,
                   .object = HUB_NOTIFIER,
                   .name = "pad",
                   .round = 2,
               });
        innocents[i].go(&play);
        if (play.deadlocks > 0)
            fail_msg("%s: %s", innocents[i].name, play.report);
        play_close(&play);
    }
}

static void
test_not_while_one_is_still_to_start(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    for (int32_t i = 0; i < 2; i++) {
        start(&play, i);
        begin(&play, i);
        wait_writer(&play, i);
    }
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

/* A teardown that waits in vain is seen, too. */
static void
test_in_a_teardown(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    end_all(&play);
    runs_over(&play, 0);
    runs_over(&play, 1);
    wait_writer(&play, 0);
    wait_writer(&play, 1);
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "(pad, the teardown)");
    play_close(&play);
}

static void
test_the_last_busy_one_leaves(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    play.name = "a";
    wait_writer(&play, 0);
    play.name = "b";
    wait_writer(&play, 1);
    end(&play, 2);
    assert_int_equal(play.deadlocks, 0);
    leave(&play, 2);
    /* It has passed both rounds: broken, and no deadlock. */
    assert_status(&play, 0, HUB_BROKEN);
    assert_status(&play, 1, HUB_BROKEN);
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

/* --- nothing can happen any more --- */

static void
test_quiet(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    wait_var(&play, 0);
    assert_int_equal(play.deadlocks, 0);
    wait_writer(&play, 1);
    make_var(&play, HUB_GLOBAL, "token");
    play.where = "pad.lua:20";
    make_var(&play, 2, "token");
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "wait_var of variable 'x'");
    assert_says(play.report, "wait_for_writer of notifier 'pad'");
    assert_says(play.report, "missing: worker 0 (in its run of step 1), "
                             "worker 2 (in its run of step 1)");
    assert_says(play.report, "at pad.lua:20: not made; missing: a global "
                             "fixture, which runs its factory");
    play_close(&play);
}

static void
test_quiet_without_waits(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    assert_false(quiescent(&play));
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

static void
test_quiet_with_a_timeout(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    go_on(&play, 0);
    wait_var(&play, 0);
    wait_writer(&play, 1); /* worker 0 has passed it */
    submit(&play, 2, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_WAIT,
               .object = HUB_VARIABLE,
               .name = "x",
               .timeout = NSEC_PER_SEC,
           });
    assert_false(quiescent(&play)); /* and it may still write after that */
    assert_waits(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_status(&play, 2, HUB_TIMEOUT);
    wait_var(&play, 2);
    assert_true(quiescent(&play));
    assert_status(&play, 1, HUB_BROKEN);
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

/* Rounds of the lowest step first; the rest may resolve itself. */
static void
test_quiet_breaks_the_lowest_step(void **state)
{
    struct play play;
    play_open_running(&play, 4);
    go_on(&play, 0);
    go_on(&play, 1);
    go_on(&play, 0); /* 0 in step 3, 1 in step 2, 2 and 3 in step 1 */
    wait_var(&play, 0);
    wait_writer(&play, 1);
    wait_writer(&play, 2);
    var(&play, 3, HUB_OP_VAR_WAIT, "y", NULL);
    assert_true(quiescent(&play));
    assert_status(&play, 2, HUB_BROKEN);
    assert_int_equal(answer_of(&play, 2)->culprit, 0);
    assert_waits(&play, 1);
    wait_var(&play, 2);
    assert_true(quiescent(&play));
    assert_status(&play, 1, HUB_BROKEN);
    assert_int_equal(play.deadlocks, 0);
    wait_var(&play, 1);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

/* A round that was broken because nothing else could happen can be written
 * all the same by one who comes round. */
static void
test_broken_round_may_be_written(void **state)
{
    struct play play;
    play_open_running(&play, 3);
    go_on(&play, 0);
    wait_var(&play, 0);
    wait_writer(&play, 1);
    wait_var(&play, 2);
    assert_true(quiescent(&play));
    assert_status(&play, 1, HUB_BROKEN);
    var(&play, 1, HUB_OP_VAR_SET, "x", text_value("go"));
    assert_granted(&play, 2);
    written(&play, 2, "late");
    assert_granted(&play, 2);
    assert_int_equal(answer_of(&play, 2)->round, 1);
    end(&play, 1);
    end(&play, 2);
    assert_int_equal(coord(&play, "pad")->rounds, 1);
    assert_int_equal(coord(&play, "pad")->missed, 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_writer_is_missing),
        cmocka_unit_test(test_many_alike_are_one_line),
        cmocka_unit_test(test_many_different_are_cut),
        cmocka_unit_test(test_alone_whatever_others_do),
        cmocka_unit_test(test_innocents),
        cmocka_unit_test(test_not_while_one_is_still_to_start),
        cmocka_unit_test(test_in_a_teardown),
        cmocka_unit_test(test_the_last_busy_one_leaves),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_quiet_without_waits),
        cmocka_unit_test(test_quiet_with_a_timeout),
        cmocka_unit_test(test_quiet_breaks_the_lowest_step),
        cmocka_unit_test(test_broken_round_may_be_written),
    };
    return cmocka_run_group_tests_name("deadlock", tests, NULL, NULL);
}

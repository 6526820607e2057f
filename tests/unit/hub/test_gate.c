/* A worker whose run failed does not run ahead of the others. */
#include "driver.h"

static void
assert_held(struct play *play, int32_t worker)
{
    assert_true(answer_of(play, worker)->waiting);
    assert_int_equal(hub_waiting(play->hub, NSEC_NEVER), 0);
}

/* All have used a notifier once and are in step `step`. */
static void
open_at(struct play *play, int32_t workers, int64_t step)
{
    play_open_running(play, workers);
    written(play, 0, "text");
    for (int64_t i = 1; i < step; i++) {
        end_all(play);
        begin_all(play);
    }
}

static void
test_waits_for_all_to_begin_its_step(void **state)
{
    struct play play;
    open_at(&play, 3, 1);
    go_on(&play, 0);
    fail_run(&play, 0, "boom"); /* in step 2 */
    begin(&play, 0);
    assert_held(&play, 0);
    go_on(&play, 1);
    assert_held(&play, 0);
    end(&play, 2);
    assert_held(&play, 0);
    begin(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_no_failure_no_gate(void **state)
{
    struct play play;
    open_at(&play, 2, 1);
    for (int i = 0; i < 5; i++) {
        go_on(&play, 0);
        assert_granted(&play, 0);
    }
    play_close(&play);
}

static void
test_no_lockstep_no_gate(void **state)
{
    struct play play;
    play_open_running(&play, 2);
    for (int i = 0; i < 5; i++) {
        fail_run(&play, 0, "boom");
        begin(&play, 0);
        assert_granted(&play, 0);
    }
    play_close(&play);
}

static void
test_those_to_come_count(void **state)
{
    struct play play;
    play_open(&play, 2, NULL);
    start(&play, 0);
    begin(&play, 0);
    written(&play, 0, "text");
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    assert_held(&play, 0);
    start(&play, 1);
    assert_held(&play, 0);
    begin(&play, 1);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_those_that_left_do_not_count(void **state)
{
    struct play play;
    open_at(&play, 3, 1);
    go_on(&play, 0);
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    end(&play, 1);
    runs_over(&play, 1); /* its teardown may take long */
    assert_held(&play, 0);
    leave(&play, 2);
    assert_granted(&play, 0);
    play_close(&play);
}

/* Several are held back and go when their step's time has come. */
static void
test_several_are_held_back(void **state)
{
    struct play play;
    open_at(&play, 4, 1);
    for (int32_t i = 0; i < 2; i++)
        go_on(&play, i);
    go_on(&play, 0);
    fail_run(&play, 0, "in step 3");
    begin(&play, 0);
    fail_run(&play, 1, "in step 2");
    begin(&play, 1);
    assert_held(&play, 0);
    assert_held(&play, 1);
    for (int32_t i = 2; i < 4; i++)
        go_on(&play, i);
    assert_held(&play, 0);
    assert_granted(&play, 1);
    for (int32_t i = 2; i < 4; i++)
        go_on(&play, i);
    assert_granted(&play, 0);
    play_close(&play);
}

/* If nothing else can happen, the one of the lowest step starts. */
/* The one that may begin now is whom the other one waited for. */
static void
test_one_that_begins_lets_others_begin(void **state)
{
    struct play play;
    play_open(&play, 3, NULL);
    for (int32_t worker = 1; worker < 3; worker++) {
        start(&play, worker);
        begin(&play, worker);
    }
    written(&play, 1, "text");
    go_on(&play, 2);
    fail_run(&play, 2, "boom"); /* in step 2 */
    begin(&play, 2);
    fail_run(&play, 1, "boom"); /* in step 1 */
    begin(&play, 1);
    assert_held(&play, 1);
    assert_held(&play, 2);
    start(&play, 0);
    runs_over(&play, 0);
    assert_granted(&play, 1);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_starts_when_nothing_else_can_happen(void **state)
{
    struct play play;
    open_at(&play, 3, 1);
    for (int32_t i = 0; i < 2; i++)
        go_on(&play, i);
    go_on(&play, 0);
    fail_run(&play, 0, "in step 3");
    begin(&play, 0);
    fail_run(&play, 1, "in step 2");
    begin(&play, 1);
    var(&play, 2, HUB_OP_VAR_WAIT, "x", NULL);
    assert_true(quiescent(&play));
    assert_granted(&play, 1);
    assert_true(answer_of(&play, 0)->waiting);
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

/* All others wait for rounds of each other: known without being told, and
 * whatever other workloads do. Only then are rounds broken. */
static void
test_starts_when_the_others_wait(void **state)
{
    struct play play;
    open_at(&play, 3, 1);
    go_on(&play, 0);
    fail_run(&play, 0, "in step 2");
    begin(&play, 0);
    play.name = "a";
    wait_writer(&play, 1);
    assert_true(answer_of(&play, 0)->waiting);
    play.name = "b";
    wait_writer(&play, 2);
    assert_granted(&play, 0);
    assert_waits(&play, 1);
    assert_waits(&play, 2);
    play.name = "c";
    wait_writer(&play, 0);
    assert_waits(&play, 0);
    assert_status(&play, 1, HUB_BROKEN);
    assert_status(&play, 2, HUB_BROKEN);
    assert_int_equal(answer_of(&play, 1)->culprit, 0);
    assert_int_equal(play.deadlocks, 0);
    play_close(&play);
}

static void
test_cancelled(void **state)
{
    struct play play;
    open_at(&play, 2, 2);
    go_on(&play, 0);
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    assert_held(&play, 0);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    go_on(&play, 1); /* and is not granted afterwards */
    assert_int_equal(play.hub->gated_count, 0);
    play_close(&play);
}

static void
test_leaves_while_held(void **state)
{
    struct play play;
    open_at(&play, 2, 2);
    go_on(&play, 0);
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    runs_over(&play, 0);
    leave(&play, 0);
    assert_false(quiescent(&play));
    go_on(&play, 1);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_drain_stops_those_held(void **state)
{
    struct play play;
    open_at(&play, 2, 2);
    go_on(&play, 0);
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    hub_drain(play.hub, play.now);
    assert_status(&play, 0, HUB_STOPPED);
    go_on(&play, 1);
    assert_status(&play, 1, HUB_STOPPED); /* no run starts any more */
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_all_to_begin_its_step),
        cmocka_unit_test(test_no_failure_no_gate),
        cmocka_unit_test(test_no_lockstep_no_gate),
        cmocka_unit_test(test_those_to_come_count),
        cmocka_unit_test(test_those_that_left_do_not_count),
        cmocka_unit_test(test_several_are_held_back),
        cmocka_unit_test(test_one_that_begins_lets_others_begin),
        cmocka_unit_test(test_starts_when_nothing_else_can_happen),
        cmocka_unit_test(test_starts_when_the_others_wait),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_leaves_while_held),
        cmocka_unit_test(test_drain_stops_those_held),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

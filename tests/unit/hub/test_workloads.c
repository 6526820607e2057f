/* Workloads that end while others go on, and workers that are stopped while
 * others of their workload go on. Workers 0 and 1 are of workload "pad", those
 * after them of "other". */
#include "driver.h"

static void
drain_pad(struct play *play)
{
    hub_drain_workload(play->hub, "pad", play->now);
}

static void
go_home(struct play *play, int32_t worker)
{
    end(play, worker);
    runs_over(play, worker);
    leave(play, worker);
}

/* Their partners have gone because the time was over, not because something
 * went wrong; the others do not notice. */
static void
test_those_left_are_stopped_not_broken(void **state)
{
    struct play play;
    play_open_two(&play, 3, 2);
    wait_writer(&play, 0);
    play.name = "theirs";
    wait_writer(&play, 3);
    drain_pad(&play);
    go_home(&play, 1);
    assert_waits(&play, 0);
    go_home(&play, 2);
    assert_status(&play, 0, HUB_STOPPED);
    assert_waits(&play, 3);
    assert_int_equal(play.deadlocks, 0);
    written(&play, 4, "one");
    assert_news(&play, 3, "one");
    play_close(&play);
}

static void
test_none_of_its_runs_begins(void **state)
{
    struct play play;
    play_open_two(&play, 2, 2);
    end_all(&play);
    drain_pad(&play);
    begin(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    begin(&play, 2);
    assert_granted(&play, 2);
    play_close(&play);
}

/* Runs that are shared among all are counted where all are known. */
static void
test_only_so_many_runs_begin(void **state)
{
    struct play play;
    play_open_two(&play, 2, 2);
    hub_limit_runs(play.hub, "pad", 3);
    begin(&play, 0);
    begin(&play, 1);
    end(&play, 1);
    begin(&play, 1);
    assert_granted(&play, 1);
    end(&play, 1);
    begin(&play, 1);
    assert_status(&play, 1, HUB_STOPPED);
    end(&play, 0);
    begin(&play, 0);
    assert_status(&play, 0, HUB_STOPPED);
    for (int i = 0; i < 5; i++) {
        begin(&play, 2);
        assert_granted(&play, 2);
        end(&play, 2);
    }
    play_close(&play);
}

/* Who is held back after a failed run goes home with the others. */
static void
test_those_held_back_are_let_go(void **state)
{
    struct play play;
    play_open_two(&play, 2, 2);
    written(&play, 0, "one");
    end(&play, 0);
    begin(&play, 0);
    fail_run(&play, 0, "boom");
    begin(&play, 0);
    assert_waits(&play, 0);
    drain_pad(&play);
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

/* What a worker of another workload waits for may still come. */
static void
test_others_may_help(void **state)
{
    struct play play;
    play_open_two(&play, 2, 2);
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_EVENT_WAIT,
               .object = HUB_EVENT,
               .name = "go",
           });
    drain_pad(&play);
    go_home(&play, 1);
    assert_waits(&play, 0);
    submit(&play, 2, 0,
           (struct hub_op){
               .type = HUB_OP_EVENT_SET,
               .object = HUB_EVENT,
               .name = "go",
           });
    assert_granted(&play, 0);
    play_close(&play);
}

/* When nothing happens any more, it is the end of a workload that has waits of
 * its own left, and not a deadlock. */
static void
test_the_drained_are_stopped_before_a_deadlock(void **state)
{
    struct play play;
    play_open_two(&play, 2, 1);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    var(&play, 2, HUB_OP_VAR_WAIT, "y", NULL);
    drain_pad(&play);
    go_home(&play, 1);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    assert_waits(&play, 2);
    assert_int_equal(play.deadlocks, 0);
    go_home(&play, 0);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

/* A barrier of all workloads is not left waiting for those that are gone. */
static void
test_others_see_them_leave(void **state)
{
    struct play play;
    play_open_two(&play, 2, 1);
    submit(&play, 2, 0,
           (struct hub_op){
               .type = HUB_OP_BARRIER_WAIT,
               .object = HUB_BARRIER,
               .name = "all",
               .options.parties = 2,
           });
    drain_pad(&play);
    go_home(&play, 0);
    assert_waits(&play, 2);
    go_home(&play, 1);
    assert_status(&play, 2, HUB_BROKEN);
    play_close(&play);
}

static void
test_one_worker_is_stopped(void **state)
{
    struct play play;
    play_open_two(&play, 2, 1);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    var(&play, 1, HUB_OP_VAR_WAIT, "x", NULL);
    assert_true(hub_stop_workers(play.hub, 0, 1, false, play.now));
    assert_status(&play, 0, HUB_STOPPED);
    assert_waits(&play, 1);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    assert_status(&play, 0, HUB_STOPPED);
    go_on(&play, 0);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    assert_waits(&play, 0);
    play_close(&play);
}

static void
test_teardowns_are_spared(void **state)
{
    struct play play;
    play_open_two(&play, 2, 1);
    end(&play, 0);
    runs_over(&play, 0);
    var(&play, 0, HUB_OP_VAR_WAIT, "x", NULL);
    assert_false(hub_stop_workers(play.hub, 0, 2, false, play.now));
    assert_waits(&play, 0);
    assert_true(hub_stop_workers(play.hub, 0, 2, true, play.now));
    assert_status(&play, 0, HUB_STOPPED);
    play_close(&play);
}

/* Those of a pool that never start are nobody's hope: a wait for them times
 * out, and when all others wait it is a deadlock. */
static void
test_a_pool_may_stay_at_home(void **state)
{
    struct play play;
    play_open_pool(&play, 3);
    start(&play, 0);
    end_delayed(&play, 0); /* ready, no run is due */
    begin(&play, 0);
    submit(&play, 0, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_WAIT,
               .name = "x",
               .timeout = HUB_TIMEOUT_DEFAULT,
           });
    assert_true(hub_next_deadline(play.hub) != NSEC_NEVER);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_left_are_stopped_not_broken),
        cmocka_unit_test(test_none_of_its_runs_begins),
        cmocka_unit_test(test_only_so_many_runs_begin),
        cmocka_unit_test(test_those_held_back_are_let_go),
        cmocka_unit_test(test_others_may_help),
        cmocka_unit_test(test_the_drained_are_stopped_before_a_deadlock),
        cmocka_unit_test(test_others_see_them_leave),
        cmocka_unit_test(test_one_worker_is_stopped),
        cmocka_unit_test(test_teardowns_are_spared),
        cmocka_unit_test(test_a_pool_may_stay_at_home),
    };
    return cmocka_run_group_tests_name("workloads", tests, NULL, NULL);
}

/* The queue: waits that end without an item, and items that come back. */
#include <string.h>

#include "queue_play.h"
#include "stats/hist.h"

/* --- cancelling --- */

static void
test_cancelled_getter(void **state)
{
    struct play play;
    open_queue(&play, 3, UNBOUNDED);
    get(&play, 0);
    get(&play, 1);
    cancel(&play, 0);
    assert_status(&play, 0, HUB_CANCELLED);
    put(&play, 2, "a");
    assert_news(&play, 1, "a");
    /* The item came first: it is not taken back. */
    cancel(&play, 1);
    assert_news(&play, 1, "a");
    assert_int_equal(size(&play, 2), 0);
    play_close(&play);
}

static void
test_cancelled_putter(void **state)
{
    struct play play;
    open_queue(&play, 4, 1);
    put(&play, 0, "a");
    put(&play, 1, "b");
    put(&play, 2, "c");
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    expect_get(&play, 3, "a");
    assert_granted(&play, 2);
    expect_get(&play, 3, "c");
    assert_int_equal(size(&play, 3), 0);
    play_close(&play);
}

static void
test_leaving(void **state)
{
    struct play play;
    open_queue(&play, 4, 0);
    put(&play, 0, "a");
    put(&play, 1, "b");
    leave(&play, 0);
    expect_get(&play, 2, "b");
    get(&play, 2);
    get(&play, 3);
    leave(&play, 2);
    put(&play, 1, "c");
    assert_news(&play, 3, "c");
    play_close(&play);
}

static void
test_given_back_comes_first(void **state)
{
    struct play play;
    open_queue(&play, 4, 1);
    put(&play, 0, "a");
    put(&play, 1, "b"); /* waits */
    expect_get(&play, 2, "a");
    give_back(&play, 2, "a"); /* beyond the capacity for a while */
    assert_int_equal(size(&play, 2), 2);
    put(&play, 0, "c");
    assert_waits(&play, 0);
    expect_get(&play, 3, "a");
    assert_waits(&play, 0);
    expect_get(&play, 3, "b");
    assert_granted(&play, 0);
    expect_get(&play, 3, "c");
    play_close(&play);
}

static void
test_given_back_to_who_waits(void **state)
{
    struct play play;
    open_queue(&play, 4, 0);
    get(&play, 0);
    put(&play, 1, "a");
    assert_news(&play, 0, "a");
    get(&play, 2);
    give_back(&play, 0, "a");
    assert_news(&play, 2, "a");
    /* It was put once, and is done once. */
    use(&play, 3, HUB_OP_QUEUE_JOIN);
    assert_waits(&play, 3);
    done(&play, 2);
    assert_granted(&play, 3);
    play_close(&play);
}

static void
test_given_back_to_a_rendezvous_or_after_close(void **state)
{
    struct play play;
    open_queue(&play, 4, 0);
    get(&play, 0);
    put(&play, 1, "a");
    put(&play, 2, "b");
    use(&play, 3, HUB_OP_QUEUE_CLOSE);
    assert_status(&play, 2, HUB_CLOSED);
    give_back(&play, 0, "a");
    expect_get(&play, 3, "a");
    get(&play, 3);
    assert_status(&play, 3, HUB_CLOSED);
    play_close(&play);
}

/* --- time, deadlocks, the end --- */

static void
test_timeouts_tell_what_is_missing(void **state)
{
    struct play play;
    open_queue(&play, 4, 1);
    get(&play, 0);
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "queue 'jobs': empty after 60 s at pad.lua:9; missing: a "
                "worker that puts");
    put(&play, 0, "a");
    put(&play, 0, "b");
    use(&play, 1, HUB_OP_QUEUE_JOIN);
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0,
                "queue 'jobs': full (capacity = 1) after 60 s at pad.lua:9; "
                "missing: a worker that gets");
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_text(&play, 1, "1 item not done (1 not even taken)");
    assert_text(&play, 1, "missing: a worker that gets, then calls done()");
    expect_get(&play, 0, "a");
    play_try(&play, 1, queue_op(HUB_OP_QUEUE_JOIN));
    assert_text(&play, 1, "1 item not done after 0 s");
    assert_text(&play, 1, "missing: a worker that calls done()");
    play_try(&play, 0, queue_op(HUB_OP_QUEUE_GET));
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_int_equal(coord(&play, "jobs")->timeouts, 5);
    play_close(&play);
}

static void
test_rendezvous_timeout(void **state)
{
    struct play play;
    open_queue(&play, 2, 0);
    put(&play, 0, "a");
    advance(&play, 60 * NSEC_PER_SEC);
    assert_status(&play, 0, HUB_TIMEOUT);
    assert_text(&play, 0, "item not taken (capacity = 0) after 60 s");
    get(&play, 1); /* the item went with it */
    assert_waits(&play, 1);
    play_close(&play);
}

static void
test_deadlock(void **state)
{
    struct play play;
    open_queue(&play, 2, 1);
    get(&play, 0);
    use(&play, 1, HUB_OP_QUEUE_JOIN);
    assert_granted(&play, 1);
    get(&play, 1);
    assert_true(quiescent(&play));
    assert_int_equal(play.deadlocks, 1);
    assert_says(play.report, "worker 1 (pad, step 1): get of queue 'jobs' "
                             "for 0 s at pad.lua:9: empty; missing: a worker "
                             "that puts");
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    open_queue(&play, 3, 1);
    get(&play, 0);
    use(&play, 1, HUB_OP_FREE);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "queue 'jobs' cannot be freed: a worker waits on it");
    put(&play, 1, "a");
    put(&play, 1, "b");
    use(&play, 2, HUB_OP_QUEUE_JOIN);
    use(&play, 1, HUB_OP_FREE);
    assert_status(&play, 1, HUB_MISUSE);
    cancel(&play, 2);
    use(&play, 1, HUB_OP_FREE); /* with what is in it */
    assert_granted(&play, 1);
    assert_int_equal(size(&play, 1), 0);
    play_close(&play);
}

static void
test_stopped(void **state)
{
    struct play play;
    open_queue(&play, 2, 0);
    get(&play, 0);
    hub_drain(play.hub, play.now);
    assert_true(quiescent(&play));
    assert_status(&play, 0, HUB_STOPPED);
    put(&play, 0, "a");
    assert_status(&play, 0, HUB_STOPPED);
    use(&play, 0, HUB_OP_QUEUE_CLOSE); /* clean-up may still close it */
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_depth_is_measured(void **state)
{
    struct play play;
    open_queue(&play, 2, UNBOUNDED);
    put(&play, 0, "a");
    put(&play, 0, "b");
    put(&play, 0, "c");
    expect_get(&play, 1, "a");
    const struct coord_stats *row = coord(&play, "jobs");
    assert_int_equal(hist_count(row->depth), 4);
    assert_int_equal(hist_max(row->depth), 3);
    assert_int_equal(row->waits, 4);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled_getter),
        cmocka_unit_test(test_cancelled_putter),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_given_back_comes_first),
        cmocka_unit_test(test_given_back_to_who_waits),
        cmocka_unit_test(test_given_back_to_a_rendezvous_or_after_close),
        cmocka_unit_test(test_timeouts_tell_what_is_missing),
        cmocka_unit_test(test_rendezvous_timeout),
        cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_depth_is_measured),
    };
    return cmocka_run_group_tests_name("queue_waits", tests, NULL, NULL);
}

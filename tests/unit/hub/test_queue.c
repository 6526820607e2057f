/* The queue: order, bounds, closing, and what done and join count. */
#include <stdio.h>
#include <string.h>

#include "queue_play.h"

/* --- order and bounds --- */

static void
test_items_in_order(void **state)
{
    struct play play;
    char text[8];
    open_queue(&play, 2, UNBOUNDED);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "%d", i);
        put(&play, 0, text);
        assert_granted(&play, 0);
        if (i % 3 == 0) { /* the ring wraps around */
            snprintf(text, sizeof(text), "%d", i / 3);
            expect_get(&play, 1, text);
        }
    }
    assert_int_equal(size(&play, 0), 66);
    for (int i = 34; i < 100; i++) {
        snprintf(text, sizeof(text), "%d", i);
        expect_get(&play, 1, text);
    }
    assert_int_equal(size(&play, 0), 0);
    play_close(&play);
}

static void
test_getters_in_order(void **state)
{
    struct play play;
    open_queue(&play, 4, UNBOUNDED);
    for (int32_t i = 0; i < 3; i++)
        get(&play, i);
    put(&play, 3, "a");
    assert_news(&play, 0, "a");
    assert_waits(&play, 1);
    get(&play, 0); /* again, behind the others */
    put(&play, 3, "b");
    put(&play, 3, "c");
    put(&play, 3, "d");
    assert_news(&play, 1, "b");
    assert_news(&play, 2, "c");
    assert_news(&play, 0, "d");
    assert_int_equal(size(&play, 3), 0);
    play_close(&play);
}

static void
test_putters_in_order(void **state)
{
    struct play play;
    open_queue(&play, 4, 1);
    put(&play, 0, "a");
    assert_granted(&play, 0);
    put(&play, 0, "b");
    put(&play, 1, "c");
    assert_waits(&play, 0);
    assert_waits(&play, 1);
    expect_get(&play, 3, "a");
    assert_granted(&play, 0);
    assert_waits(&play, 1);
    put(&play, 0, "d"); /* the place is taken */
    assert_waits(&play, 0);
    expect_get(&play, 3, "b");
    expect_get(&play, 3, "c");
    expect_get(&play, 3, "d");
    get(&play, 3);
    assert_waits(&play, 3);
    play_close(&play);
}

static void
test_rendezvous(void **state)
{
    struct play play;
    open_queue(&play, 3, 0);
    put(&play, 0, "a");
    put(&play, 1, "b");
    assert_waits(&play, 0);
    assert_int_equal(size(&play, 2), 0);
    expect_get(&play, 2, "a");
    assert_granted(&play, 0);
    assert_waits(&play, 1);
    expect_get(&play, 2, "b");
    get(&play, 2);
    assert_waits(&play, 2);
    put(&play, 0, "c");
    assert_granted(&play, 0);
    assert_news(&play, 2, "c");
    play_close(&play);
}

static void
test_attempts(void **state)
{
    struct play play;
    open_queue(&play, 3, 1);
    attempt(&play, 0, HUB_OP_QUEUE_GET, NULL);
    assert_status(&play, 0, HUB_WOULD_WAIT);
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "a");
    assert_granted(&play, 0);
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "b");
    assert_status(&play, 0, HUB_WOULD_WAIT);
    attempt(&play, 0, HUB_OP_QUEUE_GET, NULL);
    assert_news(&play, 0, "a");
    get(&play, 1);
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "c");
    assert_granted(&play, 0);
    assert_news(&play, 1, "c");
    play_close(&play);

    open_queue(&play, 3, 0); /* a rendezvous needs somebody there */
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "a");
    assert_status(&play, 0, HUB_WOULD_WAIT);
    get(&play, 1);
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "b");
    assert_granted(&play, 0);
    assert_news(&play, 1, "b");
    put(&play, 1, "c");
    attempt(&play, 0, HUB_OP_QUEUE_GET, NULL);
    assert_news(&play, 0, "c");
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_nil_is_no_item(void **state)
{
    struct play play;
    open_queue(&play, 1, UNBOUNDED);
    put(&play, 0, NULL);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "put: nil cannot be put into queue 'jobs'");
    assert_int_equal(size(&play, 0), 0);
    play_close(&play);
}

static void
test_bounds_may_be_told_later(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    put(&play, 0, "a");
    put(&play, 0, "b");
    struct hub_op op = queue_op(HUB_OP_DECLARE);
    op.options = (struct hub_options){true, .bounded = true, .capacity = 1};
    submit(&play, HUB_GLOBAL, 0, op);
    assert_granted(&play, HUB_GLOBAL);
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "c");
    assert_status(&play, 0, HUB_WOULD_WAIT);
    expect_get(&play, 0, "a");
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "c");
    assert_status(&play, 0, HUB_WOULD_WAIT);
    expect_get(&play, 0, "b");
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "c");
    assert_granted(&play, 0);
    op.options.capacity = 2;
    submit(&play, 0, 0, op);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "{capacity = 1}");
    assert_text(&play, 0, "{capacity = 2}");
    play_close(&play);
}

/* --- closing --- */

static void
test_close_lets_getters_drain(void **state)
{
    struct play play;
    open_queue(&play, 2, UNBOUNDED);
    put(&play, 0, "a");
    put(&play, 0, "b");
    use(&play, 0, HUB_OP_QUEUE_CLOSE);
    assert_granted(&play, 0);
    put(&play, 0, "c");
    assert_status(&play, 0, HUB_CLOSED);
    assert_text(&play, 0, "queue 'jobs' is closed");
    attempt(&play, 0, HUB_OP_QUEUE_PUT, "c");
    assert_status(&play, 0, HUB_CLOSED);
    expect_get(&play, 1, "a");
    expect_get(&play, 1, "b");
    for (int i = 0; i < 2; i++) {
        get(&play, 1);
        assert_status(&play, 1, HUB_CLOSED);
        attempt(&play, 1, HUB_OP_QUEUE_GET, NULL);
        assert_status(&play, 1, HUB_CLOSED);
    }
    use(&play, 0, HUB_OP_QUEUE_CLOSE); /* again */
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_close_answers_who_waits(void **state)
{
    struct play play;
    open_queue(&play, 4, 1);
    get(&play, 0);
    get(&play, 1);
    use(&play, 3, HUB_OP_QUEUE_CLOSE);
    for (int32_t i = 0; i < 2; i++) {
        assert_status(&play, i, HUB_CLOSED);
        assert_null(answer_of(&play, i)->value);
    }
    play_close(&play);

    open_queue(&play, 4, 1);
    put(&play, 0, "a");
    put(&play, 1, "b");
    put(&play, 2, "c");
    use(&play, 3, HUB_OP_QUEUE_CLOSE);
    for (int32_t i = 1; i < 3; i++) {
        assert_status(&play, i, HUB_CLOSED);
        assert_text(&play, i,
                    "queue 'jobs' was closed before the item was put");
    }
    expect_get(&play, 3, "a");
    get(&play, 3);
    assert_status(&play, 3, HUB_CLOSED);
    play_close(&play);
}

/* --- done and join --- */

static void
test_join_waits_for_every_item(void **state)
{
    struct play play;
    open_queue(&play, 4, UNBOUNDED);
    use(&play, 0, HUB_OP_QUEUE_JOIN); /* nothing was put */
    assert_granted(&play, 0);
    put(&play, 2, "a");
    put(&play, 2, "b");
    use(&play, 0, HUB_OP_QUEUE_JOIN);
    use(&play, 1, HUB_OP_QUEUE_JOIN);
    expect_get(&play, 2, "a");
    expect_get(&play, 3, "b");
    assert_waits(&play, 0);
    done(&play, 2);
    assert_waits(&play, 0);
    use(&play, 3, HUB_OP_QUEUE_CLOSE);
    assert_waits(&play, 0);
    done(&play, 3);
    assert_granted(&play, 0);
    assert_granted(&play, 1);
    use(&play, 0, HUB_OP_QUEUE_JOIN);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_join_counts_what_was_handed_over(void **state)
{
    struct play play;
    open_queue(&play, 3, 0);
    get(&play, 0);
    put(&play, 1, "a");
    use(&play, 2, HUB_OP_QUEUE_JOIN);
    assert_waits(&play, 2);
    done(&play, 0);
    assert_granted(&play, 2);
    put(&play, 1, "b");
    use(&play, 2, HUB_OP_QUEUE_JOIN); /* it is not put yet */
    assert_granted(&play, 2);
    expect_get(&play, 0, "b");
    use(&play, 2, HUB_OP_QUEUE_JOIN);
    assert_waits(&play, 2);
    play_close(&play);
}

static void
test_done_too_often(void **state)
{
    struct play play;
    open_queue(&play, 1, UNBOUNDED);
    use(&play, 0, HUB_OP_QUEUE_DONE);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "done: all items put into queue 'jobs' are done");
    put(&play, 0, "a");
    expect_get(&play, 0, "a");
    done(&play, 0);
    use(&play, 0, HUB_OP_QUEUE_DONE);
    assert_status(&play, 0, HUB_MISUSE);
    play_close(&play);
}

/* Items that were never put because their putter was refused do not count. */
static void
test_join_does_not_count_refused_items(void **state)
{
    struct play play;
    open_queue(&play, 3, 1);
    put(&play, 0, "a");
    put(&play, 1, "b");
    cancel(&play, 1);
    put(&play, 1, "c");
    use(&play, 2, HUB_OP_QUEUE_CLOSE);
    expect_get(&play, 0, "a");
    done(&play, 0);
    use(&play, 2, HUB_OP_QUEUE_JOIN);
    assert_granted(&play, 2);
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_in_order),
        cmocka_unit_test(test_getters_in_order),
        cmocka_unit_test(test_putters_in_order),
        cmocka_unit_test(test_rendezvous),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_nil_is_no_item),
        cmocka_unit_test(test_bounds_may_be_told_later),
        cmocka_unit_test(test_close_lets_getters_drain),
        cmocka_unit_test(test_close_answers_who_waits),
        cmocka_unit_test(test_join_waits_for_every_item),
        cmocka_unit_test(test_join_counts_what_was_handed_over),
        cmocka_unit_test(test_done_too_often),
        cmocka_unit_test(test_join_does_not_count_refused_items),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}

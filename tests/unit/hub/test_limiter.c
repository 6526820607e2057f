/* The limiter: who is served when. What a bucket counts is in test_bucket.c. */
#include "driver.h"

#include <string.h>

static struct hub_op
take_op(double rate, double burst, int64_t amount)
{
    return (struct hub_op){
        .type = HUB_OP_LIMITER_TAKE,
        .object = HUB_LIMITER,
        .name = "api",
        .options = {.given = rate > 0, .rate = rate, .burst = burst},
        .amount = amount,
    };
}

static void
declare(struct play *play, double rate, double burst)
{
    struct hub_op op = take_op(rate, burst, 0);
    op.type = HUB_OP_DECLARE;
    submit(play, HUB_GLOBAL, 0, op);
}

static void
take(struct play *play, int32_t worker, int64_t amount)
{
    submit(play, worker, 0, take_op(0, 0, amount));
}

static void
take_for(struct play *play, int32_t worker, int64_t amount, nsec_t timeout)
{
    struct hub_op op = take_op(0, 0, amount);
    op.timeout = timeout;
    submit(play, worker, 0, op);
}

static void
open_limited(struct play *play, int32_t workers, double rate, double burst)
{
    play_open_running(play, workers);
    declare(play, rate, burst);
    assert_granted(play, HUB_GLOBAL);
}

static void
test_burst_then_rate(void **state)
{
    struct play play;
    open_limited(&play, 3, 10, 2);
    take(&play, 0, 1);
    assert_granted(&play, 0);
    take(&play, 1, 1);
    assert_granted(&play, 1);
    take(&play, 2, 1);
    assert_waits(&play, 2);
    assert_int_equal(hub_next_deadline(play.hub),
                     play.now + 100 * NSEC_PER_MSEC);
    advance(&play, 100 * NSEC_PER_MSEC - 1);
    assert_waits(&play, 2);
    advance(&play, 1);
    assert_granted(&play, 2);
    assert_int_equal(answer_of(&play, 2)->waited, 100 * NSEC_PER_MSEC);
    assert_int_equal(coord(&play, "api")->waits, 3);
    play_close(&play);
}

/* As many as a second brings, at least one. */
static void
test_burst_by_default(void **state)
{
    struct play play;
    open_limited(&play, 1, 5, 0);
    take(&play, 0, 5);
    assert_granted(&play, 0);
    take(&play, 0, 6);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0,
                "take: limiter 'api' never lets 6 pass at once: burst = 5");
    play_close(&play);
    open_limited(&play, 1, 0.25, 0);
    take(&play, 0, 1);
    assert_granted(&play, 0);
    take(&play, 0, 1);
    advance(&play, 4 * NSEC_PER_SEC - 1);
    assert_waits(&play, 0);
    advance(&play, 1);
    assert_granted(&play, 0);
    play_close(&play);
}

static void
test_options(void **state)
{
    struct play play;
    play_open_running(&play, 1);
    take(&play, 0, 1);
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "limiter 'api' needs {rate = ...}");
    submit(&play, 0, 0, take_op(10, 0, 1));
    assert_granted(&play, 0);
    submit(&play, 0, 0, take_op(10, 10, 1)); /* the same said in full */
    assert_granted(&play, 0);
    take(&play, 0, 1);
    assert_granted(&play, 0);
    submit(&play, 0, 0, take_op(10, 5, 1));
    assert_status(&play, 0, HUB_MISUSE);
    assert_text(&play, 0, "{rate = 10}");
    assert_text(&play, 0, "{rate = 10, burst = 5}");
    play_close(&play);
}

/* The first one blocks those who want less. */
static void
test_first_come_first_served(void **state)
{
    struct play play;
    open_limited(&play, 4, 1, 5);
    take(&play, 0, 4);
    take(&play, 1, 3);
    take(&play, 2, 1);
    take(&play, 3, 1);
    assert_waits(&play, 1);
    assert_waits(&play, 2);
    advance(&play, 2 * NSEC_PER_SEC);
    assert_granted(&play, 1);
    assert_waits(&play, 2);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 2);
    assert_waits(&play, 3);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 3);
    play_close(&play);
}

/* Who is late does not overtake, even if there is enough. */
static void
test_no_overtaking(void **state)
{
    struct play play;
    open_limited(&play, 3, 1, 2);
    take(&play, 0, 1);
    take(&play, 1, 2);
    take(&play, 2, 1);
    assert_waits(&play, 1);
    assert_waits(&play, 2);
    play_close(&play);
}

static void
test_cancelled_takes_nothing(void **state)
{
    struct play play;
    open_limited(&play, 3, 1, 5);
    take(&play, 0, 4);
    take(&play, 1, 5);
    take(&play, 2, 1);
    cancel(&play, 1);
    assert_status(&play, 1, HUB_CANCELLED);
    /* What it kept from the next one is there already. */
    assert_int_equal(hub_next_deadline(play.hub), play.now);
    advance(&play, 0);
    assert_granted(&play, 2);
    take(&play, 2, 1);
    assert_waits(&play, 2);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_cancelled_behind_others(void **state)
{
    struct play play;
    open_limited(&play, 4, 1, 1);
    for (int32_t i = 0; i < 4; i++)
        take(&play, i, 1);
    cancel(&play, 2);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 1);
    assert_waits(&play, 3);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 3);
    play_close(&play);
}

/* Also the last one: nothing is left to wake up for. */
static void
test_cancelled_last(void **state)
{
    struct play play;
    open_limited(&play, 2, 1, 1);
    take(&play, 0, 1);
    submit(&play, 1, 0,
           (struct hub_op){
               .type = HUB_OP_LIMITER_TAKE,
               .object = HUB_LIMITER,
               .name = "api",
               .amount = 1,
               .timeout = HUB_TIMEOUT_NONE,
           });
    assert_int_equal(hub_next_deadline(play.hub), play.now + NSEC_PER_SEC);
    cancel(&play, 1);
    assert_int_equal(hub_next_deadline(play.hub), NSEC_NEVER);
    play_close(&play);
}

/* A timeout that cannot be met is not told before its time. */
static void
test_timeout(void **state)
{
    struct play play;
    open_limited(&play, 3, 0.5, 2);
    take(&play, 0, 2);
    take(&play, 1, 1);
    take_for(&play, 2, 2, 3 * NSEC_PER_SEC);
    advance(&play, 2 * NSEC_PER_SEC);
    assert_granted(&play, 1);
    advance(&play, NSEC_PER_SEC - 1);
    assert_waits(&play, 2);
    advance(&play, 1);
    assert_status(&play, 2, HUB_TIMEOUT);
    assert_text(&play, 2,
                "limiter 'api': no turn to take 2 after 3 s at pad.lua:9; "
                "missing: 3 s until then (rate = 0.5)");
    take(&play, 2, 1);
    assert_waits(&play, 2);
    play_try(&play, 1, take_op(0, 0, 1));
    assert_status(&play, 1, HUB_TIMEOUT);
    assert_text(&play, 1,
                "missing: 3 s until then (rate = 0.5, 1 waits "
                "before it)");
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 2);
    play_close(&play);
}

/* At the same moment, being served comes first. */
static void
test_timeout_at_its_turn(void **state)
{
    struct play play;
    open_limited(&play, 2, 1, 1);
    take(&play, 0, 1);
    take_for(&play, 1, 1, NSEC_PER_SEC);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 1);
    play_close(&play);
}

static void
test_leaving_takes_nothing(void **state)
{
    struct play play;
    open_limited(&play, 3, 1, 2);
    take(&play, 0, 2);
    take(&play, 1, 2);
    take(&play, 2, 1);
    leave(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 2);
    play_close(&play);
}

static void
test_freeing(void **state)
{
    struct play play;
    open_limited(&play, 2, 1, 1);
    struct hub_op op = take_op(0, 0, 0);
    op.type = HUB_OP_FREE;
    take(&play, 0, 1);
    take(&play, 0, 1);
    submit(&play, 1, 0, op);
    assert_status(&play, 1, HUB_MISUSE);
    assert_text(&play, 1, "a worker waits on it");
    cancel(&play, 0);
    submit(&play, 1, 0, op);
    assert_granted(&play, 1);
    take(&play, 1, 1);
    assert_status(&play, 1, HUB_MISUSE);
    declare(&play, 7, 0);
    assert_granted(&play, HUB_GLOBAL);
    take(&play, 1, 7);
    assert_granted(&play, 1);
    play_close(&play);
}

/* Time alone ends it: neither a deadlock nor a reason to stop. */
static void
test_is_never_a_deadlock(void **state)
{
    struct play play;
    open_limited(&play, 2, 1, 1);
    take(&play, 0, 1);
    take(&play, 0, 1);
    submit(&play, 1, 0,
           (struct hub_op){
               .type = HUB_OP_VAR_WAIT,
               .object = HUB_VARIABLE,
               .name = "x",
           });
    assert_false(quiescent(&play));
    assert_int_equal(play.deadlocks, 0);
    hub_drain(play.hub, play.now);
    assert_false(quiescent(&play));
    assert_waits(&play, 0);
    assert_waits(&play, 1);
    advance(&play, NSEC_PER_SEC);
    assert_granted(&play, 0);
    assert_true(quiescent(&play));
    assert_status(&play, 1, HUB_STOPPED);
    play_close(&play);
}

static void
test_stopping_all_serves_none(void **state)
{
    struct play play;
    open_limited(&play, 3, 1, 2);
    take(&play, 0, 1);
    take(&play, 0, 2);
    take(&play, 1, 1);
    take(&play, 2, 1);
    hub_drain(play.hub, play.now);
    hub_stop_waits(play.hub, play.now);
    for (int32_t i = 0; i < 3; i++)
        assert_status(&play, i, HUB_STOPPED);
    advance(&play, 10 * NSEC_PER_SEC);
    play_close(&play);
}

/* Ten workers who take as soon as they may, for an hour, in steps that are not
 * those of the limiter. */
static void
test_steady_demand(void **state)
{
    struct play play;
    double rate = 7.3;
    int64_t burst = 3, taken = 0;
    open_limited(&play, 10, rate, (double)burst);
    nsec_t started = play.now, end = started + 3600 * NSEC_PER_SEC;
    while (play.now < end) {
        for (int32_t i = 0; i < 10; i++)
            if (!answer_of(&play, i)->waiting) {
                take(&play, i, 1);
                taken++; /* some of them when they are served */
            }
        int64_t served = taken;
        for (int32_t i = 0; i < 10; i++)
            served -= answer_of(&play, i)->waiting;
        double brought = rate * nsec_to_seconds(play.now - started);
        assert_true((double)served <= (double)burst + brought + 1e-6);
        assert_true((double)served >= (double)burst + brought - 1 - 1e-6);
        nsec_t next = hub_next_deadline(play.hub);
        assert_true(next > play.now && next < end + NSEC_PER_SEC);
        advance(&play, next - play.now);
    }
    play_close(&play);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_burst_by_default),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_no_overtaking),
        cmocka_unit_test(test_cancelled_takes_nothing),
        cmocka_unit_test(test_cancelled_behind_others),
        cmocka_unit_test(test_cancelled_last),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_timeout_at_its_turn),
        cmocka_unit_test(test_leaving_takes_nothing),
        cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_is_never_a_deadlock),
        cmocka_unit_test(test_stopping_all_serves_none),
        cmocka_unit_test(test_steady_demand),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stats/interval.h"
#include "stats/recorder.h"

static void
record(struct recorder *recorder, nsec_t duration, bool failed)
{
    recorder_request(recorder, &(struct request_sample){
                                   .method = "GET",
                                   .name = "/",
                                   .status = failed ? 500 : 200,
                                   .failed = failed,
                                   .sends = 1,
                                   .bytes_sent = 10,
                                   .bytes_received = 20,
                                   .duration = duration,
                               });
}

static void
test_each_interval_has_its_own(void **state)
{
    struct recorder *recorder = recorder_create();
    struct interval_meter *meter = interval_meter_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    for (int i = 1; i <= 100; i++)
        record(recorder, i * NSEC_PER_MSEC, i > 98);
    recorder_run_start(recorder, "w");
    recorder_run_end(recorder, NULL, "pad", RUN_OK, 1, 1);
    recorder_error(recorder, NULL, "kind", "text", NULL);
    struct interval row = interval_take(meter, s, NSEC_PER_SEC, 3);
    assert_int_equal(row.at, NSEC_PER_SEC);
    assert_int_equal(row.length, NSEC_PER_SEC);
    assert_int_equal(row.workers, 3);
    assert_int_equal(row.requests, 100);
    assert_int_equal(row.requests_failed, 2);
    assert_int_equal(row.bytes_received, 2000);
    assert_int_equal(row.runs_started, 1);
    assert_int_equal(row.runs_ok, 1);
    assert_int_equal(row.errors, 1);
    assert_int_equal(row.timed, 100);
    assert_in_range(row.p50, 49.9 * NSEC_PER_MSEC, 50.1 * NSEC_PER_MSEC);
    assert_in_range(row.p99, 98.9 * NSEC_PER_MSEC, 99.1 * NSEC_PER_MSEC);
    assert_int_equal(row.max, 100 * NSEC_PER_MSEC);

    /* Quicker ones: nothing of the first second shows in the second. */
    for (int i = 0; i < 50; i++)
        record(recorder, NSEC_PER_MSEC, false);
    row = interval_take(meter, s, 3 * NSEC_PER_SEC, 4);
    assert_int_equal(row.length, 2 * NSEC_PER_SEC);
    assert_int_equal(row.requests, 50);
    assert_int_equal(row.requests_failed, 0);
    assert_int_equal(row.timed, 50);
    assert_in_range(row.max, NSEC_PER_MSEC, 1.001 * NSEC_PER_MSEC);
    assert_int_equal(hist_count(interval_times(meter)), 50);

    row = interval_take(meter, s, 4 * NSEC_PER_SEC, 0);
    assert_int_equal(row.requests, 0);
    assert_int_equal(row.timed, 0);
    assert_int_equal(row.p50, 0);
    assert_int_equal(row.max, 0);
    interval_meter_destroy(meter);
    recorder_destroy(recorder);
}

/* Whatever the cut, the intervals add up to the whole, and their percentiles
 * are those of what was recorded in them. */
static void
test_intervals_add_up(void **state)
{
    struct recorder *recorder = recorder_create();
    struct interval_meter *meter = interval_meter_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    struct rng rng;
    rng_init(&rng, 5, 0);
    struct interval all = {0};
    for (int second = 1; second <= 20; second++) {
        struct hist *own = hist_create();
        int64_t count = rng_int(&rng, 0, 300);
        for (int64_t i = 0; i < count; i++) {
            nsec_t t = rng_int(&rng, 1, 1 << rng_int(&rng, 1, 30));
            record(recorder, t, rng_int(&rng, 0, 1));
            hist_record(own, t);
        }
        struct interval row =
            interval_take(meter, s, second * NSEC_PER_SEC, second);
        assert_int_equal(row.timed, count);
        nsec_t p95 = hist_percentile(own, 95);
        assert_in_range(row.p95, p95 - p95 / 1000, p95 + p95 / 1000 + 1);
        all = interval_join(&all, &row);
        hist_destroy(own);
    }
    assert_int_equal(all.requests, s->requests);
    assert_int_equal(all.requests_failed, s->requests_failed);
    assert_int_equal(all.timed, s->requests);
    assert_int_equal(all.length, 20 * NSEC_PER_SEC);
    assert_int_equal(all.at, 20 * NSEC_PER_SEC);
    assert_int_equal(all.workers, 20);
    interval_meter_destroy(meter);
    recorder_destroy(recorder);
}

static void
test_join_keeps_the_worse(void **state)
{
    struct interval a = {.at = 1, .length = 1, .timed = 2, .p50 = 9, .p99 = 10};
    struct interval b = {.at = 2, .length = 1, .timed = 3, .p50 = 4, .p99 = 80};
    struct interval row = interval_join(&a, &b);
    assert_int_equal(row.at, 2);
    assert_int_equal(row.length, 2);
    assert_int_equal(row.timed, 5);
    assert_int_equal(row.p50, 9);
    assert_int_equal(row.p99, 80);
}

/* What is above the range is in the last bucket, and its length is known. */
static void
test_overflow_in_a_difference(void **state)
{
    struct hist *now = hist_create(), *before = hist_create();
    struct hist *change = hist_create();
    hist_record(now, 5);
    hist_merge(before, now);
    hist_record(now, 30 * 3600 * NSEC_PER_SEC);
    hist_set_difference(change, now, before);
    assert_int_equal(hist_count(change), 1);
    assert_int_equal(hist_overflow(change), 1);
    assert_int_equal(hist_max(change), 30 * 3600 * NSEC_PER_SEC);
    hist_set_difference(change, now, now);
    assert_int_equal(hist_count(change), 0);
    assert_int_equal(hist_overflow(change), 0);
    assert_int_equal(hist_max(change), 0);
    hist_destroy(now);
    hist_destroy(before);
    hist_destroy(change);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_interval_has_its_own),
        cmocka_unit_test(test_intervals_add_up),
        cmocka_unit_test(test_join_keeps_the_worse),
        cmocka_unit_test(test_overflow_in_a_difference),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}

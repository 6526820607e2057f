/* The token bucket: exact at every rate, and after any time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "hub/bucket.h"
#include "hub/op.h"

static void
test_starts_full(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 10, 3, 1000);
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&bucket, 1, 1000));
    assert_false(bucket_take(&bucket, 1, 1000));
    assert_int_equal(bucket_ready_at(&bucket, 1, 1000), 1000 + 100000000);
}

static void
test_holds_no_more_than_its_burst(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 1e9, 2.5, 0);
    assert_true(bucket_holds(&bucket, 2));
    assert_false(bucket_holds(&bucket, 3));
    nsec_t later = INT64_MAX / 2;
    assert_true(bucket_take(&bucket, 2, later));
    assert_false(bucket_take(&bucket, 1, later));
    assert_true(bucket_take(&bucket, 1, later + 1)); /* half was left */
}

/* Who waits is served up to a nanosecond late, but the next one not later for
 * that. */
static void
test_thirds(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 3, 1, 0);
    nsec_t now = 0;
    for (int64_t i = 0; i < 3000000; i++) {
        assert_true(bucket_serve(&bucket, 1, now));
        nsec_t next = bucket_ready_at(&bucket, 1, now);
        assert_true(next == now + 333333333 || next == now + 333333334);
        now = next;
    }
    assert_int_equal(now, 1000000 * NSEC_PER_SEC);
}

/* bucket_ready_at is the first nanosecond at which a take succeeds. */
static void
expect_ready_at(struct bucket *bucket, int64_t n, nsec_t now, nsec_t at)
{
    struct bucket copy = *bucket;
    assert_true(at >= now);
    if (at == NSEC_NEVER)
        return;
    assert_true(bucket_serve(&copy, n, at));
    copy = *bucket;
    if (at > now)
        assert_false(bucket_serve(&copy, n, at - 1));
}

/* In floating point of a wider kind than the bucket's rates have, with room for
 * the one rounding there is. */
static void
test_never_more_and_no_less(void **state)
{
    static const double rates[] = {
        HUB_MIN_RATE, 1.0 / 86400, 1.0 / 3, 0.1,     1,
        3.3,          7,           100,     1e6 / 7, HUB_MAX_RATE,
    };
    struct rng rng;
    rng_init(&rng, 4711, 0);
    for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
        for (int burst = 1; burst <= 1000; burst *= 10) {
            struct bucket bucket;
            nsec_t now = 7;
            long double taken = 0;
            bucket_init(&bucket, rates[r], burst, now);
            for (int i = 0; i < 2000; i++) {
                int64_t n = rng_int(&rng, 1, burst);
                nsec_t at = bucket_ready_at(&bucket, n, now);
                expect_ready_at(&bucket, n, now, at);
                if (at == NSEC_NEVER)
                    break;
                assert_true(bucket_serve(&bucket, n, at));
                taken += n;
                long double brought =
                    (long double)rates[r] * (at - 7) / NSEC_PER_SEC;
                assert_true(taken <= burst + brought + 1e-6L);
                /* Nothing is left but what the last nanosecond brought. */
                if (at > now)
                    assert_true(taken >= burst + brought * (1 - 1e-12L) -
                                             rates[r] / 1e9 - 1e-6L);
                now = at;
            }
        }
    }
}

static void
test_after_a_long_time(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 1000, 1, 0);
    nsec_t year = 365 * 86400 * NSEC_PER_SEC;
    for (int i = 0; i < 200; i++) {
        nsec_t now = year + i * NSEC_PER_MSEC;
        assert_true(bucket_take(&bucket, 1, now));
        assert_int_equal(bucket_ready_at(&bucket, 1, now), now + NSEC_PER_MSEC);
    }
}

static void
test_extremes(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, HUB_MIN_RATE, HUB_MAX_BURST, 0);
    assert_true(bucket_holds(&bucket, 1000000000));
    assert_false(bucket_holds(&bucket, 1000000001));
    assert_false(bucket_holds(&bucket, INT64_MAX));
    assert_true(bucket_take(&bucket, 1000000000, 0));
    /* One in 11.6 days: the one rounding shows after the twelfth digit. */
    nsec_t at = bucket_ready_at(&bucket, 1, 0);
    assert_true(at >= 1000000 * NSEC_PER_SEC);
    assert_true(at < 1000000 * NSEC_PER_SEC + 2000);
    assert_int_equal(bucket_ready_at(&bucket, 1000000000, 0), NSEC_NEVER);
    assert_int_equal(bucket_ready_at(&bucket, INT64_MAX, 0), NSEC_NEVER);
    assert_false(bucket_take(&bucket, 9224, INT64_MAX - 1));
    assert_true(bucket_take(&bucket, 9223, INT64_MAX - 1));
}

/* A timer that is late by some milliseconds costs those who wait nothing, but
 * after a standstill there is no flood. */
static void
test_late_timers(void **state)
{
    struct bucket bucket;
    nsec_t now = 0;
    int64_t served = 0;
    bucket_init(&bucket, 5000, 1, 0);
    for (; now < NSEC_PER_SEC; now += 7 * NSEC_PER_MSEC)
        while (bucket_serve(&bucket, 1, now))
            served++;
    assert_in_range(served, 4960, 5001);

    served = 0;
    now += 3600 * NSEC_PER_SEC;
    while (bucket_serve(&bucket, 1, now))
        served++;
    assert_int_equal(served, 51);

    served = 0; /* who did not wait has no claim on what could not be kept */
    now += 3600 * NSEC_PER_SEC;
    while (bucket_take(&bucket, 1, now))
        served++;
    assert_int_equal(served, 1);
}

/* Several takes in a row are known ahead. */
static void
test_a_row_of_takes(void **state)
{
    struct bucket bucket;
    bucket_init(&bucket, 10, 2, 0);
    assert_true(bucket_take(&bucket, 2, 0));
    assert_int_equal(bucket_ready_at(&bucket, 25, 0), 2500 * NSEC_PER_MSEC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_full),
        cmocka_unit_test(test_holds_no_more_than_its_burst),
        cmocka_unit_test(test_thirds),
        cmocka_unit_test(test_never_more_and_no_less),
        cmocka_unit_test(test_after_a_long_time),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_late_timers),
        cmocka_unit_test(test_a_row_of_takes),
    };
    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "stats/hist.h"

#define LONGEST (24 * 3600 * NSEC_PER_SEC)
#define COUNT 1000000

static const double percents[] = {0,  1,  10,   25,    50,     75, 90,
                                  95, 99, 99.9, 99.99, 99.999, 100};
#define PERCENT_COUNT (sizeof(percents) / sizeof(percents[0]))

static nsec_t
draw_uniform(struct rng *rng)
{
    return rng_int(rng, 0, 3 * NSEC_PER_SEC);
}

static nsec_t
draw_small(struct rng *rng)
{
    return rng_int(rng, 0, 5000);
}

static nsec_t
draw_log_uniform(struct rng *rng)
{
    return (nsec_t)exp(rng_double(rng) * log((double)LONGEST));
}

static nsec_t
draw_exponential(struct rng *rng)
{
    return (nsec_t)(-log(1 - rng_double(rng)) * 1e7);
}

static nsec_t
draw_two_peaks(struct rng *rng)
{
    nsec_t centre = rng_double(rng) < 0.97 ? NSEC_PER_MSEC : 2 * NSEC_PER_SEC;
    return centre + rng_int(rng, 0, centre / 10);
}

static nsec_t
draw_constant(struct rng *rng)
{
    return 123456789;
}

static nsec_t
draw_powers_of_two(struct rng *rng)
{
    return (INT64_C(1) << rng_int(rng, 0, 46)) - rng_int(rng, 0, 1);
}

static const struct distribution {
    const char *name;
    nsec_t (*draw)(struct rng *rng);
} distributions[] = {
    {"uniform", draw_uniform},
    {"small", draw_small},
    {"log-uniform", draw_log_uniform},
    {"exponential", draw_exponential},
    {"two peaks", draw_two_peaks},
    {"constant", draw_constant},
    {"powers of two", draw_powers_of_two},
};
#define DISTRIBUTION_COUNT (sizeof(distributions) / sizeof(distributions[0]))

static int
compare_values(const void *a, const void *b)
{
    nsec_t x = *(const nsec_t *)a, y = *(const nsec_t *)b;
    return x < y ? -1 : x > y;
}

/* The value that sorting gives: the smallest with at least `percent` of all at
 * or below it. In thousandths of a percent, so that no rounding is involved. */
static nsec_t
exact_percentile(const nsec_t *sorted, size_t count, double percent)
{
    uint64_t share = (uint64_t)llround(percent * 1000) * count;
    uint64_t rank = (share + 99999) / 100000;
    return sorted[rank > 0 ? rank - 1 : 0];
}

static void
check_distribution(const struct distribution *d, size_t count, uint64_t seed)
{
    nsec_t *values = calloc(count, sizeof(values[0]));
    struct hist *hist = hist_create();
    struct rng rng;
    rng_init(&rng, seed, 0);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] = d->draw(&rng);
        sum += (double)values[i];
        hist_record(hist, values[i]);
    }
    qsort(values, count, sizeof(values[0]), compare_values);
    assert_true(hist_count(hist) == count);
    assert_true(hist_min(hist) == values[0]);
    assert_true(hist_max(hist) == values[count - 1]);
    assert_true(fabs(hist_mean(hist) - sum / (double)count) <= sum * 1e-12);
    for (size_t i = 0; i < PERCENT_COUNT; i++) {
        nsec_t exact = exact_percentile(values, count, percents[i]);
        nsec_t told = hist_percentile(hist, percents[i]);
        if (fabs((double)told - (double)exact) > (double)exact * 0.001)
            fail_msg("%s, %zu values, p%g: %lld instead of %lld", d->name,
                     count, percents[i], (long long)told, (long long)exact);
    }
    hist_destroy(hist);
    free(values);
}

static void
test_percentiles_against_sorting(void **state)
{
    static const size_t counts[] = {1, 2, 3, 10, 99, 100, 101, 1000, COUNT};
    for (size_t d = 0; d < DISTRIBUTION_COUNT; d++) {
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            check_distribution(&distributions[d], counts[i], d * 100 + i);
    }
}

/* Every magnitude and its neighbours, one at a time: all of a bucket's values
 * must be within 0.05 % of what it reports, its middle. The zero keeps the
 * value from being the greatest or the least, which are exact. */
static void
test_error_bound_at_every_edge(void **state)
{
    for (int bit = 0; bit < 47; bit++) {
        for (int sub = 0; sub < 1024; sub += 31) {
            nsec_t base = INT64_C(1) << bit;
            nsec_t edge = base + base / 1024 * sub;
            for (nsec_t value = edge - 1; value <= edge + 1; value++) {
                if (value > LONGEST)
                    continue;
                struct hist *hist = hist_create();
                hist_record(hist, 0);
                hist_record(hist, value);
                hist_record(hist, LONGEST);
                nsec_t told = hist_percentile(hist, 50);
                nsec_t error = told > value ? told - value : value - told;
                if (error * 2000 > value)
                    fail_msg("%lld is reported as %lld", (long long)value,
                             (long long)told);
                hist_destroy(hist);
            }
        }
    }
}

static void
test_empty(void **state)
{
    struct hist *hist = hist_create();
    assert_true(hist_count(hist) == 0);
    assert_true(hist_overflow(hist) == 0);
    assert_true(hist_min(hist) == 0);
    assert_true(hist_max(hist) == 0);
    assert_true(hist_mean(hist) == 0);
    for (size_t i = 0; i < PERCENT_COUNT; i++)
        assert_true(hist_percentile(hist, percents[i]) == 0);
    hist_destroy(hist);
    hist_destroy(NULL);
}

static void
test_out_of_range(void **state)
{
    struct hist *hist = hist_create();
    hist_record(hist, -5);
    assert_true(hist_min(hist) == 0);
    assert_true(hist_max(hist) == 0);
    hist_record(hist, LONGEST);
    assert_true(hist_overflow(hist) == 0);
    hist_record(hist, LONGEST + 1);
    hist_record(hist, NSEC_NEVER);
    assert_true(hist_overflow(hist) == 2);
    assert_true(hist_count(hist) == 4);
    assert_true(hist_max(hist) == NSEC_NEVER);
    assert_true(hist_percentile(hist, 100) == NSEC_NEVER);
    /* What is too long stands at 24 h. */
    double told = (double)hist_percentile(hist, 75);
    assert_true(fabs(told - (double)LONGEST) < (double)LONGEST * 0.001);
    hist_destroy(hist);
}

/* Four sums of 2^62 and more do not fit 64 bits. */
static void
test_sum_is_exact_beyond_64_bits(void **state)
{
    struct hist *a = hist_create(), *b = hist_create();
    for (int i = 0; i < 3; i++) {
        hist_record(a, NSEC_NEVER);
        hist_record(b, NSEC_NEVER);
    }
    hist_merge(a, b);
    assert_true(hist_mean(a) == (double)NSEC_NEVER);
    hist_destroy(a);
    hist_destroy(b);
}

static void
test_strange_percentages(void **state)
{
    struct hist *hist = hist_create();
    hist_record(hist, 10);
    hist_record(hist, 20);
    assert_true(hist_percentile(hist, -3) == 10);
    assert_true(hist_percentile(hist, 250) == 20);
    assert_true(hist_percentile(hist, 50) == 10);
    assert_true(hist_percentile(hist, 50.1) == 20);
    hist_destroy(hist);
}

/* 99.9 % of 1,000 values is the 999th, however 99.9 is rounded. */
static void
test_rank_is_not_rounded_up(void **state)
{
    struct hist *hist = hist_create();
    for (int i = 1; i <= 1000; i++)
        hist_record(hist, i);
    for (int tenths = 1; tenths <= 1000; tenths++) {
        if (hist_percentile(hist, tenths / 10.0) != tenths)
            fail_msg("p%g: %lld", tenths / 10.0,
                     (long long)hist_percentile(hist, tenths / 10.0));
    }
    hist_destroy(hist);
}

static void
assert_same(const struct hist *a, const struct hist *b)
{
    assert_true(hist_count(a) == hist_count(b));
    assert_true(hist_overflow(a) == hist_overflow(b));
    assert_true(hist_min(a) == hist_min(b));
    assert_true(hist_max(a) == hist_max(b));
    assert_true(hist_mean(a) == hist_mean(b));
    for (double percent = 0; percent <= 100; percent += 0.5)
        assert_true(hist_percentile(a, percent) == hist_percentile(b, percent));
}

/* Three parts of different kinds: (a + b) + c, a + (b + c), c + b + a and one
 * histogram that saw everything. */
static void
test_merge_is_associative_and_equals_one(void **state)
{
    struct hist *parts[3], *one = hist_create();
    struct rng rng;
    rng_init(&rng, 99, 0);
    for (size_t p = 0; p < 3; p++) {
        parts[p] = hist_create();
        for (int i = 0; i < 5000; i++) {
            nsec_t value = distributions[p + 1].draw(&rng) *
                           (p == 2 && i % 100 == 0 ? 100000000 : 1);
            hist_record(parts[p], value);
            hist_record(one, value);
        }
    }
    assert_true(hist_overflow(one) > 0);

    struct hist *left = hist_create();
    for (size_t p = 0; p < 3; p++)
        hist_merge(left, parts[p]);
    struct hist *tail = hist_create(), *right = hist_create();
    hist_merge(tail, parts[1]);
    hist_merge(tail, parts[2]);
    hist_merge(right, parts[0]);
    hist_merge(right, tail);
    struct hist *reverse = hist_create();
    for (size_t p = 3; p > 0; p--)
        hist_merge(reverse, parts[p - 1]);
    assert_same(left, one);
    assert_same(right, one);
    assert_same(reverse, one);

    struct hist *all[] = {parts[0], parts[1], parts[2], one,
                          left,     tail,     right,    reverse};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        hist_destroy(all[i]);
}

static void
test_merge_with_empty(void **state)
{
    struct hist *a = hist_create(), *empty = hist_create();
    hist_record(a, 5);
    hist_merge(a, empty);
    assert_true(hist_min(a) == 5 && hist_max(a) == 5 && hist_count(a) == 1);
    hist_merge(empty, a);
    assert_same(a, empty);
    hist_destroy(a);
    hist_destroy(empty);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles_against_sorting),
        cmocka_unit_test(test_error_bound_at_every_edge),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_sum_is_exact_beyond_64_bits),
        cmocka_unit_test(test_strange_percentages),
        cmocka_unit_test(test_rank_is_not_rounded_up),
        cmocka_unit_test(test_merge_is_associative_and_equals_one),
        cmocka_unit_test(test_merge_with_empty),
    };
    return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}

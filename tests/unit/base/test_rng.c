#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"

#define DRAWS 100000

/* The first outputs of the reference algorithm for the state 1, 2, 3, 4. */
static void
test_reference_sequence(void **state)
{
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
    };
    struct rng rng = {.state = {1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_true(rng_next(&rng) == expected[i]);
}

static void
test_same_seed_same_sequence(void **state)
{
    struct rng a, b;
    rng_init(&a, 42, 7);
    rng_init(&b, 42, 7);
    for (int i = 0; i < 1000; i++)
        assert_true(rng_next(&a) == rng_next(&b));
}

/* Neighbouring seeds and streams agree in half of the bits, as chance has it:
 * 64,000 bits, of which 32,000 +- 5 sigma (632). */
static void
test_seeds_and_streams_are_unrelated(void **state)
{
    static const struct {
        const char *name;
        uint64_t seed_a, stream_a, seed_b, stream_b;
    } rows[] = {
        {"streams 0 and 1", 1, 0, 1, 1},
        {"seeds 0 and 1", 0, 0, 1, 0},
        {"seed and stream swapped", 1, 2, 2, 1},
        {"seed and stream alike", 5, 5, 6, 6},
        {"last streams", 1, UINT64_MAX, 1, UINT64_MAX - 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rng a, b;
        rng_init(&a, rows[i].seed_a, rows[i].stream_a);
        rng_init(&b, rows[i].seed_b, rows[i].stream_b);
        int differing = 0;
        for (int n = 0; n < 1000; n++)
            differing += __builtin_popcountll(rng_next(&a) ^ rng_next(&b));
        if (differing < 31368 || differing > 32632)
            fail_msg("%s: %d bits differ", rows[i].name, differing);
    }
}

static void
test_double_range(void **state)
{
    struct rng rng;
    rng_init(&rng, 3, 0);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_double(&rng);
        assert_true(x >= 0 && x < 1);
        sum += x;
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    /* 5 sigma of the mean are 0.0046. */
    assert_true(sum / DRAWS > 0.495 && sum / DRAWS < 0.505);
    assert_true(least < 0.001 && most > 0.999);
}

static void
test_int_range(void **state)
{
    static const struct {
        const char *name;
        int64_t low, high;
    } rows[] = {
        {"one value", 5, 5},
        {"negative", -3, 3},
        {"whole range", INT64_MIN, INT64_MAX},
        {"upper end", INT64_MAX - 1, INT64_MAX},
        {"lower end", INT64_MIN, INT64_MIN + 1},
        {"three quarters", INT64_MIN / 2, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rng rng;
        rng_init(&rng, i, 0);
        for (int n = 0; n < 1000; n++) {
            int64_t x = rng_int(&rng, rows[i].low, rows[i].high);
            if (x < rows[i].low || x > rows[i].high)
                fail_msg("%s: %lld", rows[i].name, (long long)x);
        }
    }
}

static void
test_int_is_uniform(void **state)
{
    struct rng rng;
    rng_init(&rng, 11, 0);
    int counts[7] = {0};
    for (int i = 0; i < DRAWS; i++)
        counts[rng_int(&rng, 0, 6)]++;
    for (int i = 0; i < 7; i++)
        /* 14,286 +- 5 sigma (111 each) */
        assert_true(counts[i] > 13700 && counts[i] < 14850);
}

/* Taking the remainder alone would prefer the lower third of this range by
 * two to one. */
static void
test_int_is_unbiased(void **state)
{
    struct rng rng;
    rng_init(&rng, 12, 0);
    /* A span of 3/4 of 2^64: [INT64_MIN, INT64_MIN + 3 * 2^62). */
    int64_t low = INT64_MIN, top = (int64_t)((UINT64_C(1) << 62) - 1);
    int lowest_third = 0;
    for (int i = 0; i < DRAWS; i++) {
        if (rng_int(&rng, low, top) < INT64_MIN / 2)
            lowest_third++;
    }
    assert_true(lowest_third > 32500 && lowest_third < 34200);
}

static void
test_fresh_seeds(void **state)
{
    uint64_t first = rng_fresh_seed(), differing = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t seed = rng_fresh_seed();
        assert_true(seed < UINT64_C(1) << 53);
        differing += seed != first;
    }
    assert_true(differing >= 99);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_sequence),
        cmocka_unit_test(test_same_seed_same_sequence),
        cmocka_unit_test(test_seeds_and_streams_are_unrelated),
        cmocka_unit_test(test_double_range),
        cmocka_unit_test(test_int_range),
        cmocka_unit_test(test_int_is_uniform),
        cmocka_unit_test(test_int_is_unbiased),
        cmocka_unit_test(test_fresh_seeds),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script/feed_order.h"

#define MOST 1000

/* What a whole round gives, each exactly once. */
static void
play_round(const struct feed_plan *plan, uint64_t seed, uint64_t round,
           uint64_t *out)
{
    bool seen[MOST] = {false};
    for (uint64_t i = 0; i < plan->count; i++) {
        uint64_t index = UINT64_MAX;
        assert_true(
            feed_plan_pick(plan, seed, round * plan->count + i, &index));
        assert_true(index < plan->count);
        assert_false(seen[index]);
        seen[index] = true;
        out[i] = index;
    }
}

static void
test_shuffled_rounds(void **state)
{
    static const uint64_t counts[] = {1,  2,  3,   4,   5,   16,
                                      17, 64, 100, 257, MOST};
    uint64_t first[MOST], again[MOST];
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct feed_plan plan = {.order = FEED_SHUFFLED, .count = counts[i]};
        for (uint64_t round = 0; round < 5; round++)
            play_round(&plan, 7, round, first);
        play_round(&plan, 7, 4, again);
        assert_memory_equal(first, again, counts[i] * sizeof(first[0]));
        if (counts[i] < 16)
            continue;
        play_round(&plan, 7, 5, again);
        assert_memory_not_equal(first, again, counts[i] * sizeof(first[0]));
        play_round(&plan, 8, 4, again);
        assert_memory_not_equal(first, again, counts[i] * sizeof(first[0]));
        plan.number = 1;
        play_round(&plan, 7, 4, again);
        assert_memory_not_equal(first, again, counts[i] * sizeof(first[0]));
    }
}

/* Each record comes to each place about as often. */
static void
test_shuffled_evenly(void **state)
{
    enum { N = 5, SEEDS = 5000 };
    int seen[N][N] = {{0}};
    struct feed_plan plan = {.order = FEED_SHUFFLED, .count = N};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t order[MOST];
        play_round(&plan, seed, 0, order);
        for (int i = 0; i < N; i++)
            seen[i][order[i]]++;
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            /* The mean is 1000, its deviation 28. */
            assert_in_range(seen[i][j], 800, 1200);
        }
    }
}

static void
test_ends(void **state)
{
    static const enum feed_order orders[] = {FEED_SEQUENTIAL, FEED_UNIQUE,
                                             FEED_WORKER};
    for (size_t i = 0; i < 3; i++) {
        uint64_t index = 99;
        struct feed_plan plan = {
            .order = orders[i], .end = FEED_STOP, .count = 3};
        assert_true(feed_plan_pick(&plan, 1, 2, &index));
        assert_int_equal(index, 2);
        assert_false(feed_plan_pick(&plan, 1, 3, &index));
        plan.end = FEED_LOOP;
        assert_true(feed_plan_pick(&plan, 1, 7, &index));
        assert_int_equal(index, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffled_rounds),
        cmocka_unit_test(test_shuffled_evenly),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

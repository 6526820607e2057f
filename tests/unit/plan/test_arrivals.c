#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plan/executor.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SEC NSEC_PER_SEC
#define HOUR (3600 * SEC)
#define YEAR (365 * 24 * HOUR)

__extension__ typedef __int128 wide;

static const struct plan_segment whole = {0, 1};

static struct plan_workload
constant(int64_t count, nsec_t per, nsec_t duration)
{
    return (struct plan_workload){
        .executor = EXECUTOR_CONSTANT_RATE,
        .rate = {count, per},
        .duration = duration,
    };
}

/* --- constant rates --- */

static const struct {
    const char *name;
    int64_t count;
    nsec_t per, duration;
} constants[] = {
    {"500/s", 500, SEC, 60 * SEC},
    {"3/s, not a whole number", 3, SEC, SEC / 2},
    {"1/2m", 1, 120 * SEC, HOUR},
    {"7 in 3 ns", 7, 10, 999},
    {"one each nanosecond", 1, 1, 1000},
    {"ends just before the next", 10, SEC, SEC - 1},
    {"ends with a period", 10, SEC, SEC},
    {"333/10s", 333, 10 * SEC, 100 * SEC},
    {"too short for one", 1, HOUR, HOUR - 1},
};

static void
test_constant_rates(void **state)
{
    for (size_t i = 0; i < COUNT(constants); i++) {
        struct plan_workload workload = constant(
            constants[i].count, constants[i].per, constants[i].duration);
        int64_t expected = (int64_t)((wide)constants[i].count *
                                     constants[i].duration / constants[i].per);
        struct arrivals arrivals;
        arrivals_init(&arrivals, &workload, whole, 1);
        int64_t k = 0;
        for (nsec_t due; arrivals_next(&arrivals, &due); k++) {
            if (due !=
                (nsec_t)((wide)k * constants[i].per / constants[i].count))
                fail_msg("%s: run %lld is due at %lld", constants[i].name,
                         (long long)k, (long long)due);
        }
        if (k != expected)
            fail_msg("%s: %lld runs", constants[i].name, (long long)k);
    }
}

/* After years the schedule is where it would be if they had been one step. */
static void
test_no_drift(void **state)
{
    struct plan_workload workload = constant(999999937, 1000000007, 10 * YEAR);
    int64_t total = (int64_t)((wide)999999937 * 10 * YEAR / 1000000007);
    for (int64_t k = 1; k > 0 && k < total; k *= 3) {
        struct arrivals arrivals;
        nsec_t due = -1;
        arrivals_init(&arrivals, &workload, whole, 1);
        arrivals.next = k;
        assert_true(arrivals_next(&arrivals, &due));
        assert_int_equal(due, (nsec_t)((wide)k * 1000000007 / 999999937));
    }
    struct arrivals arrivals;
    nsec_t due;
    arrivals_init(&arrivals, &workload, whole, 1);
    arrivals.next = total - 1;
    assert_true(arrivals_next(&arrivals, &due));
    assert_false(arrivals_next(&arrivals, &due));
}

static void
test_without_end(void **state)
{
    struct plan_workload workload = constant(1, SEC, NSEC_NEVER);
    struct arrivals arrivals;
    nsec_t due;
    arrivals_init(&arrivals, &workload, whole, 1);
    arrivals.next = 1000000000;
    assert_true(arrivals_next(&arrivals, &due));
    assert_int_equal(due, 1000000000 * SEC);
}

/* --- ramps --- */

/* Worked out in fractions, without rounding: the last nanosecond at which the
 * integral of the rate is not above k. */
static const struct ramp {
    const char *name;
    struct plan_rate rate;
    struct plan_stage stages[3];
    size_t stage_count;
    int64_t total;
    struct {
        int64_t number;
        nsec_t due;
    } arrivals[8];
} ramps[] = {
    {"from nothing to 100/s",
     {0, 1000000000},
     {{INT64_C(60000000000), {100, INT64_C(1000000000)}}},
     1,
     INT64_C(3000),
     {{INT64_C(0), INT64_C(0)},
      {INT64_C(1), INT64_C(1095445115)},
      {INT64_C(2), INT64_C(1549193338)},
      {INT64_C(30), INT64_C(6000000000)},
      {INT64_C(120), INT64_C(12000000000)},
      {INT64_C(1499), INT64_C(42412262377)},
      {INT64_C(2999), INT64_C(59989999166)},
      {-1, 0}}},
    {"down to nothing",
     {100, 1000000000},
     {{INT64_C(60000000000), {0, INT64_C(1000000000)}}},
     1,
     INT64_C(3000),
     {{INT64_C(0), INT64_C(0)},
      {INT64_C(1), INT64_C(10000833)},
      {INT64_C(1500), INT64_C(17573593128)},
      {INT64_C(2998), INT64_C(58450806661)},
      {INT64_C(2999), INT64_C(58904554884)},
      {-1, 0}}},
    {"up, level, down",
     {0, 1000000000},
     {{INT64_C(10000000000), {7, INT64_C(3000000000)}},
      {INT64_C(11000000001), {7, INT64_C(3000000000)}},
      {INT64_C(13000000000), {0, INT64_C(1000000000)}}},
     3,
     INT64_C(52),
     {{INT64_C(0), INT64_C(0)},
      {INT64_C(5), INT64_C(6546536707)},
      {INT64_C(11), INT64_C(9710083124)},
      {INT64_C(12), INT64_C(10142857142)},
      {INT64_C(37), INT64_C(20857142857)},
      {INT64_C(38), INT64_C(21288924963)},
      {INT64_C(51), INT64_C(29911689134)},
      {-1, 0}}},
    {"other units",
     {1, 120000000000},
     {{INT64_C(3600000000000), {1000, INT64_C(3600000000000)}},
      {INT64_C(600000000000), {90, INT64_C(60000000000)}}},
     2,
     INT64_C(1048),
     {{INT64_C(0), INT64_C(0)},
      {INT64_C(1), INT64_C(86443238515)},
      {INT64_C(2), INT64_C(145252740877)},
      {INT64_C(500), INT64_C(3545601327908)},
      {INT64_C(514), INT64_C(3596398252304)},
      {INT64_C(515), INT64_C(3600000000000)},
      {INT64_C(1000), INT64_C(4167040130689)},
      {-1, 0}}},
    {"ten years at 1000000/s, then 1/h",
     {1000000, 1000000000},
     {{INT64_C(283824000000000000), {1000000, INT64_C(1000000000)}},
      {INT64_C(0), {1, INT64_C(3600000000000)}},
      {INT64_C(18000000000000), {1, INT64_C(3600000000000)}}},
     3,
     INT64_C(283824000000005),
     {{INT64_C(283823999999999), INT64_C(283823999999999000)},
      {INT64_C(283824000000000), INT64_C(283824000000000000)},
      {INT64_C(283824000000003), INT64_C(283834800000000000)},
      {-1, 0}}},
    {"ten years of a slope to nothing",
     {1000000000, 1000000000},
     {{INT64_C(315360000000000000), {0, INT64_C(1000000000)}}},
     1,
     INT64_C(157680000000000000),
     {{INT64_C(1), INT64_C(1)},
      {INT64_C(1000000000), INT64_C(1000000001)},
      {INT64_C(157679999000000000), INT64_C(315334885860556252)},
      {INT64_C(157679999999999998), INT64_C(315359998876861540)},
      {INT64_C(157679999999999999), INT64_C(315359999205821178)},
      {-1, 0}}},
    {"odd numbers",
     {13, 17000000},
     {{INT64_C(999999937), {1009, INT64_C(1000003)}},
      {INT64_C(1234567891), {3, INT64_C(1000003)}}},
     2,
     INT64_C(1129570),
     {{INT64_C(0), INT64_C(0)},
      {INT64_C(1), INT64_C(841204)},
      {INT64_C(100), INT64_C(13346226)},
      {INT64_C(100000), INT64_C(444626262)},
      {INT64_C(500000), INT64_C(995150902)},
      {INT64_C(1100000), INT64_C(1968821606)},
      {-1, 0}}},
    {"a rate of zero for a while",
     {10, SEC},
     {{SEC, {10, SEC}}, {0, {0, SEC}}, {5 * SEC, {0, SEC}}},
     3,
     10,
     {{0, 0}, {9, 9 * SEC / 10}, {-1, 0}}},
    {"nothing until a jump",
     {0, SEC},
     {{3 * SEC, {0, SEC}}, {0, {4, SEC}}, {SEC, {4, SEC}}},
     3,
     4,
     {{0, 3 * SEC}, {1, 3 * SEC + SEC / 4}, {-1, 0}}},
    {"a jump at the end",
     {0, SEC},
     {{SEC, {0, SEC}}, {0, {9, SEC}}},
     2,
     0,
     {{-1, 0}}},
};

static struct plan_workload
make_ramp(const struct ramp *ramp)
{
    return (struct plan_workload){
        .executor = EXECUTOR_RAMPING_RATE,
        .rate = ramp->rate,
        .stages = (struct plan_stage *)(uintptr_t)ramp->stages,
        .stage_count = ramp->stage_count,
    };
}

static void
test_ramps(void **state)
{
    for (size_t i = 0; i < COUNT(ramps); i++) {
        struct plan_workload workload = make_ramp(&ramps[i]);
        struct arrivals arrivals;
        nsec_t due;
        for (size_t j = 0; ramps[i].arrivals[j].number >= 0; j++) {
            arrivals_init(&arrivals, &workload, whole, 1);
            arrivals.next = ramps[i].arrivals[j].number;
            assert_true(arrivals_next(&arrivals, &due));
            if (due != ramps[i].arrivals[j].due)
                fail_msg("%s: run %lld is due at %lld, not %lld", ramps[i].name,
                         (long long)ramps[i].arrivals[j].number, (long long)due,
                         (long long)ramps[i].arrivals[j].due);
        }
        arrivals_init(&arrivals, &workload, whole, 1);
        arrivals.next = ramps[i].total > 0 ? ramps[i].total - 1 : 0;
        if (arrivals_next(&arrivals, &due) != (ramps[i].total > 0) ||
            arrivals_next(&arrivals, &due))
            fail_msg("%s: not %lld runs", ramps[i].name,
                     (long long)ramps[i].total);
    }
}

/* Twice the integral times the period, at x of a stage, times its length: a
 * whole number. */
static wide
area_in(const struct plan_stage *stage, int64_t from, nsec_t x)
{
    int64_t slope = stage->target.count - from;
    return 2 * (wide)from * x * stage->duration + (wide)slope * x * x;
}

/* Goes by the definition, arrival by arrival, for ramps made by chance. */
static void
test_ramps_by_definition(void **state)
{
    struct rng rng;
    rng_init(&rng, 1, 0);
    for (int round = 0; round < 300; round++) {
        struct plan_stage stages[4];
        const nsec_t period = 1000;
        int64_t start = rng_int(&rng, 0, 1) * rng_int(&rng, 0, 900);
        for (size_t i = 0; i < COUNT(stages); i++)
            stages[i] = (struct plan_stage){
                .duration = rng_int(&rng, 0, 3) * rng_int(&rng, 0, 500),
                .target = {rng_int(&rng, 0, 2) * rng_int(&rng, 0, 400), period},
            };
        struct plan_workload workload = {
            .executor = EXECUTOR_RAMPING_RATE,
            .rate = {start, period},
            .stages = stages,
            .stage_count = COUNT(stages),
        };
        struct arrivals arrivals;
        arrivals_init(&arrivals, &workload, whole, 1);
        nsec_t due, begins = 0;
        wide before = 0; /* twice the runs, times the period */
        int64_t k = 0;
        size_t stage = 0;
        int64_t from = start;
        while (arrivals_next(&arrivals, &due)) {
            while (due >= begins + stages[stage].duration) {
                begins += stages[stage].duration;
                before += (wide)(from + stages[stage].target.count) *
                          stages[stage].duration;
                from = stages[stage++].target.count;
                assert_true(stage < COUNT(stages));
            }
            wide length = stages[stage].duration;
            wide wanted = (2 * (wide)period * k - before) * length;
            nsec_t x = due - begins;
            assert_true(area_in(&stages[stage], from, x) <= wanted);
            assert_true(area_in(&stages[stage], from, x + 1) > wanted);
            k++;
        }
        for (; stage < COUNT(stages); stage++) {
            before += (wide)(from + stages[stage].target.count) *
                      stages[stage].duration;
            from = stages[stage].target.count;
        }
        assert_int_equal(k, (int64_t)(before / (2 * period)));
    }
}

static void
test_expected(void **state)
{
    struct plan_workload workload = make_ramp(&ramps[0]);
    static const nsec_t times[] = {0,           1,        SEC,      6 * SEC,
                                   6 * SEC + 1, 30 * SEC, 60 * SEC, 90 * SEC};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct arrivals arrivals;
        arrivals_init(&arrivals, &workload, whole, 1);
        int64_t count = 0;
        for (nsec_t due; arrivals_next(&arrivals, &due) && due < times[i];)
            count++;
        assert_int_equal((int64_t)arrivals_expected(&workload, times[i]),
                         count);
    }
    workload.arrival = ARRIVAL_POISSON;
    assert_true(fabs(arrivals_expected(&workload, 30 * SEC) - 750) < 1e-6);
    assert_true(fabs(arrivals_expected(&workload, HOUR) - 3000) < 1e-6);
}

/* --- random arrivals --- */

static int64_t
count_until(const struct plan_workload *workload, uint64_t seed, nsec_t until)
{
    struct arrivals arrivals;
    arrivals_init(&arrivals, workload, whole, seed);
    int64_t count = 0;
    nsec_t before = 0;
    for (nsec_t due; arrivals_next(&arrivals, &due) && due < until; count++) {
        assert_true(due >= before);
        before = due;
    }
    return count;
}

/* The number up to any moment is Poisson with the integral as its mean: mean
 * and variance of many are near it, by five standard errors. */
static void
test_random_arrivals(void **state)
{
    static const nsec_t times[] = {6 * SEC, 30 * SEC, 60 * SEC};
    struct plan_workload workload = make_ramp(&ramps[0]);
    workload.arrival = ARRIVAL_POISSON;
    const int seeds = 400;
    for (size_t i = 0; i < COUNT(times); i++) {
        double mean = arrivals_expected(&workload, times[i]);
        double sum = 0, squares = 0;
        for (int seed = 0; seed < seeds; seed++) {
            double off =
                (double)count_until(&workload, (uint64_t)seed, times[i]) - mean;
            sum += off;
            squares += off * off;
        }
        assert_true(fabs(sum / seeds) < 5 * sqrt(mean / seeds));
        assert_true(fabs(squares / seeds / mean - 1) <
                    5 * sqrt((2 + 1 / mean) / seeds));
    }
}

static void
test_random_arrivals_repeat(void **state)
{
    struct plan_workload workload = constant(100, SEC, 10 * SEC);
    workload.arrival = ARRIVAL_POISSON;
    struct arrivals a, b, c;
    arrivals_init(&a, &workload, whole, 7);
    arrivals_init(&b, &workload, whole, 7);
    arrivals_init(&c, &workload, whole, 8);
    bool differs = false;
    for (int i = 0; i < 500; i++) {
        nsec_t due_a, due_b, due_c;
        assert_true(arrivals_next(&a, &due_a));
        assert_true(arrivals_next(&b, &due_b));
        assert_true(arrivals_next(&c, &due_c));
        assert_int_equal(due_a, due_b);
        differs = differs || due_a != due_c;
    }
    assert_true(differs);
}

/* --- segments --- */

static int
compare(const void *a, const void *b)
{
    nsec_t x = *(const nsec_t *)a, y = *(const nsec_t *)b;
    return x < y ? -1 : x > y;
}

static size_t
collect(const struct plan_workload *workload, struct plan_segment segment,
        nsec_t *out)
{
    struct arrivals arrivals;
    size_t count = 0;
    arrivals_init(&arrivals, workload, segment, 5);
    while (arrivals_next(&arrivals, &out[count]))
        count++;
    return count;
}

static void
check_union(const struct plan_workload *workload)
{
    static nsec_t expected[5000], got[5000];
    size_t total = collect(workload, whole, expected);
    assert_true(total > 100 && total < COUNT(expected));
    for (int32_t n = 1; n <= 7; n++) {
        size_t count = 0;
        for (int32_t i = 0; i < n; i++) {
            size_t share =
                collect(workload, (struct plan_segment){i, n}, got + count);
            if (workload->arrival == ARRIVAL_FIXED)
                assert_int_equal(share,
                                 (total - 1 - (size_t)i) / (size_t)n + 1);
            count += share;
        }
        assert_int_equal(count, total);
        qsort(got, count, sizeof(got[0]), compare);
        assert_memory_equal(got, expected, count * sizeof(got[0]));
    }
}

static void
test_segments_are_the_whole(void **state)
{
    struct plan_workload steady = constant(333, 10 * SEC, 61 * SEC);
    struct plan_workload ramp = make_ramp(&ramps[0]);
    check_union(&steady);
    check_union(&ramp);
    steady.arrival = ARRIVAL_POISSON;
    ramp.arrival = ARRIVAL_POISSON;
    check_union(&steady);
    check_union(&ramp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_rates),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_without_end),
        cmocka_unit_test(test_ramps),
        cmocka_unit_test(test_ramps_by_definition),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_random_arrivals),
        cmocka_unit_test(test_random_arrivals_repeat),
        cmocka_unit_test(test_segments_are_the_whole),
    };
    return cmocka_run_group_tests_name("arrivals", tests, NULL, NULL);
}

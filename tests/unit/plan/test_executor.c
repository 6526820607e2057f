#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/executor.h"

static void
test_find(void **state)
{
    static const struct {
        enum executor_type type;
        const struct executor_ops *ops;
        const char *name;
        bool has_cohort, open;
    } rows[] = {
        {EXECUTOR_CONSTANT_WORKERS, &exec_constant_workers, "constant_workers",
         true, false},
        {EXECUTOR_RAMPING_WORKERS, &exec_ramping_workers, "ramping_workers",
         false, false},
        {EXECUTOR_RUNS_PER_WORKER, &exec_runs_per_worker, "runs_per_worker",
         true, false},
        {EXECUTOR_SHARED_RUNS, &exec_shared_runs, "shared_runs", false, false},
        {EXECUTOR_CONSTANT_RATE, &exec_constant_rate, "constant_rate", false,
         true},
        {EXECUTOR_RAMPING_RATE, &exec_ramping_rate, "ramping_rate", false,
         true},
        {EXECUTOR_ROUND_RATE, &exec_round_rate, "round_rate", true, false},
        {EXECUTOR_MANUAL, &exec_manual, "manual", false, false},
        {EXECUTOR_SINGLE_RUN, &exec_single_run, "single_run", true, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_ptr_equal(executor_find(rows[i].type), rows[i].ops);
        assert_ptr_equal(executor_find_name(rows[i].name), rows[i].ops);
        assert_string_equal(executor_type_name(rows[i].type), rows[i].name);
        assert_int_equal(rows[i].ops->has_cohort, rows[i].has_cohort);
        assert_int_equal(rows[i].ops->open, rows[i].open);
        assert_int_equal(rows[i].ops->next_run == NULL, rows[i].open);
    }
    assert_null(executor_find_name("constant"));
}

/* Against the closed form in 128 bits. */
static void
test_starts(void **state)
{
    static const struct {
        const char *name;
        nsec_t ramp_up;
        int32_t workers;
    } rows[] = {
        {"no ramp-up", 0, 5},
        {"even", 10 * NSEC_PER_SEC, 5},
        {"uneven", 10, 3},
        {"more workers than nanoseconds", 7, 100},
        {"ten years for a million", INT64_C(315360000) * NSEC_PER_SEC + 999999,
         1000000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct plan_workload workload = {.ramp_up = rows[i].ramp_up,
                                               .workers = rows[i].workers};
        int32_t stride = rows[i].workers / 97 + 1;
        for (int32_t index = 0; index < rows[i].workers; index += stride) {
            nsec_t expected =
                (nsec_t)((__int128)index * rows[i].ramp_up / rows[i].workers);
            if (executor_spread_start(&workload, index) != expected)
                fail_msg("%s: worker %d", rows[i].name, (int)index);
        }
    }
}

/* Runs of a fixed length on a clock that is only a number. */
static int64_t
count_runs(const struct plan_workload *workload, int32_t index, nsec_t length)
{
    const struct executor_ops *executor = executor_find(workload->executor);
    const struct executor_state state = {0};
    nsec_t now = 0;
    for (int64_t runs = 0;;) {
        struct executor_due due =
            executor->next_run(workload, &state, index, runs, now);
        switch (due.answer) {
        case EXECUTOR_NOW:
            runs++;
            now += length;
            break;
        case EXECUTOR_LATER:
            now = due.at;
            break;
        case EXECUTOR_PARKED:
        case EXECUTOR_OVER:
            return runs;
        }
    }
}

static void
test_runs(void **state)
{
    static const struct {
        const char *name;
        struct plan_workload workload;
        int32_t index;
        nsec_t length;
        int64_t expected;
    } rows[] = {
        {"until the time is over",
         {.executor = EXECUTOR_CONSTANT_WORKERS, .workers = 2, .duration = 100},
         1,
         10,
         10},
        {"the last run may begin just before the end",
         {.executor = EXECUTOR_CONSTANT_WORKERS, .workers = 1, .duration = 101},
         0,
         10,
         11},
        {"a late start leaves less time",
         {.executor = EXECUTOR_CONSTANT_WORKERS,
          .workers = 2,
          .duration = 100,
          .ramp_up = 100},
         1,
         10,
         5},
        {"so many runs",
         {.executor = EXECUTOR_RUNS_PER_WORKER,
          .workers = 2,
          .duration = NSEC_NEVER,
          .max_runs = 7},
         1,
         10,
         7},
        {"runs before time",
         {.executor = EXECUTOR_RUNS_PER_WORKER,
          .workers = 1,
          .duration = 100,
          .max_runs = 7},
         0,
         10,
         7},
        {"time before runs",
         {.executor = EXECUTOR_RUNS_PER_WORKER,
          .workers = 1,
          .duration = 50,
          .max_runs = 7},
         0,
         10,
         5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got =
            count_runs(&rows[i].workload, rows[i].index, rows[i].length);
        if (got != rows[i].expected)
            fail_msg("%s: %lld runs", rows[i].name, (long long)got);
    }
}

/* --- one by one --- */

#define SEC NSEC_PER_SEC

static struct executor_due
ask(const struct plan_workload *workload, const struct executor_state *state,
    int64_t runs_done, nsec_t now)
{
    return executor_find(workload->executor)
        ->next_run(workload, state, 1, runs_done, now);
}

#define ASSERT_DUE(expected_answer, expected_at, ...)                   \
    do {                                                                \
        struct executor_due due = ask(__VA_ARGS__);                     \
        assert_int_equal(due.answer, expected_answer);                  \
        if (due.answer == EXECUTOR_NOW || due.answer == EXECUTOR_LATER) \
            assert_int_equal(due.at, expected_at);                      \
    } while (0)

static void
test_shared_runs(void **state)
{
    const struct plan_workload workload = {.executor = EXECUTOR_SHARED_RUNS,
                                           .workers = 2,
                                           .ramp_up = 10,
                                           .duration = 100,
                                           .max_runs = 7};
    struct executor_state so_far = {.runs_begun = 6};
    ASSERT_DUE(EXECUTOR_LATER, 5, &workload, &so_far, 0, 4);
    ASSERT_DUE(EXECUTOR_NOW, 9, &workload, &so_far, 90, 9);
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &so_far, 0, 100);
    so_far.runs_begun = 7;
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &so_far, 0, 9);
}

/* Nobody is ahead of the schedule, and who is late does not shift it. */
static void
test_rounds(void **state)
{
    const struct plan_workload workload = {.executor = EXECUTOR_ROUND_RATE,
                                           .workers = 2,
                                           .duration = 10 * SEC,
                                           .rate = {3, 2 * SEC}};
    const struct executor_state none = {0};
    ASSERT_DUE(EXECUTOR_NOW, 0, &workload, &none, 0, 0);
    ASSERT_DUE(EXECUTOR_LATER, 666666666, &workload, &none, 1, SEC / 2);
    ASSERT_DUE(EXECUTOR_NOW, 666666666, &workload, &none, 1, SEC);
    ASSERT_DUE(EXECUTOR_LATER, 1333333333, &workload, &none, 2, SEC);
    ASSERT_DUE(EXECUTOR_LATER, 9333333333, &workload, &none, 14, 9 * SEC);
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &none, 15, 9 * SEC);
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &none, 3, 10 * SEC);
}

static void
test_by_hand(void **state)
{
    const struct plan_workload workload = {.executor = EXECUTOR_MANUAL,
                                           .workers = 9,
                                           .workers_at_start = 1,
                                           .duration = 100};
    struct executor_state wanted = {.workers_wanted = 1};
    ASSERT_DUE(EXECUTOR_PARKED, 0, &workload, &wanted, 0, 5);
    wanted.workers_wanted = 2;
    ASSERT_DUE(EXECUTOR_NOW, 5, &workload, &wanted, 50, 5);
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &wanted, 50, 100);
    assert_int_equal(exec_manual.workers_at(&workload, 99), 1);
    assert_int_equal(exec_manual.workers_at(&workload, 100), 0);
}

static void
test_single_run(void **state)
{
    struct plan_turn turns[] = {{0, 3}, {1, 5}, {4, 1}};
    const struct plan_workload workload = {.executor = EXECUTOR_SINGLE_RUN,
                                           .workers = 2,
                                           .duration = NSEC_NEVER,
                                           .turns = turns,
                                           .turn_count = 3};
    struct executor_state so_far = {0};
    ASSERT_DUE(EXECUTOR_NOW, 7, &workload, &so_far, 0, 7);
    ASSERT_DUE(EXECUTOR_PARKED, 0, &workload, &so_far, 1, 7);
    so_far.stage = 1;
    ASSERT_DUE(EXECUTOR_NOW, 8, &workload, &so_far, 1, 8);
    so_far.stage = 3;
    ASSERT_DUE(EXECUTOR_PARKED, 0, &workload, &so_far, 2, 9);
    so_far.stage = 4;
    ASSERT_DUE(EXECUTOR_NOW, 9, &workload, &so_far, 2, 9);
    ASSERT_DUE(EXECUTOR_OVER, 0, &workload, &so_far, 3, 9);
}

/* As many as have started by the starts of each. */
static void
test_workers_of_a_ramp_up(void **state)
{
    static const nsec_t ramp_ups[] = {0, 1, 7, 100, 101, 350};
    for (size_t i = 0; i < sizeof(ramp_ups) / sizeof(ramp_ups[0]); i++) {
        const struct plan_workload workload = {
            .workers = 13, .ramp_up = ramp_ups[i], .duration = 300};
        for (nsec_t now = -1; now <= 301; now++) {
            int32_t expected = 0;
            for (int32_t index = 0; index < workload.workers; index++)
                expected += now < 300 && now >= 0 &&
                            executor_spread_start(&workload, index) <= now;
            if (executor_spread_workers(&workload, now) != expected)
                fail_msg("ramp-up %d, at %d", (int)ramp_ups[i], (int)now);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_shared_runs),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_single_run),
        cmocka_unit_test(test_workers_of_a_ramp_up),
    };
    return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/executor.h"

static void
test_find(void **state)
{
    assert_ptr_equal(executor_find(EXECUTOR_CONSTANT_WORKERS),
                     &exec_constant_workers);
    assert_ptr_equal(executor_find(EXECUTOR_RUNS_PER_WORKER),
                     &exec_runs_per_worker);
    assert_string_equal(executor_type_name(exec_constant_workers.type),
                        "constant_workers");
    assert_string_equal(executor_type_name(exec_runs_per_worker.type),
                        "runs_per_worker");
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}

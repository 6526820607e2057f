#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/executor.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SEC NSEC_PER_SEC

static const struct executor_state nothing = {0};

/* Stages of plain numbers of workers, the last of duration -1. */
struct shape {
    const char *name;
    int32_t at_start;
    struct {
        nsec_t duration;
        int64_t target;
    } stages[6];
};

struct made {
    struct plan_workload workload;
    struct plan_stage stages[6];
};

static void
make(const struct shape *shape, struct made *made)
{
    *made = (struct made){
        .workload = {.executor = EXECUTOR_RAMPING_WORKERS,
                     .workers = shape->at_start,
                     .workers_at_start = shape->at_start,
                     .stages = made->stages},
    };
    struct plan_workload *workload = &made->workload;
    for (size_t i = 0; shape->stages[i].duration >= 0; i++) {
        made->stages[i] = (struct plan_stage){shape->stages[i].duration,
                                              {shape->stages[i].target, 0}};
        workload->duration += shape->stages[i].duration;
        workload->stage_count++;
        if (shape->stages[i].target > workload->workers)
            workload->workers = (int32_t)shape->stages[i].target;
    }
}

static const struct shape shapes[] = {
    {"up", 0, {{100, 10}, {-1, 0}}},
    {"up, level, down", 0, {{100, 10}, {50, 10}, {70, 0}, {-1, 0}}},
    {"down and up again", 7, {{30, 2}, {30, 9}, {-1, 0}}},
    {"jumps", 3, {{0, 8}, {10, 8}, {0, 1}, {10, 1}, {0, 5}, {-1, 0}}},
    {"a jump there and back", 4, {{10, 4}, {0, 0}, {0, 4}, {10, 4}, {-1, 0}}},
    {"to nothing and back", 0, {{10, 5}, {10, 0}, {10, 5}, {10, 0}, {-1, 0}}},
    {"more workers than nanoseconds", 0, {{7, 100}, {5, 0}, {3, 40}, {-1, 0}}},
    {"none ever", 0, {{10, 0}, {-1, 0}}},
    {"one for a moment", 0, {{10, 0}, {0, 1}, {1, 1}, {0, 0}, {9, 0}, {-1, 0}}},
};

/* By the definition, without a formula: is the line above `index` somewhere in
 * the nanosecond from `now`, and on the way down not below it at its end? */
static bool
is_wanted(const struct plan_workload *workload, int32_t index, nsec_t now)
{
    nsec_t begins = 0;
    int64_t from = workload->workers_at_start;
    bool wanted = false;
    for (size_t i = 0; i < workload->stage_count; i++) {
        const struct plan_stage *stage = &workload->stages[i];
        int64_t to = stage->target.count;
        nsec_t x = now - begins;
        if (x >= 0 && x < stage->duration) {
            /* The line at x + 1, times the duration. */
            int64_t line = from * stage->duration + (to - from) * (x + 1);
            int64_t mark = index * stage->duration;
            if (to >= from)
                return from > index || line > mark;
            return from > index && line >= mark;
        }
        begins += stage->duration;
        from = to;
    }
    return wanted;
}

static void
test_who_is_wanted(void **state)
{
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct made made;
        make(&shapes[i], &made);
        const struct plan_workload *workload = &made.workload;
        for (nsec_t now = 0; now <= workload->duration; now++) {
            int32_t count = 0;
            for (int32_t index = 0; index < workload->workers; index++) {
                struct executor_due due = exec_ramping_workers.next_run(
                    workload, &nothing, index, 3, now);
                bool expected = is_wanted(workload, index, now);
                if ((due.answer == EXECUTOR_NOW) != expected)
                    fail_msg("%s: worker %d at %lld", shapes[i].name,
                             (int)index, (long long)now);
                if (expected)
                    assert_int_equal(due.at, now);
                count += expected;
            }
            if (exec_ramping_workers.workers_at(workload, now) != count)
                fail_msg("%s: %d workers at %lld, not %d", shapes[i].name,
                         (int)exec_ramping_workers.workers_at(workload, now),
                         (long long)now, (int)count);
        }
    }
}

/* LATER is the next moment at which it is wanted, leaves_at the next at which
 * it is not. */
static void
test_when(void **state)
{
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct made made;
        make(&shapes[i], &made);
        const struct plan_workload *workload = &made.workload;
        for (int32_t index = 0; index < workload->workers; index++) {
            nsec_t comes = NSEC_NEVER, goes = NSEC_NEVER;
            for (nsec_t now = workload->duration - 1; now >= 0; now--) {
                bool wanted = is_wanted(workload, index, now);
                if (wanted && !is_wanted(workload, index, now + 1) &&
                    now + 1 < workload->duration)
                    goes = now + 1;
                if (wanted)
                    comes = now;
                struct executor_due due = exec_ramping_workers.next_run(
                    workload, &nothing, index, 0, now);
                if (wanted) {
                    assert_int_equal(due.answer, EXECUTOR_NOW);
                    nsec_t end =
                        exec_ramping_workers.leaves_at(workload, index, now);
                    if (end != goes)
                        fail_msg("%s: worker %d leaves at %lld, not %lld",
                                 shapes[i].name, (int)index, (long long)end,
                                 (long long)goes);
                } else if (comes == NSEC_NEVER) {
                    assert_int_equal(due.answer, EXECUTOR_OVER);
                } else {
                    assert_int_equal(due.answer, EXECUTOR_LATER);
                    assert_int_equal(due.at, comes);
                }
            }
        }
    }
}

/* As with --ramp-up: worker i of n starts at i T / n. */
static void
test_a_ramp_is_a_ramp_up(void **state)
{
    static const struct shape shape = {
        "", 0, {{10 * SEC, 7}, {SEC, 7}, {-1, 0}}};
    struct made made;
    make(&shape, &made);
    struct plan_workload spread = {.workers = 7, .ramp_up = 10 * SEC};
    for (int32_t index = 1; index < 7; index++) {
        struct executor_due due = exec_ramping_workers.next_run(
            &made.workload, &nothing, index, 0, 0);
        assert_int_equal(due.answer, EXECUTOR_LATER);
        assert_int_equal(due.at, executor_spread_start(&spread, index));
    }
}

static void
test_years_and_a_million(void **state)
{
    const nsec_t years = INT64_C(315360000) * SEC - 7;
    static struct shape shape = {"", 0, {{0, 1000000}, {0, 0}, {-1, 0}}};
    shape.stages[0].duration = years / 2;
    shape.stages[1].duration = years / 2;
    struct made made;
    make(&shape, &made);
    struct executor_due due =
        exec_ramping_workers.next_run(&made.workload, &nothing, 999999, 0, 0);
    __extension__ __int128 part = (__int128)(years / 2) * 999999 / 1000000;
    assert_int_equal(due.at, (nsec_t)part);
    assert_int_equal(
        exec_ramping_workers.leaves_at(&made.workload, 999999, due.at),
        years / 2 + years / 2 / 1000000);
    assert_int_equal(exec_ramping_workers.leaves_at(&made.workload, 0, due.at),
                     NSEC_NEVER);
    assert_int_equal(exec_ramping_workers.workers_at(&made.workload, due.at),
                     1000000);
    assert_int_equal(
        exec_ramping_workers.workers_at(&made.workload, due.at - 1), 999999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_wanted),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_a_ramp_is_a_ramp_up),
        cmocka_unit_test(test_years_and_a_million),
    };
    return cmocka_run_group_tests_name("ramping_workers", tests, NULL, NULL);
}

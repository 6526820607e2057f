#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/interval_list.h"

static void
add(struct interval_list *list, int number)
{
    struct interval_row row = {
        .interval = {.at = number * NSEC_PER_SEC,
                     .length = NSEC_PER_SEC,
                     .workers = number % 7,
                     .requests = (uint64_t)number,
                     .p99 = number},
        .watched = true,
        .generator = {.at = number * NSEC_PER_SEC,
                      .length = NSEC_PER_SEC,
                      .cpu = number % 2,
                      .lag_p99 = number,
                      .shortages = 1},
    };
    interval_list_add(list, &row);
}

static uint64_t
sum_of(const struct interval_list *list)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < list->count; i++)
        sum += list->rows[i].interval.requests;
    return sum;
}

static void
test_every_length(void **state)
{
    struct interval_list list = {0};
    uint64_t sum = 0;
    for (int i = 1; i <= 5 * INTERVALS_MAX; i++) {
        add(&list, i);
        sum += (uint64_t)i;
        assert_true(list.count <= INTERVALS_MAX);
        assert_int_equal(sum_of(&list), sum);
        const struct interval *last = &list.rows[list.count - 1].interval;
        assert_int_equal(last->at, i * NSEC_PER_SEC);
    }
    nsec_t at = 0;
    uint64_t shortages = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct interval_row *row = &list.rows[i];
        at += row->interval.length;
        assert_int_equal(row->interval.at, at);
        assert_int_equal(row->generator.at, at);
        shortages += row->generator.shortages;
        if (i + 1 < list.count) {
            assert_int_equal(row->interval.length, 8 * NSEC_PER_SEC);
            assert_true(row->generator.cpu == 0.5);
        }
    }
    assert_int_equal(shortages, 5 * INTERVALS_MAX);
    interval_list_finish(&list);
}

static void
test_what_is_not_known_stays_unknown(void **state)
{
    struct generator_sample known = {.length = 1, .cpu = 1, .cpu_wait = 0.5};
    struct generator_sample unknown = {.length = 1, .cpu = 0, .cpu_wait = -1};
    struct generator_sample both = generator_join(&known, &unknown);
    assert_true(both.cpu == 0.5);
    assert_true(both.cpu_wait < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_what_is_not_known_stays_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

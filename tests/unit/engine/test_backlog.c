#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/backlog.h"

static void
test_in_the_order_in_which_they_are_due(void **state)
{
    struct backlog backlog = {0};
    const nsec_t added[] = {5, 7, 9, 1, 8, 0, 7, 10, 2};
    const nsec_t sorted[] = {0, 1, 2, 5, 7, 7, 8, 9, 10};
    for (size_t i = 0; i < 9; i++)
        backlog_add(&backlog, added[i]);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(backlog_first(&backlog), sorted[i]);
        assert_int_equal(backlog_pop(&backlog), sorted[i]);
    }
    assert_int_equal(backlog.count, 0);
    backlog_finish(&backlog);
}

/* Beside a table in which the first is searched for. */
static void
test_random_ones(void **state)
{
    enum { MOST = 200 };
    struct rng rng;
    rng_init(&rng, 1, 0);
    for (int round = 0; round < 200; round++) {
        struct backlog backlog = {0};
        nsec_t model[MOST];
        size_t count = 0;
        for (int i = 0; i < MOST; i++) {
            if (count > 0 && rng_int(&rng, 0, 2) == 0) {
                size_t first = 0;
                for (size_t j = 1; j < count; j++)
                    if (model[j] < model[first])
                        first = j;
                assert_int_equal(backlog_pop(&backlog), model[first]);
                model[first] = model[--count];
            } else {
                model[count] = rng_int(&rng, 0, 50);
                backlog_add(&backlog, model[count++]);
            }
            assert_int_equal(backlog.count, count);
        }
        backlog_finish(&backlog);
    }
}

/* Of very many the first go away and come back, some at a time: minutes, if all
 * the others had to be moved for each. */
static void
test_who_comes_back_moves_nobody(void **state)
{
    enum { WAITING = 500000, AWAY = 8, ROUNDS = 100000 };
    struct backlog backlog = {0};
    for (nsec_t i = 0; i < WAITING; i++)
        backlog_add(&backlog, i);
    for (int round = 0; round < ROUNDS; round++) {
        nsec_t away[AWAY];
        for (int i = 0; i < AWAY; i++)
            away[i] = backlog_pop(&backlog);
        for (int i = 0; i < AWAY; i++)
            backlog_add(&backlog, away[i]);
    }
    assert_int_equal(backlog.count, WAITING);
    assert_int_equal(backlog_first(&backlog), 0);
    backlog_finish(&backlog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_order_in_which_they_are_due),
        cmocka_unit_test(test_random_ones),
        cmocka_unit_test(test_who_comes_back_moves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

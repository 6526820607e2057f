#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"

/* A program of its own: the switch is of the whole process. */

static void
test_time_is_real_until_it_is_made_virtual(void **state)
{
    assert_false(clock_is_virtual());
    nsec_t before = clock_real_now(), now = clock_now();
    assert_true(before <= now && now <= clock_real_now());
    clock_make_virtual();
    assert_true(clock_is_virtual());
}

static void
test_virtual_time_begins_at_the_same_point_each_time(void **state)
{
    assert_int_equal(clock_now(), NSEC_PER_SEC);
}

static void
test_virtual_time_stands_still(void **state)
{
    nsec_t now = clock_now(), real = clock_real_now();
    while (clock_real_now() < real + NSEC_PER_MSEC)
        assert_int_equal(clock_now(), now);
}

static void
test_it_moves_forward_only(void **state)
{
    nsec_t now = clock_now();
    clock_advance(now + 5);
    assert_int_equal(clock_now(), now + 5);
    clock_advance(now + 4);
    clock_advance(0);
    assert_int_equal(clock_now(), now + 5);
    clock_advance(now + 3600 * NSEC_PER_SEC);
    assert_int_equal(clock_now(), now + 3600 * NSEC_PER_SEC);
}

static void
test_the_other_clocks_stay_real(void **state)
{
    nsec_t cpu = clock_process_cpu();
    while (clock_process_cpu() == cpu)
        continue;
    char text[32];
    clock_wall_iso8601(text, sizeof(text));
    assert_true(strcmp(text, "2020") > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_is_real_until_it_is_made_virtual),
        cmocka_unit_test(test_virtual_time_begins_at_the_same_point_each_time),
        cmocka_unit_test(test_virtual_time_stands_still),
        cmocka_unit_test(test_it_moves_forward_only),
        cmocka_unit_test(test_the_other_clocks_stay_real),
    };
    return cmocka_run_group_tests_name("clock_virtual", tests, NULL, NULL);
}

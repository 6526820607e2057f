#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static void
test_from_seconds(void **state)
{
    static const struct {
        const char *name;
        double seconds;
        nsec_t expected;
    } rows[] = {
        {"zero", 0, 0},
        {"half a second", 0.5, 500000000},
        {"a decimal fraction", 0.001, 1000000},
        {"rounds to the nearest", 1.6e-9, 2},
        {"negative", -0.25, -250000000},
        {"ten years", 315576000, INT64_C(315576000000000000)},
        {"too long", 1e10, NSEC_NEVER},
        {"infinite", INFINITY, NSEC_NEVER},
        {"minus infinite", -INFINITY, -NSEC_NEVER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (nsec_from_seconds(rows[i].seconds) != rows[i].expected)
            fail_msg("%s: %lld", rows[i].name,
                     (long long)nsec_from_seconds(rows[i].seconds));
    }
}

static void
test_add_saturates(void **state)
{
    static const struct {
        const char *name;
        nsec_t a, b, expected;
    } rows[] = {
        {"plain", 40, 2, 42},
        {"never plus something", NSEC_NEVER, 1, NSEC_NEVER},
        {"something plus never", 1, NSEC_NEVER, NSEC_NEVER},
        {"never twice", NSEC_NEVER, NSEC_NEVER, NSEC_NEVER},
        {"overflow", NSEC_NEVER - 5, 6, NSEC_NEVER},
        {"negative point in time", -5, 3, -2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (nsec_add(rows[i].a, rows[i].b) != rows[i].expected)
            fail_msg("%s", rows[i].name);
    }
}

static void
test_clocks_do_not_go_back(void **state)
{
    nsec_t last = clock_now(), last_cpu = clock_process_cpu();
    for (int i = 0; i < 10000; i++) {
        nsec_t now = clock_now();
        assert_true(now >= last);
        last = now;
    }
    /* The loop above used some. */
    assert_true(clock_process_cpu() > last_cpu);
}

static void
test_wall_clock_text(void **state)
{
    char text[32];
    time_t before = time(NULL);
    clock_wall_iso8601(text, sizeof(text));
    time_t after = time(NULL);
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    assert_non_null(end);
    assert_string_equal(end, "");
    time_t told = timegm(&tm);
    assert_true(before <= told && told <= after);
    clock_wall_iso8601(text, 5);
    assert_string_equal(text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_seconds),
        cmocka_unit_test(test_add_saturates),
        cmocka_unit_test(test_clocks_do_not_go_back),
        cmocka_unit_test(test_wall_clock_text),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

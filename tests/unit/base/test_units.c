#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "base/units.h"

static void
test_durations(void **state)
{
    static const struct {
        const char *text;
        nsec_t expected;
    } rows[] = {
        {"0", 0},
        {"1.5", 1500 * NSEC_PER_MSEC},
        {"10", 10 * NSEC_PER_SEC},
        {".5", 500 * NSEC_PER_MSEC},
        {"250ms", 250 * NSEC_PER_MSEC},
        {"3us", 3000},
        {"7ns", 7},
        {"2m", 120 * NSEC_PER_SEC},
        {"1h30m", 5400 * NSEC_PER_SEC},
        {"1h2m3s4ms5us6ns", INT64_C(3723004005006)},
        {"0.1s", 100 * NSEC_PER_MSEC},
        {"1.5h", 5400 * NSEC_PER_SEC},
        {"0s", 0},
        {"0h1s", NSEC_PER_SEC},
        {"9223372036854775806ns", INT64_C(9223372036854775806)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        nsec_t t = -1;
        struct err err;
        if (!units_parse_duration(rows[i].text, &t, &err))
            fail_msg("'%s': %s", rows[i].text, err.message);
        if (t != rows[i].expected)
            fail_msg("'%s': %lld", rows[i].text, (long long)t);
    }
}

static void
test_refused_durations(void **state)
{
    static const char *const rows[] = {
        "",    " ",    "-1",   "-1s",  "+1",    "nan",   "inf",  "infinity",
        "1e3", "0x10", "1d",   "1 s",  " 1s",   "1s ",   "s",    "ms",
        "1.",  ".",    "1..5", "1.5.", "1,5",   "30m1h", "1m1m", "1h30",
        "1S",  "1sec", "1msx", "1\n",  "1h-5m",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        nsec_t t = 77;
        struct err err = {0};
        if (units_parse_duration(rows[i], &t, &err))
            fail_msg("'%s' was read as %lld", rows[i], (long long)t);
        assert_int_equal(t, 77);
        assert_non_null(strstr(err.message, "1h30m"));
    }
}

static void
test_too_long_durations(void **state)
{
    static const char *const rows[] = {
        "9223372036854775807ns",
        "9223372036854775808ns",
        "10000000000",
        "99999999999999999999999999ns",
        "3000000h",
        "2562047h9999999m",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        nsec_t t = 77;
        struct err err = {0};
        if (units_parse_duration(rows[i], &t, &err))
            fail_msg("'%s' was read as %lld", rows[i], (long long)t);
        assert_int_equal(t, 77);
        assert_non_null(strstr(err.message, "too long"));
    }
}

static void
test_format_duration(void **state)
{
    static const struct {
        nsec_t t;
        const char *expected;
    } rows[] = {
        {0, "0 s"},
        {1, "1 ns"},
        {999, "999 ns"},
        {1000, "1 us"},
        {1234, "1.23 us"},
        {12345, "12.3 us"},
        {123456, "123 us"},
        {999499, "999 us"},
        {999500, "1 ms"},
        {1230000, "1.23 ms"},
        {1500000, "1.5 ms"},
        {9995000, "10 ms"},
        {99950000, "100 ms"},
        {12 * NSEC_PER_SEC, "12 s"},
        {60 * NSEC_PER_SEC, "60 s"},
        {123 * NSEC_PER_SEC, "2m03s"},
        {3599 * NSEC_PER_SEC, "59m59s"},
        {3600 * NSEC_PER_SEC, "1h00m"},
        {86400 * NSEC_PER_SEC, "24h00m"},
        {-1500, "-1.5 us"},
        {NSEC_NEVER, "never"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        units_format_duration(rows[i].t, text, sizeof(text));
        assert_string_equal(text, rows[i].expected);
    }
}

/* Three significant digits: no value moves by more than 0.5 %. */
static void
test_format_duration_keeps_the_value(void **state)
{
    struct rng rng;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < 20000; i++) {
        nsec_t t = rng_int(&rng, 1, INT64_C(1) << rng_int(&rng, 1, 36));
        char text[32], compact[32];
        units_format_duration(t, text, sizeof(text));
        size_t size = 0;
        for (const char *p = text; *p != '\0'; p++) {
            if (*p != ' ')
                compact[size++] = *p;
        }
        compact[size] = '\0';
        nsec_t back;
        assert_true(units_parse_duration(compact, &back, NULL));
        nsec_t error = back > t ? back - t : t - back;
        if (error * 200 > t)
            fail_msg("%lld became %s", (long long)t, text);
    }
}

static void
test_format_bytes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *expected;
    } rows[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {1234, "1.2 kB"},
        {12345, "12.3 kB"},
        {123456, "123 kB"},
        {999499, "999 kB"},
        {999500, "1.0 MB"},
        {3400000, "3.4 MB"},
        {UINT64_C(5000000000), "5.0 GB"},
        {UINT64_MAX, "18.4 EB"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        units_format_bytes(rows[i].bytes, text, sizeof(text));
        assert_string_equal(text, rows[i].expected);
    }
}

static void
test_ints(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        bool ok;
        int64_t expected;
        const char *message;
    } rows[] = {
        {"5", 1, 10, true, 5, NULL},
        {"-3", -5, 5, true, -3, NULL},
        {"007", 1, 10, true, 7, NULL},
        {"9223372036854775807", 0, INT64_MAX, true, INT64_MAX, NULL},
        {"-9223372036854775808", INT64_MIN, 0, true, INT64_MIN, NULL},
        {"0", 1, 10, false, 0, "workers must be between 1 and 10, not 0"},
        {"0", 1, INT64_MAX, false, 0, "workers must be at least 1, not 0"},
        {"1", INT64_MIN, 0, false, 0, "workers must be at most 0, not 1"},
        {"9223372036854775808", 1, INT64_MAX, false, 0,
         "workers must be at least 1, not 9223372036854775808"},
        {"", 1, 10, false, 0, "workers must be a whole number, not ''"},
        {"-", 1, 10, false, 0, "workers must be a whole number, not '-'"},
        {"+5", 1, 10, false, 0, "workers must be a whole number, not '+5'"},
        {"5x", 1, 10, false, 0, "workers must be a whole number, not '5x'"},
        {"1.5", 1, 10, false, 0, "workers must be a whole number, not '1.5'"},
        {" 5", 1, 10, false, 0, "workers must be a whole number, not ' 5'"},
        {"99999999999999999999x", 1, 10, false, 0,
         "workers must be a whole number, not '99999999999999999999x'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = 77;
        struct err err = {0};
        bool ok = units_parse_int(rows[i].text, "workers", rows[i].min,
                                  rows[i].max, &value, &err);
        if (ok != rows[i].ok)
            fail_msg("'%s': %s", rows[i].text, err.message);
        if (ok) {
            assert_true(value == rows[i].expected);
        } else {
            assert_int_equal(value, 77);
            assert_string_equal(err.message, rows[i].message);
        }
    }
}

static void
test_parse_bytes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {
        {"0", 0},
        {"4096", 4096},
        {"7B", 7},
        {"1kB", 1000},
        {"1KiB", 1024},
        {"1.5kB", 1500},
        {"0.5KiB", 512},
        {"64MB", 64000000},
        {"64MiB", 67108864},
        {"2GB", 2000000000},
        {"1GiB", 1073741824},
        {"3TB", INT64_C(3000000000000)},
        {"1TiB", INT64_C(1099511627776)},
        {"9223372036854775807", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t bytes = -1;
        struct err err = {0};
        if (!units_parse_bytes(rows[i].text, &bytes, &err))
            fail_msg("'%s': %s", rows[i].text, err.message);
        if (bytes != rows[i].bytes)
            fail_msg("'%s': %lld", rows[i].text, (long long)bytes);
    }
}

static void
test_refused_bytes(void **state)
{
    static const char *const rows[] = {
        "",
        "B",
        "MB",
        "-1",
        "+1",
        "1 MB",
        "1mb",
        "1MBB",
        "1e6",
        "0x10",
        "inf",
        "1M B",
        "1PB",
        "1.",
        "1GB 1MB",
        ".",
        " 1",
        "1 ",
        "9223372036854775808",
        "9300000TB",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t bytes = 77;
        struct err err = {0};
        if (units_parse_bytes(rows[i], &bytes, &err))
            fail_msg("'%s' is %lld", rows[i], (long long)bytes);
        assert_int_equal(bytes, 77);
        assert_non_null(strstr(err.message, rows[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_refused_durations),
        cmocka_unit_test(test_too_long_durations),
        cmocka_unit_test(test_format_duration),
        cmocka_unit_test(test_format_duration_keeps_the_value),
        cmocka_unit_test(test_format_bytes),
        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_parse_bytes),
        cmocka_unit_test(test_refused_bytes),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/str.h"

static void
test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        size_t expected;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"same", "same", 0},
        {"Same", "sAME", 0},
        {"abc", "abd", 1},
        {"abc", "ab", 1},
        {"abc", "xabc", 1},
        {"abcd", "abdc", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3}, /* swapped parts stay whole */
        {"workers", "wrokres", 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_distance(rows[i].a, rows[i].b) != rows[i].expected ||
            str_distance(rows[i].b, rows[i].a) != rows[i].expected)
            fail_msg("'%s' and '%s': %zu", rows[i].a, rows[i].b,
                     str_distance(rows[i].a, rows[i].b));
    }
}

static void
test_nearest(void **state)
{
    static const char *const words[] = {"workers",  "duration", "max-runs",
                                        "ramp-up",  "delay",    "seed",
                                        "scenario", "get",      "w"};
    static const struct {
        const char *word, *expected;
    } rows[] = {
        {"workers", "workers"},
        {"WORKERS", "workers"},
        {"wrokers", "workers"},
        {"worker", "workers"},
        {"durration", "duration"},
        {"max_runs", "max-runs"},
        {"senario", "scenario"},
        {"gte", "get"},
        {"dely", "delay"},
        {"put", NULL},
        {"x", NULL},
        {"W", "w"},
        {"", NULL},
        {"elephant", NULL},
        {"seconds", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *nearest =
            str_nearest(rows[i].word, words, sizeof(words) / sizeof(words[0]));
        const char *expected = rows[i].expected;
        if ((nearest == NULL) != (expected == NULL) ||
            (nearest != NULL && strcmp(nearest, expected) != 0))
            fail_msg("'%s': %s", rows[i].word, nearest ? nearest : "none");
    }
    assert_null(str_nearest("workers", NULL, 0));
}

static void
test_nearest_prefers_the_nearer(void **state)
{
    static const char *const words[] = {"http_req_dns", "http_req_tls",
                                        "http_reqs", "http_req_send"};
    assert_string_equal(str_nearest("http_reqz", words, 4), "http_reqs");
    assert_string_equal(str_nearest("http_req_tsl", words, 4), "http_req_tls");
}

static void
test_suggest(void **state)
{
    static const char *const words[] = {"browse", "buy"};
    struct err err = {"unknown 'bowse'"};
    assert_false(str_suggest("bowse", words, 2, &err));
    assert_string_equal(err.message, "unknown 'bowse': did you mean 'browse'?");
    err_set(&err, "unknown 'x'");
    assert_false(str_suggest("x", words, 2, &err));
    assert_string_equal(err.message, "unknown 'x' (there are: browse, buy)");
    err_set(&err, "unknown 'x'");
    assert_false(str_suggest("x", words, 0, &err));
    assert_string_equal(err.message, "unknown 'x'");
    assert_false(str_suggest("x", words, 2, NULL));
}

static void
test_label(void **state)
{
    static const struct {
        const char *name;
        size_t size;
        const char *expected;
    } rows[] = {
        {"pad", 32, "pad"},
        {"notifier12", 32, "notifier#"},
        {"a1b2", 32, "a1b#"},
        {"007", 32, "#"},
        {"", 32, ""},
        {"12x", 32, "12x"},
        {"abcdef", 4, "abc"},
        {"abcdef9", 4, "ab#"},
        {"x9", 1, ""},
        {"x9", 2, "#"},
        {"\xc3\xa9\xc3\xa9", 4, "\xc3\xa9"}, /* no half characters */
        {"\xc3\xa9\xc3\xa9"
         "1",
         5, "\xc3\xa9#"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[33];
        memset(out, '!', sizeof(out));
        str_label(rows[i].name, out, rows[i].size);
        assert_string_equal(out, rows[i].expected);
        assert_int_equal(out[rows[i].size], '!');
    }
}

static void
test_control_break(void **state)
{
    assert_false(str_has_ctl_break("", 0));
    assert_false(str_has_ctl_break("text/html; \t", 12));
    assert_true(str_has_ctl_break("a\rb", 3));
    assert_true(str_has_ctl_break("a\n", 2));
    assert_true(str_has_ctl_break("a\0b", 3));
    assert_false(str_has_ctl_break("a\nb", 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_nearest_prefers_the_nearer),
        cmocka_unit_test(test_suggest),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_control_break),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}

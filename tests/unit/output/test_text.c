#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "output/text.h"

static void
test_printable(void **state)
{
    static const struct {
        const char *name, *text, *expected;
    } rows[] = {
        {"plain", "GET /x", "GET /x"},
        {"empty", "", ""},
        {"line end and tab", "a\nb\tc\r", "a\\nb\\tc\\x0d"},
        {"escape sequence", "\x1b[31m", "\\x1b[31m"},
        {"delete", "\x7f", "\\x7f"},
        {"letters beyond ASCII", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"C1 control",
         "a\xc2\x9b"
         "31m",
         "a\\xc2\\x9b31m"},
        {"lone byte",
         "a\xff"
         "b",
         "a\\xffb"},
        {"cut sequence", "\xe2\x82", "\\xe2\\x82"},
        {"overlong slash", "\xc0\xaf", "\\xc0\\xaf"},
        {"overlong of three", "\xe0\x80\x80", "\\xe0\\x80\\x80"},
        {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"too high", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = {0};
        text_append_printable(&out, rows[i].text);
        if (strcmp(out.data, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, out.data);
        buf_finish(&out);
    }
}

static void
test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t width;
        const char *expected;
    } rows[] = {
        {"short", 5, "short"},
        {"longer", 5, "l...r"},
        {"/api/v1/users/12345/posts", 15, "/api/v.../posts"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 5,
         "\xc3\xa9...\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = {0};
        text_append_cut(&out, rows[i].text, rows[i].width);
        assert_string_equal(out.data, rows[i].expected);
        assert_true(text_width(out.data) <= rows[i].width);
        buf_finish(&out);
    }
}

static void
test_truncate(void **state)
{
    char text[] = "a\xc3\xa9z";
    assert_int_equal(text_width(text), 3);
    text_truncate(text, 9);
    assert_string_equal(text, "a\xc3\xa9z");
    text_truncate(text, 2);
    assert_string_equal(text, "a\xc3\xa9");
    text_truncate(text, 0);
    assert_string_equal(text, "");
}

static void
test_to_utf8(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"a\xc3\xa9\n", "a\xc3\xa9\n"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *utf8 = text_to_utf8(rows[i].text);
        assert_string_equal(utf8, rows[i].expected);
        free(utf8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_truncate),
        cmocka_unit_test(test_to_utf8),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

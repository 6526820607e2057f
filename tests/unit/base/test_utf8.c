#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"

static void
test_length(void **state)
{
    static const struct {
        const char *name, *data;
        size_t size, length;
    } rows[] = {
        {"nothing", "", 0, 0},
        {"NUL", "", 1, 1},
        {"a letter", "ab", 2, 1},
        {"two bytes", "\xc3\xa9", 2, 2},
        {"two bytes of a string", "\xc3\xa9", UTF8_MAX, 2},
        {"three bytes", "\xe2\x82\xac", 3, 3},
        {"four bytes", "\xf0\x9f\x98\x80", 4, 4},
        {"the last character", "\xf4\x8f\xbf\xbf", 4, 4},
        {"cut by the size", "\xe2\x82\xac", 2, 0},
        {"cut by the end", "\xe2\x82", UTF8_MAX, 0},
        {"lone continuation", "\x82", 1, 0},
        {"no continuation", "\xc3(", 2, 0},
        {"overlong", "\xc0\xaf", 2, 0},
        {"overlong of three", "\xe0\x80\x80", 3, 0},
        {"overlong of four", "\xf0\x80\x80\x80", 4, 0},
        {"surrogate", "\xed\xa0\x80", 3, 0},
        {"too high", "\xf4\x90\x80\x80", 4, 0},
        {"no first byte", "\xff", 1, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = utf8_length(rows[i].data, rows[i].size);
        if (length != rows[i].length)
            fail_msg("%s: %zu", rows[i].name, length);
    }
}

static void
test_printable(void **state)
{
    static const struct {
        const char *text, *kept, *expected;
    } rows[] = {
        {"", "", ""},
        {"a\n\tb", "", "a\\n\\tb"},
        {"a\n\tb", "\n", "a\n\\tb"},
        {"\x1b[2J\x7f", "\n\t", "\\x1b[2J\\x7f"},
        {"\xc2\x9b\xc2\xa0\x9b", "\n\t", "\\xc2\\x9b\xc2\xa0\\x9b"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = {0};
        buf_append_str(&out, "> ");
        utf8_append_printable(&out, rows[i].text, rows[i].kept);
        assert_string_equal(out.data + 2, rows[i].expected);
        buf_finish(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_printable),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}

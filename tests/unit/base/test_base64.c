#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"

/* The vectors of RFC 4648 section 10, then every digit of the alphabet. */
static void
test_vectors(void **state)
{
    static const struct {
        const char *name;
        const char *data;
        size_t size;
        const char *expected;
    } rows[] = {
        {"empty", "", 0, ""},
        {"one byte", "f", 1, "Zg=="},
        {"two bytes", "fo", 2, "Zm8="},
        {"three bytes", "foo", 3, "Zm9v"},
        {"four bytes", "foob", 4, "Zm9vYg=="},
        {"five bytes", "fooba", 5, "Zm9vYmE="},
        {"six bytes", "foobar", 6, "Zm9vYmFy"},
        {"zeros", "\0\0", 2, "AAA="},
        {"high bits", "\xff\xfe\xfb\xef", 4, "//777w=="},
        {"all digits",
         "\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51"
         "\x55\x97\x61\x96\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xa2\x9a"
         "\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3\x5d\xb7\xe3\x9e\xbb\xf3\xdf\xbf",
         48,
         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = {0};
        base64_encode(rows[i].data, rows[i].size, &out);
        if (strcmp(out.data, rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, out.data);
        assert_int_equal(out.size, strlen(rows[i].expected));
        buf_finish(&out);
    }
}

static void
test_appends(void **state)
{
    struct buf out = {0};
    buf_append_str(&out, "data:");
    base64_encode("foobar", 6, &out);
    base64_encode("f", 1, &out);
    assert_string_equal(out.data, "data:Zm9vYmFyZg==");
    buf_finish(&out);
}

static void
test_decode_appends_or_leaves_it(void **state)
{
    static const struct base64_form standard = {.padded = true};
    struct buf out = {0};
    struct err err;
    buf_append_str(&out, "> ");
    assert_true(base64_decode("Zm9vYg==", 8, standard, &out, &err));
    assert_string_equal(out.data, "> foob");
    assert_false(base64_decode("Zm9vYmFy*", 9, standard, &out, &err));
    assert_string_equal(err.message, "byte 9 ('*') is not base64");
    assert_string_equal(out.data, "> foob");
    buf_finish(&out);
}

/* Every text of up to four digits or padding is refused, or is what encoding
 * makes of its bytes. */
static void
test_nothing_is_read_that_is_not_written(void **state)
{
    static const char bytes[] = "ABQgw/+-=";
    static const struct base64_form forms[] = {{.padded = true}, {.url = true}};
    size_t accepted = 0;
    for (size_t n = 0; n < 9 * 9 * 9 * 9 * 2; n++) {
        const char text[4] = {bytes[n % 9], bytes[n / 9 % 9], bytes[n / 81 % 9],
                              bytes[n / 729 % 9]};
        struct base64_form form = forms[n / 6561];
        for (size_t size = 0; size <= 4; size++) {
            struct buf out = {0}, again = {0};
            if (base64_decode(text, size, form, &out, NULL)) {
                accepted++;
                form.padded = !form.url || memchr(text, '=', size);
                base64_encode_as(out.data, out.size, form, &again);
                assert_int_equal(again.size, size);
                assert_memory_equal(again.data, text, size);
            }
            buf_finish(&out);
            buf_finish(&again);
        }
    }
    assert_in_range(accepted, 2 * 6561 + 1, 5 * 2 * 6561 - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_decode_appends_or_leaves_it),
        cmocka_unit_test(test_nothing_is_read_that_is_not_written),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void
test_fresh_is_empty(void **state)
{
    struct buf buf = {0};
    assert_null(buf.data);
    char *taken = buf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
    buf_finish(&buf);
}

static void
test_appends_and_terminates(void **state)
{
    struct buf buf = {0};
    buf_append(&buf, "ab\0c", 4);
    buf_append_str(&buf, "de");
    buf_append(&buf, NULL, 0);
    assert_int_equal(buf.size, 6);
    assert_memory_equal(buf.data, "ab\0cde\0", 7);
    buf_finish(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.size, 0);
}

static void
test_empty_append_makes_a_string(void **state)
{
    struct buf buf = {0};
    buf_append_str(&buf, "");
    assert_string_equal(buf.data, "");
    buf_finish(&buf);
}

static void
test_printf_grows(void **state)
{
    struct buf buf = {0};
    char expected[4096] = "";
    for (int i = 0; i < 200; i++) {
        buf_printf(&buf, "%d,", i);
        sprintf(expected + strlen(expected), "%d,", i);
    }
    assert_string_equal(buf.data, expected);
    assert_int_equal(buf.size, strlen(expected));
    buf_finish(&buf);
}

/* The text that does not fit and the one that just fits. */
static void
test_printf_at_every_fill(void **state)
{
    char filler[200];
    memset(filler, 'x', sizeof(filler));
    for (size_t fill = 0; fill < sizeof(filler); fill++) {
        struct buf buf = {0};
        buf_append(&buf, filler, fill);
        buf_printf(&buf, "%s", "0123456789");
        assert_int_equal(buf.size, fill + 10);
        assert_string_equal(buf.data + fill, "0123456789");
        buf_finish(&buf);
    }
}

static void
test_clear_keeps_memory(void **state)
{
    struct buf buf = {0};
    buf_append_str(&buf, "something of some length");
    const char *data = buf.data;
    buf_clear(&buf);
    assert_int_equal(buf.size, 0);
    assert_string_equal(buf.data, "");
    buf_append_str(&buf, "x");
    assert_ptr_equal(buf.data, data);
    buf_finish(&buf);
}

static void
test_take_leaves_it_empty(void **state)
{
    struct buf buf = {0};
    buf_append_str(&buf, "mine");
    char *taken = buf_take(&buf);
    assert_string_equal(taken, "mine");
    assert_null(buf.data);
    buf_append_str(&buf, "next");
    assert_string_equal(buf.data, "next");
    free(taken);
    buf_finish(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_is_empty),
        cmocka_unit_test(test_appends_and_terminates),
        cmocka_unit_test(test_empty_append_makes_a_string),
        cmocka_unit_test(test_printf_grows),
        cmocka_unit_test(test_printf_at_every_fill),
        cmocka_unit_test(test_clear_keeps_memory),
        cmocka_unit_test(test_take_leaves_it_empty),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"

static void
test_set_returns_false(void **state)
{
    struct err err;
    assert_false(err_set(&err, "%s has %d legs", "it", 3));
    assert_string_equal(err.message, "it has 3 legs");
}

static void
test_null_is_allowed(void **state)
{
    assert_false(err_set(NULL, "%d", 1));
    assert_false(err_prefix(NULL, "%d", 1));
}

static void
test_set_from_own_message(void **state)
{
    struct err err;
    err_set(&err, "inner");
    err_set(&err, "<%s>", err.message);
    assert_string_equal(err.message, "<inner>");
}

static void
test_prefix(void **state)
{
    struct err err;
    err_set(&err, "no such file");
    assert_false(err_prefix(&err, "%s:%d", "a.lua", 3));
    assert_string_equal(err.message, "a.lua:3: no such file");
}

static void
test_too_long_is_cut(void **state)
{
    struct err err;
    char text[3000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_set(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    /* A long message loses its end, a long prefix hides it. */
    err_prefix(&err, "head");
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_memory_equal(err.message, "head: aaa", 9);
    for (size_t len = sizeof(err.message) - 5; len < sizeof(err.message) + 5;
         len++) {
        err_set(&err, "x");
        err_prefix(&err, "%.*s", (int)len, text);
        assert_true(strlen(err.message) < sizeof(err.message));
        assert_int_equal(err.message[0], 'a');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_returns_false),
        cmocka_unit_test(test_null_is_allowed),
        cmocka_unit_test(test_set_from_own_message),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_too_long_is_cut),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}

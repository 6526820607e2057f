#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/response.h"
#include "http/transfer.h"

static void
test_header_lines_are_read_one_by_one(void **state)
{
    static const struct {
        const char *name, *headers, *wanted; /* "name=value;" each */
    } rows[] = {
        {"none", "", ""},
        {"two", "A: 1\r\nB: 2\r\n", "A=1;B=2;"},
        {"bare line feeds, no end", "A: 1\nB: 2", "A=1;B=2;"},
        {"blanks around", "A \t:\t 1 \t\r\n", "A=1;"},
        {"empty value", "A:\r\nB: \r\n", "A=;B=;"},
        {"colons in the value", "A: b:c\r\n", "A=b:c;"},
        {"no colon", "nonsense\r\nA: 1\r\n", "A=1;"},
        {"no name", ": 1\r\nA: 2\r\n", "A=2;"},
        {"same name twice", "A: 1\r\na: 2\r\n", "A=1;a=2;"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char got[128] = "";
        size_t size = strlen(rows[i].headers), used = 0;
        size_t pos = 0, name_size, value_size;
        const char *name, *value;
        while (http_header_next(rows[i].headers, size, &pos, &name, &name_size,
                                &value, &value_size))
            used +=
                (size_t)snprintf(got + used, sizeof(got) - used, "%.*s=%.*s;",
                                 (int)name_size, name, (int)value_size, value);
        if (strcmp(got, rows[i].wanted) != 0)
            fail_msg("%s: got '%s', not '%s'", rows[i].name, got,
                     rows[i].wanted);
        assert_int_equal(pos, size);
    }
}

static void
test_a_header_is_found_whatever_its_case(void **state)
{
    static const char headers[] = "A: 1\r\nSet-B: 2 \r\nset-b: 3\r\nC:\r\n";
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"a", "1"},    {"Set-B", "2"}, {"SET-B", "2"},   {"C", ""},
        {"Set", NULL}, {"", NULL},     {"Set-BB", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = 0;
        const char *value =
            http_header_find(headers, strlen(headers), rows[i].name, &size);
        assert_int_equal(value != NULL, rows[i].value != NULL);
        if (value == NULL)
            continue;
        assert_int_equal(size, strlen(rows[i].value));
        assert_memory_equal(value, rows[i].value, size);
    }
}

static void
test_every_fault_has_a_name_of_its_own(void **state)
{
    assert_string_equal(transfer_fault_name(FAULT_NONE), "");
    for (int a = FAULT_NONE; a <= FAULT_GENERATOR; a++)
        for (int b = FAULT_NONE; b < a; b++)
            assert_string_not_equal(
                transfer_fault_name((enum transfer_fault)a),
                transfer_fault_name((enum transfer_fault)b));
    assert_string_equal(transfer_fault_name(FAULT_TOO_LARGE), "too_large");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_lines_are_read_one_by_one),
        cmocka_unit_test(test_a_header_is_found_whatever_its_case),
        cmocka_unit_test(test_every_fault_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}

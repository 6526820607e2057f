#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "output/result.h"

static void
test_no_cause_is_ok(void **state)
{
    struct result result = {0};
    assert_int_equal(result_exit_code(&result), EXIT_CODE_OK);
}

/* Each beats all that come later, whichever was added first. */
static void
test_precedence(void **state)
{
    static const enum exit_code order[] = {
        EXIT_CODE_USAGE,  EXIT_CODE_SETUP,     EXIT_CODE_DEADLOCK,
        EXIT_CODE_SIGINT, EXIT_CODE_THRESHOLD, EXIT_CODE_FAILED,
        EXIT_CODE_OUTPUT, EXIT_CODE_SATURATED};
    size_t count = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            struct result forward = {0}, backward = {0};
            result_add_cause(&forward, order[i], "a");
            result_add_cause(&forward, order[j], "b");
            result_add_cause(&backward, order[j], "b");
            result_add_cause(&backward, order[i], "a");
            assert_int_equal(result_exit_code(&forward), order[i]);
            assert_int_equal(result_exit_code(&backward), order[i]);
        }
    }
}

static void
test_first_signal_counts(void **state)
{
    struct result result = {0};
    result_add_cause(&result, EXIT_CODE_FAILED, "failed");
    result_add_cause(&result, EXIT_CODE_SIGTERM, "SIGTERM");
    result_add_cause(&result, EXIT_CODE_SIGINT, "SIGINT");
    assert_int_equal(result_exit_code(&result), EXIT_CODE_SIGTERM);
}

static void
test_a_code_is_kept_once(void **state)
{
    struct result result = {0};
    result_add_cause(&result, EXIT_CODE_FAILED, "%d of %d runs failed", 3, 20);
    result_add_cause(&result, EXIT_CODE_FAILED, "another");
    assert_int_equal(result.cause_count, 1);
    assert_string_equal(result.causes[0].text, "3 of 20 runs failed");
}

static void
test_no_room_is_no_crash(void **state)
{
    struct result result = {0};
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (int code = 1; code < 20; code++)
        result_add_cause(&result, (enum exit_code)code, "%s", text);
    assert_int_equal(result.cause_count, RESULT_MAX_CAUSES);
    assert_int_equal(strlen(result.causes[0].text),
                     sizeof(result.causes[0].text) - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_cause_is_ok),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_first_signal_counts),
        cmocka_unit_test(test_a_code_is_kept_once),
        cmocka_unit_test(test_no_room_is_no_crash),
    };
    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/secrets.h"

static void
expect_shown(const char *text, const char *shown)
{
    struct buf out = {0};
    buf_append_str(&out, "> ");
    secrets_append(&out, text, strlen(text));
    assert_string_equal(out.data + 2, shown);
    buf_finish(&out);
    buf_append_str(&out, text);
    secrets_hide(&out, 0);
    assert_string_equal(out.data, shown);
    buf_finish(&out);
}

/* Texts stay secret for the life of the process, so this comes first. */
static void
test_without_any_nothing_is_hidden(void **state)
{
    assert_false(secrets_occur("anything", 8));
    expect_shown("anything", "anything");
}

static void
test_short_ones_are_refused(void **state)
{
    assert_false(secrets_add(""));
    assert_false(secrets_add("abc"));
    expect_shown("abc", "abc");
}

static void
test_hidden_wherever_they_stand(void **state)
{
    assert_true(secrets_add("hunter22"));
    assert_true(secrets_add("hunter22")); /* again */
    expect_shown("hunter22", "***");
    expect_shown("a hunter22, hunter22hunter22!", "a ***, ******!");
    expect_shown("hunter2", "hunter2");
    expect_shown("hhunter2hunter22", "hhunter2***");
    assert_true(secrets_occur("xhunter22", 9));
    assert_false(secrets_occur("xhunter22", 8)); /* beyond the size */
}

static void
test_the_longest_is_hidden_first(void **state)
{
    assert_true(secrets_add("alpha"));
    assert_true(secrets_add("alphabet"));
    assert_true(secrets_add("beta"));
    assert_true(secrets_add("alphabetically"));
    expect_shown("alphabetically alphabet alpha beta", "*** *** *** ***");
    expect_shown("alphabets", "***s");
}

static void
test_as_json_and_urls_write_them(void **state)
{
    assert_true(secrets_add("q\"w\\e r/\xc3\xa4\x01"));
    expect_shown("q\"w\\e r/\xc3\xa4\x01", "***");
    expect_shown("q\\\"w\\\\e r/\xc3\xa4\\u0001", "***");
    expect_shown("?k=q%22w%5Ce%20r%2F%C3%A4%01&x=1", "?k=***&x=1");
    expect_shown("k=q%22w%5Ce+r%2F%C3%A4%01", "k=***");
}

static void
test_what_stands_before_is_left_alone(void **state)
{
    struct buf text = {0};
    buf_append_str(&text, "hunter22 hunter22");
    secrets_hide(&text, 8);
    assert_string_equal(text.data, "hunter22 ***");
    secrets_hide(&text, text.size);
    assert_string_equal(text.data, "hunter22 ***");
    buf_finish(&text);
}

/* Each thread loads the script for itself, and others write lines meanwhile. */
#define SECRETS 200

static void *
add_many(void *data)
{
    for (int i = 0; i < SECRETS; i++) {
        char secret[64];
        snprintf(secret, sizeof(secret), "%.*s-%d", i % 30,
                 "much-longer-than-the-one-before", i);
        secrets_add(secret);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    pthread_t adding;
    assert_int_equal(pthread_create(&adding, NULL, add_many, NULL), 0);
    for (int i = 0; i < SECRETS; i++)
        expect_shown("what everybody may read", "what everybody may read");
    pthread_join(adding, NULL);
    expect_shown("much-longer-than-the-one-befo-29", "***");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_any_nothing_is_hidden),
        cmocka_unit_test(test_short_ones_are_refused),
        cmocka_unit_test(test_hidden_wherever_they_stand),
        cmocka_unit_test(test_the_longest_is_hidden_first),
        cmocka_unit_test(test_as_json_and_urls_write_them),
        cmocka_unit_test(test_what_stands_before_is_left_alone),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}

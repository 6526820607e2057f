#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/cookies.h"

static void
list_cookie(void *data, const struct http_cookie *c)
{
    buf_printf(data, "%s=%s@%s%s%s%s%s;", c->name, c->value,
               c->subdomains ? "*." : "", c->domain, c->path,
               c->secure ? " secure" : "", c->http_only ? " http" : "");
}

static void
assert_jar(const struct cookie_jar *jar, const char *expected)
{
    struct buf text = {0};
    buf_append_str(&text, "");
    cookie_jar_each(jar, 1000, list_cookie, &text);
    assert_string_equal(text.data, expected);
    buf_finish(&text);
}

static void
add_line(struct buf *lines, const char *line)
{
    buf_append(lines, line, strlen(line) + 1);
}

static void
test_set_replaces_the_same_cookie(void **state)
{
    struct cookie_jar jar = {0};
    struct http_cookie cookie = {
        .name = "a", .value = "1", .domain = "h", .path = "/"};
    cookie_jar_set(&jar, &cookie);
    cookie.path = "/x";
    cookie_jar_set(&jar, &cookie);
    cookie.domain = "h2";
    cookie.secure = true;
    cookie_jar_set(&jar, &cookie);
    assert_jar(&jar, "a=1@h/;a=1@h/x;a=1@h2/x secure;");
    unsigned changes = jar.changes;
    /* Marks are no part of what it is. */
    cookie = (struct http_cookie){.name = "a",
                                  .value = "",
                                  .domain = "h",
                                  .path = "/",
                                  .subdomains = true,
                                  .http_only = true};
    cookie_jar_set(&jar, &cookie);
    assert_jar(&jar, "a=1@h/x;a=1@h2/x secure;a=@*.h/ http;");
    assert_true(jar.changes > changes);
    cookie_jar_finish(&jar);
}

static void
test_expired_ones_are_left_out(void **state)
{
    struct cookie_jar jar = {0};
    struct http_cookie cookie = {
        .name = "a", .value = "1", .domain = "h", .path = "/", .expires = 1000};
    cookie_jar_set(&jar, &cookie);
    assert_jar(&jar, "");
    cookie.expires = 1001;
    cookie_jar_set(&jar, &cookie);
    assert_jar(&jar, "a=1@h/;");
    cookie_jar_finish(&jar);
}

/* Two requests of a worker at once: what one got is not lost to the other. */
static void
test_merge_keeps_what_others_did(void **state)
{
    struct cookie_jar jar = {0};
    struct buf before = {0}, first = {0}, second = {0};
    add_line(&before, "h\tFALSE\t/\tFALSE\t0\tkept\t0");
    add_line(&before, "h\tFALSE\t/\tFALSE\t0\tgoes\t0");
    add_line(&before, "h\tFALSE\t/\tFALSE\t0\tchanges\t0");
    struct buf nothing = {0};
    cookie_jar_merge(&jar, &nothing, &before);
    assert_jar(&jar, "kept=0@h/;goes=0@h/;changes=0@h/;");

    add_line(&first, "h\tFALSE\t/\tFALSE\t0\tkept\t0");
    add_line(&first, "h\tFALSE\t/\tFALSE\t0\tchanges\t0");
    add_line(&first, "h\tFALSE\t/\tFALSE\t0\tfirst\t1");
    cookie_jar_merge(&jar, &before, &first);
    assert_jar(&jar, "kept=0@h/;changes=0@h/;first=1@h/;");

    add_line(&second, "h\tFALSE\t/\tFALSE\t0\tkept\t0");
    add_line(&second, "h\tFALSE\t/\tFALSE\t0\tgoes\t0");
    add_line(&second, "h\tFALSE\t/\tFALSE\t0\tchanges\t2");
    cookie_jar_merge(&jar, &before, &second);
    assert_jar(&jar, "kept=0@h/;first=1@h/;changes=2@h/;");

    unsigned changes = jar.changes;
    cookie_jar_merge(&jar, &second, &second);
    assert_int_equal(jar.changes, changes);
    buf_finish(&before);
    buf_finish(&first);
    buf_finish(&second);
    cookie_jar_finish(&jar);
}

/* Lines that are cut short, as nobody should write them, are read as far as
 * they go. */
static void
test_odd_lines(void **state)
{
    struct cookie_jar jar = {0};
    struct buf nothing = {0}, lines = {0};
    add_line(&lines, "");
    add_line(&lines, "h\tTRUE");
    add_line(&lines, "#HttpOnly_.h\tTRUE\t/\tTRUE\t0\tn");
    cookie_jar_merge(&jar, &nothing, &lines);
    assert_jar(&jar, "=@;=@*.h;n=@*.h/ secure http;");
    buf_finish(&lines);
    cookie_jar_finish(&jar);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_replaces_the_same_cookie),
        cmocka_unit_test(test_expired_ones_are_left_out),
        cmocka_unit_test(test_merge_keeps_what_others_did),
        cmocka_unit_test(test_odd_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

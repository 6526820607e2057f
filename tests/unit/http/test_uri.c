#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "http/uri.h"

static bool
is(struct uri_part part, const char *expected)
{
    if (!expected)
        return part.data == NULL;
    return part.data != NULL && part.size == strlen(expected) &&
           memcmp(part.data, expected, part.size) == 0;
}

static void
test_parts(void **state)
{
    static const struct {
        const char *text;
        const char *scheme, *user, *password, *host;
        int port;
        const char *path, *query, *fragment;
    } rows[] = {
        {"http://h", "http", NULL, NULL, "h", 0, "", NULL, NULL},
        {"http://h?", "http", NULL, NULL, "h", 0, "", "", NULL},
        {"http://h#", "http", NULL, NULL, "h", 0, "", NULL, ""},
        {"http://h/a?b#c?d", "http", NULL, NULL, "h", 0, "/a", "b", "c?d"},
        {"HtTp://u@h:1/", "HtTp", "u", NULL, "h", 1, "/", NULL, NULL},
        {"ws://u:@[::1]:65535", "ws", "u", "", "::1", 65535, "", NULL, NULL},
        {"http://a@b:c@h/", "http", "a@b", "c", "h", 0, "/", NULL, NULL},
        {"file:///x", "file", NULL, NULL, "", 0, "/x", NULL, NULL},
        {"a:b:c", "a", NULL, NULL, NULL, 0, "b:c", NULL, NULL},
        {"?q", NULL, NULL, NULL, NULL, 0, "", "q", NULL},
        {"", NULL, NULL, NULL, NULL, 0, "", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct uri uri;
        struct err err;
        if (!uri_parse(rows[i].text, strlen(rows[i].text), &uri, &err))
            fail_msg("%s: %s", rows[i].text, err.message);
        if (!is(uri.scheme, rows[i].scheme) || !is(uri.user, rows[i].user) ||
            !is(uri.password, rows[i].password) ||
            !is(uri.host, rows[i].host) || uri.port != rows[i].port ||
            !is(uri.path, rows[i].path) || !is(uri.query, rows[i].query) ||
            !is(uri.fragment, rows[i].fragment))
            fail_msg("%s: a part is wrong", rows[i].text);
    }
}

static void
test_a_failure_leaves_the_output(void **state)
{
    struct uri uri = {.port = 7};
    struct err err;
    assert_false(uri_parse("http://h:x/", 11, &uri, &err));
    assert_string_equal(err.message, "the port 'x' is not 1..65535");
    assert_int_equal(uri.port, 7);
    assert_null(uri.host.data);
}

static void
test_escaping_goes_there_and_back(void **state)
{
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    struct buf escaped = {0}, back = {0};
    uri_escape(&escaped, bytes, sizeof(bytes), URI_UNRESERVED);
    assert_int_equal(escaped.size, 66 + 3 * 190);
    assert_true(uri_check_escapes(escaped.data, escaped.size, NULL));
    uri_unescape(&back, escaped.data, escaped.size, false);
    assert_int_equal(back.size, sizeof(bytes));
    assert_memory_equal(back.data, bytes, sizeof(bytes));
    buf_finish(&escaped);
    buf_finish(&back);
}

/* Whatever is parsed stays within its text, which is not terminated, and can
 * stand in a request once its path is escaped. */
static void
test_noise(void **state)
{
    static const char *const pieces[] = {"http", ":",  "//", "/",   "@",   "[",
                                         "]",    "::", "1",  "%41", "%",   "?",
                                         "#",    "&",  "=",  "h",   "\xe9"};
    struct rng rng;
    rng_init(&rng, 1, 0);
    size_t parsed = 0;
    for (int round = 0; round < 20000; round++) {
        struct buf text = {0};
        buf_append_str(&text, round % 2 ? "http://" : "");
        for (int64_t n = rng_int(&rng, 0, 8); n > 0; n--)
            buf_append_str(&text, pieces[rng_int(&rng, 0, 16)]);
        char *exact = malloc(text.size > 0 ? text.size : 1);
        assert_non_null(exact);
        memcpy(exact, text.data, text.size);
        struct uri uri;
        struct err err;
        if (uri_parse(exact, text.size, &uri, &err)) {
            parsed++;
            struct buf path = {0};
            uri_escape(&path, uri.path.data, uri.path.size, URI_PATH);
            assert_true(uri_check_escapes(path.data, path.size, &err));
            for (size_t i = 0; i < path.size; i++)
                assert_in_range((unsigned char)path.data[i], '!', '~');
            buf_finish(&path);
        }
        free(exact);
        buf_finish(&text);
    }
    assert_in_range(parsed, 1000, 19000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_a_failure_leaves_the_output),
        cmocka_unit_test(test_escaping_goes_there_and_back),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}

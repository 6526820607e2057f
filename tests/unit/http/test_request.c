#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(literal) literal, sizeof(literal) - 1

/* A message is right if it holds this text. */
static void
assert_says(const char *name, const struct err *err, const char *wanted)
{
    if (strstr(err->message, wanted) == NULL)
        fail_msg("%s: '%s' does not say '%s'", name, err->message, wanted);
}

static void
assert_bytes(const char *name, const struct buf *buf, const char *wanted)
{
    if (buf->size != strlen(wanted) || memcmp(buf->data, wanted, buf->size))
        fail_msg("%s: got '%s', not '%s'", name,
                 buf->data != NULL ? buf->data : "", wanted);
}

static void
test_urls_are_taken_or_joined(void **state)
{
    static const struct {
        const char *name, *base, *url, *wanted;
    } rows[] = {
        {"absolute", NULL, "http://h/x", "http://h/x"},
        {"https with port", NULL, "https://h:8443/x?y=1",
         "https://h:8443/x?y=1"},
        {"scheme in capitals", NULL, "HTTP://h/", "HTTP://h/"},
        {"no path", NULL, "http://h", "http://h"},
        {"no path, query", NULL, "http://h?a=1", "http://h?a=1"},
        {"user and password", NULL, "http://u:p@h/x", "http://u:p@h/x"},
        {"IPv6", NULL, "http://[::1]:80/", "http://[::1]:80/"},
        {"fragment", NULL, "http://h/x#part", "http://h/x"},
        {"absolute wins over base", "http://b/", "http://h/x", "http://h/x"},
        {"both slashes", "http://h/api/", "/x", "http://h/api/x"},
        {"no slash", "http://h/api", "x", "http://h/api/x"},
        {"slash of the base", "http://h/api/", "x", "http://h/api/x"},
        {"slash of the reference", "http://h/api", "/x", "http://h/api/x"},
        {"base without path", "http://h", "/x", "http://h/x"},
        {"query only", "http://h/api", "?a=1", "http://h/api?a=1"},
        {"empty", "http://h/api", "", "http://h/api"},
        {"fragment only", "http://h/api", "#a", "http://h/api"},
        {"colon behind a slash", "http://h", "/a:b", "http://h/a:b"},
        {"beyond ASCII", "http://h", "/caf\xc3\xa9?\xc3\xbc=1",
         "http://h/caf%C3%A9?%C3%BC=1"},
        {"already encoded", "http://h", "/a%20b", "http://h/a%20b"},
    };
    struct http_request request = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {""};
        http_request_reset(&request);
        if (!http_request_set_url(&request, rows[i].base, rows[i].url,
                                  strlen(rows[i].url), &err))
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_bytes(rows[i].name, &request.url, rows[i].wanted);
    }
    http_request_finish(&request);
}

static void
test_bad_urls_are_refused(void **state)
{
    static const struct {
        const char *name, *base, *url;
        size_t size;
        const char *says;
    } rows[] = {
        {"CR", NULL, BYTES("http://h/\rx"), "line break at byte 10"},
        {"LF", NULL, BYTES("http://h/\nx"), "line break"},
        {"NUL", NULL, BYTES("http://h/\0x"), "NUL byte"},
        {"tab", NULL, BYTES("http://h/\tx"), "control character"},
        {"DEL", NULL, BYTES("http://h/\x7fx"), "control character"},
        {"space", NULL, BYTES("http://h/a b"), "write %20"},
        {"space in host", NULL, BYTES("http://h h/"), "space"},
        {"file", NULL, BYTES("file:///etc/passwd"), "only http and https are"},
        {"ftp", NULL, BYTES("ftp://h/x"), "'ftp' is not supported"},
        {"no //", NULL, BYTES("localhost:8642/x"), "http://"},
        {"javascript", "http://h", BYTES("javascript:1"), "http://"},
        {"no host", NULL, BYTES("http:///x"), "has no host"},
        {"no host, port", NULL, BYTES("http://:80/x"), "has no host"},
        {"bad host", NULL, BYTES("http://a\\b/"), "malformed host"},
        {"open bracket", NULL, BYTES("http://[::1/"), "malformed host"},
        {"behind the bracket", NULL, BYTES("http://[::1]x/"), "malformed host"},
        {"port 0", NULL, BYTES("http://h:0/"), "1..65535"},
        {"port 65536", NULL, BYTES("http://h:65536/"), "1..65535"},
        {"port word", NULL, BYTES("http://h:http/"), "1..65535"},
        {"no base", NULL, BYTES("/x"), "--base-url"},
        {"empty, no base", NULL, BYTES(""), "--base-url"},
        {"empty base", "", BYTES("/x"), "--base-url"},
        {"no scheme", "http://h", BYTES("//other/x"), "no scheme"},
        {"base not absolute", "h:80/api", BYTES("/x"), "base_url: URL"},
        {"base with query", "http://h/?k=1", BYTES("/x"), "has a '?'"},
        {"base with line break", "http://h/\n", BYTES("/x"),
         "base_url: the URL has a line break"},
    };
    struct http_request request = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {""};
        http_request_reset(&request);
        assert_true(
            http_request_set_url(&request, NULL, "http://kept/", 12, NULL));
        if (http_request_set_url(&request, rows[i].base, rows[i].url,
                                 rows[i].size, &err))
            fail_msg("%s: was taken", rows[i].name);
        assert_says(rows[i].name, &err, rows[i].says);
        assert_bytes(rows[i].name, &request.url, "http://kept/");
    }
    http_request_finish(&request);
}

static void
test_methods(void **state)
{
    static const struct {
        const char *name, *method;
        size_t size;
        const char *says; /* NULL: taken */
    } rows[] = {
        {"usual", BYTES("PATCH"), NULL},
        {"own, small letters", BYTES("purge"), NULL},
        {"23 characters", BYTES("ABCDEFGHIJKLMNOPQRSTUVW"), NULL},
        {"24 characters", BYTES("ABCDEFGHIJKLMNOPQRSTUVWX"), "longer than 23"},
        {"empty", BYTES(""), "method is empty"},
        {"space", BYTES("GE T"), "method 'GE T' has a space"},
        {"line break", BYTES("GET\r\nX: y"), "has a line break"},
        {"NUL", BYTES("GET\0"), "byte 0x00"},
        {"slash", BYTES("GET/"), "has a '/'"},
        {"beyond ASCII", BYTES("G\xc3\x8aT"), "byte 0xc3"},
    };
    struct http_request request = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {""};
        http_request_reset(&request);
        bool taken = http_request_set_method(&request, rows[i].method,
                                             rows[i].size, &err);
        if (rows[i].says == NULL) {
            assert_true(taken);
            assert_string_equal(request.method, rows[i].method);
        } else {
            assert_false(taken);
            assert_says(rows[i].name, &err, rows[i].says);
            assert_string_equal(request.method, "GET");
        }
    }
    http_request_finish(&request);
}

static void
test_bad_headers_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *header;
        size_t header_size;
        const char *value;
        size_t value_size;
        const char *says;
    } rows[] = {
        {"LF", BYTES("X-A"), BYTES("a\nX-B: b"),
         "header 'X-A' has a line break in its value"},
        {"CR", BYTES("X-A"), BYTES("a\rb"), "line break in its value"},
        {"NUL", BYTES("X-A"), BYTES("a\0b"), "NUL byte in its value"},
        {"empty name", BYTES(""), BYTES("a"), "header name is empty"},
        {"colon", BYTES("X:A"), BYTES("a"), "has a ':'"},
        {"space", BYTES("X A"), BYTES("a"), "has a space"},
        {"line break", BYTES("X\nA"), BYTES("a"),
         "header name 'X?A' has a line break"},
        {"length", BYTES("content-length"), BYTES("5"), "cannot be set"},
        {"transfer encoding", BYTES("Transfer-Encoding"), BYTES("chunked"),
         "cannot be set"},
    };
    struct http_request request = {0};
    http_request_reset(&request);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = {""};
        if (http_request_set_header(&request, rows[i].header,
                                    rows[i].header_size, rows[i].value,
                                    rows[i].value_size, &err))
            fail_msg("%s: was taken", rows[i].name);
        assert_says(rows[i].name, &err, rows[i].says);
        assert_int_equal(request.header_count, 0);
        assert_int_equal(request.headers.size, 0);
    }
    http_request_finish(&request);
}

static void
set_header(struct http_request *request, const char *name, const char *value)
{
    assert_true(http_request_set_header(request, name, strlen(name), value,
                                        strlen(value), NULL));
}

static void
test_headers_are_replaced_and_removed(void **state)
{
    struct http_request request = {0};
    http_request_reset(&request);
    set_header(&request, "X-A", "1");
    set_header(&request, "X-AB", " two\t");
    set_header(&request, "X-C", "");
    assert_int_equal(request.header_count, 3);
    set_header(&request, "x-a", "three");
    assert_int_equal(request.header_count, 3);
    static const char wanted[] = "X-AB: two\0X-C: \0x-a: three";
    assert_int_equal(request.headers.size, sizeof(wanted));
    assert_memory_equal(request.headers.data, wanted, sizeof(wanted));
    assert_true(http_request_has_header(&request, "X-a"));
    assert_false(http_request_has_header(&request, "X"));

    http_request_remove_header(&request, "x-ab", 4);
    http_request_remove_header(&request, "none", 4);
    assert_int_equal(request.header_count, 2);
    assert_false(http_request_has_header(&request, "X-AB"));
    assert_true(http_request_has_header(&request, "X-C"));
    http_request_reset(&request);
    assert_false(http_request_has_header(&request, "X-C"));
    http_request_finish(&request);
}

static void
test_query_is_escaped_and_appended(void **state)
{
    struct http_request request = {0};
    http_request_reset(&request);
    assert_true(http_request_set_url(&request, NULL, "http://h/", 9, NULL));
    http_request_add_query(&request, "a b", 3, "1&2", 3);
    http_request_add_query(&request, "-._~", 4, "\xc3\xa9\0=", 4);
    assert_bytes("query", &request.url,
                 "http://h/?a%20b=1%262&-._~=%C3%A9%00%3D");
    assert_true(http_request_set_url(&request, NULL, "http://h/?", 10, NULL));
    http_request_add_query(&request, "k", 1, "", 0);
    assert_bytes("behind '?'", &request.url, "http://h/?k=");
    http_request_finish(&request);
}

static void
test_label_is_the_name_or_the_path(void **state)
{
    static const struct {
        const char *url, *name, *wanted;
    } rows[] = {
        {"http://h/a/b?c=1", "", "/a/b"}, {"http://h", "", "/"},
        {"http://h?c=1", "", "/"},        {"http://u@h:1/x", "", "/x"},
        {"http://h/a", "items", "items"},
    };
    struct http_request request = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        http_request_reset(&request);
        assert_true(http_request_set_url(&request, NULL, rows[i].url,
                                         strlen(rows[i].url), NULL));
        buf_append_str(&request.name, rows[i].name);
        size_t size;
        const char *label = http_request_label(&request, &size);
        assert_int_equal(size, strlen(rows[i].wanted));
        assert_memory_equal(label, rows[i].wanted, size);
    }
    http_request_finish(&request);
}

static void
test_reset_gives_an_empty_get(void **state)
{
    struct http_request request = {0};
    http_request_reset(&request);
    http_request_set_body(&request, "\0x", 2);
    assert_true(request.has_body);
    assert_memory_equal(request.body.data, "\0x", 2);
    http_request_set_body(&request, "", 0);
    assert_true(request.has_body);
    assert_int_equal(request.body.size, 0);
    request.timeout = 1;
    request.max_redirects = 1;
    http_request_reset(&request);
    assert_false(request.has_body);
    assert_string_equal(request.method, "GET");
    assert_int_equal(request.timeout, NSEC_NEVER);
    assert_int_equal(request.max_redirects, 0);
    http_request_finish(&request);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_are_taken_or_joined),
        cmocka_unit_test(test_bad_urls_are_refused),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_bad_headers_are_refused),
        cmocka_unit_test(test_headers_are_replaced_and_removed),
        cmocka_unit_test(test_query_is_escaped_and_appended),
        cmocka_unit_test(test_label_is_the_name_or_the_path),
        cmocka_unit_test(test_reset_gives_an_empty_get),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}

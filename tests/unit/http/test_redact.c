#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/redact.h"

enum what { HEAD, BODY, URLS };

static void
assert_shown(enum what what, const char *type, const char *text,
             const char *expected)
{
    /* No byte beyond the text may be touched. */
    size_t size = strlen(text);
    char *data = malloc(size + 1);
    assert_non_null(data);
    memcpy(data, text, size);
    unsigned char *mask = calloc(1, size + 1);
    assert_non_null(mask);
    switch (what) {
    case HEAD:
        redact_mark_head(data, size, mask);
        break;
    case BODY:
        redact_mark_body(data, size, type, mask);
        break;
    case URLS:
        redact_mark_urls(data, size, mask);
        break;
    }
    struct buf out = {0};
    buf_append_str(&out, "");
    redact_append(&out, data, size, mask);
    assert_string_equal(out.data, expected);
    buf_finish(&out);
    free(mask);
    free(data);
}

static void
test_names(void **state)
{
    static const char *const secret[] = {
        "password",     "PASSWD",   "client_secret",  "token",
        "access_token", "api_key",  "X-Api-Key",      "apiKey",
        "p%61ssword",   "my.token", "user[password]",
    };
    static const char *const open[] = {"pass", "key", "user", "api", "tok", ""};
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        assert_true(redact_is_secret_name(secret[i], strlen(secret[i])));
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        assert_false(redact_is_secret_name(open[i], strlen(open[i])));
}

static void
test_headers(void **state)
{
    static const char *const rows[][2] = {
        {"Authorization: Basic bWU6cHc=", "Authorization: Basic ***"},
        {"authorization:  token-only", "authorization:  ***"},
        {"Proxy-Authorization: Digest username=\"a\"",
         "Proxy-Authorization: Digest ***"},
        {"Cookie: a=1; b=two", "Cookie: a=***; b=***"},
        {"Cookie: alone", "Cookie: ***"},
        {"Cookie: a=b=c", "Cookie: a=***"},
        {"Set-Cookie: sid=abc; Path=/; HttpOnly",
         "Set-Cookie: sid=***; Path=/; HttpOnly"},
        {"X-Auth-Token: abc", "X-Auth-Token: ***"},
        {"X-Long: a", "X-Long: a"},
        {"Location: http://me:pw@h/?token=x&y=1",
         "Location: http://me:***@h/?token=***&y=1"},
        {"Accept: */*", "Accept: */*"},
        {"no header at all", "no header at all"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_shown(HEAD, NULL, rows[i][0], rows[i][1]);
}

static void
test_request_lines(void **state)
{
    static const char *const rows[][2] = {
        {"GET /a?password=x HTTP/1.1", "GET /a?password=*** HTTP/1.1"},
        {"GET /a?q=1;token=x HTTP/1.1", "GET /a?q=1;token=*** HTTP/1.1"},
        {"GET http://u:p@h/ HTTP/1.1", "GET http://u:***@h/ HTTP/1.1"},
        {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK"},
        {"CONNECT h:443 HTTP/1.1", "CONNECT h:443 HTTP/1.1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_shown(HEAD, NULL, rows[i][0], rows[i][1]);
}

static void
test_folded_header(void **state)
{
    assert_shown(HEAD, NULL, "Authorization: Basic abc\r\n def\r\nA: b\r\n c",
                 "Authorization: Basic ***\\x0d\\x0a***\\x0d\\x0aA: "
                 "b\\x0d\\x0a c");
}

static void
test_urls(void **state)
{
    static const char *const rows[][2] = {
        {"see http://a:b@h:1/x", "see http://a:***@h:1/x"},
        {"http://tok@h/", "http://***@h/"},
        {"http://h/a@b", "http://h/a@b"},
        {"http://a:b@c@h/", "http://a:***@h/"},
        {"/p?api_key=1&b=2#token=3", "/p?api_key=***&b=2#token=3"},
        {"?", "?"},
        {"?=", "?="},
        {"?token", "?token"},
        {"?token=", "?token="},
        {"?a=b?token=c d", "?a=b?token=*** d"},
        {"?token=a;b&c=d", "?token=***&c=d"},
        {"://", "://"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_shown(URLS, NULL, rows[i][0], rows[i][1]);
}

static void
test_json(void **state)
{
    static const char *const rows[][2] = {
        {"{\"password\":\"a\\\"b\",\"x\":1}", "{\"password\":***,\"x\":1}"},
        {"{\"a\": {\"token\" : 12 }}", "{\"a\": {\"token\" : *** }}"},
        {"{\"secret\":[1,{\"a\":\"]\"}],\"b\":2}", "{\"secret\":***,\"b\":2}"},
        {"{\"token\":null}", "{\"token\":***}"},
        {"[\"password\", \"x\"]", "[\"password\", \"x\"]"},
        {"{\"password\":\"cut off", "{\"password\":***"},
        {"{\"password\"", "{\"password\""},
        {"{\"password\":", "{\"password\":"},
        {"{\"a\\", "{\"a\\"},
        {"\"", "\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_shown(BODY, "application/json", rows[i][0], rows[i][1]);
}

static void
test_forms(void **state)
{
    static const char type[] = "application/x-www-form-urlencoded";
    assert_shown(BODY, type, "user=a&password=b%20c&x=1",
                 "user=a&password=***&x=1");
    assert_shown(BODY, NULL, "token=b", "token=***");
}

static void
test_multipart(void **state)
{
    assert_shown(BODY, "multipart/form-data; boundary=b",
                 "--b\n"
                 "Content-Disposition: form-data; name=\"user\"\n"
                 "\n"
                 "me\n"
                 "--b\n"
                 "Content-Disposition: form-data; name=\"password\"\n"
                 "\n"
                 "mine\n"
                 "--b--\n",
                 "--b\\x0aContent-Disposition: form-data; name=\"user\"\\x0a"
                 "\\x0ame\\x0a--b\\x0aContent-Disposition: form-data; "
                 "name=\"password\"\\x0a\\x0a***\\x0a--b--\\x0a");
}

static void
test_hidden_texts(void **state)
{
    redact_hide("");
    redact_hide("top secret/1");
    assert_shown(URLS, NULL, "a top secret/1b", "a ***b");
    assert_shown(HEAD, NULL, "A: top%20secret%2F1", "A: ***");
    assert_shown(BODY, NULL, "top secret/1top secret/1!", "***!");
}

static void
test_escapes(void **state)
{
    assert_shown(URLS, NULL, "a\x1b[31m\tb", "a\\x1b[31m\tb");
    assert_shown(URLS, NULL, "\xc3\xa4 \xff \xc2\x9b",
                 "\xc3\xa4 \\xff "
                 "\\xc2\\x9b");
    assert_shown(URLS, NULL, "\xed\xa0\x80", "\\xed\\xa0\\x80");
    assert_shown(URLS, NULL, "\xe2\x82", "\\xe2\\x82");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_folded_header),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_hidden_texts),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "server.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct server server;

static void
put(const char *path, const char *text, long expected_version)
{
    struct exchange exchange;
    exchange_init(&exchange, &server, "PUT", path, text, strlen(text));
    exchange_perform(&exchange);
    assert_int_equal(exchange.status, 200);
    assert_int_equal(exchange.version, expected_version);
    assert_int_equal(exchange.received.size, 0);
    exchange_finish(&exchange);
}

static void
expect_page(const char *path, const char *text, long version)
{
    struct exchange exchange;
    exchange_init(&exchange, &server, "GET", path, NULL, 0);
    exchange_perform(&exchange);
    assert_int_equal(exchange.status, 200);
    assert_int_equal(exchange.version, version);
    assert_int_equal(exchange.received.size, strlen(text));
    if (exchange.received.size > 0)
        assert_memory_equal(exchange.received.data, text, strlen(text));
    exchange_finish(&exchange);
}

static void
test_pages(void **state)
{
    expect_page("/pad/one", "", 0);
    put("/pad/one", "hello", 1);
    expect_page("/pad/one", "hello", 1);
    put("/pad/one", "", 2);
    expect_page("/pad/one", "", 2);
    put("/pad/one", "again", 3);
    expect_page("/pad/%6fne", "again", 3);
    expect_page("/pad/one?query=1", "again", 3);
    expect_page("/pad/two", "", 0);
    put("/pad/a/b", "nested", 1);
    put("/pad/nul%00x", "x", 1);
    expect_page("/pad/nul%00y", "", 0);

    struct exchange head;
    exchange_init(&head, &server, "HEAD", "/pad/one", NULL, 0);
    exchange_perform(&head);
    assert_int_equal(head.version, 3);
    assert_int_equal(head.received.size, 0);
    exchange_finish(&head);
}

/* Writers and readers at once: every version is given once, and a reader gets
 * the text that belongs to its version. */
static void
test_pages_concurrently(void **state)
{
    enum { PAIRS = 60 };
    struct exchange exchanges[2 * PAIRS];
    const struct exchange *writer_of[PAIRS + 1] = {NULL};
    server_reset_stats(&server);
    for (int i = 0; i < PAIRS; i++) {
        char text[32];
        int size = snprintf(text, sizeof(text), "text %d", i);
        exchange_init(&exchanges[2 * i], &server, "PUT", "/pad/busy", text,
                      (size_t)size);
        exchange_init(&exchanges[2 * i + 1], &server, "GET", "/pad/busy", NULL,
                      0);
    }
    exchange_perform_all(exchanges, COUNT(exchanges));
    for (int i = 0; i < PAIRS; i++) {
        const struct exchange *writer = &exchanges[2 * i];
        assert_int_equal(writer->status, 200);
        assert_in_range(writer->version, 1, PAIRS);
        assert_null(writer_of[writer->version]);
        writer_of[writer->version] = writer;
    }
    for (int i = 0; i < PAIRS; i++) {
        const struct exchange *reader = &exchanges[2 * i + 1];
        assert_int_equal(reader->status, 200);
        assert_in_range(reader->version, 0, PAIRS);
        if (reader->version == 0) {
            assert_int_equal(reader->received.size, 0);
            continue;
        }
        assert_string_equal(reader->received.data,
                            writer_of[reader->version]->sent.data);
    }
    for (size_t i = 0; i < COUNT(exchanges); i++)
        exchange_finish(&exchanges[i]);

    json_t *stats = server_stats(&server);
    const json_t *paths = json_object_get(stats, "paths");
    assert_int_equal(stats_number(stats, "requests"), 2 * PAIRS);
    assert_int_equal(stats_number(paths, "PUT /pad/busy"), PAIRS);
    assert_int_equal(stats_number(paths, "GET /pad/busy"), PAIRS);
    assert_int_equal(stats_number(json_object_get(stats, "status"), "200"),
                     2 * PAIRS);
    json_decref(stats);
}

struct status_row {
    const char *method, *path;
    long status;
};

static const struct status_row status_rows[] = {
    {"GET", "/", 200},
    {"HEAD", "/", 200},
    {"GET", "/?x", 200},
    {"POST", "/", 405},
    {"GET", "/nothing", 404},
    {"GET", "/pad/", 404},
    {"GET", "/status/", 404},
    {"GET", "/echo/more", 404},
    {"DELETE", "/pad/x", 405},
    {"PUT", "/stats", 405},
    {"GET", "/status/204", 204},
    {"GET", "/status/304", 304},
    {"GET", "/status/418", 418},
    {"PATCH", "/status/599", 599},
    {"GET", "/status/100", 400},
    {"GET", "/status/600", 400},
    {"GET", "/status/abc", 400},
    {"GET", "/delay/61", 400},
    {"GET", "/delay/-1", 400},
    {"GET", "/delay/soon", 400},
    {"GET", "/delay/0", 200},
    {"GET", "/delay/1ms", 200},
    {"GET", "/bytes/100000001", 400},
    {"GET", "/bytes/-1", 400},
    {"HEAD", "/bytes/100000000", 200},
    {"GET", "/redirect/0", 400},
    {"GET", "/redirect/1", 302},
    {"GET", "/flaky?p=2", 400},
    {"GET", "/flaky?p=nan", 400},
    {"GET", "/flaky?p=1&mode=loud", 400},
    {"GET", "/flaky?p=1&seed=-1", 400},
    {"GET", "/flaky?p=1&mode=status", 503},
};

static void
test_statuses_and_their_counts(void **state)
{
    server_reset_stats(&server);
    int64_t expected[600] = {0};
    int64_t counted = 0;
    for (size_t i = 0; i < COUNT(status_rows); i++) {
        const struct status_row *row = &status_rows[i];
        struct exchange exchange;
        exchange_init(&exchange, &server, row->method, row->path, NULL, 0);
        exchange_perform(&exchange);
        if (exchange.code != CURLE_OK || exchange.status != row->status)
            fail_msg("%s %s: %ld, %s", row->method, row->path, exchange.status,
                     curl_easy_strerror(exchange.code));
        if (strcmp(row->path, "/stats") != 0) {
            expected[row->status]++;
            counted++;
        }
        exchange_finish(&exchange);
    }
    json_t *stats = server_stats(&server);
    assert_int_equal(stats_number(stats, "requests"), counted);
    assert_int_equal(stats_number(stats, "unanswered"), 0);
    assert_int_equal(stats_sum(json_object_get(stats, "paths")), counted);
    assert_int_equal(stats_sum(json_object_get(stats, "status")), counted);
    for (int status = 200; status < 600; status++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", status);
        assert_int_equal(stats_number(json_object_get(stats, "status"), key),
                         expected[status]);
    }
    json_decref(stats);
}

static void
test_405_names_the_methods(void **state)
{
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        {"POST", "/pad/x", "GET, HEAD, PUT"},
        {"GET", "/upload", "PUT, POST"},
        {"PUT", "/auction/x", "GET, HEAD, POST, DELETE"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange exchange;
        exchange_init(&exchange, &server, rows[i].method, rows[i].path, NULL,
                      0);
        exchange_perform(&exchange);
        assert_int_equal(exchange.status, 405);
        assert_string_equal(exchange.allow, rows[i].allow);
        exchange_finish(&exchange);
    }
}

static void
test_404_lists_the_paths(void **state)
{
    struct exchange exchange;
    exchange_init(&exchange, &server, "GET", "/pda/x", NULL, 0);
    exchange_perform(&exchange);
    const char *text = exchange.received.data;
    assert_non_null(strstr(text, "/pad/NAME"));
    assert_non_null(strstr(text, "/stats"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    exchange_finish(&exchange);
}

static json_t *
echo(struct exchange *exchange)
{
    exchange_perform(exchange);
    assert_int_equal(exchange->status, 200);
    json_t *json = json_loadb(exchange->received.data, exchange->received.size,
                              JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    return json;
}

static void
expect_json(const json_t *json, const char *key, const char *expected)
{
    const json_t *value = json_object_get(json, key);
    assert_non_null(value);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void
test_echo(void **state)
{
    struct exchange exchange;
    exchange_init(
        &exchange, &server, "PATCH",
        "/echo?a=1&b=x%20y&a=2&flag&bytes=%fe&%fe=1&e=", "na\xc3\xafve", 6);
    exchange_add_header(&exchange, "X-Thing: one");
    exchange_add_header(&exchange, "X-Twice: 1");
    exchange_add_header(&exchange, "X-Twice: 2");
    json_t *json = echo(&exchange);
    expect_json(json, "method", "\"PATCH\"");
    expect_json(json, "path", "\"/echo\"");
    expect_json(json, "query_string",
                "\"a=1&b=x%20y&a=2&flag&bytes=%fe&%fe=1&e=\"");
    expect_json(json, "query",
                "{\"a\":[\"1\",\"2\"],\"b\":\"x y\",\"flag\":null,"
                "\"bytes\":{\"base64\":\"/g==\"},\"%FE\":\"1\",\"e\":\"\"}");
    expect_json(json_object_get(json, "headers"), "X-Thing", "\"one\"");
    expect_json(json_object_get(json, "headers"), "X-Twice", "[\"1\",\"2\"]");
    expect_json(json, "body", "\"na\xc3\xafve\"");
    expect_json(json, "body_size", "6");
    json_decref(json);
    exchange_finish(&exchange);
}

static void
test_echo_of_bytes(void **state)
{
    static const struct {
        const char *body;
        size_t size;
        const char *expected;
    } rows[] = {
        {"", 0, "\"\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xff", 1, "{\"base64\":\"/w==\"}"},
        {"\xff\0", 2, "{\"base64\":\"/wA=\"}"},
        {"\xff\0\x10", 3, "{\"base64\":\"/wAQ\"}"},
        {"abc\xff", 4, "{\"base64\":\"YWJj/w==\"}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange exchange;
        exchange_init(&exchange, &server, "POST", "/echo", rows[i].body,
                      rows[i].size);
        json_t *json = echo(&exchange);
        expect_json(json, "body", rows[i].expected);
        assert_int_equal(stats_number(json, "body_size"), rows[i].size);
        json_decref(json);
        exchange_finish(&exchange);
    }
}

static void
test_bytes(void **state)
{
    static const size_t sizes[] = {0, 1, 27, 65535, 65537, 3000000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char path[32];
        snprintf(path, sizeof(path), "/bytes/%zu", sizes[i]);
        struct exchange exchange;
        exchange_init(&exchange, &server, "GET", path, NULL, 0);
        exchange_perform(&exchange);
        assert_int_equal(exchange.code, CURLE_OK);
        assert_int_equal(exchange.received.size, sizes[i]);
        size_t wrong = 0;
        for (size_t at = 0; at < sizes[i]; at++) {
            char expected = at % 27 == 26 ? '\n' : (char)('a' + at % 27);
            wrong += exchange.received.data[at] != expected;
        }
        assert_int_equal(wrong, 0);
        exchange_finish(&exchange);
    }
}

static void
test_redirects(void **state)
{
    struct exchange exchange;
    long hops;
    server_reset_stats(&server);
    exchange_init(&exchange, &server, "GET", "/redirect/5", NULL, 0);
    curl_easy_setopt(exchange.easy, CURLOPT_FOLLOWLOCATION, 1L);
    exchange_perform(&exchange);
    curl_easy_getinfo(exchange.easy, CURLINFO_REDIRECT_COUNT, &hops);
    assert_int_equal(exchange.status, 200);
    assert_int_equal(hops, 5);
    exchange_finish(&exchange);
    json_t *stats = server_stats(&server);
    assert_int_equal(stats_number(stats, "requests"), 6);
    assert_int_equal(stats_number(json_object_get(stats, "status"), "302"), 5);
    json_decref(stats);
}

static void
test_flaky(void **state)
{
    for (int i = 0; i < 20; i++) {
        assert_int_equal(server_get(&server, "/flaky?p=0"), 200);
        assert_int_equal(server_get(&server, "/flaky?p=1"), 503);
    }
    /* A seed decides for good, and different seeds differently. */
    int failed = 0;
    for (int seed = 0; seed < 40; seed++) {
        char path[48];
        snprintf(path, sizeof(path), "/flaky?p=0.5&seed=%d", seed);
        long status = server_get(&server, path);
        assert_int_equal(server_get(&server, path), status);
        failed += status == 503;
    }
    assert_in_range(failed, 1, 39);
}

static void
test_flaky_closes(void **state)
{
    server_reset_stats(&server);
    for (int i = 0; i < 5; i++) {
        struct exchange exchange;
        exchange_init(&exchange, &server, "GET", "/flaky?p=1&mode=close", NULL,
                      0);
        exchange_perform(&exchange);
        assert_true(exchange.code == CURLE_GOT_NOTHING ||
                    exchange.code == CURLE_RECV_ERROR);
        assert_int_equal(exchange.status, 0);
        exchange_finish(&exchange);
    }
    json_t *stats = server_stats(&server);
    assert_int_equal(stats_number(stats, "requests"), 5);
    assert_int_equal(stats_number(stats, "unanswered"), 5);
    assert_int_equal(json_object_size(json_object_get(stats, "status")), 0);
    json_decref(stats);
}

static int
set_up(void **state)
{
    server_start(&server);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return 0;
}

static int
tear_down(void **state)
{
    curl_global_cleanup();
    int status = server_stop(&server);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_pages_concurrently),
        cmocka_unit_test(test_statuses_and_their_counts),
        cmocka_unit_test(test_405_names_the_methods),
        cmocka_unit_test(test_404_lists_the_paths),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_of_bytes),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_flaky),
        cmocka_unit_test(test_flaky_closes),
    };
    return cmocka_run_group_tests_name("serve_paths", tests, set_up, tear_down);
}

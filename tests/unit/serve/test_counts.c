#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/counts.h"

static int64_t
number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return value != NULL ? json_integer_value(value) : -1;
}

static void
test_all_kinds(void **state)
{
    struct counts *counts = counts_create();
    uint64_t epoch = counts_add_request(counts, "PUT", "/a", 100);
    counts_add_body(counts, epoch, 7);
    counts_add_status(counts, epoch, 200);
    counts_add_request(counts, "GET", "/a", 50);
    counts_add_unanswered(counts, epoch);
    json_t *json = counts_to_json(counts);
    assert_int_equal(number(json, "requests"), 2);
    assert_int_equal(number(json, "unanswered"), 1);
    assert_int_equal(number(json, "bytes_received"), 157);
    assert_int_equal(number(json, "body_bytes_received"), 7);
    assert_int_equal(number(json_object_get(json, "paths"), "PUT /a"), 1);
    assert_int_equal(number(json_object_get(json, "paths"), "GET /a"), 1);
    assert_int_equal(number(json_object_get(json, "status"), "200"), 1);
    json_decref(json);
    counts_destroy(counts);
    counts_destroy(NULL);
}

/* The rest of a request that began before a reset is not counted after it. */
static void
test_reset_during_a_request(void **state)
{
    struct counts *counts = counts_create();
    uint64_t before = counts_add_request(counts, "GET", "/old", 10);
    counts_add_websocket(counts, COUNT_WEBSOCKET_OPENED);
    counts_reset(counts);
    counts_add_websocket(counts, COUNT_WEBSOCKET_SENT);
    uint64_t after = counts_add_request(counts, "GET", "/new", 10);
    counts_add_body(counts, before, 5);
    counts_add_status(counts, before, 200);
    counts_add_unanswered(counts, before);
    counts_add_status(counts, after, 404);
    json_t *json = counts_to_json(counts);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "{\"body_bytes_received\":0,\"bytes_received\":10,"
                        "\"paths\":{\"GET /new\":1},\"requests\":1,"
                        "\"status\":{\"404\":1},\"unanswered\":0,"
                        "\"websockets\":{\"closed\":0,"
                        "\"messages_received\":0,\"messages_sent\":1,"
                        "\"opened\":0}}");
    free(text);
    json_decref(json);
    counts_destroy(counts);
}

static void
test_paths_are_bounded(void **state)
{
    struct counts *counts = counts_create();
    for (int i = 0; i < 10005; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/%d", i);
        counts_add_request(counts, "GET", path, 0);
    }
    counts_add_request(counts, "GET", "/0", 0);
    json_t *json = counts_to_json(counts);
    const json_t *paths = json_object_get(json, "paths");
    assert_int_equal(number(json, "requests"), 10006);
    assert_int_equal(json_object_size(paths), 10001);
    assert_int_equal(number(paths, "other"), 5);
    assert_int_equal(number(paths, "GET /0"), 2);
    json_decref(json);
    counts_destroy(counts);
}

static void
test_strange_paths(void **state)
{
    struct counts *counts = counts_create();
    char large[2000];
    memset(large, 'x', sizeof(large) - 1);
    large[0] = '/';
    large[sizeof(large) - 1] = '\0';
    counts_add_request(counts, "GET", large, 0);
    counts_add_request(counts, "GET", "/\xff\x01 \"", 0);
    json_t *json = counts_to_json(counts);
    const json_t *paths = json_object_get(json, "paths");
    assert_int_equal(number(paths, "other"), 1);
    assert_int_equal(number(paths, "GET /%FF%01%20\""), 1);
    json_decref(json);
    counts_destroy(counts);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_reset_during_a_request),
        cmocka_unit_test(test_paths_are_bounded),
        cmocka_unit_test(test_strange_paths),
    };
    return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}

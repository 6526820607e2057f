#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "output/merge.h"

/* One metric of two results, put together. */
static json_t *
merge(const char *a, const char *b)
{
    json_t *first =
        json_pack("{s:{s:o}}", "metrics", "m", json_loads(a, 0, NULL));
    json_t *second =
        json_pack("{s:{s:o}}", "metrics", "m", json_loads(b, 0, NULL));
    const struct merge_part parts[] = {
        {.name = "a", .result = first},
        {.name = "b", .result = second},
    };
    json_t *root = merge_results(parts, 2, 0, 2 * NSEC_PER_SEC);
    json_t *metric =
        json_incref(json_object_get(json_object_get(root, "metrics"), "m"));
    json_decref(root);
    json_decref(first);
    json_decref(second);
    return metric;
}

/* Half of a part would pass for all of it. */
static void
test_parts(void **state)
{
    static const struct {
        const char *name, *a, *b, *expected;
    } rows[] = {
        {"both have them",
         "{\"type\": \"rate\", \"passes\": 1, \"fails\": 1, \"by\": {\"page\": "
         "{\"x\": {\"type\": \"rate\", \"passes\": 1, \"fails\": 1}}}}",
         "{\"type\": \"rate\", \"passes\": 2, \"fails\": 0, \"by\": {\"page\": "
         "{\"x\": {\"type\": \"rate\", \"passes\": 2, \"fails\": 0}}}}",
         "{\"type\": \"rate\", \"rate\": 0.75, \"passes\": 3, \"fails\": 1, "
         "\"by\": {\"page\": {\"x\": {\"type\": \"rate\", \"rate\": 0.75, "
         "\"passes\": 3, \"fails\": 1}}}}"},
        {"one has left a tag out",
         "{\"type\": \"counter\", \"count\": 4, \"by\": {\"user\": {\"x\": "
         "{\"type\": \"counter\", \"count\": 4}}}}",
         "{\"type\": \"counter\", \"count\": 6, \"by\": {}, \"by_left_out\": "
         "[\"user\"]}",
         "{\"type\": \"counter\", \"count\": 10, \"rate\": 5.0, \"by\": {}, "
         "\"by_left_out\": [\"user\"]}"},
        {"each another",
         "{\"type\": \"gauge\", \"count\": 1, \"last\": 1, \"min\": 1, "
         "\"max\": "
         "1, \"by\": {}, \"by_left_out\": [\"user\"]}",
         "{\"type\": \"gauge\", \"count\": 1, \"last\": 3, \"min\": 3, "
         "\"max\": "
         "3, \"by\": {}, \"by_left_out\": [\"page\", \"user\"]}",
         "{\"type\": \"gauge\", \"count\": 2, \"last\": 3, \"min\": 1, "
         "\"max\": "
         "3, \"by\": {}, \"by_left_out\": [\"page\", \"user\"]}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *sum = merge(rows[i].a, rows[i].b);
        json_t *expected = json_loads(rows[i].expected, 0, NULL);
        assert_non_null(expected);
        if (!json_equal(sum, expected))
            fail_msg("%s: %s", rows[i].name, json_dumps(sum, 0));
        json_decref(sum);
        json_decref(expected);
    }
}

/* Seconds and bytes have no sum. */
static void
test_names_that_mean_something_else(void **state)
{
    static const char *const metrics[] = {
        "{\"type\": \"counter\", \"unit\": \"s\", \"count\": 1, \"by\": {}}",
        "{\"type\": \"counter\", \"unit\": \"bytes\", \"count\": 5, \"by\": "
        "{}}",
        "{\"type\": \"counter\", \"unit\": null, \"count\": 7, \"by\": {}}",
        "{\"type\": \"rate\", \"passes\": 2, \"fails\": 0, \"by\": {}}",
        "{\"type\": \"counter\", \"unit\": \"bytes\", \"count\": 6, \"by\": "
        "{}}",
    };
    enum { COUNT = sizeof(metrics) / sizeof(metrics[0]) };
    struct merge_part parts[COUNT];
    json_t *results[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        results[i] = json_pack("{s:{s:o}}", "metrics", "m",
                               json_loads(metrics[i], 0, NULL));
        parts[i] = (struct merge_part){.name = "a", .result = results[i]};
    }
    json_t *root = merge_results(parts, COUNT, 0, NSEC_PER_SEC);
    const json_t *sums = json_object_get(root, "metrics");
    static const struct {
        const char *key, *figure;
        json_int_t value;
    } rows[] = {{"m", "count", 1},
                {"m (bytes)", "count", 11},
                {"m (no unit)", "count", 7},
                {"m (rate)", "passes", 2}};
    assert_int_equal(json_object_size(sums), sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            json_integer_value(json_object_get(
                json_object_get(sums, rows[i].key), rows[i].figure)),
            rows[i].value);
    json_decref(root);
    for (size_t i = 0; i < COUNT; i++)
        json_decref(results[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_names_that_mean_something_else),
    };
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}

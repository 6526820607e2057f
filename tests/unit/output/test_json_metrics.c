#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "json_assert.h"
#include "sample.h"

/* A rate per second of the runs is of what was requested in them. */
static void
test_rate_without_fixtures(void **state)
{
    struct sample sample;
    sample_init(&sample);
    struct request_sample request = {
        .method = "GET",
        .name = "/",
        .status = 200,
        .sends = 1,
        .context = recorder_context(sample.recorder,
                                    &(struct recorder_labels){
                                        .phase = "setup",
                                    }),
    };
    for (int i = 0; i < 100; i++)
        recorder_request(sample.recorder, &request);
    request.context = NULL;
    for (int i = 0; i < 8; i++)
        recorder_request(sample.recorder, &request);
    json_t *root = out_json_build(&sample.result);
    assert_true(number_at(root, "requests", "total") == 108);
    assert_true(number_at(root, "requests", "rate") == 2);
    const json_t *reqs =
        json_object_get(json_object_get(root, "metrics"), "http_reqs");
    assert_json(json_object_get(reqs, "rate"), "2.0");
    json_decref(root);
    sample_finish(&sample);
}

/* What fixtures did is not in the summary, nor in the metrics. */
static void
test_transactions_of_runs(void **state)
{
    struct sample sample;
    sample_init(&sample);
    const struct recorder_context *setup = recorder_context(
        sample.recorder, &(struct recorder_labels){.phase = "setup"});
    recorder_transaction(sample.recorder, setup, "boot", RUN_OK, 1);
    recorder_transaction(sample.recorder, setup, "buy", RUN_OK, 1);
    recorder_transaction(sample.recorder, NULL, "buy", RUN_FAILED, 1);
    json_t *root = out_json_build(&sample.result);
    const json_t *transactions = json_object_get(root, "transactions");
    ASSERT_KEYS(transactions, "buy");
    const json_t *buy = json_object_get(transactions, "buy");
    assert_json(json_object_get(buy, "ok"), "0");
    assert_json(json_object_get(buy, "failed"), "1");
    json_decref(root);
    sample_finish(&sample);
}

static void
record_users(struct recorder *recorder, const struct custom_metric *metric,
             int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char tags[32];
        memcpy(tags, "user", 5);
        size_t size = 6 + (size_t)snprintf(tags + 5, sizeof(tags) - 5, "%d", i);
        memcpy(tags + size, "page\0cart", 10);
        recorder_custom(recorder,
                        recorder_context_with(recorder, NULL, tags, size + 10),
                        metric, 1, 1);
    }
}

/* A tag with too many values is no part, and the reader is told. */
static void
test_tags_with_many_values(void **state)
{
    struct custom_metric metric = {.type = CUSTOM_COUNTER};
    char name[] = "hits";
    metric.name = name;
    struct sample sample;
    sample_init(&sample);
    record_users(sample.recorder, &metric, 0, 100);
    json_t *root = out_json_build(&sample.result);
    const json_t *hits =
        json_object_get(json_object_get(root, "metrics"), "hits");
    ASSERT_KEYS(hits, "type", "unit", "count", "rate", "by");
    assert_int_equal(
        json_object_size(json_object_get(json_object_get(hits, "by"), "user")),
        100);
    json_decref(root);
    record_users(sample.recorder, &metric, 100, 1);
    root = out_json_build(&sample.result);
    hits = json_object_get(json_object_get(root, "metrics"), "hits");
    assert_json(json_object_get(hits, "by_left_out"), "[\"user\"]");
    ASSERT_KEYS(json_object_get(hits, "by"), "page");
    json_decref(root);
    sample_finish(&sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_without_fixtures),
        cmocka_unit_test(test_transactions_of_runs),
        cmocka_unit_test(test_tags_with_many_values),
    };
    return cmocka_run_group_tests_name("json_metrics", tests, NULL, NULL);
}

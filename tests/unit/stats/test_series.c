#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "judged.h"
#include "stats/recorder.h"

static const struct request_sample answered = {
    .method = "GET",
    .name = "/a",
    .status = 200,
    .sends = 1,
    .bytes_sent = 10,
    .bytes_received = 100,
    .duration = 5 * NSEC_PER_MSEC,
    .response = 9 * NSEC_PER_MSEC,
    .dns = -1,
    .connect = -1,
    .tls = -1,
};

static const struct recorder_context *
context_of(struct recorder *recorder, const char *workload,
           const char *scenario, const char *phase)
{
    static const char tags[] = "env\0ci\0team\0blue";
    return recorder_context(recorder, &(struct recorder_labels){
                                          .workload = workload,
                                          .scenario = scenario,
                                          .phase = phase,
                                          .scheduled = true,
                                          .tags = tags,
                                          .tags_size = sizeof(tags),
                                      });
}

static void
test_requests_by_tag(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct recorder_context *run =
        context_of(recorder, "w", "pad", "run");
    struct request_sample sample = answered;
    sample.context = run;
    recorder_request(recorder, &sample);
    static const char page[] = "page\0cart\0team\0red";
    sample.context = recorder_context_with(recorder, run, page, sizeof(page));
    sample.duration = 7 * NSEC_PER_MSEC;
    recorder_request(recorder, &sample);
    sample.status = 503;
    sample.failed = true;
    sample.duration = NSEC_PER_SEC;
    recorder_request(recorder, &sample);
    sample = answered;
    sample.context = context_of(recorder, "w", NULL, "setup");
    sample.duration = 3 * NSEC_PER_SEC;
    recorder_request(recorder, &sample);
    static const struct judged rows[] = {
        {"http_reqs:count < 9", "3"},
        {"http_reqs{phase=setup}:count < 9", "1"},
        {"http_reqs{workload=w}:count < 9", "3"},
        {"http_reqs{scenario=pad,page=cart}:count < 9", "2"},
        {"http_reqs{team=blue}:count < 9", "1"},
        {"http_reqs{team=red,env=ci}:count < 9", "2"},
        {"http_reqs{team=green}:count < 9", "0, nothing measured"},
        {"http_reqs{colour=green}:count < 9",
         "0: nothing has the tag 'colour'"},
        {"http_req_duration{colour=green}:max < 9s",
         "no data: nothing has the tag 'colour'"},
        {"http_req_duration:max < 9s", "1 s"},
        {"http_req_duration{failed=false}:max < 9s", "7 ms"},
        {"http_req_duration{failed=true}:max < 9s", "1 s"},
        {"http_req_duration{failed=true}:count < 9", "1"},
        {"http_req_duration{phase=setup}:max < 9s", "3 s"},
        {"http_req_duration{status=2xx,page=cart}:max < 9s", "7 ms"},
        {"http_req_response:count < 9", "3"},
        {"http_req_response{method=get}:max < 9s", "9 ms"},
        {"http_req_failed{page=cart}:rate < 1", "50 %"},
        {"data_received{page=cart}:count < 9kB", "200 B"},
    };
    const struct snapshot *s = recorder_snapshot(recorder);
    ASSERT_VALUES(s, NULL, rows);
    /* What fixtures do is in the counts. */
    assert_int_equal(s->requests, 4);
    assert_int_equal(s->requests_in_runs, 3);
    assert_int_equal(s->endpoints->count, 4);
    assert_int_equal(s->endpoints->in_runs, 3);
    assert_int_equal(hist_count(s->endpoints->duration), 3);
    recorder_destroy(recorder);
}

/* A request that was never sent has no service time, but it was due. */
static void
test_response_time_of_what_was_never_sent(void **state)
{
    struct recorder *recorder = recorder_create();
    struct request_sample sample = answered;
    sample.context = context_of(recorder, "w", "pad", "run");
    sample.sends = 0;
    sample.status = 0;
    sample.failed = true;
    recorder_request(recorder, &sample);
    const struct snapshot *s = recorder_snapshot(recorder);
    assert_null(s->trends[TREND_HTTP_REQ_DURATION]);
    assert_int_equal(hist_count(s->trends[TREND_HTTP_REQ_RESPONSE]), 1);
    static const struct judged rows[] = {
        {"http_req_response{failed=true}:max < 9s", "9 ms"},
        {"http_reqs{failed=true}:count < 9", "1"},
        {"http_reqs{status=200}:count < 9", "0"},
    };
    ASSERT_VALUES(s, NULL, rows);
    recorder_destroy(recorder);
}

static void
test_no_response_time_without_schedule(void **state)
{
    struct recorder *recorder = recorder_create();
    recorder_request(recorder, &answered);
    assert_null(recorder_snapshot(recorder)->trends[TREND_HTTP_REQ_RESPONSE]);
    recorder_destroy(recorder);
}

static void
test_workloads(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct recorder_context *context =
        context_of(recorder, "browse", "pad", "run");
    for (int i = 0; i < 3; i++) {
        recorder_run_start(recorder, "browse");
        recorder_start_lag(recorder, "browse", i * NSEC_PER_MSEC);
    }
    recorder_run_end(recorder, context, "pad", RUN_OK, 5, 5);
    recorder_run_end(recorder, context, "pad", RUN_FAILED, 5, 5);
    recorder_run_end(recorder, context, "pad", RUN_INTERRUPTED, 5, 5);
    recorder_run_dropped(recorder, "browse");
    recorder_run_dropped(recorder, "buy");
    const struct snapshot *s = recorder_snapshot(recorder);
    const struct workload_stats *row = s->workloads;
    assert_string_equal(row->name, "browse");
    assert_int_equal(row->started, 3);
    assert_int_equal(row->ok, 1);
    assert_int_equal(row->failed, 1);
    assert_int_equal(row->interrupted, 1);
    assert_int_equal(row->dropped, 1);
    assert_int_equal(hist_max(row->start_lag), 2 * NSEC_PER_MSEC);
    static const struct judged rows[] = {
        {"dropped_runs:count < 9", "2"},
        {"dropped_runs{workload=buy}:count < 9", "1"},
        {"dropped_runs{workload=x}:count < 9", "0, nothing measured"},
        {"start_lag:max < 9s", "2 ms"},
        {"start_lag{workload=buy}:max < 9s", "no data"},
        {"runs{workload=browse}:count < 9", "2"},
        {"runs{status=interrupted}:count < 9", "1"},
    };
    ASSERT_VALUES(s, NULL, rows);
    recorder_destroy(recorder);
}

static void
test_transactions(void **state)
{
    struct recorder *recorder = recorder_create();
    recorder_transaction(recorder, NULL, "buy", RUN_OK, NSEC_PER_SEC);
    recorder_transaction(recorder, NULL, "buy", RUN_FAILED, 2 * NSEC_PER_SEC);
    recorder_transaction(recorder, NULL, "buy", RUN_INTERRUPTED, 1);
    recorder_transaction(recorder, NULL, "log in", RUN_OK, NSEC_PER_MSEC);
    static const struct judged rows[] = {
        {"transactions:count < 9", "3"},
        {"transactions{name=buy}:count < 9", "2"},
        {"transactions{name=buy,status=failed}:count < 9", "1"},
        {"transaction_duration{name=buy}:max < 9s", "2 s"},
        {"transaction_duration{name=buy,status=ok}:max < 9s", "1 s"},
        {"transaction_duration:min < 9s", "1 ms"},
        {"transaction_duration:count < 9", "3"},
    };
    ASSERT_VALUES(recorder_snapshot(recorder), NULL, rows);
    recorder_destroy(recorder);
}

/* --- too many --- */

static void
test_too_many_series(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct recorder_context *run =
        context_of(recorder, "w", "pad", "run");
    enum log_level level = log_get_level();
    log_set_level(LOG_ERROR);
    uint64_t requests = 0;
    for (int i = 0; i < 6000; i++) {
        char tags[64] = "user";
        int size = snprintf(tags + 5, sizeof(tags) - 5, "%d", i);
        struct request_sample sample = answered;
        sample.context =
            recorder_context_with(recorder, run, tags, (size_t)size + 6);
        sample.failed = i % 2 == 0;
        recorder_request(recorder, &sample);
        requests++;
    }
    log_set_level(level);
    const struct snapshot *s = recorder_snapshot(recorder);
    /* Too many tags do not take the name from an endpoint. */
    assert_int_equal(HASH_COUNT(s->endpoints), 1);
    assert_int_equal(s->endpoints->count, requests);
    /* Two more: the others that failed, and that did not. */
    assert_int_equal(HASH_COUNT(s->series[SERIES_REQUESTS]),
                     RECORDER_MAX_SERIES + 2);
    uint64_t count = 0;
    for (const struct series *row = s->series[SERIES_REQUESTS]; row != NULL;
         row = row->hh.next)
        count += row->count;
    assert_int_equal(count, requests);
    static const struct judged rows[] = {
        {"http_reqs:count < 9", "6000"},
        {"http_reqs{name=other}:count < 9", "5000"},
        {"http_req_failed:rate < 1", "50 %"},
        {"http_req_failed{name=other}:rate < 1", "50 %"},
        {"http_reqs{user=7}:count < 9", "1"},
        {"http_reqs{user=5999}:count < 9", "0, nothing measured"},
    };
    ASSERT_VALUES(s, NULL, rows);
    recorder_destroy(recorder);
}

static void
test_widest_tag(void **state)
{
    struct tag_table *table = tag_table_create();
    struct series *rows = NULL;
    size_t values;
    assert_null(series_widest_tag(rows, &values));
    for (int i = 0; i < 12; i++) {
        char user[8], page[8];
        snprintf(user, sizeof(user), "u%d", i % 6);
        snprintf(page, sizeof(page), "p%d", i % 4);
        const struct tag tags[] = {{"page", page}, {"user", user}};
        series_add(&rows, tag_table_add(table, tags, 2));
    }
    assert_string_equal(series_widest_tag(rows, &values), "user");
    assert_int_equal(values, 6);
    series_destroy(&rows);
    tag_table_destroy(table);
}

/* --- metrics of scripts --- */

static struct metric_catalog *
create_catalog(const struct custom_metric *metrics[4])
{
    struct metric_catalog *catalog = metric_catalog_create();
    metrics[0] = metric_catalog_define(catalog, "bytes_seen", CUSTOM_COUNTER,
                                       CUSTOM_BYTES, NULL);
    metrics[1] = metric_catalog_define(catalog, "depth", CUSTOM_GAUGE,
                                       CUSTOM_NUMBER, NULL);
    metrics[2] = metric_catalog_define(catalog, "hits", CUSTOM_RATE,
                                       CUSTOM_NUMBER, NULL);
    metrics[3] = metric_catalog_define(catalog, "score", CUSTOM_TREND,
                                       CUSTOM_NUMBER, NULL);
    return catalog;
}

static void
test_custom_metrics(void **state)
{
    const struct custom_metric *metrics[4];
    struct metric_catalog *catalog = create_catalog(metrics);
    struct recorder *recorder = recorder_create();
    static const char page[] = "page\0cart";
    const struct recorder_context *cart =
        recorder_context_with(recorder, NULL, page, sizeof(page));
    recorder_custom(recorder, cart, metrics[0], 1500, 1);
    recorder_custom(recorder, NULL, metrics[0], 0.5, 1);
    recorder_custom(recorder, NULL, metrics[1], 4, 30);
    recorder_custom(recorder, cart, metrics[1], -2, 20);
    recorder_custom(recorder, cart, metrics[1], 9, 10);
    recorder_custom(recorder, NULL, metrics[2], 1, 1);
    recorder_custom(recorder, NULL, metrics[2], 1, 1);
    recorder_custom(recorder, cart, metrics[2], 0, 1);
    recorder_custom(recorder, cart, metrics[3], 0.25, 1);
    recorder_custom(recorder, NULL, metrics[3], 1000000, 1);
    static const struct judged rows[] = {
        {"bytes_seen:count < 9MB", "1.5 kB"},
        {"bytes_seen{page=cart}:rate < 9kB/s", "375 B/s"},
        {"depth:last < 9", "4"},
        {"depth:min < 9", "-2"},
        {"depth:max < 9", "9"},
        {"depth{page=cart}:last < 9", "-2"},
        {"depth:count < 9", "3"},
        {"hits:rate < 9%", "66.67 %"},
        {"hits{page=cart}:rate < 9%", "0 %"},
        {"score{page=cart}:p95 < 9", "0.25"},
        {"score:max < 9", "1000000"},
        {"score:mean < 9", "500000.125"},
        {"score:count < 9", "2"},
    };
    ASSERT_VALUES(recorder_snapshot(recorder), catalog, rows);
    recorder_destroy(recorder);
    metric_catalog_destroy(catalog);
}

static void
test_refused_definitions(void **state)
{
    const struct custom_metric *metrics[4];
    struct metric_catalog *catalog = create_catalog(metrics);
    static const struct {
        const char *name;
        enum custom_type type;
        enum custom_unit unit;
        const char *message;
    } rows[] = {
        {"runs", CUSTOM_COUNTER, CUSTOM_NUMBER,
         "'runs' is a metric of molo itself: choose another name"},
        {"depth", CUSTOM_COUNTER, CUSTOM_NUMBER,
         "'depth' is a gauge already: it cannot be a counter too"},
        {"bytes_seen", CUSTOM_COUNTER, CUSTOM_SECONDS,
         "'bytes_seen' is a counter of unit bytes already: it cannot be a "
         "counter of unit s too"},
        {"cart size", CUSTOM_COUNTER, CUSTOM_NUMBER,
         "'cart size' is no name for a metric: use letters, digits and _, and "
         "begin with a letter"},
        {"", CUSTOM_COUNTER, CUSTOM_NUMBER,
         "'' is no name for a metric: use letters, digits and _, and begin "
         "with a letter"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err;
        assert_null(metric_catalog_define(catalog, rows[i].name, rows[i].type,
                                          rows[i].unit, &err));
        assert_string_equal(err.message, rows[i].message);
    }
    assert_ptr_equal(metric_catalog_define(catalog, "depth", CUSTOM_GAUGE,
                                           CUSTOM_NUMBER, NULL),
                     metrics[1]);
    metric_catalog_destroy(catalog);
}

static void
test_refused_values(void **state)
{
    const struct custom_metric *metrics[4];
    struct metric_catalog *catalog = create_catalog(metrics);
    double zero = 0;
    const struct {
        size_t metric;
        double value;
        const char *message;
    } rows[] = {
        {0, zero / zero, "counter 'bytes_seen': nan (0/0) is no value"},
        {1, 1 / zero, "gauge 'depth': an infinite number is no value"},
        {1, -1e19, "gauge 'depth': -1e+19 is beyond 1e18"},
        {0, -1,
         "counter 'bytes_seen': -1 is below 0: a counter only grows (a gauge "
         "may fall)"},
        {3, -0.5, "trend 'score': -0.5 is below 0"},
        {2, 0.5, "rate 'hits': expected true or false (or 1 or 0), got 0.5"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err;
        assert_false(
            custom_check(metrics[rows[i].metric], rows[i].value, &err));
        assert_string_equal(err.message, rows[i].message);
    }
    assert_true(custom_check(metrics[1], -7.5, NULL));
    metric_catalog_destroy(catalog);
}

static void
test_unknown_metric_is_told_from_those_of_the_script(void **state)
{
    const struct custom_metric *metrics[4];
    struct metric_catalog *catalog = create_catalog(metrics);
    struct threshold threshold;
    struct err err;
    assert_false(threshold_init(&threshold, "scor:p95 < 1", catalog, &err));
    assert_string_equal(
        err.message,
        "'scor:p95 < 1': unknown metric 'scor': did you mean 'score'?");
    assert_false(threshold_init(&threshold, "depth:p95 < 1", catalog, &err));
    assert_string_equal(err.message, "'depth:p95 < 1': depth has no 'p95' (it "
                                     "has: last, min, max, count)");
    /* A tag that a script is known to set may look like a mistyped one. */
    assert_false(
        threshold_init(&threshold, "runs{rule=a}:count < 1", catalog, &err));
    metric_catalog_add_tag(catalog, "rule");
    assert_true(
        threshold_init(&threshold, "runs{rule=a}:count < 1", catalog, &err));
    threshold_finish(&threshold);
    metric_catalog_destroy(catalog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_by_tag),
        cmocka_unit_test(test_response_time_of_what_was_never_sent),
        cmocka_unit_test(test_no_response_time_without_schedule),
        cmocka_unit_test(test_workloads),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_too_many_series),
        cmocka_unit_test(test_widest_tag),
        cmocka_unit_test(test_custom_metrics),
        cmocka_unit_test(test_refused_definitions),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_unknown_metric_is_told_from_those_of_the_script),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}

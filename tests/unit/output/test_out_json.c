#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_assert.h"
#include "output/sizing.h"
#include "output/verdict.h"
#include "sample.h"

/* 40 bytes of header and a 0, as hist_encode_v2() gives them. */
#define EMPTY_HIST "HISTEwAAAAEAAAAAAAAAAwAAAAAAAAABAABOlJFPAAA/8AAAAAAAAAA="

/* `unit`: of the values. */
static void
assert_distribution_shape(const json_t *trend, const char *unit_name)
{
    ASSERT_KEYS(trend, "type", "unit", "count", "min", "mean", "p50", "p90",
                "p95", "p99", "p999", "max", "hist", "by");
    assert_string_equal(json_string_value(json_object_get(trend, "type")),
                        "trend");
    assert_string_equal(json_string_value(json_object_get(trend, "unit")),
                        unit_name);
    const char *hist = json_string_value(json_object_get(trend, "hist"));
    assert_non_null(hist);
    if (json_integer_value(json_object_get(trend, "count")) > 0)
        return;
    assert_string_equal(hist, EMPTY_HIST);
    static const char *const unknown[] = {"min", "mean", "p50",  "p90",
                                          "p95", "p99",  "p999", "max"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_true(json_is_null(json_object_get(trend, unknown[i])));
}

static void
assert_trend_shape(const json_t *trend)
{
    assert_distribution_shape(trend, "s");
}

static void
assert_identities(const json_t *root)
{
    assert_true(number_at(root, "runs", "started") ==
                number_at(root, "runs", "ok") +
                    number_at(root, "runs", "failed") +
                    number_at(root, "runs", "interrupted"));
    static const char *const sums[][2] = {{"total", "count"},
                                          {"failed", "failed"},
                                          {"unsent", "unsent"},
                                          {"bytes_sent", "bytes_sent"},
                                          {"bytes_received", "bytes_received"}};
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        json_int_t sum = 0;
        size_t index;
        json_t *row;
        json_array_foreach(json_object_get(root, "endpoints"), index, row)
            sum += json_integer_value(json_object_get(row, sums[i][1]));
        assert_true(number_at(root, "requests", sums[i][0]) == (double)sum);
    }
}

/* The same keys whether or not anything happened. */
static void
assert_shape(const json_t *root)
{
    ASSERT_KEYS(root, "schema", "molo", "scenario", "seed", "simulated",
                "started_at", "duration", "workers", "threads", "tags", "host",
                "plan", "exit", "runs", "requests", "scenarios", "workloads",
                "metrics", "endpoints", "checks", "transactions", "sizing",
                "thresholds", "errors", "errors_dropped", "coordination",
                "intervals", "request_log", "generator");
    ASSERT_KEYS(json_object_get(root, "host"), "sysname", "release", "machine",
                "cpus");
    ASSERT_KEYS(json_object_get(root, "plan"), "duration", "max_runs",
                "ramp_up", "delay_low", "delay_high", "graceful_stop",
                "wait_timeout", "timeout", "stop_on_failure", "on_deadlock",
                "scenarios", "workloads");
    ASSERT_KEYS(json_object_get(root, "runs"), "started", "ok", "failed",
                "interrupted", "dropped", "rate");
    ASSERT_KEYS(json_object_get(root, "requests"), "total", "failed", "unsent",
                "bytes_sent", "bytes_received", "rate");
    ASSERT_KEYS(json_object_get(root, "generator"), "cpu", "threads",
                "loop_lag_p50", "loop_lag_p99", "loop_lag_max", "shortages",
                "max_rss", "fds", "fds_limit", "lua_memory", "gc_cycles",
                "saturated", "verdict", "saturations", "threads_advised");
    const json_t *metrics = json_object_get(root, "metrics");
    for (int i = 0; i < TREND_COUNT; i++)
        assert_trend_shape(
            json_object_get(metrics, snapshot_trend_name((enum trend)i)));
    assert_distribution_shape(json_object_get(metrics, "coord_depth"), "items");
    static const char *const counters[] = {
        "http_reqs",      "data_sent",    "data_received", "runs",
        "dropped_runs",   "coord_rounds", "coord_missed",  "coord_contended",
        "coord_timeouts", "coord_breaks"};
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        ASSERT_KEYS(json_object_get(metrics, counters[i]), "type", "count",
                    "rate");
    ASSERT_KEYS(json_object_get(metrics, "http_req_failed"), "type", "rate",
                "passes", "fails");
    ASSERT_KEYS(json_object_get(metrics, "checks"), "type", "rate", "passes",
                "fails");
    assert_identities(root);
}

static void
test_shape_and_identities(void **state)
{
    struct sample sample;
    sample_init(&sample);
    json_t *root = out_json_build(&sample.result);
    assert_shape(root);
    json_decref(root);
    sample_record(&sample);
    root = out_json_build(&sample.result);
    assert_shape(root);
    json_decref(root);
    sample_finish(&sample);
}

static void
test_values(void **state)
{
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    result_add_cause(&sample.result, EXIT_CODE_FAILED, "1 of 5 runs failed");
    result_add_cause(&sample.result, EXIT_CODE_SIGINT, "stopped by SIGINT");
    json_t *root = out_json_build(&sample.result);
    static const char *const rows[][2] = {
        {"schema", "\"molo-result/1\""},
        {"molo", "\"" MOLO_VERSION "\""},
        {"scenario", "\"scenarios/pad.lua\""},
        {"seed", "7"},
        {"simulated", "false"},
        {"started_at", "\"2026-01-01T00:00:00Z\""},
        {"duration", "4.0"},
        {"workers", "2"},
        {"tags", "{\"build\": \"12\"}"},
        {"exit", "{\"code\": 130, \"reason\": \"stopped by SIGINT\", \"all\": "
                 "[{\"code\": 1, \"reason\": \"1 of 5 runs failed\"}, "
                 "{\"code\": 130, \"reason\": \"stopped by SIGINT\"}]}"},
        {"runs", "{\"started\": 5, \"ok\": 3, \"failed\": 1, "
                 "\"interrupted\": 1, \"dropped\": 0, \"rate\": 1.0}"},
        {"requests", "{\"total\": 12, \"failed\": 4, \"unsent\": 1, "
                     "\"bytes_sent\": 1000, \"bytes_received\": 9000, "
                     "\"rate\": 3.0}"},
        {"scenarios",
         "{\"pad\": {\"ok\": 3, \"failed\": 1, \"interrupted\": 1}}"},
        {"checks", "{\"text arrived\": {\"passes\": 3, \"fails\": 1}}"},
        {"thresholds", "[]"},
        {"errors", "[{\"kind\": \"timeout\", \"message\": "
                   "\"no answer\\u001b[2J\\nafter 60 s\", \"count\": 2, "
                   "\"first\": {\"worker_id\": 1, \"step\": 3, \"at\": 0.5, "
                   "\"where\": \"pad.lua:9\"}}]"},
        {"generator",
         "{\"cpu\": 0.25, \"threads\": [{\"name\": \"loop\", \"cpu\": 0.2, "
         "\"cpu_wait\": null}], \"loop_lag_p50\": 0.0, \"loop_lag_p99\": "
         "0.001, "
         "\"loop_lag_max\": 0.002, \"shortages\": 0, \"max_rss\": 5000000, "
         "\"fds\": 12, \"fds_limit\": 1024, \"lua_memory\": 70000, "
         "\"gc_cycles\": 3, \"saturated\": false, \"verdict\": null, "
         "\"saturations\": [], \"threads_advised\": null}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_json(json_object_get(root, rows[i][0]), rows[i][1]);

    const json_t *endpoint =
        json_array_get(json_object_get(root, "endpoints"), 1);
    assert_json(json_object_get(endpoint, "status"), "{\"404\": 1}");
    assert_json(json_object_get(endpoint, "count"), "4");
    const json_t *pad =
        json_object_get(json_object_get(root, "coordination"), "pad#");
    assert_json(json_object_get(pad, "type"), "\"notifier\"");
    assert_json(json_object_get(pad, "rounds"), "3");
    assert_json(json_object_get(pad, "missed"), "1");
    assert_json(json_object_get(pad, "contended"), "0");
    assert_trend_shape(json_object_get(pad, "wait"));
    assert_json(json_object_get(json_object_get(pad, "wait"), "max"), "0.003");
    /* 1, 2 and 3 ms stand in buckets 11,169, 12,193 and 12,728. */
    assert_json(json_object_get(json_object_get(pad, "wait"), "hist"),
                "\"HISTEwAAAAoAAAAAAAAAAwAAAAAAAAABAABOlJFPAAA/"
                "8AAAAAAAAMGuAQL9DwKrCAI=\"");
    assert_trend_shape(json_object_get(pad, "propagation"));
    assert_trend_shape(json_object_get(pad, "visibility"));
    assert_trend_shape(json_object_get(pad, "round"));
    const json_t *metrics = json_object_get(root, "metrics");
    assert_json(json_object_get(metrics, "http_req_failed"),
                "{\"type\": \"rate\", \"rate\": 0.333333333333333315, "
                "\"passes\": 4, \"fails\": 8}");
    json_decref(root);
    sample_finish(&sample);
}

static void
test_unknown_is_null(void **state)
{
    struct sample sample;
    sample_init(&sample);
    sample.result.generator.cpu = NAN;
    sample.result.duration = 0;
    recorder_error(sample.recorder, NULL, "setup", "x",
                   &(struct error_first){.worker_id = -1});
    json_t *root = out_json_build(&sample.result);
    assert_json(json_object_get(json_object_get(root, "generator"), "cpu"),
                "null");
    assert_json(json_object_get(json_object_get(root, "metrics"), "checks"),
                "{\"type\": \"rate\", \"rate\": null, \"passes\": 0, "
                "\"fails\": 0}");
    const json_t *error = json_array_get(json_object_get(root, "errors"), 0);
    assert_json(json_object_get(error, "first"),
                "{\"worker_id\": null, \"step\": 0, \"at\": 0.0, "
                "\"where\": \"\"}");
    assert_json(json_object_get(root, "exit"),
                "{\"code\": 0, \"reason\": \"duration\", \"all\": []}");
    assert_true(number_at(root, "requests", "rate") == 0);
    json_decref(root);
    sample_finish(&sample);
}

/* CPU and lag against a virtual clock would be nonsense. */
static void
test_simulated(void **state)
{
    struct sample sample;
    sample_init(&sample);
    options_set(sample.options, OPTION_COMMAND_LINE, "sim", NULL, NULL);
    json_t *root = out_json_build(&sample.result);
    assert_json(json_object_get(root, "simulated"), "true");
    assert_json(json_object_get(root, "generator"),
                "{\"cpu\": null, \"threads\": [], \"loop_lag_p50\": null, "
                "\"loop_lag_p99\": null, \"loop_lag_max\": null, "
                "\"shortages\": 0, \"max_rss\": 5000000, \"fds\": 12, "
                "\"fds_limit\": 1024, \"lua_memory\": 70000, "
                "\"gc_cycles\": 3, \"saturated\": null, \"verdict\": null, "
                "\"saturations\": [], \"threads_advised\": null}");
    json_decref(root);
    sample_finish(&sample);
}

static void
test_several_threads(void **state)
{
    struct sample sample;
    sample_init(&sample);
    static const struct result_thread threads[] = {
        {"hub", 0.1, 0}, {"shard 0", 0.99, 0.01}, {"shard 1", 0.5, -1}};
    struct verdict verdict = {
        .spans = {{.to = 4 * NSEC_PER_SEC, .busy = true, .idle_cores = 2}},
        .count = 1,
        .threads = 2,
        .most_threads = 8,
    };
    sample.result.generator.threads = threads;
    sample.result.generator.thread_count = 3;
    sample.result.verdict = &verdict;
    json_t *root = out_json_build(&sample.result);
    const json_t *generator = json_object_get(root, "generator");
    assert_json(json_object_get(generator, "threads"),
                "[{\"name\": \"hub\", \"cpu\": 0.1, \"cpu_wait\": 0.0}, "
                "{\"name\": \"shard 0\", \"cpu\": 0.99, \"cpu_wait\": 0.01}, "
                "{\"name\": \"shard 1\", \"cpu\": 0.5, \"cpu_wait\": null}]");
    assert_json(json_object_get(generator, "threads_advised"), "4");
    json_decref(root);
    sample_finish(&sample);
}

/* Names come from scripts and messages from servers: any bytes. */
static void
test_any_bytes(void **state)
{
    struct sample sample;
    sample_init(&sample);
    recorder_check(sample.recorder, NULL,
                   "a\xff"
                   "b",
                   true);
    recorder_error(sample.recorder, NULL, "k", "\xc3(\x80", NULL);
    recorder_coord_wait(sample.recorder, "notifier", "\xe9t\xe9", 5);
    recorder_run_start(sample.recorder, NULL);
    recorder_run_end(sample.recorder, NULL, "\xfe", RUN_OK, 1, 1);
    json_t *root = out_json_build(&sample.result);
    assert_json(json_object_get(root, "checks"),
                "{\"a\\ufffdb\": {\"passes\": 1, \"fails\": 0}}");
    assert_json(
        json_object_get(json_array_get(json_object_get(root, "errors"), 0),
                        "message"),
        "\"\\ufffd(\\ufffd\"");
    assert_non_null(json_object_get(json_object_get(root, "coordination"),
                                    "\xef\xbf\xbdt\xef\xbf\xbd"));
    assert_shape(root);
    json_decref(root);
    sample_finish(&sample);
}

/* Different names, the same key: nothing is lost. */
static void
test_names_that_become_the_same_key(void **state)
{
    static const char *const names[] = {"\xff", "\xfe", "\xfd"};
    struct sample sample;
    sample_init(&sample);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        recorder_check(sample.recorder, NULL, names[i], true);
        recorder_check(sample.recorder, NULL, names[i], i == 1);
        recorder_coord_wait(sample.recorder, "variable", names[i], 5);
        recorder_run_start(sample.recorder, NULL);
        recorder_run_end(sample.recorder, NULL, names[i], RUN_OK, 1, 1);
        recorder_run_start(sample.recorder, NULL);
        recorder_run_end(sample.recorder, NULL, names[i],
                         i == 1 ? RUN_FAILED : RUN_INTERRUPTED, 1, 1);
    }
    json_t *root = out_json_build(&sample.result);
    assert_json(json_object_get(root, "checks"),
                "{\"\\ufffd\": {\"passes\": 4, \"fails\": 2}}");
    assert_json(
        json_object_get(json_object_get(root, "scenarios"), "\xef\xbf\xbd"),
        "{\"ok\": 3, \"failed\": 1, \"interrupted\": 2}");
    const json_t *coordination = json_object_get(root, "coordination");
    assert_int_equal(json_object_size(coordination), 3);
    const char *key;
    json_t *row;
    json_object_foreach((json_t *)(uintptr_t)coordination, key, row)
        assert_json(json_object_get(row, "waits"), "1");
    assert_shape(root);
    json_decref(root);
    sample_finish(&sample);
}

static void
test_objects_that_share_a_name(void **state)
{
    struct sample sample;
    sample_init(&sample);
    recorder_coord_wait(sample.recorder, "notifier", "pad", 5);
    recorder_coord_wait(sample.recorder, "variable", "pad", 5);
    json_t *root = out_json_build(&sample.result);
    const json_t *rows = json_object_get(root, "coordination");
    assert_int_equal(json_object_size(rows), 2);
    assert_json(json_object_get(json_object_get(rows, "pad"), "type"),
                "\"notifier\"");
    assert_json(
        json_object_get(json_object_get(rows, "pad (variable)"), "type"),
        "\"variable\"");
    json_decref(root);
    sample_finish(&sample);
}

/* The figures of an object's type are always there, others when measured. */
static void
test_rows_by_type(void **state)
{
    struct sample sample;
    sample_init(&sample);
    struct recorder *recorder = sample.recorder;
    recorder_coord_wait(recorder, "lock", "seat", 5);
    recorder_coord_event(recorder, "lock", "seat", COORD_CONTENDED);
    recorder_coord_wait(recorder, "queue", "jobs", 5);
    recorder_coord_depth(recorder, "queue", "jobs", 1);
    recorder_coord_depth(recorder, "queue", "jobs", 4);
    recorder_coord_wait(recorder, "barrier", "start", 5);
    recorder_coord_time(recorder, COORD_ROUND_TIME, "barrier", "start", 9);
    recorder_coord_event(recorder, "barrier", "start", COORD_MISSED);
    recorder_coord_wait(recorder, "event", "go", 5);
    json_t *root = out_json_build(&sample.result);
    const json_t *rows = json_object_get(root, "coordination");
    const json_t *seat = json_object_get(rows, "seat");
    ASSERT_KEYS(seat, "type", "waits", "contended", "timeouts", "breaks",
                "wait", "held");
    assert_json(json_object_get(seat, "contended"), "1");
    assert_trend_shape(json_object_get(seat, "held"));
    const json_t *jobs = json_object_get(rows, "jobs");
    ASSERT_KEYS(jobs, "type", "waits", "contended", "timeouts", "breaks",
                "wait", "depth");
    const json_t *depth = json_object_get(jobs, "depth");
    assert_distribution_shape(depth, "items");
    assert_json(json_object_get(depth, "max"), "4");
    assert_json(json_object_get(depth, "mean"), "2.5");
    const json_t *start = json_object_get(rows, "start");
    ASSERT_KEYS(start, "type", "waits", "contended", "timeouts", "breaks",
                "wait", "rounds", "skew", "release", "missed", "round");
    ASSERT_KEYS(json_object_get(rows, "go"), "type", "waits", "contended",
                "timeouts", "breaks", "wait");
    const json_t *metrics = json_object_get(root, "metrics");
    assert_json(json_object_get(metrics, "coord_contended"),
                "{\"type\": \"counter\", \"count\": 1, \"rate\": 0.25}");
    assert_json(json_object_get(json_object_get(metrics, "coord_depth"), "max"),
                "4");
    assert_shape(root);
    json_decref(root);
    sample_finish(&sample);
}

static void
test_roles(void **state)
{
    struct sample sample;
    sample_init(&sample);
    recorder_run_end(sample.recorder, NULL, "chat", RUN_OK, 1, 1);
    recorder_run_role(sample.recorder, "chat", "speaker", RUN_OK);
    recorder_run_role(sample.recorder, "chat", "\xff", RUN_FAILED);
    recorder_run_role(sample.recorder, "chat", "\xfe", RUN_INTERRUPTED);
    json_t *root = out_json_build(&sample.result);
    assert_json(json_object_get(root, "scenarios"),
                "{\"pad\": {\"ok\": 0, \"failed\": 0, \"interrupted\": 0}, "
                "\"chat\": {\"ok\": 1, \"failed\": 0, \"interrupted\": 0, "
                "\"roles\": {\"speaker\": {\"ok\": 1, \"failed\": 0, "
                "\"interrupted\": 0}, \"\\ufffd\": {\"ok\": 0, \"failed\": 1, "
                "\"interrupted\": 1}}}}");
    json_decref(root);
    sample_finish(&sample);
}

static void
test_thresholds(void **state)
{
    static const struct {
        const char *expression, *json;
    } rows[] = {
        {"http_req_duration{method=GET}:p(95)<=30ms",
         "{\"expression\": \"http_req_duration{method=GET}:p(95)<=30ms\", "
         "\"metric\": \"http_req_duration\", \"tags\": {\"method\": "
         "\"GET\"}, \"stat\": \"p95\", \"op\": \"<=\", \"bound\": 0.03, "
         "\"unit\": \"s\", \"value\": 0.008, \"ok\": true, "
         "\"abort\": false, \"aborted\": false}"},
        {"coord_held:max < 1s",
         "{\"expression\": \"coord_held:max < 1s\", \"metric\": "
         "\"coord_held\", \"tags\": {}, \"stat\": \"max\", \"op\": \"<\", "
         "\"bound\": 1.0, \"unit\": \"s\", \"value\": null, \"ok\": false, "
         "\"abort\": false, \"aborted\": false}"},
        {"checks:rate >= 75%",
         "{\"expression\": \"checks:rate >= 75%\", \"metric\": \"checks\", "
         "\"tags\": {}, \"stat\": \"rate\", \"op\": \">=\", \"bound\": 0.75, "
         "\"unit\": null, \"value\": 0.75, \"ok\": true, \"abort\": false, "
         "\"aborted\": false}"},
    };
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct threshold threshold;
        assert_true(threshold_init(&threshold, rows[i].expression, NULL, NULL));
        threshold_judge(&threshold, sample.result.snapshot, NSEC_PER_SEC);
        sample.result.thresholds = &threshold;
        sample.result.threshold_count = 1;
        json_t *root = out_json_build(&sample.result);
        const json_t *thresholds = json_object_get(root, "thresholds");
        assert_int_equal(json_array_size(thresholds), 1);
        assert_json(json_array_get(thresholds, 0), rows[i].json);
        json_decref(root);
        threshold_finish(&threshold);
    }
    sample_finish(&sample);
}

/* An expression that is cut may end within a character. */
static void
test_sizing_with_any_bytes(void **state)
{
    struct sizing_step step = {.workers = 1, .runs = 9};
    const struct sizing sizing = {
        .steps = &step,
        .count = 1,
        .end = SIZING_THRESHOLD,
        .size = 1,
        .tolerance = 5,
        .threshold = "http_reqs{name=/caf\xc3",
    };
    struct sample sample;
    sample_init(&sample);
    sample.result.sizing = &sizing;
    json_t *root = out_json_build(&sample.result);
    assert_shape(root);
    const json_t *verdict =
        json_object_get(json_object_get(root, "sizing"), "verdict");
    assert_string_equal(json_string_value(verdict),
                        "1 worker: with 1, a threshold failed: "
                        "http_reqs{name=/caf\xef\xbf\xbd");
    json_decref(root);
    sample_finish(&sample);
}

/* Nanoseconds survive being written as seconds and read again. */
static void
test_written_file_reads_back(void **state)
{
    static const nsec_t times[] = {1, 100 * NSEC_PER_MSEC, 1234567891,
                                   86399999999999};
    char path[] = "/tmp/molo-test-XXXXXX";
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct sample sample;
        sample_init(&sample);
        sample_record(&sample);
        sample.result.duration = times[i];
        struct err err;
        assert_true(out_json_write(&sample.result, path, &err));
        json_t *root = json_load_file(path, 0, NULL);
        assert_non_null(root);
        assert_shape(root);
        double seconds = json_number_value(json_object_get(root, "duration"));
        assert_true(llround(seconds * 1e9) == times[i]);
        json_decref(root);
        sample_finish(&sample);
    }
    unlink(path);
}

static void
test_write_failure_is_told(void **state)
{
    struct sample sample;
    sample_init(&sample);
    struct err err = {0};
    assert_false(
        out_json_write(&sample.result, "/nonexistent-dir/r.json", &err));
    assert_string_equal(err.message, "cannot write /nonexistent-dir/r.json: "
                                     "its directory does not exist");
    sample_finish(&sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_and_identities),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_unknown_is_null),
        cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_several_threads),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_names_that_become_the_same_key),
        cmocka_unit_test(test_objects_that_share_a_name),
        cmocka_unit_test(test_rows_by_type),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_sizing_with_any_bytes),
        cmocka_unit_test(test_written_file_reads_back),
        cmocka_unit_test(test_write_failure_is_told),
    };
    return cmocka_run_group_tests_name("out_json", tests, NULL, NULL);
}

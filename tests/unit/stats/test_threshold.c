#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "stats/recorder.h"
#include "stats/threshold.h"

#define DURATION (4 * NSEC_PER_SEC)

/* Two endpoints, three scenarios' worth of runs, checks, errors, objects. */
static struct recorder *
create_sample(void)
{
    struct recorder *recorder = recorder_create();
    struct request_sample request = {.method = "GET",
                                     .name = "/a",
                                     .status = 200,
                                     .sends = 1,
                                     .bytes_sent = 100,
                                     .bytes_received = 1000,
                                     .connect = 50};
    for (int i = 1; i <= 10; i++) {
        request.duration = i * NSEC_PER_MSEC;
        recorder_request(recorder, &request);
    }
    request.name = "/b";
    request.status = 503;
    request.failed = true;
    request.duration = 100 * NSEC_PER_MSEC;
    recorder_request(recorder, &request);
    request.status = 404;
    request.method = "PUT";
    recorder_request(recorder, &request);
    static const enum run_outcome outcomes[] = {RUN_OK, RUN_OK, RUN_FAILED,
                                                RUN_INTERRUPTED};
    for (size_t i = 0; i < 4; i++) {
        const struct recorder_context *context =
            recorder_context(recorder, &(struct recorder_labels){
                                           .workload = i < 1 ? "w" : "v",
                                           .role = i < 1 ? "writer" : "reader",
                                           .phase = "run",
                                       });
        recorder_run_end(recorder, context, i < 3 ? "pad" : "shop", outcomes[i],
                         (i + 1) * NSEC_PER_SEC, NSEC_PER_MSEC);
    }
    for (int i = 0; i < 4; i++)
        recorder_check(recorder, NULL, "text arrived", i > 0);
    recorder_check(recorder, NULL, "title", true);
    recorder_error(recorder, NULL, "timeout", "slow", NULL);
    recorder_error(recorder, NULL, "timeout", "slower", NULL);
    recorder_error(recorder, NULL, "check", "text arrived", NULL);
    recorder_coord_wait(recorder, "lock", "seat1", NSEC_PER_MSEC);
    recorder_coord_wait(recorder, "lock", "seat2", 3 * NSEC_PER_MSEC);
    recorder_coord_wait(recorder, "barrier", "seat", 9 * NSEC_PER_MSEC);
    recorder_coord_wait(recorder, "barrier", "start", 20 * NSEC_PER_MSEC);
    recorder_coord_event(recorder, "lock", "seat1", COORD_CONTENDED);
    recorder_coord_event(recorder, "barrier", "start", COORD_ROUND);
    recorder_coord_event(recorder, "barrier", "start", COORD_ROUND);
    recorder_coord_event(recorder, "barrier", "start", COORD_TIMEOUT);
    recorder_coord_event(recorder, "barrier", "start", COORD_BREAK);
    recorder_coord_event(recorder, "barrier", "start", COORD_MISSED);
    recorder_coord_time(recorder, COORD_SKEW, "barrier", "start",
                        4 * NSEC_PER_MSEC);
    recorder_coord_time(recorder, COORD_RELEASE, "barrier", "start",
                        NSEC_PER_USEC);
    recorder_coord_time(recorder, COORD_HELD, "lock", "seat1",
                        2 * NSEC_PER_MSEC);
    recorder_coord_depth(recorder, "queue", "jobs", 7);
    return recorder;
}

/* The figure, and whether the threshold holds. */
static const struct judged {
    const char *expression, *value;
    bool ok;
} judged[] = {
    {"http_reqs:count == 12", "12", true},
    {"http_reqs:rate > 3", "3/s", false},
    {"http_reqs{method=PUT}:count < 1", "1", false},
    {"http_reqs{method=get,name=/b}:count < 2", "1", true},
    {"http_reqs{status=200}:count != 10", "10", false},
    {"http_reqs{status=5xx}:count > 0", "1", true},
    {"http_reqs{status=2xx,name=/b}:count == 0", "0", true},
    {"http_reqs{name=/c}:count == 0", "0, nothing measured", true},
    {"http_req_failed:rate < 20%", "16.67 %", true},
    {"http_req_failed{name=/a}:rate <= 0", "0 %", true},
    {"http_req_failed{name=/b}:count < 2", "2", false},
    {"http_req_failed{name=/c}:rate > 1%", "0, nothing measured", false},
    {"http_req_duration:p50 < 7ms", "6 ms", true},
    {"http_req_duration:p50 >= 7ms", "6 ms", false},
    {"http_req_duration{name=/a}:max < 11ms", "10 ms", true},
    {"http_req_duration{method=GET}:max >= 100ms", "100 ms", true},
    {"http_req_duration{name=/c}:max < 1s", "no data", false},
    {"http_req_duration{name=/c}:count < 1", "0, nothing measured", true},
    {"http_req_duration:count == 12", "12", true},
    {"http_req_connect:mean == 50ns", "50 ns", true},
    {"http_req_tls:max > 0", "0 s", false},
    {"data_sent:count <= 1.2kB", "1.2 kB", true},
    {"data_received{name=/a}:rate < 2kB/s", "2.5 kB/s", false},
    {"runs:count == 3", "3", true},
    {"runs{status=ok}:count == 2", "2", true},
    {"runs{status=interrupted,scenario=shop}:count == 1", "1", true},
    {"runs{scenario=pad,status=interrupted}:count == 0", "0", true},
    {"runs{role=reader}:count > 2", "2", false},
    {"runs{role=reader,status=interrupted}:count > 2", "1", false},
    {"runs:rate < 0.5/s", "0.75/s", false},
    {"runs{workload=w}:count == 1", "1", true},
    {"run_duration:min > 999ms", "1 s", true},
    {"run_duration{role=reader}:min > 1s", "2 s", true},
    {"run_duration{scenario=pad,status=ok}:max < 2s", "2 s", false},
    {"run_active:p99.9 < 1ms", "1 ms", false},
    {"dropped_runs:count == 0", "0", true},
    {"checks:rate >= 80%", "80 %", true},
    {"checks{check=text arrived}:rate > 75%", "75 %", false},
    {"checks{check=title}:count == 1", "1", true},
    {"checks{check=tilte}:rate > 1%", "0, nothing measured", false},
    {"errors:count < 3", "3", false},
    {"errors{kind=timeout}:count < 3", "2", true},
    {"errors{kind=reset}:count == 0", "0", true},
    {"coord_wait:max < 20ms", "20 ms", false},
    {"coord_wait{type=lock}:max < 4ms", "3 ms", true},
    {"coord_wait{name=seat}:max < 4ms", "9 ms", false},
    {"coord_wait{name=seat7}:count == 2", "2", true},
    {"coord_wait{name=seat#}:count == 2", "2", true},
    {"coord_wait{name=seat,type=lock}:max < 1s", "no data", false},
    {"coord_skew{name=start}:p99 < 5ms", "4 ms", true},
    {"coord_release:max < 1ms", "1 us", true},
    {"coord_held:max < 1ms", "2 ms", false},
    {"coord_depth:max < 7", "7", false},
    {"coord_propagation:p99 < 1s", "no data", false},
    {"coord_visibility:p99 >= 0", "no data", false},
    {"coord_rounds:count > 1", "2", true},
    {"coord_rounds{type=lock}:count > 0", "0", false},
    {"coord_missed:count == 0", "1", false},
    {"coord_contended:count == 1", "1", true},
    {"coord_timeouts:rate < 1/s", "0.25/s", true},
    {"coord_breaks{name=start}:count < 1", "1", false},
};

static void
test_verdicts(void **state)
{
    struct recorder *recorder = create_sample();
    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
        struct threshold threshold;
        struct err err;
        if (!threshold_init(&threshold, judged[i].expression, NULL, &err))
            fail_msg("%s", err.message);
        threshold_judge(&threshold, recorder_snapshot(recorder), DURATION);
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(&threshold, value);
        if (strcmp(value, judged[i].value) != 0 || threshold.ok != judged[i].ok)
            fail_msg("%s: %s, %d instead of %s, %d", judged[i].expression,
                     value, threshold.ok, judged[i].value, judged[i].ok);
        threshold_finish(&threshold);
    }
    recorder_destroy(recorder);
}

/* Shards' snapshots in any order give the verdict of one that saw all. */
static void
test_merged_snapshots_give_the_same_verdict(void **state)
{
    struct recorder *one = create_sample(), *two = create_sample();
    struct snapshot *forth = snapshot_create(), *back = snapshot_create();
    struct rng rng;
    rng_init(&rng, 3, 0);
    for (int i = 0; i < 500; i++)
        recorder_coord_wait(two, "lock", "seat1",
                            rng_int(&rng, 0, NSEC_PER_SEC));
    snapshot_merge(forth, recorder_snapshot(one));
    snapshot_merge(forth, recorder_snapshot(two));
    snapshot_merge(back, recorder_snapshot(two));
    snapshot_merge(back, recorder_snapshot(one));
    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
        struct threshold threshold;
        assert_true(
            threshold_init(&threshold, judged[i].expression, NULL, NULL));
        threshold_judge(&threshold, forth, DURATION);
        double value = threshold.value.number;
        bool unmeasured = threshold.value.unmeasured;
        threshold_judge(&threshold, back, DURATION);
        assert_true(threshold.value.number == value);
        assert_true(threshold.value.unmeasured == unmeasured);
        threshold_finish(&threshold);
    }
    snapshot_destroy(forth);
    snapshot_destroy(back);
    recorder_destroy(one);
    recorder_destroy(two);
}

/* What rounds to the bound and is not the bound is shown as it is. */
static void
test_value_differs_from_bound_as_text(void **state)
{
    static const struct {
        const char *expression;
        nsec_t wait;
        const char *value;
    } rows[] = {
        {"coord_wait:max < 300ms", 300400000, "300.4 ms"},
        {"coord_wait:max < 300ms", 300000000, "300 ms"},
        {"coord_wait:max < 300ms", 412345678, "412 ms"},
        {"coord_wait:max < 1ns", 1, "1 ns"},
        {"coord_wait:max < 2s", 2000000001, "2.000000001 s"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct recorder *recorder = recorder_create();
        recorder_coord_wait(recorder, "lock", "a", rows[i].wait);
        struct threshold threshold;
        assert_true(threshold_init(&threshold, rows[i].expression, NULL, NULL));
        threshold_judge(&threshold, recorder_snapshot(recorder), DURATION);
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(&threshold, value);
        assert_string_equal(value, rows[i].value);
        assert_false(threshold.ok);
        threshold_finish(&threshold);
        recorder_destroy(recorder);
    }
}

static bool
check_at(struct threshold *threshold, const struct recorder *recorder,
         nsec_t duration)
{
    return threshold_check(threshold, recorder_snapshot(recorder), duration);
}

static void
test_abort_waits_for_after(void **state)
{
    struct recorder *recorder = recorder_create();
    struct threshold threshold;
    assert_true(threshold_init(&threshold, "errors:count < 1", NULL, NULL));
    recorder_error(recorder, NULL, "timeout", "slow", NULL);
    /* Without abort it never ends a test. */
    assert_false(check_at(&threshold, recorder, 100 * NSEC_PER_SEC));
    threshold.abort = true;
    threshold.after = 10 * NSEC_PER_SEC;
    assert_false(check_at(&threshold, recorder, 10 * NSEC_PER_SEC - 1));
    assert_false(threshold.aborted);
    assert_true(check_at(&threshold, recorder, 10 * NSEC_PER_SEC));
    assert_true(threshold.aborted);
    threshold_finish(&threshold);
    recorder_destroy(recorder);
}

static void
test_abort_keeps_its_verdict(void **state)
{
    struct recorder *recorder = recorder_create();
    struct threshold threshold;
    assert_true(threshold_init(&threshold, "checks:rate > 90%", NULL, NULL));
    threshold.abort = true;
    recorder_check(recorder, NULL, "a", false);
    assert_true(check_at(&threshold, recorder, NSEC_PER_SEC));
    /* While runs in flight ended, it became better. */
    for (int i = 0; i < 99; i++)
        recorder_check(recorder, NULL, "a", true);
    threshold_judge(&threshold, recorder_snapshot(recorder), NSEC_PER_SEC);
    assert_false(threshold.ok);
    assert_true(threshold.value.number == 0);
    threshold_finish(&threshold);
    recorder_destroy(recorder);
}

/* Nothing has been measured yet: a count is 0, the others are unknown. */
static void
test_abort_before_anything_is_measured(void **state)
{
    static const struct {
        const char *expression;
        bool ends;
    } rows[] = {
        {"http_req_duration:p95 < 1ns", false}, {"checks:rate > 90%", false},
        {"http_reqs:count > 100", true},        {"http_reqs:rate > 100", true},
        {"http_reqs:count < 100", false},
    };
    struct recorder *recorder = recorder_create();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct threshold threshold;
        assert_true(threshold_init(&threshold, rows[i].expression, NULL, NULL));
        threshold.abort = true;
        assert_true(check_at(&threshold, recorder, NSEC_PER_SEC) ==
                    rows[i].ends);
        threshold_finish(&threshold);
    }
    recorder_destroy(recorder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_merged_snapshots_give_the_same_verdict),
        cmocka_unit_test(test_value_differs_from_bound_as_text),
        cmocka_unit_test(test_abort_waits_for_after),
        cmocka_unit_test(test_abort_keeps_its_verdict),
        cmocka_unit_test(test_abort_before_anything_is_measured),
    };
    return cmocka_run_group_tests_name("threshold", tests, NULL, NULL);
}

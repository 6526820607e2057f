#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "stats/threshold.h"

static const struct accepted {
    const char *expression, *metric, *stat;
    enum threshold_op op;
    double bound;
    enum metric_unit unit;
} accepted[] = {
    {"http_req_duration:p95 < 300ms", "http_req_duration", "p95",
     THRESHOLD_LESS, 300e6, METRIC_UNIT_TIME},
    {"http_req_duration:p(99.9)<=1m30s", "http_req_duration", "p99.9",
     THRESHOLD_LESS_EQUAL, 90e9, METRIC_UNIT_TIME},
    {"  run_duration : med  >  1.5 s ", "run_duration", "p50",
     THRESHOLD_GREATER, 1.5e9, METRIC_UNIT_TIME},
    {"run_active:avg >= 20us", "run_active", "mean", THRESHOLD_GREATER_EQUAL,
     20e3, METRIC_UNIT_TIME},
    {"coord_wait:p0==0", "coord_wait", "p0", THRESHOLD_EQUAL, 0,
     METRIC_UNIT_TIME},
    {"coord_wait:p100 != 7ns", "coord_wait", "p100", THRESHOLD_NOT_EQUAL, 7,
     METRIC_UNIT_TIME},
    {"coord_skew:count > 10", "coord_skew", "count", THRESHOLD_GREATER, 10,
     METRIC_UNIT_NUMBER},
    {"coord_depth:max < 100", "coord_depth", "max", THRESHOLD_LESS, 100,
     METRIC_UNIT_NUMBER},
    {"http_req_failed:rate < 1%", "http_req_failed", "rate", THRESHOLD_LESS,
     0.01, METRIC_UNIT_SHARE},
    {"checks:rate == 1", "checks", "rate", THRESHOLD_EQUAL, 1,
     METRIC_UNIT_SHARE},
    {"checks:rate > 99.5 %", "checks", "rate", THRESHOLD_GREATER, 0.995,
     METRIC_UNIT_SHARE},
    {"checks:count >= 3", "checks", "count", THRESHOLD_GREATER_EQUAL, 3,
     METRIC_UNIT_NUMBER},
    {"http_reqs:rate > 100/s", "http_reqs", "rate", THRESHOLD_GREATER, 100,
     METRIC_UNIT_PER_SECOND},
    {"http_reqs:rate > 0.5", "http_reqs", "rate", THRESHOLD_GREATER, 0.5,
     METRIC_UNIT_PER_SECOND},
    {"data_received:count < 1.5MB", "data_received", "count", THRESHOLD_LESS,
     1.5e6, METRIC_UNIT_BYTES},
    {"data_sent:rate < 500kB/s", "data_sent", "rate", THRESHOLD_LESS, 500e3,
     METRIC_UNIT_BYTES_PER_SECOND},
    {"runs{}:count == 5", "runs", "count", THRESHOLD_EQUAL, 5,
     METRIC_UNIT_NUMBER},
};

static void
test_accepted(void **state)
{
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        const struct accepted *row = &accepted[i];
        struct threshold threshold;
        struct err err;
        if (!threshold_init(&threshold, row->expression, NULL, &err))
            fail_msg("%s", err.message);
        char stat[METRIC_STAT_SIZE];
        metric_query_stat_name(&threshold.query, stat);
        assert_string_equal(threshold.expression, row->expression);
        assert_string_equal(metric_name(threshold.query.metric), row->metric);
        assert_string_equal(stat, row->stat);
        assert_int_equal(threshold.op, row->op);
        assert_int_equal(metric_query_unit(&threshold.query), row->unit);
        assert_true(threshold.bound == row->bound);
        assert_int_equal(threshold.query.filter_count, 0);
        threshold_finish(&threshold);
    }
}

static void
test_tags(void **state)
{
    static const struct {
        const char *expression;
        const char *tag, *value;
    } rows[] = {
        {"http_reqs{status=5xx}:count == 0", "status", "5xx"},
        {"http_reqs{status=404}:count == 0", "status", "404"},
        {"http_reqs{ method = GET , name = /a }:count>0", "name", "/a"},
        {"http_reqs{name=\"/items/{id}, all\"}:count>0", "name",
         "/items/{id}, all"},
        {"checks{check=\"say \\\"hi\\\" \\\\\"}:rate>0.9", "check",
         "say \"hi\" \\"},
        {"checks{check=text arrived }:rate>0.9", "check", "text arrived"},
        {"runs{scenario=pad,status=failed,role=writer}:count<1", "role",
         "writer"},
        {"coord_skew{name=start,type=barrier}:p99<5ms", "type", "barrier"},
        {"errors{kind=timeout}:count<1", "kind", "timeout"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct threshold threshold;
        struct err err;
        if (!threshold_init(&threshold, rows[i].expression, NULL, &err))
            fail_msg("%s", err.message);
        assert_string_equal(metric_query_tag(&threshold.query, rows[i].tag),
                            rows[i].value);
        threshold_finish(&threshold);
    }
}

/* The message without the expression that begins each. */
static const struct refused {
    const char *expression, *message;
} refused[] = {
    {"", "there is no metric: write metric{tag=value}:stat < bound"},
    {":p95 < 1s", "there is no metric: write metric{tag=value}:stat < bound"},
    {"http_req_duraton:p95 < 1s",
     "unknown metric 'http_req_duraton': did you mean 'http_req_duration'?"},
    {"iteration_duration:p95 < 1s",
     "unknown metric 'iteration_duration': here it is 'run_duration'"},
    {"iterations:count > 5", "unknown metric 'iterations': here it is 'runs'"},
    {"http_req_duration < 300ms",
     "there is no statistic: write http_req_duration:p95 < 300ms"},
    {"runs > 3", "there is no statistic: write runs:count > 3"},
    {"runs", "there is no statistic: write runs:count < bound"},
    {"http_req_duration:p95 < 300", "a time needs a unit: 300ms or 300s?"},
    {"http_req_duration:p95 < -3ms",
     "'-3ms' is not a duration; write for example 250ms, 1.5s, 2m or 1h30m "
     "(units: ns us ms s m h; none: seconds)"},
    {"http_req_duration:p95",
     "there is no comparison: write metric{tag=value}:stat < bound"},
    {"http_req_duration:p95 <",
     "there is no bound: write metric{tag=value}:stat < bound"},
    {"runs:count = 3", "unknown comparison '=': did you mean '=='?"},
    {"runs:count <> 3", "unknown comparison '<>' (there are: < <= > >= == !=)"},
    {"runs:cout < 3", "unknown statistic 'cout': did you mean 'count'?"},
    {"runs:xyz < 3",
     "unknown statistic 'xyz' (there are: p0 to p100, min, max, mean, med, "
     "count, rate, last)"},
    {"runs:p95 < 3", "runs has no 'p95' (it has: count, rate)"},
    {"run_duration:rate < 3s",
     "run_duration has no 'rate' (it has: p0 to p100, min, max, mean, med, "
     "count)"},
    {"run_duration:p101 < 3s", "percentiles are from p0 to p100, not p101"},
    {"run_duration:p999 < 3s",
     "percentiles are from p0 to p100, not p999: did you mean 'p99.9'?"},
    {"run_duration:pfoo < 3s",
     "unknown statistic 'pfoo' (there are: p0 to p100, min, max, mean, med, "
     "count, rate, last)"},
    {"checks{chek=a}:rate > 0.9",
     "checks cannot be filtered by 'chek': did you mean 'check'?"},
    {"coord_skew{scenario=a}:p99 < 1s",
     "coord_skew cannot be filtered by 'scenario' (it can by: label, name, "
     "type)"},
    {"http_req_dns{name=a}:p99 < 1s",
     "http_req_dns cannot be filtered, by 'name' or any other tag"},
    {"run_duration{kind=a}:p99 < 1s",
     "run_duration cannot be filtered by 'kind' (it can by tags of your own "
     "and: phase, role, scenario, status, workload)"},
    {"run_duration{scenaro=a}:p99 < 1s",
     "run_duration cannot be filtered by 'scenaro': did you mean 'scenario'?"},
    {"runs{phase=setup_session}:count < 1",
     "unknown phase 'setup_session' (there are: setup, run, teardown)"},
    {"runs{phase=setpu}:count < 1",
     "unknown phase 'setpu': did you mean 'setup'?"},
    {"http_reqs{failed=yes}:count < 1", "failed is true or false, not 'yes'"},
    {"start_lag{page=a}:p99 < 1s",
     "start_lag cannot be filtered by 'page' (it can by: workload)"},
    {"transactions{status=200}:count < 1",
     "unknown status of transactions '200' (there are: ok, failed, "
     "interrupted)"},
    {"coord_wait{type=locks}:p99 < 1s",
     "unknown type 'locks': did you mean 'lock'?"},
    {"runs{status=200}:count < 1",
     "unknown status of runs '200' (there are: ok, failed, interrupted)"},
    {"http_reqs{status=ok}:count < 1",
     "'ok' is not a status; write for example status=404 or status=5xx"},
    {"http_reqs{status=0xx}:count < 1",
     "'0xx' is not a status; write for example status=404 or status=5xx"},
    {"checks{check=a,check=b}:rate > 0.9", "the tag 'check' is given twice"},
    {"checks{check}:rate > 0.9",
     "the tag 'check' has no value: write {check=value}"},
    {"checks{check=}:rate > 0.9", "the tag 'check' has an empty value"},
    {"checks{=a}:rate > 0.9", "a tag is missing: write {tag=value}"},
    {"checks{check=\"a}:rate > 0.9",
     "the quote of a tag's value is not closed"},
    {"checks{check=\"a\"b}:rate > 0.9",
     "the tags end with '}', after a quoted value too"},
    {"checks{check=a:rate > 0.9",
     "the tags end with '}', after a quoted value too"},
    {"http_reqs{name=/items/{id}}:count > 1",
     "':' and a statistic are due before '}:count > 1' (values with ',' or "
     "'}' need quotes)"},
    {"checks:rate > 95",
     "a share is from 0 to 1: did you mean 95%, which is 0.95?"},
    {"checks:rate > 150%", "a share is at most 100%, not 150%"},
    {"checks:rate > 95ms",
     "'95ms' is not a share; write for example 1% or 0.01"},
    {"runs:count < 3ms", "'3ms' is not a number; write for example 100"},
    {"runs:rate < 3/m", "'3/m' is not a number; write for example 100/s"},
    {"runs:count < 1 2", "'1 2' is not a number; write for example 100"},
    {"runs:count < nan", "'nan' is not a number; write for example 100"},
    {"runs:count < 0x10", "'0x10' is not a number; write for example 100"},
    {"data_sent:count < 1PB",
     "'1PB' is not a number of bytes; write for example 500kB (units: B kB MB "
     "GB)"},
    {"data_sent:count < 1MB/s",
     "'1MB/s' is not a number of bytes; write for example 500kB (units: B kB "
     "MB GB)"},
    {"data_sent:rate < 1 parsec",
     "'1 parsec' is not a number of bytes per second; write for example "
     "500kB/s (units: B kB MB GB)"},
};

static void
test_refused(void **state)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct threshold threshold = {0};
        struct err err;
        if (threshold_init(&threshold, refused[i].expression, NULL, &err))
            fail_msg("%s was accepted", refused[i].expression);
        assert_null(threshold.expression);
        char expected[sizeof(err.message)];
        snprintf(expected, sizeof(expected), "'%s': %s", refused[i].expression,
                 refused[i].message);
        assert_string_equal(err.message, expected);
    }
}

/* Every beginning of an expression is refused or read, and nothing is lost. */
static void
test_any_beginning(void **state)
{
    static const char whole[] =
        "http_reqs{method=GET,name=\"a \\\" b\",status=5xx}:count <= 100";
    for (size_t size = 0; size < sizeof(whole); size++) {
        char part[sizeof(whole)];
        memcpy(part, whole, size);
        part[size] = '\0';
        struct threshold threshold = {0};
        struct err err;
        if (threshold_init(&threshold, part, NULL, &err))
            threshold_finish(&threshold);
        else
            assert_memory_equal(err.message, "'http_reqs", size < 9 ? 1 : 10);
    }
}

static void
test_unknown_metric_lists_all(void **state)
{
    struct threshold threshold = {0};
    struct err err;
    assert_false(threshold_init(&threshold, "latency:p95 < 1s", NULL, &err));
    assert_non_null(strstr(err.message,
                           "'latency:p95 < 1s': unknown metric 'latency' "
                           "(define it at the top of the file; there are: "
                           "http_reqs, "));
    assert_non_null(strstr(err.message, ", coord_breaks, "));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_any_beginning),
        cmocka_unit_test(test_unknown_metric_lists_all),
    };
    return cmocka_run_group_tests_name("threshold_parse", tests, NULL, NULL);
}

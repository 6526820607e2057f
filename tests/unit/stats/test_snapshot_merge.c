#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/metric.h"
#include "stats/recorder.h"
#include "stats/recorder_sse.h"
#include "stats/recorder_ws.h"

/* What several recorders saw, merged in any order and grouping, is what one
 * would have that saw everything. */

#define PARTS 3
#define EVENTS 300
#define METRICS 4

/* --- what happens --- */

static const char *const words[] = {"a", "b", "c"};

static const char *
word(struct rng *rng)
{
    return words[rng_int(rng, 0, 2)];
}

static nsec_t
some_time(struct rng *rng)
{
    return rng_int(rng, 0, NSEC_PER_SEC);
}

static const struct recorder_context *
some_context(struct recorder *recorder, struct rng *rng)
{
    static const char *const phases[] = {"setup", "run", "run", "teardown"};
    static const char own[] = "env\0ci";
    char tags[] = "page\0x";
    const struct recorder_context *context =
        recorder_context(recorder, &(struct recorder_labels){
                                       .workload = word(rng),
                                       .scenario = word(rng),
                                       .phase = phases[rng_int(rng, 0, 3)],
                                       .scheduled = true,
                                       .tags = own,
                                       .tags_size = sizeof(own),
                                   });
    tags[5] = (char)('a' + rng_int(rng, 0, 2));
    return rng_int(rng, 0, 1)
               ? recorder_context_with(recorder, context, tags, sizeof(tags))
               : context;
}

static void
record_runs(struct recorder *recorder, const struct recorder_context *context,
            struct rng *rng)
{
    const char *scenario = word(rng);
    enum run_outcome outcome = (enum run_outcome)rng_int(rng, 0, 2);
    recorder_run_start(recorder, word(rng));
    recorder_start_lag(recorder, word(rng), some_time(rng));
    recorder_run_end(recorder, context, scenario, outcome, some_time(rng), 5);
    recorder_run_role(recorder, scenario, word(rng), outcome);
    recorder_run_dropped(recorder, word(rng));
    recorder_transaction(recorder, context, word(rng),
                         (enum run_outcome)rng_int(rng, 0, 2), some_time(rng));
    recorder_check(recorder, context, word(rng), rng_int(rng, 0, 1));
}

static void
record_requests(struct recorder *recorder,
                const struct recorder_context *context, struct rng *rng)
{
    unsigned sends = (unsigned)rng_int(rng, 0, 2);
    recorder_request(recorder,
                     &(struct request_sample){
                         .context = context,
                         .method = "GET",
                         .name = word(rng),
                         .status = sends > 0 ? (int)rng_int(rng, 100, 599) : 0,
                         .failed = rng_int(rng, 0, 1),
                         .sends = sends,
                         .bytes_sent = 10,
                         .bytes_received = 20,
                         .duration = some_time(rng),
                         .response = some_time(rng),
                         .dns = -1,
                         .connect = 3,
                         .tls = -1,
                     });
    recorder_ws_traffic(recorder, &(struct ws_traffic){
                                      .context = context,
                                      .name = word(rng),
                                      .messages_sent = 1,
                                      .messages_received = 2,
                                      .bytes_sent = 3,
                                      .bytes_received = 4,
                                  });
    recorder_ws_time(recorder, context, word(rng),
                     (enum ws_time)rng_int(rng, 0, 2), some_time(rng));
    recorder_sse_event(recorder, context, word(rng), some_time(rng),
                       rng_int(rng, 0, 1));
}

static void
record_coordination(struct recorder *recorder, struct rng *rng)
{
    recorder_coord_wait(recorder, "barrier", word(rng), some_time(rng));
    recorder_coord_event(recorder, "barrier", word(rng),
                         (enum coord_event)rng_int(rng, 0, 4));
    recorder_coord_time(recorder, (enum coord_time)rng_int(rng, 0, 5), "lock",
                        word(rng), some_time(rng));
    recorder_coord_depth(recorder, "queue", word(rng),
                         (uint64_t)rng_int(rng, 0, 5000));
}

/* The same for each recorder that is told. */
static void
record(struct recorder *recorder, struct rng rng, nsec_t at,
       const struct custom_metric *const metrics[METRICS])
{
    const struct recorder_context *context = some_context(recorder, &rng);
    record_runs(recorder, context, &rng);
    record_requests(recorder, context, &rng);
    record_coordination(recorder, &rng);
    char where[] = "x.lua:1";
    where[6] = (char)('0' + at % 10);
    recorder_error(recorder, context, word(&rng), word(&rng),
                   &(struct error_first){.worker_id = rng_int(&rng, 0, 99),
                                         .at = at,
                                         .where = where});
    /* Fractions, which plain sums would add differently in another order. */
    recorder_custom(recorder, context, metrics[0], rng_double(&rng) / 3, 1);
    recorder_custom(recorder, context, metrics[1], rng_double(&rng) - 0.5,
                    rng_int(&rng, 0, 5));
    recorder_custom(recorder, context, metrics[2], (double)rng_int(&rng, 0, 1),
                    1);
    recorder_custom(recorder, context, metrics[3], rng_double(&rng), 1);
}

/* --- what is the same --- */

static void
assert_same_hist(const struct hist *a, const struct hist *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a == NULL)
        return;
    assert_int_equal(hist_count(a), hist_count(b));
    assert_int_equal(hist_min(a), hist_min(b));
    assert_int_equal(hist_max(a), hist_max(b));
    assert_true(hist_mean(a) == hist_mean(b));
    for (int percent = 0; percent <= 100; percent += 5)
        assert_int_equal(hist_percentile(a, percent),
                         hist_percentile(b, percent));
}

static void
assert_same_runs(struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(HASH_COUNT(a->scenarios), HASH_COUNT(b->scenarios));
    for (const struct scenario_stats *row = b->scenarios; row != NULL;
         row = row->hh.next) {
        struct scenario_stats *other = snapshot_scenario(a, row->name);
        assert_true(other->ok == row->ok && other->failed == row->failed &&
                    other->interrupted == row->interrupted);
        assert_int_equal(HASH_COUNT(other->roles), HASH_COUNT(row->roles));
        for (const struct role_stats *role = row->roles; role != NULL;
             role = role->hh.next) {
            const struct role_stats *its = snapshot_role(other, role->name);
            assert_true(its->ok == role->ok && its->failed == role->failed &&
                        its->interrupted == role->interrupted);
        }
    }
    assert_int_equal(HASH_COUNT(a->workloads), HASH_COUNT(b->workloads));
    for (const struct workload_stats *row = b->workloads; row != NULL;
         row = row->hh.next) {
        const struct workload_stats *other = snapshot_workload(a, row->name);
        assert_true(other->started == row->started && other->ok == row->ok &&
                    other->failed == row->failed &&
                    other->interrupted == row->interrupted &&
                    other->dropped == row->dropped);
        assert_same_hist(other->start_lag, row->start_lag);
    }
}

static void
assert_same_rows(struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(HASH_COUNT(a->endpoints), HASH_COUNT(b->endpoints));
    assert_int_equal(HASH_COUNT(a->checks), HASH_COUNT(b->checks));
    assert_int_equal(HASH_COUNT(a->errors), HASH_COUNT(b->errors));
    for (const struct endpoint_stats *row = b->endpoints; row != NULL;
         row = row->hh.next) {
        const struct endpoint_stats *other =
            snapshot_find_endpoint(a, row->method, row->name);
        assert_non_null(other);
        assert_true(
            other->count == row->count && other->in_runs == row->in_runs &&
            other->failed == row->failed && other->unsent == row->unsent &&
            other->bytes_sent == row->bytes_sent &&
            other->bytes_received == row->bytes_received);
        assert_memory_equal(other->status, row->status, sizeof(row->status));
        assert_same_hist(other->duration, row->duration);
    }
    for (const struct check_stats *row = b->checks; row != NULL;
         row = row->hh.next) {
        const struct check_stats *other = snapshot_check(a, row->name);
        assert_true(other->passes == row->passes && other->fails == row->fails);
    }
    for (const struct error_stats *row = b->errors; row != NULL;
         row = row->hh.next) {
        const struct error_stats *other =
            snapshot_error(a, row->kind, row->message);
        assert_true(other->count == row->count);
        assert_true(other->first.at == row->first.at &&
                    other->first.worker_id == row->first.worker_id);
        assert_string_equal(other->first.where, row->first.where);
    }
}

static void
assert_same_objects(struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(HASH_COUNT(a->coords), HASH_COUNT(b->coords));
    for (const struct coord_stats *row = b->coords; row != NULL;
         row = row->hh.next) {
        const struct coord_stats *other =
            snapshot_coord(a, row->type, row->label);
        assert_true(
            other->rounds == row->rounds && other->waits == row->waits &&
            other->missed == row->missed && other->timeouts == row->timeouts &&
            other->breaks == row->breaks && other->contended == row->contended);
        assert_same_hist(other->skew, row->skew);
        assert_same_hist(other->release, row->release);
        assert_same_hist(other->held, row->held);
        assert_same_hist(other->depth, row->depth);
        assert_same_hist(other->wait, row->wait);
        assert_same_hist(other->propagation, row->propagation);
        assert_same_hist(other->visibility, row->visibility);
        assert_same_hist(other->round, row->round);
    }
}

static void
assert_same_series(const struct snapshot *a, struct series *rows_a,
                   const struct series *rows_b)
{
    assert_int_equal(HASH_COUNT(rows_a), HASH_COUNT(rows_b));
    for (const struct series *row = rows_b; row != NULL; row = row->hh.next) {
        const struct tag_set *tags =
            tag_table_find(a->tags, row->tags->tags, row->tags->count);
        assert_non_null(tags);
        const struct series *other = series_find(rows_a, tags);
        assert_non_null(other);
        assert_int_equal(other->count, row->count);
        assert_int_equal(other->failed, row->failed);
        assert_int_equal(other->unsent, row->unsent);
        assert_int_equal(other->bytes_sent, row->bytes_sent);
        assert_int_equal(other->bytes_received, row->bytes_received);
        assert_int_equal(other->messages_sent, row->messages_sent);
        assert_int_equal(other->messages_received, row->messages_received);
        assert_true(other->sum == row->sum);
        assert_true(other->last == row->last);
        assert_true(other->min == row->min);
        assert_true(other->max == row->max);
        assert_same_hist(other->time, row->time);
        assert_same_hist(other->response, row->response);
        assert_same_hist(other->active, row->active);
    }
}

static void
assert_same_totals(const struct snapshot *a, const struct snapshot *b)
{
    assert_true(a->runs_started == b->runs_started);
    assert_true(a->runs_ok == b->runs_ok);
    assert_true(a->runs_failed == b->runs_failed);
    assert_true(a->runs_interrupted == b->runs_interrupted);
    assert_true(a->runs_dropped == b->runs_dropped);
    assert_true(a->requests == b->requests);
    assert_true(a->requests_in_runs == b->requests_in_runs);
    assert_true(a->requests_failed == b->requests_failed);
    assert_true(a->requests_unsent == b->requests_unsent);
    assert_true(a->bytes_sent == b->bytes_sent);
    assert_true(a->bytes_received == b->bytes_received);
    assert_true(a->checks_passed == b->checks_passed);
    assert_true(a->checks_failed == b->checks_failed);
    assert_true(a->ws_messages_sent == b->ws_messages_sent);
    assert_true(a->ws_messages_received == b->ws_messages_received);
    assert_true(a->sse_events == b->sse_events);
    assert_true(a->errors_dropped == b->errors_dropped);
    for (int i = 0; i < TREND_COUNT; i++)
        assert_same_hist(a->trends[i], b->trends[i]);
}

static void
assert_same(struct snapshot *a, const struct snapshot *b)
{
    assert_same_totals(a, b);
    assert_same_runs(a, b);
    assert_same_rows(a, b);
    assert_same_objects(a, b);
    for (int kind = 0; kind < SERIES_KINDS; kind++)
        assert_same_series(a, a->series[kind], b->series[kind]);
    assert_int_equal(HASH_COUNT(a->custom), HASH_COUNT(b->custom));
    for (const struct custom_metric *metric = b->custom; metric != NULL;
         metric = metric->hh.next) {
        const struct custom_metric *other =
            custom_find(a->custom, metric->name);
        assert_non_null(other);
        assert_int_equal(other->type, metric->type);
        assert_int_equal(other->unit, metric->unit);
        assert_same_series(a, other->series, metric->series);
    }
}

/* --- the tests --- */

static void
test_any_order_equals_one(void **state)
{
    static const int orders[][PARTS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const enum custom_type types[METRICS] = {
        CUSTOM_COUNTER, CUSTOM_GAUGE, CUSTOM_RATE, CUSTOM_TREND};
    struct metric_catalog *catalog = metric_catalog_create();
    const struct custom_metric *metrics[METRICS];
    for (size_t i = 0; i < METRICS; i++)
        metrics[i] = metric_catalog_define(catalog, custom_type_name(types[i]),
                                           types[i], CUSTOM_NUMBER, NULL);
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct recorder *one = recorder_create(), *parts[PARTS];
        struct rng which;
        rng_init(&which, seed, 1);
        for (int p = 0; p < PARTS; p++)
            parts[p] = recorder_create();
        for (nsec_t at = 0; at < EVENTS; at++) {
            struct rng rng;
            rng_init(&rng, seed, (uint64_t)at + 2);
            record(one, rng, at, metrics);
            record(parts[rng_int(&which, 0, PARTS - 1)], rng, at, metrics);
        }
        for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
            struct snapshot *sum = snapshot_create();
            for (int p = 0; p < PARTS; p++)
                snapshot_merge(sum, recorder_snapshot(parts[orders[i][p]]));
            assert_same(sum, recorder_snapshot(one));
            snapshot_destroy(sum);
        }
        /* A sum of sums. */
        struct snapshot *inner = snapshot_create(), *outer = snapshot_create();
        snapshot_merge(inner, recorder_snapshot(parts[1]));
        snapshot_merge(inner, recorder_snapshot(parts[2]));
        snapshot_merge(outer, recorder_snapshot(parts[0]));
        snapshot_merge(outer, inner);
        assert_same(outer, recorder_snapshot(one));
        snapshot_destroy(inner);
        snapshot_destroy(outer);
        for (int p = 0; p < PARTS; p++)
            recorder_destroy(parts[p]);
        recorder_destroy(one);
    }
    metric_catalog_destroy(catalog);
}

static void
test_errors_beyond_the_limit(void **state)
{
    struct snapshot *into = snapshot_create(), *from = snapshot_create();
    for (int i = 0; i < SNAPSHOT_MAX_ERRORS; i++) {
        char *message = xasprintf("m%d", i);
        snapshot_error(into, "kind", message)->count = 1;
        free(message);
    }
    snapshot_error(from, "kind", "m5")->count = 10;
    snapshot_error(from, "kind", "new")->count = 4;
    snapshot_merge(into, from);
    assert_int_equal(into->errors_dropped, 4);
    assert_int_equal(snapshot_error(into, "kind", "m5")->count, 11);
    assert_null(snapshot_error(into, "kind", "new"));
    snapshot_destroy(into);
    snapshot_destroy(from);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_equals_one),
        cmocka_unit_test(test_errors_beyond_the_limit),
    };
    return cmocka_run_group_tests_name("snapshot_merge", tests, NULL, NULL);
}

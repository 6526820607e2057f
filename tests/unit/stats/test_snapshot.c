#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/recorder.h"

#define PARTS 3

static void
assert_same_hist(const struct hist *a, const struct hist *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_true(hist_count(a) == hist_count(b));
    assert_true(hist_mean(a) == hist_mean(b));
    assert_true(hist_min(a) == hist_min(b));
    assert_true(hist_max(a) == hist_max(b));
    assert_true(hist_percentile(a, 90) == hist_percentile(b, 90));
}

static void
assert_same_rows(struct snapshot *a, const struct snapshot *b)
{
    for (const struct scenario_stats *row = b->scenarios; row != NULL;
         row = row->hh.next) {
        const struct scenario_stats *other = snapshot_scenario(a, row->name);
        assert_true(other->ok == row->ok && other->failed == row->failed &&
                    other->interrupted == row->interrupted);
    }
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
assert_same(struct snapshot *a, const struct snapshot *b)
{
    assert_true(a->runs_started == b->runs_started);
    assert_true(a->runs_ok == b->runs_ok);
    assert_true(a->runs_failed == b->runs_failed);
    assert_true(a->runs_interrupted == b->runs_interrupted);
    assert_true(a->requests == b->requests);
    assert_true(a->requests_in_runs == b->requests_in_runs);
    assert_true(a->requests_failed == b->requests_failed);
    assert_true(a->requests_unsent == b->requests_unsent);
    assert_true(a->bytes_sent == b->bytes_sent);
    assert_true(a->bytes_received == b->bytes_received);
    assert_true(a->checks_passed == b->checks_passed);
    assert_true(a->checks_failed == b->checks_failed);
    assert_true(a->errors_dropped == b->errors_dropped);
    for (int i = 0; i < TREND_COUNT; i++)
        assert_same_hist(a->trends[i], b->trends[i]);
    /* No row of `a` is missing in `b`. */
    assert_int_equal(HASH_COUNT(a->scenarios), HASH_COUNT(b->scenarios));
    assert_int_equal(HASH_COUNT(a->endpoints), HASH_COUNT(b->endpoints));
    assert_int_equal(HASH_COUNT(a->checks), HASH_COUNT(b->checks));
    assert_int_equal(HASH_COUNT(a->errors), HASH_COUNT(b->errors));
    assert_int_equal(HASH_COUNT(a->coords), HASH_COUNT(b->coords));
    assert_same_rows(a, b);
}

/* One thing that happens, the same for each recorder that is told. */
static void
record(struct recorder *recorder, struct rng rng, nsec_t at)
{
    static const char *const names[] = {"alpha", "beta", "gamma", "delta"};
    char where[] = "x.lua:1";
    where[6] = (char)('0' + at % 10);
    recorder_run_start(recorder, NULL);
    recorder_run_end(recorder, NULL, names[rng_int(&rng, 0, 3)],
                     (enum run_outcome)rng_int(&rng, 0, 2),
                     rng_int(&rng, 0, NSEC_PER_SEC), rng_int(&rng, 0, 1000));
    recorder_request(recorder, &(struct request_sample){
                                   .method = "GET",
                                   .name = names[rng_int(&rng, 0, 3)],
                                   .status = (int)rng_int(&rng, 100, 599),
                                   .sends = (unsigned)rng_int(&rng, 0, 2),
                                   .bytes_sent = 10,
                                   .bytes_received = 20,
                                   .duration = rng_int(&rng, 0, 1000000),
                                   .dns = -1,
                                   .connect = 3,
                                   .tls = -1,
                               });
    recorder_check(recorder, NULL, names[rng_int(&rng, 0, 3)],
                   rng_int(&rng, 0, 1));
    recorder_error(recorder, NULL, "kind", names[rng_int(&rng, 0, 3)],
                   &(struct error_first){.worker_id = rng_int(&rng, 0, 99),
                                         .at = at,
                                         .where = where});
    recorder_coord_wait(recorder, "barrier", names[rng_int(&rng, 0, 3)],
                        rng_int(&rng, 0, 1000000));
    recorder_coord_event(recorder, "barrier", names[rng_int(&rng, 0, 3)],
                         (enum coord_event)rng_int(&rng, 0, 4));
    recorder_run_role(recorder, names[rng_int(&rng, 0, 3)],
                      names[rng_int(&rng, 0, 3)],
                      (enum run_outcome)rng_int(&rng, 0, 2));
    recorder_coord_time(recorder, COORD_SKEW, "barrier",
                        names[rng_int(&rng, 0, 3)], rng_int(&rng, 0, 1000000));
    recorder_coord_time(recorder, COORD_RELEASE, "barrier",
                        names[rng_int(&rng, 0, 3)], rng_int(&rng, 0, 1000000));
    recorder_coord_time(recorder, COORD_HELD, "lock",
                        names[rng_int(&rng, 0, 3)], rng_int(&rng, 0, 1000000));
    recorder_coord_depth(recorder, "queue", names[rng_int(&rng, 0, 3)],
                         (uint64_t)rng_int(&rng, 0, 5000));
    recorder_coord_time(recorder, COORD_PROPAGATION, "notifier",
                        names[rng_int(&rng, 0, 3)], rng_int(&rng, 0, 1000000));
}

/* The same events, seen by one recorder or spread over three. */
static void
test_merge_in_any_order_equals_one(void **state)
{
    static const size_t orders[][PARTS] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
    struct recorder *one = recorder_create(), *parts[PARTS];
    for (size_t p = 0; p < PARTS; p++)
        parts[p] = recorder_create();
    struct rng rng;
    rng_init(&rng, 5, 0);
    for (nsec_t at = 0; at < 300; at++) {
        struct rng event;
        rng_init(&event, 5, rng_next(&rng));
        record(one, event, at);
        record(parts[rng_int(&rng, 0, PARTS - 1)], event, at);
    }
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct snapshot *sum = snapshot_create();
        for (size_t p = 0; p < PARTS; p++)
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
    for (size_t p = 0; p < PARTS; p++)
        recorder_destroy(parts[p]);
    recorder_destroy(one);
}

static void
test_rows_are_made_once(void **state)
{
    struct snapshot *s = snapshot_create();
    char name[] = "name";
    struct check_stats *check = snapshot_check(s, name);
    name[0] = 'N';
    assert_string_equal(check->name, "name");
    assert_ptr_equal(snapshot_check(s, "name"), check);
    assert_ptr_not_equal(snapshot_check(s, "Name"), check);

    assert_null(snapshot_find_endpoint(s, "GET", "/"));
    struct endpoint_stats *endpoint = snapshot_endpoint(s, "GET", "/");
    assert_ptr_equal(snapshot_find_endpoint(s, "GET", "/"), endpoint);
    assert_ptr_not_equal(snapshot_endpoint(s, "PUT", "/"), endpoint);
    assert_string_equal(endpoint->key, "GET /");

    struct error_stats *error = snapshot_error(s, "kind", "message");
    assert_int_equal(error->count, 0);
    assert_int_equal(error->first.worker_id, -1);
    assert_string_equal(error->first.where, "");
    snapshot_destroy(s);
    snapshot_destroy(NULL);
}

static void
test_rows_keep_the_order_of_first_use(void **state)
{
    static const char *const names[] = {"z", "a", "m", "b"};
    struct snapshot *s = snapshot_create();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++)
            snapshot_scenario(s, names[i]);
    }
    const struct scenario_stats *row = s->scenarios;
    for (size_t i = 0; i < 4; i++, row = row->hh.next)
        assert_string_equal(row->name, names[i]);
    assert_null(row);
    snapshot_destroy(s);
}

static void
test_merge_drops_errors_beyond_the_limit(void **state)
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

static void
test_every_trend_has_a_name(void **state)
{
    for (int i = 0; i < TREND_COUNT; i++) {
        assert_non_null(snapshot_trend_name((enum trend)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(snapshot_trend_name((enum trend)i),
                                    snapshot_trend_name((enum trend)j));
    }
}

/* A round that breaks in every step is one error. */
static void
test_errors_that_differ_in_numbers(void **state)
{
    struct snapshot *s = snapshot_create();
    struct error_stats *row = snapshot_error(s, "broken", "round 1 of step 9");
    assert_ptr_equal(row, snapshot_error(s, "broken", "round 12 of step 10"));
    assert_string_equal(row->message, "round 1 of step 9");
    assert_ptr_not_equal(row, snapshot_error(s, "broken", "round of step 9"));
    /* Elsewhere a number may be what matters. */
    assert_ptr_not_equal(snapshot_error(s, "http", "status 404"),
                         snapshot_error(s, "http", "status 500"));
    snapshot_destroy(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_in_any_order_equals_one),
        cmocka_unit_test(test_rows_are_made_once),
        cmocka_unit_test(test_rows_keep_the_order_of_first_use),
        cmocka_unit_test(test_merge_drops_errors_beyond_the_limit),
        cmocka_unit_test(test_errors_that_differ_in_numbers),
        cmocka_unit_test(test_every_trend_has_a_name),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}

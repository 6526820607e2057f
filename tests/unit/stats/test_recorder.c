#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "stats/recorder.h"

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void *
__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *
__wrap_realloc(void *ptr, size_t size)
{
    allocations++;
    return __real_realloc(ptr, size);
}

static const struct request_sample answered = {
    .method = "GET",
    .name = "/pad",
    .status = 200,
    .sends = 1,
    .bytes_sent = 80,
    .bytes_received = 300,
    .duration = 5 * NSEC_PER_MSEC,
    .dns = -1,
    .connect = -1,
    .tls = -1,
    .send = 1000,
    .wait = 4 * NSEC_PER_MSEC,
    .receive = 2000,
};

static uint64_t
trend_count(const struct snapshot *s, enum trend trend)
{
    return s->trends[trend] != NULL ? hist_count(s->trends[trend]) : 0;
}

/* What must hold after any sequence of calls. */
static void
assert_identities(const struct snapshot *s)
{
    uint64_t count = 0, failed = 0, unsent = 0, sent_bytes = 0,
             received_bytes = 0, durations = 0;
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        uint64_t answers = 0;
        for (int i = 0; i < HTTP_STATUS_MAX; i++)
            answers += row->status[i / 100][i % 100];
        assert_true(answers <= row->count - row->unsent);
        assert_true(row->failed <= row->count);
        count += row->count;
        failed += row->failed;
        unsent += row->unsent;
        sent_bytes += row->bytes_sent;
        received_bytes += row->bytes_received;
        durations += row->duration != NULL ? hist_count(row->duration) : 0;
    }
    assert_true(s->requests == count);
    assert_true(s->requests_failed == failed);
    assert_true(s->requests_unsent == unsent);
    assert_true(s->bytes_sent == sent_bytes);
    assert_true(s->bytes_received == received_bytes);
    assert_true(trend_count(s, TREND_HTTP_REQ_DURATION) == durations);

    uint64_t ok = 0, run_failed = 0, interrupted = 0;
    for (const struct scenario_stats *row = s->scenarios; row != NULL;
         row = row->hh.next) {
        ok += row->ok;
        run_failed += row->failed;
        interrupted += row->interrupted;
    }
    assert_true(s->runs_ok == ok);
    assert_true(s->runs_failed == run_failed);
    assert_true(s->runs_interrupted == interrupted);
    assert_true(s->runs_started == ok + run_failed + interrupted);
    assert_true(trend_count(s, TREND_RUN_DURATION) == ok + run_failed);

    uint64_t passes = 0, fails = 0;
    for (const struct check_stats *row = s->checks; row != NULL;
         row = row->hh.next) {
        passes += row->passes;
        fails += row->fails;
    }
    assert_true(s->checks_passed == passes);
    assert_true(s->checks_failed == fails);

    uint64_t waits = 0;
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next)
        waits += row->waits;
    assert_true(trend_count(s, TREND_COORD_WAIT) == waits);
}

static void
test_answered_request(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    recorder_request(recorder, &answered);
    const struct endpoint_stats *row = s->endpoints;
    assert_string_equal(row->method, "GET");
    assert_string_equal(row->name, "/pad");
    assert_int_equal(row->count, 1);
    assert_int_equal(row->failed, 0);
    assert_int_equal(row->status[2][0], 1);
    assert_int_equal(hist_max(row->duration), answered.duration);
    assert_int_equal(hist_max(s->trends[TREND_HTTP_REQ_WAIT]), answered.wait);
    assert_int_equal(hist_max(s->trends[TREND_HTTP_REQ_SEND]), answered.send);
    assert_int_equal(hist_max(s->trends[TREND_HTTP_REQ_RECEIVE]),
                     answered.receive);
    /* A reused connection has no such phases. */
    assert_null(s->trends[TREND_HTTP_REQ_DNS]);
    assert_null(s->trends[TREND_HTTP_REQ_CONNECT]);
    assert_null(s->trends[TREND_HTTP_REQ_TLS]);
    assert_identities(s);
    recorder_destroy(recorder);
}

static void
test_attempts(void **state)
{
    static const struct {
        const char *name;
        unsigned sends;
        bool failed;
        int status;
        uint64_t count, failures, unsent, durations;
        unsigned challenges;
    } rows[] = {
        {"answered", 1, false, 200, 1, 0, 0, 1},
        {"answered with an error", 1, true, 500, 1, 1, 0, 1},
        {"sent, no answer", 1, true, 0, 1, 1, 0, 1},
        {"never sent", 0, true, 0, 1, 1, 1, 0},
        {"sent again once", 2, false, 200, 2, 1, 0, 1},
        {"sent three times in vain", 3, true, 0, 3, 3, 0, 1},
        {"credentials asked for", 2, false, 200, 2, 0, 0, 1, 1},
        {"asked for, and wrong", 3, true, 401, 3, 1, 0, 1, 2},
        {"asked for, and sent again", 3, false, 200, 3, 1, 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct recorder *recorder = recorder_create();
        struct request_sample sample = answered;
        sample.sends = rows[i].sends;
        sample.failed = rows[i].failed;
        sample.status = rows[i].status;
        sample.challenges = rows[i].challenges;
        sample.challenge_status = 401;
        recorder_request(recorder, &sample);
        const struct snapshot *s = recorder_snapshot(recorder);
        unsigned refused = rows[i].status == 401 ? 1 : 0;
        assert_int_equal(s->endpoints->status[4][1],
                         rows[i].challenges + refused);
        if (s->requests != rows[i].count ||
            s->requests_failed != rows[i].failures ||
            s->requests_unsent != rows[i].unsent ||
            trend_count(s, TREND_HTTP_REQ_DURATION) != rows[i].durations)
            fail_msg("%s", rows[i].name);
        assert_identities(s);
        recorder_destroy(recorder);
    }
}

static void
test_odd_status_codes(void **state)
{
    static const int codes[] = {-1, 0, 1, 99, 999, 1000, 70000};
    struct recorder *recorder = recorder_create();
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct request_sample sample = answered;
        sample.status = codes[i];
        recorder_request(recorder, &sample);
    }
    const struct endpoint_stats *row = recorder_snapshot(recorder)->endpoints;
    assert_int_equal(row->count, 7);
    assert_int_equal(row->status[0][1], 1);
    assert_int_equal(row->status[0][99], 1);
    assert_int_equal(row->status[9][99], 1);
    assert_int_equal(row->status[0][0], 0);
    recorder_destroy(recorder);
}

static void
test_runs(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    for (int i = 0; i < 6; i++)
        recorder_run_start(recorder, NULL);
    recorder_run_end(recorder, NULL, "a", RUN_OK, 10, 4);
    recorder_run_end(recorder, NULL, "a", RUN_OK, 20, 5);
    recorder_run_end(recorder, NULL, "b", RUN_OK, 30, 6);
    recorder_run_end(recorder, NULL, "a", RUN_FAILED, 40, 7);
    recorder_run_end(recorder, NULL, "b", RUN_INTERRUPTED, 1000, 900);
    recorder_run_end(recorder, NULL, "b", RUN_INTERRUPTED, 1000, 900);
    assert_identities(s);
    assert_int_equal(s->runs_ok, 3);
    assert_int_equal(s->runs_failed, 1);
    assert_int_equal(s->runs_interrupted, 2);
    /* An interrupted run did not last as long as it would have. */
    assert_int_equal(hist_max(s->trends[TREND_RUN_DURATION]), 40);
    assert_int_equal(hist_max(s->trends[TREND_RUN_ACTIVE]), 7);
    assert_string_equal(s->scenarios->name, "a");
    assert_int_equal(s->scenarios->ok, 2);
    recorder_destroy(recorder);
}

static void
test_coordination_rows_by_label(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    recorder_coord_wait(recorder, "notifier", "pad1", 100);
    recorder_coord_wait(recorder, "notifier", "pad22", 300);
    recorder_coord_event(recorder, "notifier", "pad1", COORD_ROUND);
    recorder_coord_event(recorder, "notifier", "pad2", COORD_ROUND);
    recorder_coord_event(recorder, "notifier", "pad2", COORD_MISSED);
    recorder_coord_event(recorder, "notifier", "pad2", COORD_TIMEOUT);
    recorder_coord_event(recorder, "notifier", "pad2", COORD_BREAK);
    recorder_coord_time(recorder, COORD_PROPAGATION, "notifier", "pad2", 50);
    recorder_coord_time(recorder, COORD_VISIBILITY, "notifier", "pad2", 60);
    recorder_coord_time(recorder, COORD_ROUND_TIME, "notifier", "pad2", 70);
    recorder_coord_event(recorder, "notifier", "pad2", COORD_CONTENDED);
    /* A variable of the same name is another thing. */
    recorder_coord_wait(recorder, "variable", "pad3", 900);
    assert_int_equal(HASH_COUNT(s->coords), 2);
    const struct coord_stats *row = s->coords;
    assert_string_equal(row->label, "pad#");
    assert_string_equal(row->type, "notifier");
    assert_int_equal(row->waits, 2);
    assert_int_equal(row->rounds, 2);
    assert_int_equal(row->missed, 1);
    assert_int_equal(row->timeouts, 1);
    assert_int_equal(row->breaks, 1);
    assert_int_equal(row->contended, 1);
    assert_int_equal(hist_max(row->wait), 300);
    assert_int_equal(hist_max(row->propagation), 50);
    assert_int_equal(hist_max(row->visibility), 60);
    assert_int_equal(hist_max(row->round), 70);
    assert_int_equal(trend_count(s, TREND_COORD_WAIT), 3);
    assert_int_equal(trend_count(s, TREND_COORD_PROPAGATION), 1);
    assert_int_equal(trend_count(s, TREND_COORD_VISIBILITY), 1);
    assert_int_equal(trend_count(s, TREND_COORD_ROUND), 1);
    assert_identities(s);
    recorder_destroy(recorder);
}

/* What only some types of objects have. */
static void
test_coordination_of_other_types(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    recorder_coord_time(recorder, COORD_SKEW, "barrier", "start", 20);
    recorder_coord_time(recorder, COORD_RELEASE, "barrier", "start", 30);
    recorder_coord_time(recorder, COORD_RELEASE, "barrier", "start", -1);
    recorder_coord_time(recorder, COORD_HELD, "lock", "seat7", 40);
    recorder_coord_depth(recorder, "queue", "jobs", 3);
    recorder_coord_depth(recorder, "queue", "jobs", 0);
    recorder_coord_depth(recorder, "queue", "jobs", 2000);
    const struct coord_stats *barrier = s->coords;
    assert_int_equal(hist_max(barrier->skew), 20);
    assert_int_equal(hist_max(barrier->release), 30);
    /* Clocks of two threads may differ by a little: it is still a release. */
    assert_int_equal(hist_count(barrier->release), 2);
    assert_int_equal(hist_min(barrier->release), 0);
    const struct coord_stats *lock = barrier->hh.next;
    assert_string_equal(lock->label, "seat#");
    assert_int_equal(hist_max(lock->held), 40);
    assert_null(lock->skew);
    const struct coord_stats *queue = lock->hh.next;
    assert_int_equal(hist_max(queue->depth), 2000);
    assert_int_equal(hist_percentile(queue->depth, 50), 3);
    assert_int_equal(hist_count(queue->depth), 3);
    assert_int_equal(trend_count(s, TREND_COORD_SKEW), 1);
    assert_int_equal(trend_count(s, TREND_COORD_RELEASE), 2);
    assert_int_equal(trend_count(s, TREND_COORD_HELD), 1);
    recorder_destroy(recorder);
}

static void
test_runs_by_role(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    recorder_run_role(recorder, "chat", "speaker", RUN_OK);
    recorder_run_role(recorder, "chat", "listener", RUN_FAILED);
    recorder_run_role(recorder, "chat", "listener", RUN_INTERRUPTED);
    recorder_run_role(recorder, "chat", "listener", RUN_OK);
    recorder_run_role(recorder, "auction", "listener", RUN_OK);
    assert_int_equal(HASH_COUNT(s->scenarios), 2);
    const struct scenario_stats *chat = s->scenarios;
    assert_int_equal(HASH_COUNT(chat->roles), 2);
    assert_string_equal(chat->roles->name, "speaker");
    assert_int_equal(chat->roles->ok, 1);
    const struct role_stats *listener = chat->roles->hh.next;
    assert_int_equal(listener->ok, 1);
    assert_int_equal(listener->failed, 1);
    assert_int_equal(listener->interrupted, 1);
    /* The runs themselves are counted by recorder_run_end alone. */
    assert_int_equal(chat->ok, 0);
    assert_int_equal(s->runs_ok, 0);
    recorder_destroy(recorder);
}

static void
test_first_error_is_kept(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    char where[] = "pad.lua:9";
    recorder_error(recorder, NULL, "timeout", "too slow",
                   &(struct error_first){
                       .worker_id = 2, .step = 3, .at = 500, .where = where});
    memset(where, '!', sizeof(where) - 1);
    recorder_error(recorder, NULL, "timeout", "too slow",
                   &(struct error_first){
                       .worker_id = 9, .step = 9, .at = 900, .where = where});
    recorder_error(recorder, NULL, "connect", "too slow",
                   &(struct error_first){.worker_id = 1});
    assert_int_equal(HASH_COUNT(s->errors), 2);
    assert_int_equal(s->errors->count, 2);
    assert_int_equal(s->errors->first.worker_id, 2);
    assert_int_equal(s->errors->first.step, 3);
    assert_int_equal(s->errors->first.at, 500);
    assert_string_equal(s->errors->first.where, "pad.lua:9");
    recorder_destroy(recorder);
}

static void
test_errors_are_limited(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    for (int i = 0; i < SNAPSHOT_MAX_ERRORS + 5; i++) {
        char message[32];
        snprintf(message, sizeof(message), "error %d", i);
        recorder_error(recorder, NULL, "user", message,
                       &(struct error_first){0});
    }
    recorder_error(recorder, NULL, "user", "error 3", &(struct error_first){0});
    assert_int_equal(HASH_COUNT(s->errors), SNAPSHOT_MAX_ERRORS);
    assert_int_equal(s->errors_dropped, 5);
    recorder_destroy(recorder);
}

static void
test_endpoints_are_limited(void **state)
{
    struct recorder *recorder = recorder_create();
    const struct snapshot *s = recorder_snapshot(recorder);
    enum log_level level = log_get_level();
    log_set_level(LOG_ERROR);
    for (int i = 0; i < RECORDER_MAX_SERIES + 7; i++) {
        char name[32];
        snprintf(name, sizeof(name), "/item/%d", i);
        struct request_sample sample = answered;
        sample.name = name;
        recorder_request(recorder, &sample);
    }
    log_set_level(level);
    /* A known one is still counted under its own name. */
    struct request_sample sample = answered;
    sample.name = "/item/0";
    recorder_request(recorder, &sample);
    assert_int_equal(HASH_COUNT(s->endpoints), RECORDER_MAX_SERIES + 1);
    assert_int_equal(s->endpoints->count, 2);
    const struct endpoint_stats *last = s->endpoints;
    while (last->hh.next != NULL)
        last = last->hh.next;
    assert_string_equal(last->name, "other");
    assert_int_equal(last->count, 7);
    assert_identities(s);
    recorder_destroy(recorder);
}

static void
record_everything(struct recorder *recorder, struct rng *rng)
{
    static const char *const names[] = {"/a", "/b/c", "/d"};
    static const char *const methods[] = {"GET", "PUT"};
    static const int statuses[] = {0, 200, 404, 599};
    struct request_sample sample = answered;
    sample.name = names[rng_int(rng, 0, 2)];
    sample.method = methods[rng_int(rng, 0, 1)];
    sample.sends = (unsigned)rng_int(rng, 0, 3);
    sample.failed = sample.sends == 0 || rng_int(rng, 0, 1);
    sample.status = sample.sends == 0 ? 0 : statuses[rng_int(rng, 0, 3)];
    sample.dns = rng_int(rng, -1, 1);
    sample.connect = rng_int(rng, -1, 1);
    recorder_request(recorder, &sample);
    recorder_run_start(recorder, NULL);
    recorder_run_end(recorder, NULL, names[rng_int(rng, 0, 2)],
                     (enum run_outcome)rng_int(rng, 0, 2), 1000, 500);
    recorder_check(recorder, NULL, names[rng_int(rng, 0, 2)],
                   rng_int(rng, 0, 1));
    recorder_error(recorder, NULL, "timeout", names[rng_int(rng, 0, 2)],
                   &(struct error_first){0});
    recorder_coord_wait(recorder, "notifier", names[rng_int(rng, 0, 2)], 10);
    recorder_coord_event(recorder, "notifier", names[rng_int(rng, 0, 2)],
                         (enum coord_event)rng_int(rng, 0, 4));
    recorder_run_role(recorder, names[rng_int(rng, 0, 2)],
                      methods[rng_int(rng, 0, 1)],
                      (enum run_outcome)rng_int(rng, 0, 2));
    recorder_coord_time(recorder, COORD_SKEW, "barrier", "start", 14);
    recorder_coord_time(recorder, COORD_RELEASE, "barrier", "start", 15);
    recorder_coord_time(recorder, COORD_HELD, "lock", "seat7", 16);
    recorder_coord_depth(recorder, "queue", "jobs", 17);
    recorder_coord_time(recorder, COORD_PROPAGATION, "notifier", "pad7", 11);
    recorder_coord_time(recorder, COORD_VISIBILITY, "notifier", "pad8", 12);
    recorder_coord_time(recorder, COORD_ROUND_TIME, "notifier", "pad9", 13);
}

static void
test_identities_after_anything(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct recorder *recorder = recorder_create();
        struct rng rng;
        rng_init(&rng, seed, 0);
        for (int i = 0; i < 200; i++)
            record_everything(recorder, &rng);
        assert_identities(recorder_snapshot(recorder));
        recorder_destroy(recorder);
    }
}

static void
test_steady_state_allocates_nothing(void **state)
{
    struct recorder *recorder = recorder_create();
    struct rng rng;
    rng_init(&rng, 1, 0);
    unsigned long before = allocations;
    for (int i = 0; i < 500; i++)
        record_everything(recorder, &rng);
    assert_true(allocations > before);
    before = allocations;
    for (int i = 0; i < 5000; i++)
        record_everything(recorder, &rng);
    assert_int_equal(allocations - before, 0);
    recorder_destroy(recorder);
}

/* However many objects there are, and wherever their names stand. */
static void
test_rows_of_many_objects(void **state)
{
    static const char *const types[] = {"lock", "queue"};
    static const char tail[] =
        "-whose-name-is-longer-than-that-of-most-objects";
    enum { OBJECTS = 100, TIMES = 3 };
    struct recorder *recorder = recorder_create();
    char names[2][80];
    for (int i = 0; i < TIMES * OBJECTS; i++) {
        int object = i % OBJECTS;
        char *name = names[i % 2];
        snprintf(name, sizeof(names[0]), "object-%d%s", object,
                 object % 3 == 0 ? tail : "-");
        for (size_t j = 0; j < 2; j++)
            recorder_coord_wait(recorder, types[j], name, 1);
    }
    const struct snapshot *s = recorder_snapshot(recorder);
    assert_int_equal(HASH_COUNT(s->coords), 2 * OBJECTS);
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next)
        assert_int_equal(row->waits, TIMES);
    recorder_destroy(recorder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answered_request),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_odd_status_codes),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_coordination_rows_by_label),
        cmocka_unit_test(test_coordination_of_other_types),
        cmocka_unit_test(test_rows_of_many_objects),
        cmocka_unit_test(test_runs_by_role),
        cmocka_unit_test(test_first_error_is_kept),
        cmocka_unit_test(test_errors_are_limited),
        cmocka_unit_test(test_endpoints_are_limited),
        cmocka_unit_test(test_identities_after_anything),
        cmocka_unit_test(test_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}

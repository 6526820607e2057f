#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "output/verdict.h"

/* A second of a generator, in a few letters and numbers:
 * share of CPU, share of waiting for it, lag p50 and p99 in ms. */
struct second {
    double cpu, wait;
    int lag_p50, lag_p99;
    int start_lag; /* ms; 0: no scheduled run began */
    int shortages;
    int request; /* p50 in ms; 0: no request */
};

static const struct second idle = {.cpu = 0.05, .lag_p99 = 1};
static const struct second full = {.cpu = 0.99, .lag_p50 = 20, .lag_p99 = 40};
static const struct second shared = {
    .cpu = 0.5, .wait = 0.47, .lag_p50 = 20, .lag_p99 = 40};
/* All of the CPU, but nobody waits for it. */
static const struct second brisk = {.cpu = 0.99, .lag_p99 = 2, .request = 50};
/* ... and here molo is a good part of what it measures. */
static const struct second hasty = {
    .cpu = 0.99, .lag_p50 = 1, .lag_p99 = 3, .request = 4};
/* Somebody else holds the machine up while molo has nothing to do. */
static const struct second bumpy = {.cpu = 0.2, .wait = 0.3, .lag_p99 = 90};
static const struct second late = {.cpu = 0.93, .lag_p99 = 9, .start_lag = 30};
static const struct second late_target = {.cpu = 0.4, .start_lag = 30};
static const struct second needy = {.cpu = 0.1, .shortages = 7};

static void
feed(struct verdict *verdict, nsec_t at, const struct second *second)
{
    struct generator_sample sample = {
        .at = at,
        .length = NSEC_PER_SEC,
        .cpu = second->cpu,
        .cpu_wait = second->wait,
        .lag_p50 = second->lag_p50 * NSEC_PER_MSEC,
        .lag_p99 = second->lag_p99 * NSEC_PER_MSEC,
        .starts = second->start_lag > 0,
        .start_lag_p99 = second->start_lag * NSEC_PER_MSEC,
        .shortages = (uint64_t)second->shortages,
    };
    struct interval interval = {
        .timed = second->request > 0,
        .p50 = second->request * NSEC_PER_MSEC,
    };
    verdict_add(verdict, &sample, &interval);
}

static const struct row {
    const char *name;
    const struct second *seconds[16];
    const char *text; /* "": not saturated */
} rows[] = {
    {"idle", {&idle, &idle, &idle, &idle}, ""},
    {"full",
     {&idle, &full, &full, &full, &full},
     "generator saturated from 1.0 s to 5.0 s: loop lag p99 40 ms, CPU 99 %; "
     "results from then on describe molo, not the target"},
    {"two seconds are a hiccup", {&idle, &full, &full, &idle, &idle}, ""},
    {"that does not add up",
     {&full, &full, &idle, &full, &full, &idle, &full, &full},
     ""},
    {"at the end",
     {&idle, &idle, &full, &full, &full},
     "generator saturated from 2.0 s to 5.0 s: loop lag p99 40 ms, CPU 99 %; "
     "results from then on describe molo, not the target"},
    {"others have the core",
     {&shared, &shared, &shared},
     "generator saturated from 0.0 s to 3.0 s: loop lag p99 40 ms, CPU 50 %, "
     "47 % of the time other processes had it; results from then on describe "
     "molo, not the target"},
    {"a busy neighbour alone", {&bumpy, &bumpy, &bumpy, &bumpy, &bumpy}, ""},
    {"fast and in time", {&brisk, &brisk, &brisk, &brisk}, ""},
    {"a good part of each request",
     {&hasty, &hasty, &hasty},
     "generator saturated from 0.0 s to 3.0 s: loop lag p99 3 ms, CPU 99 %; "
     "results from then on describe molo, not the target"},
    {"late starts",
     {&late, &late, &late, &idle},
     "generator saturated from 0.0 s to 3.0 s: runs began late, p99 by 30 ms, "
     "CPU 93 %; results from then on describe molo, not the target"},
    {"late because of the target",
     {&late_target, &late_target, &late_target, &late_target},
     ""},
    {"a shortage needs no time",
     {&idle, &needy, &idle},
     "generator saturated from 1.0 s to 2.0 s: 7 requests failed for want of "
     "descriptors, ports or memory; results from then on describe molo, not "
     "the target"},
    {"a short recovery is none",
     {&full, &full, &full, &idle, &idle, &full, &idle},
     "generator saturated from 0.0 s to 6.0 s: loop lag p99 40 ms, CPU 99 %; "
     "results from then on describe molo, not the target"},
    {"twice",
     {&full, &full, &full, &idle, &idle, &idle, &full, &full, &full},
     "generator saturated from 0.0 s to 3.0 s: loop lag p99 40 ms, CPU 99 %; "
     "and 1 more time; results from then on describe molo, not the target"},
};

static void
test_rows(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct verdict verdict = {0};
        for (size_t n = 0; rows[i].seconds[n] != NULL; n++)
            feed(&verdict, (nsec_t)(n + 1) * NSEC_PER_SEC, rows[i].seconds[n]);
        struct buf text = {0};
        buf_append(&text, "", 0);
        verdict_text(&verdict, &text);
        if (strcmp(text.data, rows[i].text) != 0)
            fail_msg("%s:\n%s\nnot\n%s", rows[i].name, text.data, rows[i].text);
        assert_int_equal(verdict_is_saturated(&verdict),
                         rows[i].text[0] != '\0');
        buf_finish(&text);
    }
}

/* A script that never yields leaves a single sample of all that time. */
static void
test_one_long_stall(void **state)
{
    struct verdict verdict = {0};
    struct generator_sample sample = {
        .at = 6 * NSEC_PER_SEC,
        .length = 6 * NSEC_PER_SEC,
        .cpu = 1,
        .cpu_wait = -1,
        .lag_p99 = 6 * NSEC_PER_SEC,
    };
    verdict_add(&verdict, &sample, &(struct interval){0});
    assert_true(verdict_is_saturated(&verdict));
    assert_int_equal(verdict.spans[0].from, 0);
    assert_int_equal(verdict.spans[0].to, 6 * NSEC_PER_SEC);
}

static const struct {
    const char *name;
    double cores[3]; /* idle, second by second */
    int32_t threads, most;
    int32_t advised;
    bool short_of; /* instead of busy */
} advice[] = {
    {"none is idle", {0, 0, 0}, 1, 100, 0, false},
    {"half of one is", {0.5, 0.5, 0.5}, 1, 100, 0, false},
    {"one is, nearly", {0.7, 0.7, 0.7}, 1, 100, 2, false},
    {"for a moment only", {1, 0.1, 0.1}, 1, 100, 0, false},
    {"seven are", {7, 6.9, 6.8}, 1, 100, 8, false},
    {"beside four that work", {4, 4, 4}, 4, 100, 8, false},
    {"more than workers", {7, 7, 7}, 1, 3, 3, false},
    {"a thread for each worker", {7, 7, 7}, 3, 3, 0, false},
    {"nobody told of threads", {7, 7, 7}, 0, 0, 0, false},
    {"descriptors are not of a thread", {7, 7, 7}, 1, 100, 0, true},
};

static void
test_advice(void **state)
{
    for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
        struct verdict verdict = {
            .threads = advice[i].threads,
            .most_threads = advice[i].most,
        };
        for (size_t n = 0; n < 3; n++) {
            struct generator_sample sample = {
                .at = (nsec_t)(n + 1) * NSEC_PER_SEC,
                .length = NSEC_PER_SEC,
                .cpu = advice[i].short_of ? 0.2 : 0.99,
                .lag_p99 = 40 * NSEC_PER_MSEC,
                .shortages = advice[i].short_of,
                .idle_cores = advice[i].cores[n],
            };
            verdict_add(&verdict, &sample, &(struct interval){0});
        }
        int32_t advised = verdict_advised_threads(&verdict);
        if (advised != advice[i].advised)
            fail_msg("%s: %d, not %d", advice[i].name, (int)advised,
                     (int)advice[i].advised);
    }
}

static void
test_advice_is_told(void **state)
{
    struct verdict verdict = {
        .spans = {{.to = 4 * NSEC_PER_SEC,
                   .busy = true,
                   .cpu = 1,
                   .lag_p99 = 40 * NSEC_PER_MSEC,
                   .idle_cores = 3}},
        .count = 1,
        .threads = 1,
        .most_threads = 10,
    };
    struct buf text = {0};
    verdict_text(&verdict, &text);
    assert_string_equal(text.data,
                        "generator saturated from 0.0 s to 4.0 s: loop lag p99 "
                        "40 ms, CPU 100 %; results from then on describe molo, "
                        "not the target; cores were idle: try -t 4");
    buf_finish(&text);
}

static void
test_spans_are_bounded(void **state)
{
    struct verdict verdict = {0};
    nsec_t at = 0;
    for (int i = 0; i < VERDICT_MAX_SPANS + 20; i++) {
        feed(&verdict, at += NSEC_PER_SEC, &needy);
        for (int k = 0; k < 4; k++)
            feed(&verdict, at += NSEC_PER_SEC, &idle);
    }
    assert_int_equal(verdict.count, VERDICT_MAX_SPANS);
    uint64_t shortages = 0;
    for (size_t i = 0; i < verdict.count; i++)
        shortages += verdict.spans[i].shortages;
    assert_int_equal(shortages, 7 * (VERDICT_MAX_SPANS + 20));
    assert_int_equal(verdict.spans[verdict.count - 1].to,
                     at - 4 * NSEC_PER_SEC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_one_long_stall),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_advice_is_told),
        cmocka_unit_test(test_spans_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

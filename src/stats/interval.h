#ifndef MOLO_STATS_INTERVAL_H
#define MOLO_STATS_INTERVAL_H

#include "stats/snapshot.h"

/* A test as a series of short stretches of time, usually of one second: what
 * was counted in each, and how long its requests took. Rows are plain numbers
 * and may be copied and kept. */

struct interval {
    nsec_t at;       /* its end, since the start of the runs */
    nsec_t length;   /* at least 0 */
    int32_t workers; /* running at its end */
    uint64_t runs_started, runs_ok, runs_failed, runs_interrupted, runs_dropped;
    uint64_t requests, requests_failed, requests_unsent;
    uint64_t bytes_sent, bytes_received;
    uint64_t checks_passed, checks_failed;
    uint64_t errors;
    /* Service times of the answered and failed requests that ended in it, all
     * within 0.1 %; of none, `timed` and the times are 0. */
    uint64_t timed;
    nsec_t p50, p95, p99, max;
};

/* Remembers what had been counted at the end of the last interval. One thread.
 * Memory is bounded by two histograms, and a call in steady state allocates
 * nothing. */
struct interval_meter;

struct interval_meter *interval_meter_create(void);
void interval_meter_destroy(struct interval_meter *meter);
/* What happened since the last call, or since everything was 0. `snapshot` is
 * a later state of what was given before. `at`: since the start of the runs. */
struct interval
interval_take(struct interval_meter *meter, const struct snapshot *snapshot,
              nsec_t at, int32_t workers);
/* The times of that interval: borrowed until the next one is taken. */
const struct hist *interval_times(const struct interval_meter *meter);
/* Two neighbours as one. Counts add up; of p50, p95 and p99, which have no sum,
 * the greater one is kept: the figure was no worse in either half. */
struct interval
interval_join(const struct interval *earlier, const struct interval *later);

#endif

#ifndef MOLO_PLAN_RATE_H
#define MOLO_PLAN_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

/* Rates and stages as they are written: "50/s", "1/2m", "1m:50", "1m:100/s".
 * Integers throughout, so that a schedule made of them can be exact. */

/* `count` per `per`: 50/s is {50, 1 s}. */
struct plan_rate {
    int64_t count;
    nsec_t per;
};

/* A straight line to `target`, which is a number of workers (`per` 0) or a
 * rate, from where the stage before ended (the first: from the workload's
 * `workers_at_start` or `rate`). */
struct plan_stage {
    nsec_t duration;
    struct plan_rate target;
};

enum plan_arrival { ARRIVAL_FIXED, ARRIVAL_POISSON };

/* A rate is at most one per nanosecond, and its period is at most this, which
 * is where products of a rate and a time still fit into 128 bits. */
#define RATE_PERIOD_MAX (INT64_C(1) << 61)

/* "50/s", "1/2m", "2.5/s", "0/s"; in lowest terms. */
bool rate_parse(const char *text, struct plan_rate *out);
/* "30s:10", "1m:100/s", "0:50" (a jump); times up to ten years. */
bool stage_parse(const char *text, struct plan_stage *out);
/* "50/s": the inverse of rate_parse, if not letter by letter. */
void rate_describe(struct plan_rate rate, struct buf *out);
/* "10 workers", "50/s" */
void stage_describe_target(struct plan_rate target, struct buf *out);
double rate_per_second(struct plan_rate rate);

/* The smallest period of which both are a multiple; 0: above
 * RATE_PERIOD_MAX. */
nsec_t rate_common_period(nsec_t a, nsec_t b);

#endif

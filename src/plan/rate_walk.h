#ifndef MOLO_PLAN_RATE_WALK_H
#define MOLO_PLAN_RATE_WALK_H

#include "plan/plan.h"

/* The integral of a workload's rate over time and its inverse, exactly.
 *
 * A rate is c / P runs per nanosecond, where the period P is common to all
 * rates of the workload. Within a stage of length D from c0 to c1 the integral
 * after x nanoseconds is (2 c0 x + (c1 - c0) x^2 / D) / 2P. Areas are kept as
 * the whole number of half runs times P, which a stage adds (c0 + c1) D to;
 * with D and P below 2^61 and rates below one per nanosecond they fit into 128
 * bits. Inside src/plan only. */
__extension__ typedef __int128 rate_area;

struct rate_walk {
    const struct plan_workload *workload; /* borrowed */
    int64_t period;                       /* P */
    size_t stage;                         /* where it stands */
    nsec_t begins;                        /* of that stage */
    int64_t count;                        /* c0 of that stage */
    rate_area before;                     /* area before that stage */
};

/* Of a workload with a rate: constant, ramping or in rounds. */
void
rate_walk_init(struct rate_walk *walk, const struct plan_workload *workload);
/* All its rates have a common period. */
bool rate_walk_is_possible(const struct plan_workload *workload);
/* The area of so many runs. */
rate_area rate_walk_area(const struct rate_walk *walk, double runs);
/* Goes on to the last nanosecond, rounded down, at which the area is not yet
 * above `area`, which must not be below that of the call before. False: it is
 * never above it. */
bool rate_walk_to(struct rate_walk *walk, rate_area area, nsec_t *at);
/* Runs that a fixed schedule starts: the whole runs in the area of all. */
int64_t rate_walk_total(const struct plan_workload *workload);
/* The integral at `at`, in runs. */
double rate_walk_integral(const struct plan_workload *workload, nsec_t at);
/* The rate at `at`, in runs per second. */
double rate_walk_rate(const struct plan_workload *workload, nsec_t at);

#endif

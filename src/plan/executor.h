#ifndef MOLO_PLAN_EXECUTOR_H
#define MOLO_PLAN_EXECUTOR_H

#include <stdbool.h>

#include "base/rng.h"
#include "plan/plan.h"
#include "plan/rate_walk.h"

/* Decides when the next run of a workload is due. Sans-I/O: time is an
 * argument, measured from the start of the workload, and nothing here waits, so
 * that a schedule can be tested against its closed form. One file per executor
 * implements the table below.
 *
 * There are two kinds. Of a *closed* one each worker asks, when a run of it is
 * over, for its next. An *open* one has a schedule of arrivals that knows
 * nothing of workers; each takes a free worker from a pool. */

/* What has happened so far in a workload, as far as executors care. Kept by the
 * shard. */
struct executor_state {
    int64_t runs_begun;     /* of all its workers on this shard */
    int32_t workers_wanted; /* manual */
    int32_t stage;          /* single_run: the first that is not over */
};

enum executor_answer {
    EXECUTOR_NOW,    /* begin */
    EXECUTOR_LATER,  /* at `at`, which is after `now` */
    EXECUTOR_PARKED, /* when the state has changed: ask again then */
    EXECUTOR_OVER,   /* no more runs */
};
struct executor_due {
    enum executor_answer answer;
    nsec_t at; /* when it was or will be due; of a run that is not on a
                  schedule, EXECUTOR_NOW gives `now` */
};

struct executor_ops {
    enum executor_type type;
    const char *name; /* "constant_workers" */
    /* The number of workers is fixed: they are a cohort. */
    bool has_cohort;
    /* Runs are due at times of their own: how late they start is measured. */
    bool scheduled;
    /* Arrivals of an open executor; the next two are NULL then. */
    bool open;
    /* May worker `index` (0 ..), having begun `runs_done` runs, begin another?
     * With runs_done 0 this is also when the worker starts: its setup begins
     * at `at`. */
    struct executor_due (*next_run)(const struct plan_workload *workload,
                                    const struct executor_state *state,
                                    int32_t index, int64_t runs_done,
                                    nsec_t now);
    /* When, after `now`, the worker must begin to end because there are to be
     * fewer (a ramp down): a run then has graceful_stop left. NSEC_NEVER: not
     * before the workload ends. NULL: never. */
    nsec_t (*leaves_at)(const struct plan_workload *workload, int32_t index,
                        nsec_t now);
    /* Workers (closed) that may run at `now`. NULL for open ones. */
    int32_t (*workers_at)(const struct plan_workload *workload, nsec_t now);
};

const struct executor_ops *executor_find(enum executor_type type);
/* By name, as a script or a config file gives it; NULL: unknown. */
const struct executor_ops *executor_find_name(const char *name);
/* When worker i of a ramp-up starts: i * ramp_up / workers, rounded down. */
nsec_t
executor_spread_start(const struct plan_workload *workload, int32_t index);

/* How many of a ramp-up have started by then; 0 when the time is over. */
int32_t
executor_spread_workers(const struct plan_workload *workload, nsec_t now);

/* Begin at `at`, or now if that is past. */
struct executor_due executor_from(nsec_t at, nsec_t now);

/* --- arrivals of open executors --- */

/* A part of a plan: what shard `index` of `count` has of it. Worker w and
 * arrival k belong to segment w, k mod count, so that the segments of a plan
 * are together exactly the plan. {0, 1} is all of it. */
struct plan_segment {
    int32_t index, count;
};
static inline bool
plan_segment_has(struct plan_segment segment, int64_t number)
{
    return number % segment.count == segment.index;
}
/* What shard `shard` of `shards` has of a workload, as plan_shard_of places
 * its workers. With fewer workers than shards some have none: `index` is not
 * below `count` then. Not for rooms, which have no numbers to share. */
struct plan_segment plan_segment_of(const struct plan_workload *workload,
                                    int32_t shard, int32_t shards);

/* Goes through the arrivals of a segment in order. Fixed ones: number k is due
 * where the integral of the rate goes past k, to the nanosecond, rounded down;
 * there are as many as there are whole runs in the integral of all. Poisson:
 * where it goes past the sum of k + 1 exponentially distributed numbers of mean
 * 1 (the time change of an inhomogeneous Poisson process); every segment draws
 * all of them. */
struct arrivals {
    const struct plan_workload *workload; /* borrowed */
    struct plan_segment segment;
    int64_t next;  /* number of the next arrival, of any segment */
    int64_t total; /* fixed */
    struct rate_walk walk;
    struct rng rng;
    double position; /* Poisson: the sum so far */
};
void
arrivals_init(struct arrivals *arrivals, const struct plan_workload *workload,
              struct plan_segment segment, uint64_t seed);
/* When the next one is due, from the start of the workload; false: there are
 * no more within its duration. */
bool arrivals_next(struct arrivals *arrivals, nsec_t *due);
/* How many arrivals are due before `until`, on average if they are random. */
double arrivals_expected(const struct plan_workload *workload, nsec_t until);

extern const struct executor_ops exec_constant_workers;
extern const struct executor_ops exec_ramping_workers;
extern const struct executor_ops exec_runs_per_worker;
extern const struct executor_ops exec_shared_runs;
extern const struct executor_ops exec_constant_rate;
extern const struct executor_ops exec_ramping_rate;
extern const struct executor_ops exec_round_rate;
extern const struct executor_ops exec_manual;
extern const struct executor_ops exec_single_run;

#endif

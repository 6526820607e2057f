#ifndef MOLO_PLAN_PLAN_H
#define MOLO_PLAN_PLAN_H

#include "base/err.h"
#include "plan/cast.h"
#include "plan/options.h"

/* The immutable result of all configuration: what will run, for how long, and
 * when it counts as failed. Read from any thread. */

enum executor_type { EXECUTOR_CONSTANT_WORKERS, EXECUTOR_RUNS_PER_WORKER };

struct plan_workload {
    char *name;
    enum executor_type executor;
    int32_t first_worker; /* worker ids first_worker .. +workers-1 */
    int32_t workers;
    int32_t room_size; /* 0: it is not divided into rooms */
    int32_t rooms;
    int32_t first_room; /* rooms first_room .. +rooms-1 are its */
    nsec_t duration;    /* NSEC_NEVER: until the runs are done */
    int64_t max_runs;   /* per worker; 0: no limit */
    nsec_t ramp_up;
    nsec_t delay_low, delay_high;
};

struct plan_scenario {
    char *name;
    double weight;
    struct cast cast;
};

struct plan {
    const struct options *options; /* borrowed: the rest of what was asked */
    struct plan_workload *workloads;
    size_t workload_count;
    struct plan_scenario *scenarios; /* selected, in order of registration */
    size_t scenario_count;
    int32_t workers; /* of all workloads */
};

/* A scenario that a script registered, as the plan needs to know it. */
struct plan_candidate {
    const char *name;
    double weight;
    const struct cast *cast; /* NULL: none */
};

/* `options` must outlive the plan. Selects scenarios (-s; an unknown one is an
 * error with a suggestion; those of weight 0 only when named), applies the 10 s
 * default when nothing bounds the run, divides the workers into rooms. Refuses
 * --sim-* without --sim. NULL with `err`. */
struct plan *plan_create(const struct options *options,
                         const struct plan_candidate *candidates, size_t count,
                         struct err *err);
void plan_destroy(struct plan *plan);
/* The workload of a worker id. */
const struct plan_workload *
plan_workload_of(const struct plan *plan, int32_t worker);
/* Workers that never start, because their workload ends before the ramp-up
 * reaches them. */
int32_t plan_unreached_workers(const struct plan *plan);
/* When the whole plan must be over, from its start; NSEC_NEVER: when done. */
nsec_t plan_deadline(const struct plan *plan);
/* For `molo check`: the plan in words. */
void plan_describe(const struct plan *plan, struct buf *out);
const char *executor_type_name(enum executor_type type);

#endif

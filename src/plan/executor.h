#ifndef MOLO_PLAN_EXECUTOR_H
#define MOLO_PLAN_EXECUTOR_H

#include <stdbool.h>

#include "plan/plan.h"

/* Decides when the next run of a workload is due. Sans-I/O: time is an
 * argument, measured from the start of the test, and nothing here waits, so
 * that a schedule can be tested against its closed form. One file per
 * executor implements the table below. */
struct executor;

struct executor_ops {
    enum executor_type type;
    /* When worker `index` (0 ..) of the workload starts. */
    nsec_t (*worker_start)(const struct plan_workload *workload, int32_t index);
    /* May worker `index`, having begun `runs_done` runs, begin another at
     * `now`? */
    bool (*may_run)(const struct plan_workload *workload, int32_t index,
                    int64_t runs_done, nsec_t now);
};

const struct executor_ops *executor_find(enum executor_type type);
/* worker_start of executors with a ramp-up: worker i at i * ramp_up / workers,
 * rounded down. */
nsec_t
executor_spread_start(const struct plan_workload *workload, int32_t index);

extern const struct executor_ops exec_constant_workers;
extern const struct executor_ops exec_runs_per_worker;

#endif

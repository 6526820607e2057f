#include "plan/executor.h"

/* So many runs by all workers together: whoever is free takes the next. A
 * duration, if there is one, may end it before. The state is that of one shard:
 * of runs that others have taken it knows when the hub refuses one. */
static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    nsec_t start = executor_spread_start(workload, index);
    if (state->runs_begun >= workload->max_runs ||
        start >= workload->duration || now >= workload->duration)
        return (struct executor_due){EXECUTOR_OVER, 0};
    return executor_from(start, now);
}

const struct executor_ops exec_shared_runs = {
    .type = EXECUTOR_SHARED_RUNS,
    .name = "shared_runs",
    .next_run = next_run,
    .workers_at = executor_spread_workers,
};

#include "plan/executor.h"

/* So many workers, each beginning run after run until the time is over. */
static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    nsec_t start = executor_spread_start(workload, index);
    if (start >= workload->duration || now >= workload->duration)
        return (struct executor_due){EXECUTOR_OVER, 0};
    return executor_from(start, now);
}

const struct executor_ops exec_constant_workers = {
    .type = EXECUTOR_CONSTANT_WORKERS,
    .name = "constant_workers",
    .has_cohort = true,
    .next_run = next_run,
    .workers_at = executor_spread_workers,
};

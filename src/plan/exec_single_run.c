#include "plan/executor.h"

/* Each scenario once by every worker, stage after stage. */
static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    nsec_t start = executor_spread_start(workload, index);
    if (runs_done >= (int64_t)workload->turn_count ||
        start >= workload->duration || now >= workload->duration)
        return (struct executor_due){EXECUTOR_OVER, 0};
    if (workload->turns[runs_done].stage > state->stage)
        return (struct executor_due){EXECUTOR_PARKED, 0};
    return executor_from(start, now);
}

const struct executor_ops exec_single_run = {
    .type = EXECUTOR_SINGLE_RUN,
    .name = "single_run",
    .has_cohort = true,
    .next_run = next_run,
    .workers_at = executor_spread_workers,
};

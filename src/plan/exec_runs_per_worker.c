#include "plan/executor.h"

/* So many runs by every worker; a duration, if there is one, may end it
 * before. */
static bool
may_run(const struct plan_workload *workload, int32_t index, int64_t runs_done,
        nsec_t now)
{
    return runs_done < workload->max_runs && now < workload->duration;
}

const struct executor_ops exec_runs_per_worker = {
    .type = EXECUTOR_RUNS_PER_WORKER,
    .worker_start = executor_spread_start,
    .may_run = may_run,
};

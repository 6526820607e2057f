#include "plan/executor.h"

/* So many workers, each beginning run after run until the time is over. */
static bool
may_run(const struct plan_workload *workload, int32_t index, int64_t runs_done,
        nsec_t now)
{
    return now < workload->duration;
}

const struct executor_ops exec_constant_workers = {
    .type = EXECUTOR_CONSTANT_WORKERS,
    .worker_start = executor_spread_start,
    .may_run = may_run,
};

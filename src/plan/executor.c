#include "plan/executor.h"

#include <stddef.h>

const struct executor_ops *
executor_find(enum executor_type type)
{
    switch (type) {
    case EXECUTOR_CONSTANT_WORKERS:
        return &exec_constant_workers;
    case EXECUTOR_RUNS_PER_WORKER:
        return &exec_runs_per_worker;
    }
    return NULL;
}

const char *
executor_type_name(enum executor_type type)
{
    switch (type) {
    case EXECUTOR_CONSTANT_WORKERS:
        return "constant_workers";
    case EXECUTOR_RUNS_PER_WORKER:
        return "runs_per_worker";
    }
    return NULL;
}

nsec_t
executor_spread_start(const struct plan_workload *workload, int32_t index)
{
    nsec_t whole = workload->ramp_up / workload->workers;
    nsec_t rest = workload->ramp_up % workload->workers;
    return whole * index + rest * index / workload->workers;
}

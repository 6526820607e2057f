#include "plan/executor.h"

#include <stddef.h>
#include <string.h>

static const struct executor_ops *const executors[] = {
    &exec_constant_workers, &exec_ramping_workers, &exec_runs_per_worker,
    &exec_shared_runs,      &exec_constant_rate,   &exec_ramping_rate,
    &exec_round_rate,       &exec_manual,          &exec_single_run,
};
#define EXECUTOR_COUNT (sizeof(executors) / sizeof(executors[0]))

const struct executor_ops *
executor_find(enum executor_type type)
{
    for (size_t i = 0; i < EXECUTOR_COUNT; i++)
        if (executors[i]->type == type)
            return executors[i];
    return NULL;
}

const struct executor_ops *
executor_find_name(const char *name)
{
    for (size_t i = 0; i < EXECUTOR_COUNT; i++)
        if (strcmp(executors[i]->name, name) == 0)
            return executors[i];
    return NULL;
}

const char *
executor_type_name(enum executor_type type)
{
    const struct executor_ops *executor = executor_find(type);
    return executor != NULL ? executor->name : NULL;
}

nsec_t
executor_spread_start(const struct plan_workload *workload, int32_t index)
{
    nsec_t whole = workload->ramp_up / workload->workers;
    nsec_t rest = workload->ramp_up % workload->workers;
    return whole * index + rest * index / workload->workers;
}

int32_t
executor_spread_workers(const struct plan_workload *workload, nsec_t now)
{
    if (now < 0 || now >= workload->duration)
        return 0;
    if (now >= workload->ramp_up)
        return workload->workers;
    /* i * ramp_up / workers, rounded down, is at most now. */
    __extension__ __int128 reached =
        (__int128)(now + 1) * workload->workers - 1;
    return (int32_t)(reached / workload->ramp_up) + 1;
}

struct executor_due
executor_from(nsec_t at, nsec_t now)
{
    return (struct executor_due){
        .answer = at <= now ? EXECUTOR_NOW : EXECUTOR_LATER,
        .at = at <= now ? now : at,
    };
}

struct plan_segment
plan_segment_of(const struct plan_workload *workload, int32_t shard,
                int32_t shards)
{
    int32_t offset =
        (shard - workload->first_worker % shards + shards) % shards;
    return (struct plan_segment){
        .index = offset,
        .count = workload->workers < shards ? workload->workers : shards,
    };
}

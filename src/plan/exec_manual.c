#include "plan/executor.h"

/* As many workers as somebody wants while it runs. The first of them, so that
 * one that is not wanted any more is the last that came. */
static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    if (now >= workload->duration)
        return (struct executor_due){EXECUTOR_OVER, 0};
    if (index >= state->workers_wanted)
        return (struct executor_due){EXECUTOR_PARKED, 0};
    return (struct executor_due){EXECUTOR_NOW, now};
}

static int32_t
workers_at(const struct plan_workload *workload, nsec_t now)
{
    return now >= 0 && now < workload->duration ? workload->workers_at_start
                                                : 0;
}

const struct executor_ops exec_manual = {
    .type = EXECUTOR_MANUAL,
    .name = "manual",
    .next_run = next_run,
    .workers_at = workers_at,
};

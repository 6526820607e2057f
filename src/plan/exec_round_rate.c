#include "plan/executor.h"
#include "plan/rate_walk.h"

/* All workers begin run k together, when it is due: k / rate after the start.
 * Who is late begins at once, and the next run is due when it would have been
 * anyway. */
static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    struct rate_walk walk;
    nsec_t due;
    if (now >= workload->duration || runs_done >= rate_walk_total(workload))
        return (struct executor_due){EXECUTOR_OVER, 0};
    rate_walk_init(&walk, workload);
    if (!rate_walk_to(&walk, 2 * (rate_area)walk.period * runs_done, &due))
        return (struct executor_due){EXECUTOR_OVER, 0};
    return (struct executor_due){
        .answer = due <= now ? EXECUTOR_NOW : EXECUTOR_LATER,
        .at = due,
    };
}

static int32_t
workers_at(const struct plan_workload *workload, nsec_t now)
{
    return now >= 0 && now < workload->duration ? workload->workers : 0;
}

const struct executor_ops exec_round_rate = {
    .type = EXECUTOR_ROUND_RATE,
    .name = "round_rate",
    .has_cohort = true,
    .scheduled = true,
    .next_run = next_run,
    .workers_at = workers_at,
};

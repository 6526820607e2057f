#include <math.h>

#include "plan/executor.h"

/* Scripts, requests and the choice of scenarios draw from others. */
#define ARRIVALS_STREAM (UINT64_C(1) << 41)

void
arrivals_init(struct arrivals *arrivals, const struct plan_workload *workload,
              struct plan_segment segment, uint64_t seed)
{
    *arrivals = (struct arrivals){
        .workload = workload,
        .segment = segment,
        .total = rate_walk_total(workload),
    };
    rate_walk_init(&arrivals->walk, workload);
    /* Workloads of one plan arrive independently, and their first workers
     * differ whatever shares the plan is cut into. */
    rng_init(&arrivals->rng, seed,
             ARRIVALS_STREAM + (uint64_t)workload->first_worker);
}

static bool
next_fixed(struct arrivals *arrivals, nsec_t *due)
{
    int64_t behind = arrivals->next % arrivals->segment.count;
    int64_t wait = arrivals->segment.index - behind;
    int64_t number =
        arrivals->next + wait + (wait < 0 ? arrivals->segment.count : 0);
    if (number >= arrivals->total)
        return false;
    arrivals->next = number + 1;
    rate_area area = 2 * (rate_area)arrivals->walk.period * number;
    return rate_walk_to(&arrivals->walk, area, due);
}

static bool
next_random(struct arrivals *arrivals, nsec_t *due)
{
    bool is_mine;
    do {
        arrivals->position -= log1p(-rng_double(&arrivals->rng));
        is_mine = plan_segment_has(arrivals->segment, arrivals->next);
        arrivals->next++;
    } while (!is_mine);
    rate_area area = rate_walk_area(&arrivals->walk, arrivals->position);
    return rate_walk_to(&arrivals->walk, area, due);
}

bool
arrivals_next(struct arrivals *arrivals, nsec_t *due)
{
    switch (arrivals->workload->arrival) {
    case ARRIVAL_FIXED:
        return next_fixed(arrivals, due);
    case ARRIVAL_POISSON:
        return next_random(arrivals, due);
    }
    return false;
}

double
arrivals_expected(const struct plan_workload *workload, nsec_t until)
{
    double integral = rate_walk_integral(workload, until);
    if (workload->arrival == ARRIVAL_POISSON)
        return integral;
    int64_t total = rate_walk_total(workload);
    int64_t count = (int64_t)ceil(integral);
    /* What rounding has blurred, the schedule itself decides. */
    count = count < 1 ? 0 : count > total ? total : count;
    for (nsec_t due; count < total; count++) {
        struct rate_walk walk;
        rate_walk_init(&walk, workload);
        rate_area area = 2 * (rate_area)walk.period * count;
        if (!rate_walk_to(&walk, area, &due) || due >= until)
            break;
    }
    for (nsec_t due; count > 0; count--) {
        struct rate_walk walk;
        rate_walk_init(&walk, workload);
        rate_area area = 2 * (rate_area)walk.period * (count - 1);
        if (rate_walk_to(&walk, area, &due) && due < until)
            break;
    }
    return (double)count;
}

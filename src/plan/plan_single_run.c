#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/plan_internal.h"

/* --single-run: every worker runs each scenario once. A scenario without a
 * group is a stage of its own; those of a group are one stage, at the place of
 * the first of them, and each has workers of its own: lane k has the k-th of
 * every group, lane 0 the scenarios without one, too. */

static const char *
group_of(const struct plan *plan, const struct plan_candidate *candidates,
         size_t scenario)
{
    return candidates[plan->scenarios[scenario].candidate].group;
}

/* Where a scenario runs. */
struct place {
    int32_t stage, lane;
};

static struct place
find_place(const struct plan *plan, const struct plan_candidate *candidates,
           const struct place *before, size_t scenario, int32_t stages)
{
    const char *group = group_of(plan, candidates, scenario);
    struct place place = {.stage = stages, .lane = 0};
    for (size_t i = 0; group != NULL && i < scenario; i++) {
        const char *other = group_of(plan, candidates, i);
        if (other != NULL && strcmp(other, group) == 0)
            place = (struct place){before[i].stage, before[i].lane + 1};
    }
    return place;
}

static void
add_turn(struct plan_workload *lane, int32_t stage, size_t scenario,
         double weight)
{
    /* In order of their stages, as groups need not stand together. */
    lane->turns =
        xrealloc(lane->turns, (lane->turn_count + 1) * sizeof(lane->turns[0]));
    size_t at = lane->turn_count++;
    for (; at > 0 && lane->turns[at - 1].stage > stage; at--)
        lane->turns[at] = lane->turns[at - 1];
    lane->turns[at] = (struct plan_turn){stage, scenario};
    plan_add_choice(lane, scenario, weight);
}

static struct plan_workload *
add_lane(struct plan *plan)
{
    const struct options *options = plan->options;
    char name[64];
    if (plan->workload_count == 0)
        snprintf(name, sizeof(name), "single_run");
    else
        snprintf(name, sizeof(name), "single_run_%zu",
                 plan->workload_count + 1);
    return plan_add_workload(plan, &(struct plan_workload){
                                       .name = xstrdup(name),
                                       .executor = EXECUTOR_SINGLE_RUN,
                                       .workers = (int32_t)options->workers,
                                       .duration = options->duration,
                                       .graceful_stop = options->graceful_stop,
                                       .ramp_up = options->ramp_up,
                                       .delay_low = options->delay_low,
                                       .delay_high = options->delay_high,
                                   });
}

/* What is weaker gives way, and what the script says is for its other runs. */
static bool
is_refused(const struct options *options, const char *other)
{
    enum option_source source = options_source(options, other);
    return source > OPTION_SCRIPT &&
           source >= options_source(options, "single-run");
}

static bool
check_options(const struct options *options, struct err *err)
{
    static const char *const others[] = {"max-runs", "iterations", "rate",
                                         "stage",    "manual",     "sizing"};
    if (is_refused(options, "workload"))
        return plan_refuse_together(options, "single-run", "workload",
                                    "a single run leaves workloads aside", err);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (is_refused(options, others[i]))
            return plan_refuse_together(options, "single-run", others[i],
                                        "each worker runs each scenario once",
                                        err);
    }
    return true;
}

bool
plan_add_single_run(struct plan *plan, const struct plan_candidate *candidates,
                    struct err *err)
{
    if (!check_options(plan->options, err))
        return false;
    struct place *places = xcalloc(plan->scenario_count, sizeof(places[0]));
    int32_t stages = 0;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        places[i] = find_place(plan, candidates, places, i, stages);
        if (places[i].stage == stages)
            stages++;
        struct plan_workload *lane =
            (size_t)places[i].lane < plan->workload_count
                ? &plan->workloads[places[i].lane]
                : add_lane(plan);
        add_turn(lane, places[i].stage, i, plan->scenarios[i].weight);
    }
    free(places);
    return true;
}

#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/executor.h"

#define DEFAULT_DURATION (10 * NSEC_PER_SEC)

static bool
is_named(const struct options *options, const char *name)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        if (strcmp(options->scenarios.items[i], name) == 0)
            return true;
    }
    return false;
}

static bool
refuse_scenario(const char *asked, const struct plan_candidate *candidates,
                size_t count, struct err *err)
{
    const char **names = xcalloc(count, sizeof(names[0]));
    struct buf list = {0};
    for (size_t i = 0; i < count; i++) {
        names[i] = candidates[i].name;
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = str_nearest(asked, names, count);
    if (nearest != NULL)
        err_set(err, "unknown scenario '%.80s': did you mean '%s'?", asked,
                nearest);
    else
        err_set(err, "unknown scenario '%.80s' (there are: %s)", asked,
                list.data);
    buf_finish(&list);
    free(names);
    return false;
}

static bool
check_named(const struct options *options,
            const struct plan_candidate *candidates, size_t count,
            struct err *err)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        const char *asked = options->scenarios.items[i];
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = strcmp(candidates[j].name, asked) == 0;
        if (!found)
            return refuse_scenario(asked, candidates, count, err);
    }
    return true;
}

static bool
select_scenarios(struct plan *plan, const struct plan_candidate *candidates,
                 size_t count, struct err *err)
{
    if (count == 0)
        return err_set(err, "the script has no scenario: register one with "
                            "molo.scenario(name, fn)");
    if (!check_named(plan->options, candidates, count, err))
        return false;
    bool all = plan->options->scenarios.count == 0;
    plan->scenarios = xcalloc(count, sizeof(plan->scenarios[0]));
    for (size_t i = 0; i < count; i++) {
        const struct plan_candidate *candidate = &candidates[i];
        if (all ? candidate->weight <= 0
                : !is_named(plan->options, candidate->name))
            continue;
        plan->scenarios[plan->scenario_count++] = (struct plan_scenario){
            .name = xstrdup(candidate->name),
            /* Weight 0 keeps a scenario out of the draw unless it is named;
             * then it must be possible to draw it. */
            .weight = candidate->weight > 0 ? candidate->weight : 1,
        };
        if (candidate->cast)
            cast_copy(&plan->scenarios[plan->scenario_count - 1].cast,
                      candidate->cast);
    }
    if (plan->scenario_count == 0)
        return err_set(err, "every scenario has weight 0: choose one with "
                            "--scenario");
    return true;
}

static void
add_workload(struct plan *plan)
{
    const struct options *options = plan->options;
    nsec_t duration = options->duration;
    if (options->max_runs == 0 && duration == NSEC_NEVER)
        duration = DEFAULT_DURATION;
    plan->workloads = xcalloc(1, sizeof(plan->workloads[0]));
    plan->workload_count = 1;
    plan->workers = (int32_t)options->workers;
    plan->workloads[0] = (struct plan_workload){
        .name = xstrdup("default"),
        .executor = options->max_runs > 0 ? EXECUTOR_RUNS_PER_WORKER
                                          : EXECUTOR_CONSTANT_WORKERS,
        .workers = (int32_t)options->workers,
        .duration = duration,
        .max_runs = options->max_runs,
        .ramp_up = options->ramp_up,
        .delay_low = options->delay_low,
        .delay_high = options->delay_high,
    };
}

/* In the environment or the script they wait for the runs that are simulated;
 * on the command line they say that this one was meant to be. */
static bool
check_simulation(const struct options *options, struct err *err)
{
    static const char *const names[] = {"sim-latency", "sim-failures"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!options->sim &&
            options_is_stronger(options, names[i], OPTION_ENVIRONMENT))
            return err_set(err,
                           "--%s is for simulated runs: add --sim, or leave "
                           "it out to send real requests",
                           names[i]);
    }
    return true;
}

struct plan *
plan_create(const struct options *options,
            const struct plan_candidate *candidates, size_t count,
            struct err *err)
{
    struct plan *plan = xcalloc(1, sizeof(*plan));
    plan->options = options;
    if (!check_simulation(options, err) ||
        !select_scenarios(plan, candidates, count, err)) {
        plan_destroy(plan);
        return NULL;
    }
    add_workload(plan);
    if (!cast_make_rooms(plan, err)) {
        plan_destroy(plan);
        return NULL;
    }
    return plan;
}

void
plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->workload_count; i++)
        free(plan->workloads[i].name);
    for (size_t i = 0; i < plan->scenario_count; i++) {
        free(plan->scenarios[i].name);
        cast_finish(&plan->scenarios[i].cast);
    }
    free(plan->workloads);
    free(plan->scenarios);
    free(plan);
}

const struct plan_workload *
plan_workload_of(const struct plan *plan, int32_t worker)
{
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        if (worker >= workload->first_worker &&
            worker - workload->first_worker < workload->workers)
            return workload;
    }
    return NULL;
}

int32_t
plan_unreached_workers(const struct plan *plan)
{
    int32_t unreached = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        const struct executor_ops *executor = executor_find(workload->executor);
        /* Starts are in the order of the workers. */
        for (int32_t index = workload->workers - 1; index >= 0; index--) {
            struct executor_due due = executor->next_run(
                workload, &(struct executor_state){0}, index, 0, 0);
            if (due.answer != EXECUTOR_OVER)
                break;
            unreached++;
        }
    }
    return unreached;
}

nsec_t
plan_deadline(const struct plan *plan)
{
    nsec_t deadline = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        if (plan->workloads[i].duration > deadline)
            deadline = plan->workloads[i].duration;
    }
    return deadline;
}

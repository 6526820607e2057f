#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/executor.h"
#include "plan/option_table.h"
#include "plan/plan_internal.h"

/* --workload leaves out all but one. */
static bool
is_wanted(const struct options *options, const struct option_workload *workload)
{
    return options->workload == NULL ||
           strcmp(options->workload, workload->name) == 0;
}

static bool
check_name(const struct options *options, struct err *err)
{
    const char **names = xcalloc(options->workload_count, sizeof(names[0]));
    bool found = false;
    for (size_t i = 0; i < options->workload_count; i++) {
        names[i] = options->workloads[i].name;
        found = found || is_wanted(options, &options->workloads[i]);
    }
    if (!found) {
        err_set(err, "unknown workload '%.80s'", options->workload);
        str_suggest(options->workload, names, options->workload_count, err);
    }
    free(names);
    return found;
}

bool
plan_is_in_workloads(const struct options *options,
                     const struct plan_candidate *candidate)
{
    for (size_t i = 0; i < options->workload_count; i++) {
        const struct option_workload *workload = &options->workloads[i];
        for (size_t j = 0; j < workload->choice_count; j++)
            if (is_wanted(options, workload) &&
                plan_goes_by(candidate, workload->choices[j].scenario))
                return true;
    }
    return false;
}

/* --- scenarios --- */

static bool
check_choices(const struct option_workload *workload,
              const struct plan_candidate *candidates, size_t count,
              struct err *err)
{
    bool any = workload->choice_count == 0;
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct option_choice *choice = &workload->choices[i];
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = plan_goes_by(&candidates[j], choice->scenario);
        if (!found)
            return plan_refuse_scenario(choice->scenario, candidates, count,
                                        err);
        any = any || choice->weight != 0;
    }
    return any || err_set(err, "scenarios: all of them have weight 0");
}

/* Of a selected scenario in this workload; 0: it does not run it. */
static double
weight_of(const struct option_workload *workload,
          const struct plan_candidate *candidate, double selected)
{
    if (workload->choice_count == 0)
        return candidate->weight;
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct option_choice *choice = &workload->choices[i];
        if (plan_goes_by(candidate, choice->scenario))
            return choice->weight >= 0 ? choice->weight : selected;
    }
    return 0;
}

static bool
has_any(const struct plan *plan, const struct plan_candidate *candidates,
        const struct option_workload *workload)
{
    for (size_t i = 0; i < plan->scenario_count; i++) {
        const struct plan_scenario *scenario = &plan->scenarios[i];
        if (weight_of(workload, &candidates[scenario->candidate],
                      scenario->weight) > 0)
            return true;
    }
    return false;
}

/* Those that no workload runs, because it names others, go. */
static void
drop_unused(struct plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        bool used = false;
        for (size_t j = 0; j < plan->workload_count; j++) {
            struct plan_workload *workload = &plan->workloads[j];
            for (size_t k = 0; k < workload->choice_count; k++) {
                if (workload->choices[k].scenario != i)
                    continue;
                workload->choices[k].scenario = kept;
                used = true;
            }
        }
        if (used) {
            struct plan_scenario scenario = plan->scenarios[i];
            plan->scenarios[kept++] = scenario;
        } else {
            free(plan->scenarios[i].name);
            cast_finish(&plan->scenarios[i].cast);
        }
    }
    plan->scenario_count = kept;
}

/* --- the workload --- */

static struct option_pair *
copy_pairs(const struct option_pair *pairs, size_t count)
{
    struct option_pair *copy = xcalloc(count, sizeof(copy[0]));
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct option_pair){
            .key = xstrdup(pairs[i].key),
            .value = xstrdup(pairs[i].value),
        };
    return copy;
}

static void
set_workers(const struct option_workload *from, struct plan_workload *to)
{
    int64_t at_start = from->given[WORKLOAD_WORKERS_AT_START]
                           ? from->workers_at_start
                           : from->workers;
    bool given =
        from->given[WORKLOAD_WORKERS_AT_START] || from->given[WORKLOAD_WORKERS];
    to->workers = (int32_t)from->workers;
    if (from->executor->open) {
        to->workers = (int32_t)from->max_workers;
        to->pre_allocated = from->given[WORKLOAD_PRE_ALLOCATED]
                                ? (int32_t)from->pre_allocated
                                : -1;
    } else if (to->executor == EXECUTOR_RAMPING_WORKERS) {
        to->workers_at_start = given ? (int32_t)at_start : 0;
        to->workers = to->workers_at_start;
    } else if (to->executor == EXECUTOR_MANUAL) {
        to->workers_at_start = (int32_t)at_start;
        to->workers = (int32_t)(from->max_workers > at_start ? from->max_workers
                                                             : at_start);
    }
}

static bool
add(struct plan *plan, const struct option_workload *from, struct err *err)
{
    const struct options *options = plan->options;
    bool own_delay = from->given[WORKLOAD_DELAY] &&
                     options_source(options, "delay") <= OPTION_SCRIPT;
    bool own_grace = from->given[WORKLOAD_GRACEFUL_STOP] &&
                     options_source(options, "graceful-stop") <= OPTION_SCRIPT;
    struct plan_workload workload = {
        .name = xstrdup(from->name),
        .executor = from->executor->type,
        .start = from->start,
        .duration = from->duration,
        .graceful_stop =
            own_grace ? from->graceful_stop : options->graceful_stop,
        .max_runs = from->runs,
        .ramp_up = from->ramp_up,
        .delay_low = own_delay ? from->delay_low : options->delay_low,
        .delay_high = own_delay ? from->delay_high : options->delay_high,
        .rate = from->rate.per > 0 ? from->rate
                                   : (struct plan_rate){0, NSEC_PER_SEC},
        .max_lag = from->max_lag,
        .arrival = from->arrival,
        .env = copy_pairs(from->env, from->env_count),
        .env_count = from->env_count,
        .tags = copy_pairs(from->tags, from->tag_count),
        .tag_count = from->tag_count,
        .stage_count = from->stage_count,
        .stages = xcalloc(from->stage_count, sizeof(struct plan_stage)),
    };
    if (from->stage_count > 0)
        memcpy(workload.stages, from->stages,
               from->stage_count * sizeof(struct plan_stage));
    set_workers(from, &workload);
    struct plan_workload *added = plan_add_workload(plan, &workload);
    return plan_settle_stages(added, err);
}

static bool
refuse_workload(const struct option_workload *workload, struct err *err)
{
    return err_prefix(err, "%s: workload '%.80s'", workload->where,
                      workload->name);
}

bool
plan_add_from_workloads(struct plan *plan,
                        const struct plan_candidate *candidates, size_t count,
                        struct err *err)
{
    const struct options *options = plan->options;
    if (!check_name(options, err) || !plan_check_changes(options, err))
        return false;
    for (size_t i = 0; i < options->workload_count; i++) {
        const struct option_workload *asked = &options->workloads[i];
        struct option_workload copy = *asked;
        if (!is_wanted(options, asked))
            continue;
        if (!check_choices(asked, candidates, count, err))
            return refuse_workload(asked, err);
        if (options->workload != NULL &&
            !plan_change_workload(options, &copy, err))
            return false;
        if (!has_any(plan, candidates, asked))
            continue;
        if (!add(plan, &copy, err))
            return refuse_workload(asked, err);
        struct plan_workload *added =
            &plan->workloads[plan->workload_count - 1];
        for (size_t j = 0; j < plan->scenario_count; j++) {
            const struct plan_scenario *scenario = &plan->scenarios[j];
            double weight = weight_of(asked, &candidates[scenario->candidate],
                                      scenario->weight);
            if (weight > 0)
                plan_add_choice(added, j, weight);
        }
    }
    if (plan->workload_count == 0)
        return err_set(err, "no workload runs any of the scenarios that were "
                            "selected");
    drop_unused(plan);
    return true;
}

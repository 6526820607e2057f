#include <string.h>

#include "output/json_sections.h"
#include "output/json_value.h"
#include "plan/executor.h"

/* The plan as the result JSON has it. What a workload has no use for is null;
 * values of env are left out, as they may be secrets. */

static json_t *
build_rate(struct plan_rate rate)
{
    return rate.per > 0 ? json_value_real(rate_per_second(rate)) : json_null();
}

static json_t *
build_stages(const struct plan_workload *workload)
{
    json_t *stages = json_array();
    for (size_t i = 0; i < workload->stage_count; i++) {
        const struct plan_stage *stage = &workload->stages[i];
        bool is_rate = stage->target.per > 0;
        json_array_append_new(
            stages,
            json_pack("{s:o, s:o, s:o}", "duration",
                      json_value_limit(stage->duration), "workers",
                      is_rate ? json_null() : json_integer(stage->target.count),
                      "rate", build_rate(stage->target)));
    }
    return stages;
}

static json_t *
build_scenarios(const struct plan *plan, const struct plan_workload *workload)
{
    json_t *scenarios = json_object();
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct plan_choice *choice = &workload->choices[i];
        json_value_add(scenarios, plan->scenarios[choice->scenario].name,
                       json_value_real(choice->weight));
    }
    return scenarios;
}

static json_t *
build_turns(const struct plan *plan, const struct plan_workload *workload)
{
    json_t *turns = json_array();
    for (size_t i = 0; i < workload->turn_count; i++) {
        const struct plan_turn *turn = &workload->turns[i];
        json_array_append_new(
            turns,
            json_pack("{s:i, s:o}", "stage", (int)turn->stage + 1, "scenario",
                      json_value_text(plan->scenarios[turn->scenario].name)));
    }
    return turns;
}

static json_t *
build_tags(const struct plan_workload *workload)
{
    json_t *tags = json_object();
    for (size_t i = 0; i < workload->tag_count; i++)
        json_value_set(tags, workload->tags[i].key,
                       json_value_text(workload->tags[i].value));
    return tags;
}

static json_t *
known_if(bool known, json_t *value)
{
    if (known)
        return value;
    json_decref(value);
    return json_null();
}

static json_t *
build_workload(const struct plan *plan, const struct plan_workload *workload)
{
    const struct executor_ops *executor = executor_find(workload->executor);
    bool grows = workload->executor == EXECUTOR_RAMPING_WORKERS ||
                 workload->executor == EXECUTOR_MANUAL;
    bool random = workload->arrival == ARRIVAL_POISSON;
    json_t *row = json_object();
    const struct {
        const char *key;
        json_t *value;
    } keys[] = {
        {"executor", json_value_text(executor->name)},
        {"start", json_value_limit(workload->start)},
        {"duration", json_value_limit(workload->duration)},
        {"graceful_stop", json_value_limit(workload->graceful_stop)},
        {"delay_low", json_value_limit(workload->delay_low)},
        {"delay_high", json_value_limit(workload->delay_high)},
        {"workers", json_integer(workload->workers)},
        {"workers_at_start",
         known_if(grows, json_integer(workload->workers_at_start))},
        {"ramp_up", json_value_limit(workload->ramp_up)},
        {"max_runs",
         known_if(workload->max_runs > 0, json_integer(workload->max_runs))},
        {"rate", known_if(executor->scheduled, build_rate(workload->rate))},
        {"stages", build_stages(workload)},
        {"arrival", known_if(executor->open,
                             json_value_text(random ? "poisson" : "fixed"))},
        {"pre_allocated",
         known_if(executor->open, json_integer(workload->pre_allocated))},
        {"max_lag",
         known_if(executor->open, json_value_limit(workload->max_lag))},
        {"scenarios", build_scenarios(plan, workload)},
        {"turns", build_turns(plan, workload)},
        {"tags", build_tags(workload)},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        json_object_set_new(row, keys[i].key, keys[i].value);
    return row;
}

json_t *
json_plan(const struct plan *plan)
{
    const struct options *options = plan->options;
    json_t *weights = json_object(), *workloads = json_object();
    for (size_t i = 0; i < plan->scenario_count; i++)
        json_value_add(weights, plan->scenarios[i].name,
                       json_value_real(plan->scenarios[i].weight));
    for (size_t i = 0; i < plan->workload_count; i++)
        json_value_set(workloads, plan->workloads[i].name,
                       build_workload(plan, &plan->workloads[i]));
    nsec_t wait_timeout =
        options->wait_timeout > 0 ? options->wait_timeout : NSEC_NEVER;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o}",
        "duration", json_value_limit(plan_deadline(plan)), "max_runs",
        options->max_runs > 0 ? json_integer(options->max_runs) : json_null(),
        "ramp_up", json_value_limit(options->ramp_up), "delay_low",
        json_value_limit(options->delay_low), "delay_high",
        json_value_limit(options->delay_high), "graceful_stop",
        json_value_limit(options->graceful_stop), "wait_timeout",
        json_value_limit(wait_timeout), "timeout",
        json_value_limit(options->timeout), "stop_on_failure",
        (int)options->stop_on_failure, "on_deadlock",
        options->on_deadlock == ON_DEADLOCK_BREAK ? "break" : "stop",
        "scenarios", weights, "workloads", workloads);
}

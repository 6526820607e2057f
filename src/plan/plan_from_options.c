#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plan/executor.h"
#include "plan/option_table.h"
#include "plan/plan_internal.h"

#define DEFAULT_DURATION (10 * NSEC_PER_SEC)

/* The options that shape the load. */
enum load {
    LOAD_DURATION,
    LOAD_MAX_RUNS,
    LOAD_ITERATIONS,
    LOAD_RAMP_UP,
    LOAD_RATE,
    LOAD_STAGE,
    LOAD_ARRIVAL,
    LOAD_MAX_LAG,
    LOAD_MANUAL,
    LOAD_MANUAL_STEP,
    LOAD_MAX_WORKERS,
    LOAD_SIZING,
};
#define LOADS 12

static const char *const names[LOADS] = {
    [LOAD_DURATION] = "duration",
    [LOAD_MAX_RUNS] = "max-runs",
    [LOAD_ITERATIONS] = "iterations",
    [LOAD_RAMP_UP] = "ramp-up",
    [LOAD_RATE] = "rate",
    [LOAD_STAGE] = "stage",
    [LOAD_ARRIVAL] = "arrival",
    [LOAD_MAX_LAG] = "max-lag",
    [LOAD_MANUAL] = "manual",
    [LOAD_MANUAL_STEP] = "manual-step",
    [LOAD_MAX_WORKERS] = "max-workers",
    [LOAD_SIZING] = "sizing",
};

#define BY_ITSELF "with --sizing molo itself adds workers until it has a result"
#define BY_HAND "with --manual the workers are added by hand"

static const struct conflict {
    enum load a, b;
    const char *why;
} conflicts[] = {
    {LOAD_MAX_RUNS, LOAD_ITERATIONS,
     "the first counts the runs of each worker, the second those of all"},
    {LOAD_STAGE, LOAD_DURATION, "the stages say how long the run is"},
    {LOAD_STAGE, LOAD_MAX_RUNS, "the stages say how long the run is"},
    {LOAD_STAGE, LOAD_ITERATIONS, "the stages say how long the run is"},
    {LOAD_STAGE, LOAD_RAMP_UP, "the stages say when workers start"},
    {LOAD_RATE, LOAD_MAX_RUNS,
     "a rate goes on for a time, given by --duration"},
    {LOAD_RATE, LOAD_ITERATIONS,
     "a rate goes on for a time, given by --duration"},
    {LOAD_RATE, LOAD_RAMP_UP,
     "runs start as the rate says; a rate that grows is --stage 1m:50/s"},
    {LOAD_MANUAL, LOAD_MAX_RUNS, BY_HAND},
    {LOAD_MANUAL, LOAD_ITERATIONS, BY_HAND},
    {LOAD_MANUAL, LOAD_RAMP_UP, BY_HAND},
    {LOAD_MANUAL, LOAD_RATE, BY_HAND},
    {LOAD_MANUAL, LOAD_STAGE, BY_HAND},
    {LOAD_SIZING, LOAD_MAX_RUNS, BY_ITSELF},
    {LOAD_SIZING, LOAD_ITERATIONS, BY_ITSELF},
    {LOAD_SIZING, LOAD_RAMP_UP, BY_ITSELF},
    {LOAD_SIZING, LOAD_RATE, BY_ITSELF},
    {LOAD_SIZING, LOAD_STAGE, BY_ITSELF},
    {LOAD_SIZING, LOAD_MANUAL, BY_ITSELF},
};
#define CONFLICTS (sizeof(conflicts) / sizeof(conflicts[0]))

void
plan_spell(const struct options *options, const char *name,
           char out[PLAN_SPELLING_SIZE])
{
    char spelling[OPTION_SPELLING_SIZE];
    enum option_source source = options_source(options, name);
    const char *place = source == OPTION_SCRIPT   ? " (molo.options)"
                        : source == OPTION_CONFIG ? " (config file)"
                                                  : "";
    option_spell(source, name, spelling);
    snprintf(out, PLAN_SPELLING_SIZE, "%s%s", spelling, place);
}

bool
plan_refuse_together(const struct options *options, const char *a,
                     const char *b, const char *why, struct err *err)
{
    char first[PLAN_SPELLING_SIZE], second[PLAN_SPELLING_SIZE];
    plan_spell(options, a, first);
    plan_spell(options, b, second);
    return err_set(err, "%s and %s do not go together: %s", first, second, why);
}

/* What is given and not overruled: of two that contradict each other, the one
 * of the stronger source counts. Two of one source are an error. */
static bool
find_load(const struct options *options, bool has[LOADS], struct err *err)
{
    for (int i = 0; i < LOADS; i++)
        has[i] = options_is_given(options, names[i]);
    has[LOAD_MANUAL] = options->manual;
    has[LOAD_SIZING] = options->sizing;
    for (size_t i = 0; i < CONFLICTS; i++) {
        const struct conflict *row = &conflicts[i];
        const char *a = names[row->a], *b = names[row->b];
        if (!has[row->a] || !has[row->b])
            continue;
        enum option_source a_source = options_source(options, a);
        enum option_source b_source = options_source(options, b);
        if (a_source == b_source)
            return plan_refuse_together(options, a, b, row->why, err);
        has[a_source > b_source ? row->b : row->a] = false;
    }
    return true;
}

/* In the environment or the script they may wait for a run that needs them. */
static bool
check_needs(const struct options *options, const bool has[LOADS],
            struct err *err)
{
    bool rates = has[LOAD_RATE] ||
                 (has[LOAD_STAGE] && options->stages[0].target.per > 0);
    static const enum load of_rates[] = {LOAD_ARRIVAL, LOAD_MAX_LAG};
    static const enum load of_manual[] = {LOAD_MANUAL_STEP, LOAD_MAX_WORKERS};
    for (size_t i = 0; i < 2; i++) {
        if (!rates &&
            options_source(options, names[of_rates[i]]) > OPTION_ENVIRONMENT)
            return err_set(err,
                           "--%s is for runs at a rate: add --rate N/T or "
                           "--stage T:N/s",
                           names[of_rates[i]]);
        bool of_sizing = of_manual[i] == LOAD_MAX_WORKERS && has[LOAD_SIZING];
        if (!has[LOAD_MANUAL] && !of_sizing &&
            options_source(options, names[of_manual[i]]) > OPTION_ENVIRONMENT)
            return err_set(err, "--%s is for --manual%s", names[of_manual[i]],
                           i == 1 ? " and --sizing; with --rate, -w is the "
                                    "most there may be"
                                  : "");
    }
    return true;
}

static bool
check_stages(const struct options *options, bool has_rate, struct err *err)
{
    bool rates = options->stages[0].target.per > 0;
    char stage[PLAN_SPELLING_SIZE], rate[PLAN_SPELLING_SIZE];
    plan_spell(options, "stage", stage);
    plan_spell(options, "rate", rate);
    for (size_t i = 1; i < options->stage_count; i++) {
        if ((options->stages[i].target.per > 0) != rates)
            return err_set(err,
                           "%s: some go to a number of workers (1m:50) and "
                           "some to a rate (1m:50/s): a run has stages of one "
                           "kind",
                           stage);
    }
    if (has_rate && !rates)
        return err_set(err,
                       "%s and %s: the stages go to numbers of workers; to go "
                       "to a rate write them as 1m:50/s",
                       rate, stage);
    return true;
}

/* Enough for runs of a tenth of a second; the pool grows when they take
 * longer. */
static int32_t
default_pool(const struct plan_workload *workload)
{
    double peak = rate_per_second(workload->rate);
    for (size_t i = 0; i < workload->stage_count; i++) {
        double target = rate_per_second(workload->stages[i].target);
        peak = target > peak ? target : peak;
    }
    double wanted = peak / 10 + 1;
    return wanted < workload->workers ? (int32_t)wanted : workload->workers;
}

bool
plan_settle_stages(struct plan_workload *workload, struct err *err)
{
    nsec_t sum = 0;
    for (size_t i = 0; i < workload->stage_count; i++) {
        sum += workload->stages[i].duration;
        if (sum > OPTION_TIME_MAX)
            return err_set(err, "the stages together last longer than ten "
                                "years");
        if (workload->executor == EXECUTOR_RAMPING_WORKERS &&
            workload->stages[i].target.count > workload->workers)
            workload->workers = (int32_t)workload->stages[i].target.count;
    }
    if (executor_find(workload->executor)->open && workload->pre_allocated < 0)
        workload->pre_allocated = default_pool(workload);
    if (workload->stage_count > 0) {
        if (sum == 0)
            return err_set(err, "the stages last no time: give one of them "
                                "more than 0");
        workload->duration = sum;
    }
    if (workload->workers == 0)
        return err_set(err, "no stage has a worker");
    if (!rate_walk_is_possible(workload))
        return err_set(err, "the rates of the stages have no common unit of "
                            "time that is short enough: write them per the "
                            "same time, such as 50/s and 0.5/s");
    return true;
}

static void
copy_stages(const struct options *options, struct plan_workload *workload)
{
    workload->stages = xcalloc(options->stage_count, sizeof(struct plan_stage));
    workload->stage_count = options->stage_count;
    memcpy(workload->stages, options->stages,
           options->stage_count * sizeof(struct plan_stage));
}

static bool
shape_rate(const struct options *options, const bool has[LOADS],
           struct plan_workload *workload, struct err *err)
{
    char spelling[PLAN_SPELLING_SIZE];
    plan_spell(options, "rate", spelling);
    workload->executor =
        has[LOAD_STAGE] ? EXECUTOR_RAMPING_RATE : EXECUTOR_CONSTANT_RATE;
    workload->rate =
        has[LOAD_RATE] ? options->rate : (struct plan_rate){0, NSEC_PER_SEC};
    workload->arrival = options->arrival;
    workload->max_lag = options->max_lag;
    workload->pre_allocated = -1;
    if (!options_is_given(options, "workers"))
        workload->workers = 1000;
    if (!has[LOAD_STAGE] && options->rate.count == 0)
        return err_set(err, "%s: must be above 0", spelling);
    return true;
}

static bool
refuse_more_than_most(const struct options *options, struct err *err)
{
    char workers[PLAN_SPELLING_SIZE], most[PLAN_SPELLING_SIZE];
    plan_spell(options, "workers", workers);
    plan_spell(options, "max-workers", most);
    return err_set(err, "%s: %" PRId64 " are more than %s, %" PRId64, workers,
                   options->workers, most, options->max_workers);
}

/* Executor and what belongs to it. */
static bool
shape(const struct options *options, const bool has[LOADS],
      struct plan_workload *workload, struct err *err)
{
    bool given = options_is_given(options, "workers");
    if (has[LOAD_STAGE] && !check_stages(options, has[LOAD_RATE], err))
        return false;
    if (has[LOAD_STAGE])
        copy_stages(options, workload);
    if (has[LOAD_MANUAL] || has[LOAD_SIZING]) {
        workload->executor = EXECUTOR_MANUAL;
        workload->workers_at_start = workload->workers;
        if (options->max_workers < workload->workers &&
            options_is_given(options, "max-workers"))
            return refuse_more_than_most(options, err);
        if (options->max_workers > workload->workers)
            workload->workers = (int32_t)options->max_workers;
    } else if (has[LOAD_RATE] ||
               (has[LOAD_STAGE] && options->stages[0].target.per > 0)) {
        return shape_rate(options, has, workload, err);
    } else if (has[LOAD_STAGE]) {
        workload->executor = EXECUTOR_RAMPING_WORKERS;
        workload->workers = given ? workload->workers : 0;
        workload->workers_at_start = workload->workers;
    } else if (has[LOAD_ITERATIONS]) {
        workload->executor = EXECUTOR_SHARED_RUNS;
        workload->max_runs = options->iterations;
    } else if (has[LOAD_MAX_RUNS]) {
        workload->executor = EXECUTOR_RUNS_PER_WORKER;
        workload->max_runs = options->max_runs;
    }
    return true;
}

bool
plan_add_from_options(struct plan *plan, struct err *err)
{
    const struct options *options = plan->options;
    bool has[LOADS];
    if (!find_load(options, has, err) || !check_needs(options, has, err))
        return false;
    struct plan_workload workload = {
        .executor = EXECUTOR_CONSTANT_WORKERS,
        .workers = (int32_t)options->workers,
        .duration = has[LOAD_DURATION] ? options->duration : NSEC_NEVER,
        .graceful_stop = options->graceful_stop,
        .ramp_up = has[LOAD_RAMP_UP] ? options->ramp_up : 0,
        .delay_low = options->delay_low,
        .delay_high = options->delay_high,
    };
    bool endless = has[LOAD_MAX_RUNS] || has[LOAD_ITERATIONS] ||
                   has[LOAD_MANUAL] || has[LOAD_SIZING];
    if (!endless && !has[LOAD_DURATION])
        workload.duration = DEFAULT_DURATION;
    workload.name = xstrdup("default");
    bool ok = shape(options, has, &workload, err);
    struct plan_workload *added = plan_add_workload(plan, &workload);
    for (size_t i = 0; i < plan->scenario_count; i++)
        plan_add_choice(added, i, plan->scenarios[i].weight);
    if (!ok)
        return false;
    if (!plan_settle_stages(added, err)) {
        char spelling[PLAN_SPELLING_SIZE];
        plan_spell(options, "stage", spelling);
        return err_prefix(err, "%s", spelling);
    }
    return true;
}

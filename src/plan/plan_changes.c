#include <string.h>

#include "plan/executor.h"
#include "plan/option_table.h"
#include "plan/plan_internal.h"

/* Options that, on the command line, change a workload of the script, and the
 * key that each changes. WORKLOAD_EXECUTOR: a flag that takes the place of its
 * executor. */
static const struct change {
    const char *option;
    enum workload_key key;
} changes[] = {
    {"workers", WORKLOAD_WORKERS}, {"duration", WORKLOAD_DURATION},
    {"max-runs", WORKLOAD_RUNS},   {"iterations", WORKLOAD_RUNS},
    {"ramp-up", WORKLOAD_RAMP_UP}, {"rate", WORKLOAD_RATE},
    {"stage", WORKLOAD_STAGES},    {"arrival", WORKLOAD_ARRIVAL},
    {"max-lag", WORKLOAD_MAX_LAG}, {"max-workers", WORKLOAD_MAX_WORKERS},
    {"manual", WORKLOAD_EXECUTOR}, {"sizing", WORKLOAD_EXECUTOR},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static bool
is_open(const struct option_workload *workload)
{
    return workload->executor->open;
}

/* -w is the most that the pool of a rate may have. */
static enum workload_key
key_of(const struct change *change, const struct option_workload *workload)
{
    return change->key == WORKLOAD_WORKERS && is_open(workload)
               ? WORKLOAD_MAX_WORKERS
               : change->key;
}

static bool
refuse_change(const struct options *options, const struct change *change,
              const struct option_workload *workload, struct err *err)
{
    struct buf has = {0};
    char spelling[PLAN_SPELLING_SIZE];
    plan_spell(options, change->option, spelling);
    workload_describe_keys(workload->executor, &has);
    err_set(err, "%s does not change workload '%.80s': executor '%s' has %s",
            spelling, workload->name, workload->executor->name, has.data);
    buf_finish(&has);
    return false;
}

/* -r and -i are two executors' runs. */
static bool
fits(const struct change *change, const struct option_workload *workload)
{
    enum executor_type type = workload->executor->type;
    if ((strcmp(change->option, "max-runs") == 0 &&
         type == EXECUTOR_SHARED_RUNS) ||
        (strcmp(change->option, "iterations") == 0 &&
         type == EXECUTOR_RUNS_PER_WORKER))
        return false;
    return workload_key_fits(workload->executor, key_of(change, workload));
}

static void
take_change(const struct options *options, enum workload_key key,
            const char *option, struct option_workload *to)
{
    to->given[key] = true;
    if (strcmp(option, "workers") == 0 && key == WORKLOAD_MAX_WORKERS)
        to->max_workers = options->workers;
    else if (key == WORKLOAD_WORKERS) {
        to->workers = options->workers;
        to->workers_at_start = 0;
        to->given[WORKLOAD_WORKERS_AT_START] = false;
    } else if (key == WORKLOAD_MAX_WORKERS)
        to->max_workers = options->max_workers;
    else if (key == WORKLOAD_DURATION)
        to->duration = options->duration;
    else if (key == WORKLOAD_RUNS)
        to->runs = strcmp(option, "max-runs") == 0 ? options->max_runs
                                                   : options->iterations;
    else if (key == WORKLOAD_RAMP_UP)
        to->ramp_up = options->ramp_up;
    else if (key == WORKLOAD_RATE)
        to->rate = options->rate;
    else if (key == WORKLOAD_STAGES) {
        to->stages = options->stages;
        to->stage_count = options->stage_count;
    } else if (key == WORKLOAD_ARRIVAL)
        to->arrival = options->arrival;
    else if (key == WORKLOAD_MAX_LAG)
        to->max_lag = options->max_lag;
}

static bool
is_by_hand(const struct options *options)
{
    return options->manual || options->sizing;
}

/* --manual and --sizing play the scenarios of a workload, and what else is not
 * its executor's, with workers that are added one by one. */
static void
replace_executor(const struct options *options, struct option_workload *copy)
{
    bool manual = copy->executor->type == EXECUTOR_MANUAL;
    if (!manual)
        copy->max_workers = options->max_workers;
    if (options->sizing)
        copy->start = 0; /* the first step begins with the test */
    if (options->sizing || !manual) {
        copy->executor = executor_find(EXECUTOR_MANUAL);
        copy->workers = 1;
        copy->given[WORKLOAD_WORKERS_AT_START] = false;
        copy->duration = NSEC_NEVER;
    }
    copy->runs = 0;
    copy->ramp_up = 0;
    copy->rate = (struct plan_rate){0};
    copy->stage_count = 0;
    for (int key = 0; key < WORKLOAD_KEYS; key++)
        if (!workload_key_fits(copy->executor, (enum workload_key)key))
            copy->given[key] = false;
}

bool
plan_change_workload(const struct options *options,
                     struct option_workload *copy, struct err *err)
{
    if (is_by_hand(options))
        replace_executor(options, copy);
    for (size_t i = 0; i < CHANGES; i++) {
        if (changes[i].key == WORKLOAD_EXECUTOR ||
            options_source(options, changes[i].option) <= OPTION_SCRIPT)
            continue;
        if (!fits(&changes[i], copy))
            return refuse_change(options, &changes[i], copy, err);
        take_change(options, key_of(&changes[i], copy), changes[i].option,
                    copy);
    }
    if (copy->pre_allocated > copy->max_workers)
        copy->pre_allocated = copy->max_workers;
    return option_workload_check(copy, err);
}

static void
list_names(const struct options *options, struct buf *out)
{
    for (size_t i = 0; i < options->workload_count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", options->workloads[i].name);
}

bool
plan_check_changes(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < CHANGES; i++) {
        const char *option = changes[i].option;
        char spelling[PLAN_SPELLING_SIZE];
        plan_spell(options, option, spelling);
        if (!options_is_given(options, option) ||
            (changes[i].key == WORKLOAD_EXECUTOR && !is_by_hand(options)))
            continue;
        if (options_source(options, option) <= OPTION_SCRIPT) {
            if (options_source(options, option) > OPTION_CONFIG)
                return err_set(err,
                               "%s: the workloads say that for themselves: "
                               "move it into them",
                               spelling);
            continue;
        }
        if (options->workload != NULL)
            continue;
        struct buf list = {0};
        list_names(options, &list);
        err_set(err,
                "%s: the workloads (%s) say that for themselves: say with "
                "--workload NAME which one it changes",
                spelling, list.data);
        buf_finish(&list);
        return false;
    }
    return true;
}

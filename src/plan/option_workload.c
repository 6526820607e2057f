#include "plan/option_workload.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/executor.h"
#include "plan/workload_keys.h"

/* Once, where a message leaves: the functions below it do not repeat it. */
static bool
refuse(const struct option_workload *workload, struct err *err)
{
    return err_prefix(err, "workload '%.80s'", workload->name);
}

/* -1 with `err`: unknown. */
static int
find_key(const char *name, struct err *err)
{
    int key = workload_key_find(name);
    if (key >= 0)
        return key;
    const char *names[WORKLOAD_KEYS];
    for (int i = 0; i < WORKLOAD_KEYS; i++)
        names[i] = workload_keys[i].name;
    const char *nearest = str_nearest(name, names, WORKLOAD_KEYS);
    if (nearest != NULL)
        err_set(err, "unknown option '%.80s': did you mean '%s'?", name,
                nearest);
    else
        err_set(err, "unknown option '%.80s'", name);
    return -1;
}

static void
add_choice(struct option_workload *workload, const char *scenario,
           double weight)
{
    workload->choices =
        xrealloc(workload->choices,
                 (workload->choice_count + 1) * sizeof(workload->choices[0]));
    workload->choices[workload->choice_count++] = (struct option_choice){
        .scenario = xstrdup(scenario),
        .weight = weight,
    };
}

static bool
refuse_both(enum workload_key a, enum workload_key b, const char *which,
            struct err *err)
{
    return err_set(err, "it has both '%s' and '%s': %s", workload_keys[a].name,
                   workload_keys[b].name, which);
}

static bool
begin_choices(struct option_workload *workload, enum workload_key key,
              struct err *err)
{
    enum workload_key other =
        key == WORKLOAD_SCENARIO ? WORKLOAD_SCENARIOS : WORKLOAD_SCENARIO;
    if (workload->given[other])
        return refuse_both(WORKLOAD_SCENARIO, WORKLOAD_SCENARIOS,
                           "one of them says what it runs", err);
    workload->given[key] = true;
    return true;
}

bool
option_workload_set_weight(struct option_workload *workload,
                           const char *scenario, double weight, struct err *err)
{
    if (!begin_choices(workload, WORKLOAD_SCENARIOS, err))
        return refuse(workload, err);
    add_choice(workload, scenario, weight);
    return true;
}

static void
add_stage(struct option_workload *workload, struct plan_stage stage)
{
    workload->stages =
        xrealloc(workload->stages,
                 (workload->stage_count + 1) * sizeof(workload->stages[0]));
    workload->stages[workload->stage_count++] = stage;
}

static void
store(struct option_workload *workload, const struct option_spec *spec,
      const struct option_value *value)
{
    void *field = (char *)workload + spec->offset;
    switch (spec->kind) {
    case OPTION_KIND_INT:
    case OPTION_KIND_TIME:
        *(int64_t *)field = value->number;
        break;
    case OPTION_KIND_RANGE:
        ((nsec_t *)field)[0] = value->number;
        ((nsec_t *)field)[1] = value->high;
        break;
    case OPTION_KIND_RATE:
        *(struct plan_rate *)field = value->rate;
        break;
    case OPTION_KIND_STAGE:
        add_stage(workload, value->stage);
        break;
    case OPTION_KIND_WORD:
        /* The only one. */
        workload->arrival = (enum plan_arrival)value->number;
        break;
    case OPTION_KIND_FLAG:
    case OPTION_KIND_FAIL:
    case OPTION_KIND_PERCENT:
    case OPTION_KIND_SIZE:
    case OPTION_KIND_SEED:
    case OPTION_KIND_TEXT:
    case OPTION_KIND_LIST:
    case OPTION_KIND_ENV:
    case OPTION_KIND_TAG:
    case OPTION_KIND_SERVICE:
    case OPTION_KIND_THRESHOLD:
    case OPTION_KIND_QUIET:
    case OPTION_KIND_VERBOSE:
        break; /* none of the keys */
    }
}

static bool
set_key(struct option_workload *workload, enum workload_key key,
        const char *text, struct err *err)
{
    if (key == WORKLOAD_SCENARIO) {
        if (!begin_choices(workload, WORKLOAD_SCENARIO, err))
            return false;
        add_choice(workload, text, -1);
    } else if (key == WORKLOAD_EXECUTOR) {
        workload->executor = workload_find_executor(text, err);
        if (workload->executor == NULL)
            return false;
    } else {
        struct option_value value;
        if (!option_parse_value(&workload_keys[key], OPTION_SCRIPT, text,
                                &value, err))
            return false;
        store(workload, &workload_keys[key], &value);
    }
    workload->given[key] = true;
    return true;
}

bool
option_workload_set(struct option_workload *workload, const char *name,
                    const char *text, struct err *err)
{
    int key = find_key(name, err);
    return (key >= 0 && set_key(workload, (enum workload_key)key, text, err)) ||
           refuse(workload, err);
}

bool
option_workload_set_pair(struct option_workload *workload, const char *key,
                         const char *name, const char *value, struct err *err)
{
    bool is_env = strcmp(key, workload_keys[WORKLOAD_ENV].name) == 0;
    struct option_pair **pairs = is_env ? &workload->env : &workload->tags;
    size_t *count = is_env ? &workload->env_count : &workload->tag_count;
    if (name[0] == '\0') {
        err_set(err, "%s: a name is empty", key);
        return refuse(workload, err);
    }
    *pairs = xrealloc(*pairs, (*count + 1) * sizeof((*pairs)[0]));
    (*pairs)[(*count)++] = (struct option_pair){
        .key = xstrdup(name),
        .value = xstrdup(value),
    };
    workload->given[is_env ? WORKLOAD_ENV : WORKLOAD_TAGS] = true;
    return true;
}

static bool
check_keys(const struct option_workload *workload, struct err *err)
{
    const struct executor_ops *executor = workload->executor;
    for (unsigned i = 0; i < WORKLOAD_KEYS; i++) {
        if (workload->given[i] && !workload_key_fits(executor, i)) {
            struct buf has = {0};
            workload_describe_keys(executor, &has);
            err_set(err, "executor '%s' has no '%s': it has %s", executor->name,
                    workload_keys[i].name, has.data);
            buf_finish(&has);
            return false;
        }
        if (!workload->given[i] && workload_key_is_needed(executor, i))
            return err_set(err, "executor '%s' needs '%s'", executor->name,
                           workload_keys[i].name);
    }
    return true;
}

static bool
check_stages(const struct option_workload *workload, struct err *err)
{
    bool rates = workload->executor->type == EXECUTOR_RAMPING_RATE;
    nsec_t sum = 0;
    for (size_t i = 0; i < workload->stage_count; i++) {
        struct plan_rate target = workload->stages[i].target;
        sum += workload->stages[i].duration;
        if ((target.per > 0) != rates) {
            struct buf text = {0};
            stage_describe_target(target, &text);
            err_set(err,
                    "stages: executor '%s' goes to a number of %s, such as "
                    "\"%s\", not to %s",
                    workload->executor->name,
                    rates ? "runs per time" : "workers",
                    rates ? "1m:50/s" : "1m:50", text.data);
            buf_finish(&text);
            return false;
        }
        if (sum > OPTION_TIME_MAX)
            return err_set(err,
                           "stages: together they last longer than ten years");
    }
    if (workload->given[WORKLOAD_STAGES] && sum == 0)
        return err_set(err, "stages: one of them must last longer than 0");
    return true;
}

static bool
check_numbers(const struct option_workload *workload, struct err *err)
{
    if (workload->workers == 0 &&
        workload->executor->type != EXECUTOR_RAMPING_WORKERS &&
        workload->executor->type != EXECUTOR_MANUAL)
        return err_set(err, "workers: '0' is not %s", FORMS_WORKERS);
    bool needs_rate = workload->executor->type != EXECUTOR_RAMPING_RATE;
    if (workload->given[WORKLOAD_RATE] && needs_rate &&
        workload->rate.count == 0)
        return err_set(err, "rate: must be above 0");
    if (workload->given[WORKLOAD_WORKERS] &&
        workload->given[WORKLOAD_WORKERS_AT_START])
        return refuse_both(WORKLOAD_WORKERS, WORKLOAD_WORKERS_AT_START,
                           "they mean the same here", err);
    if (workload->executor->type == EXECUTOR_MANUAL &&
        workload->given[WORKLOAD_MAX_WORKERS] &&
        (workload->workers > workload->max_workers ||
         workload->workers_at_start > workload->max_workers))
        return err_set(err, "it begins with more workers than max_workers");
    if (workload->pre_allocated > workload->max_workers)
        return err_set(err, "pre_allocated is above max_workers");
    return true;
}

static bool
check(const struct option_workload *workload, struct err *err)
{
    if (workload->executor == NULL)
        return err_set(err, "it needs an executor, such as executor = "
                            "\"constant_workers\"");
    return check_keys(workload, err) && check_stages(workload, err) &&
           check_numbers(workload, err);
}

bool
option_workload_check(const struct option_workload *workload, struct err *err)
{
    return check(workload, err) || refuse(workload, err);
}

void
option_workload_finish(struct option_workload *workload)
{
    for (size_t i = 0; i < workload->choice_count; i++)
        free(workload->choices[i].scenario);
    free(workload->choices);
    free(workload->stages);
    option_pairs_finish(workload->env, workload->env_count);
    option_pairs_finish(workload->tags, workload->tag_count);
    free(workload->name);
    free(workload->where);
    *workload = (struct option_workload){0};
}

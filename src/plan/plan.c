#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "plan/executor.h"
#include "plan/option_table.h"
#include "plan/plan_internal.h"

/* By its own name, or the one it shares with others. */
bool
plan_goes_by(const struct plan_candidate *candidate, const char *name)
{
    return strcmp(candidate->name, name) == 0 ||
           (candidate->family && strcmp(candidate->family, name) == 0);
}

static bool
is_named(const struct options *options, const struct plan_candidate *candidate)
{
    for (size_t i = 0; i < options->scenarios.count; i++) {
        if (plan_goes_by(candidate, options->scenarios.items[i]))
            return true;
    }
    return false;
}

static bool
has_tag(const struct plan_candidate *candidate, const char *tag)
{
    for (size_t i = 0; i < candidate->tag_count; i++) {
        if (strcmp(candidate->tags[i], tag) == 0)
            return true;
    }
    return false;
}

/* Any of the tags asked for, if there are any. */
static bool
is_tagged(const struct options *options, const struct plan_candidate *candidate)
{
    for (size_t i = 0; i < options->only_tags.count; i++) {
        if (has_tag(candidate, options->only_tags.items[i]))
            return true;
    }
    return options->only_tags.count == 0;
}

static bool
refuse_tag(const char *asked, const struct plan_candidate *candidates,
           size_t count, struct err *err)
{
    const char **names = NULL;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < candidates[i].tag_count; j++) {
            names = xrealloc(names, (known + 1) * sizeof(names[0]));
            names[known++] = candidates[i].tags[j];
        }
    }
    const char *nearest = str_nearest(asked, names, known);
    if (nearest != NULL)
        err_set(err, "no scenario has the tag '%.80s': did you mean '%s'?",
                asked, nearest);
    else
        err_set(err,
                "no scenario has the tag '%.80s': give one to a scenario with "
                "tags = {\"%.80s\"}",
                asked, asked);
    free(names);
    return false;
}

static bool
check_tags(const struct options *options,
           const struct plan_candidate *candidates, size_t count,
           struct err *err)
{
    for (size_t i = 0; i < options->only_tags.count; i++) {
        const char *asked = options->only_tags.items[i];
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = has_tag(&candidates[j], asked);
        if (!found)
            return refuse_tag(asked, candidates, count, err);
    }
    return true;
}

/* A stream of random numbers apart from those of workers and rooms. */
#define SHUFFLE_STREAM (UINT64_C(3) << 62)

static void
shuffle(struct plan *plan)
{
    struct rng rng;
    rng_init(&rng, plan->options->seed, SHUFFLE_STREAM);
    for (size_t i = plan->scenario_count; i > 1; i--) {
        size_t j = (size_t)rng_int(&rng, 0, (int64_t)i - 1);
        struct plan_scenario moved = plan->scenarios[i - 1];
        plan->scenarios[i - 1] = plan->scenarios[j];
        plan->scenarios[j] = moved;
    }
}

bool
plan_refuse_scenario(const char *asked, const struct plan_candidate *candidates,
                     size_t count, struct err *err)
{
    struct plan_stage stage;
    if (stage_parse(asked, &stage))
        return err_set(
            err, "unknown scenario '%.80s': did you mean '--stage %.80s'?",
            asked, asked);
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
            found = plan_goes_by(&candidates[j], asked);
        if (!found)
            return plan_refuse_scenario(asked, candidates, count, err);
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
    if (!check_named(plan->options, candidates, count, err) ||
        !check_tags(plan->options, candidates, count, err))
        return false;
    bool all = plan->options->scenarios.count == 0;
    plan->scenarios = xcalloc(count, sizeof(plan->scenarios[0]));
    for (size_t i = 0; i < count; i++) {
        const struct plan_candidate *candidate = &candidates[i];
        bool idle = candidate->weight <= 0 &&
                    !plan_is_in_script(plan->options, candidate);
        if (all ? idle : !is_named(plan->options, candidate))
            continue;
        if (!is_tagged(plan->options, candidate))
            continue;
        plan->scenarios[plan->scenario_count++] = (struct plan_scenario){
            .name = xstrdup(candidate->name),
            /* Weight 0 keeps a scenario out of the draw unless it is named;
             * then it must be possible to draw it. */
            .weight = candidate->weight > 0 ? candidate->weight : 1,
            .candidate = i,
        };
        if (candidate->cast)
            cast_copy(&plan->scenarios[plan->scenario_count - 1].cast,
                      candidate->cast);
    }
    if (plan->scenario_count == 0 && plan->options->only_tags.count > 0)
        return err_set(err, "no scenario is left: none of those selected has "
                            "a tag of --only-tag and a weight above 0");
    if (plan->scenario_count == 0)
        return err_set(err, "every scenario has weight 0: choose one with "
                            "--scenario");
    if (plan->options->shuffle)
        shuffle(plan);
    return true;
}

/* No thread is without a worker, if it can be helped. */
static bool
count_shards(struct plan *plan, struct err *err)
{
    int64_t threads = plan->options->threads;
    if (threads == 0)
        threads = sysconf(_SC_NPROCESSORS_ONLN);
    if (plan->options->sim && threads > 1 &&
        options_source(plan->options, "threads") > OPTION_ENVIRONMENT)
        return err_set(err, "--threads has no use in a simulated run, which is "
                            "the same each time because it has one thread: "
                            "leave it out, or leave out --sim");
    if (plan->options->sim || threads < 1)
        threads = 1;
    plan->shards = threads < plan->workers ? (int32_t)threads : plan->workers;
    return true;
}

#define FOR_SIM \
    "simulated runs: add --sim, or leave it out to send real requests"

/* Options that mean nothing without another. In the environment or the script
 * they wait for the runs that have it; on the command line they say that this
 * one was meant to. */
static bool
check_companions(const struct options *options, struct err *err)
{
    const struct {
        const char *name;
        bool has_other;
        const char *what_for;
    } rows[] = {
        {"sim-latency", options->sim, FOR_SIM},
        {"sim-failures", options->sim, FOR_SIM},
        {"shuffle", options->single_run, "--single-run"},
        {"sizing-tolerance", options->sizing, "--sizing"},
        {"sizing-step", options->sizing, "--sizing"},
        {"precheck-timeout", options->precheck != NULL, "--precheck URL"},
        {"precheck-every", options->precheck != NULL, "--precheck URL"},
        {"precheck-status", options->precheck != NULL, "--precheck URL"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].has_other &&
            options_source(options, rows[i].name) > OPTION_ENVIRONMENT)
            return err_set(err, "--%s is for %s", rows[i].name,
                           rows[i].what_for);
    }
    return true;
}

struct plan_workload *
plan_add_workload(struct plan *plan, const struct plan_workload *fields)
{
    plan->workloads = xrealloc(plan->workloads, (plan->workload_count + 1) *
                                                    sizeof(plan->workloads[0]));
    plan->workloads[plan->workload_count] = *fields;
    return &plan->workloads[plan->workload_count++];
}

void
plan_add_choice(struct plan_workload *workload, size_t scenario, double weight)
{
    workload->choices =
        xrealloc(workload->choices,
                 (workload->choice_count + 1) * sizeof(workload->choices[0]));
    workload->choices[workload->choice_count++] = (struct plan_choice){
        .scenario = scenario,
        .weight = weight,
    };
}

static bool
number_workers(struct plan *plan, struct err *err)
{
    int64_t sum = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        plan->workloads[i].first_worker = (int32_t)sum;
        sum += plan->workloads[i].workers;
        if (sum > OPTION_WORKERS_MAX)
            return err_set(err, "the workloads together have more than "
                                "1000000 workers");
    }
    plan->workers = (int32_t)sum;
    return true;
}

static bool
make_workloads(struct plan *plan, const struct plan_candidate *candidates,
               size_t count, struct err *err)
{
    const struct options *options = plan->options;
    bool ok = true;
    if (options->workload != NULL && options->workload_count == 0 &&
        !options->single_run)
        return err_set(err, "--workload %.80s: there are no workloads",
                       options->workload);
    if (options->single_run)
        ok = plan_add_single_run(plan, candidates, err);
    else if (options->workload_count > 0)
        ok = plan_add_from_script(plan, candidates, count, err);
    else
        ok = plan_add_from_options(plan, err);
    return ok && number_workers(plan, err);
}

struct plan *
plan_create(const struct options *options,
            const struct plan_candidate *candidates, size_t count,
            struct err *err)
{
    struct plan *plan = xcalloc(1, sizeof(*plan));
    plan->options = options;
    if (!check_companions(options, err) ||
        !select_scenarios(plan, candidates, count, err)) {
        plan_destroy(plan);
        return NULL;
    }
    if (!make_workloads(plan, candidates, count, err) ||
        !cast_make_rooms(plan, err) || !count_shards(plan, err)) {
        plan_destroy(plan);
        return NULL;
    }
    return plan;
}

static void
workload_finish(struct plan_workload *workload)
{
    option_pairs_finish(workload->env, workload->env_count);
    option_pairs_finish(workload->tags, workload->tag_count);
    free(workload->choices);
    free(workload->turns);
    free(workload->stages);
    free(workload->name);
}

void
plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->workload_count; i++)
        workload_finish(&plan->workloads[i]);
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
plan_shard_of(const struct plan *plan, int32_t worker, int32_t shards)
{
    const struct plan_workload *workload = plan_workload_of(plan, worker);
    int32_t index = worker - workload->first_worker;
    int32_t number =
        workload->room_size > 0 ? cast_room_of(workload, index) : worker;
    return number % shards;
}

int32_t
plan_unreached_workers(const struct plan *plan)
{
    int32_t unreached = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        const struct executor_ops *executor = executor_find(workload->executor);
        if (workload->ramp_up == 0)
            continue;
        /* Starts are in the order of the workers. */
        for (int32_t index = workload->workers - 1; index >= 0; index--) {
            const struct executor_state start = {0};
            struct executor_due due =
                executor->next_run(workload, &start, index, 0, 0);
            if (due.answer != EXECUTOR_OVER)
                break;
            unreached++;
        }
    }
    return unreached;
}

nsec_t
plan_patience(const struct plan *plan)
{
    nsec_t patience = 0;
    for (size_t i = 0; i < plan->workload_count; i++)
        if (plan->workloads[i].graceful_stop > patience)
            patience = plan->workloads[i].graceful_stop;
    return patience;
}

nsec_t
plan_deadline(const struct plan *plan)
{
    nsec_t deadline = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        nsec_t end = nsec_add(workload->duration, workload->start);
        if (end > deadline)
            deadline = end;
    }
    return deadline;
}

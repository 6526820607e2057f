#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "plan/executor.h"
#include "plan/option_table.h"
#include "plan/plan_internal.h"

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
        !options->single_run) {
        char spelling[PLAN_SPELLING_SIZE];
        plan_spell(options, "workload", spelling);
        return err_set(err, "%s %.80s: there are no workloads", spelling,
                       options->workload);
    }
    if (options->single_run)
        ok = plan_add_single_run(plan, candidates, err);
    else if (options->workload_count > 0)
        ok = plan_add_from_workloads(plan, candidates, count, err);
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
        !plan_select_scenarios(plan, candidates, count, err)) {
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

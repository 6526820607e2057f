#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "plan/executor.h"
#include "plan/plan_internal.h"

void
plan_describe_time(struct buf *out, nsec_t t)
{
    char text[32];
    units_format_duration(t, text, sizeof(text));
    buf_append_str(out, text);
}

static const char *
plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* The number of workers, and when they come. */
static void
describe_workers(const struct plan *plan, const struct plan_workload *workload,
                 struct buf *out)
{
    buf_append_str(out, "  workers       ");
    switch (workload->executor) {
    case EXECUTOR_CONSTANT_WORKERS:
    case EXECUTOR_RUNS_PER_WORKER:
    case EXECUTOR_SHARED_RUNS:
    case EXECUTOR_SINGLE_RUN:
    case EXECUTOR_ROUND_RATE:
        buf_printf(out, "%" PRId32, workload->workers);
        break;
    case EXECUTOR_RAMPING_WORKERS:
        buf_printf(out, "%" PRId32 " at the start, at most %" PRId32,
                   workload->workers_at_start, workload->workers);
        break;
    case EXECUTOR_CONSTANT_RATE:
    case EXECUTOR_RAMPING_RATE:
        buf_printf(out, "at most %" PRId32 ", %" PRId32 " of them ready before",
                   workload->workers, workload->pre_allocated);
        break;
    case EXECUTOR_MANUAL:
        if (plan->options->sizing) {
            buf_printf(out,
                       "%" PRId32 " at the start, at most %" PRId32
                       "; half as many more after each step of ",
                       workload->workers_at_start, workload->workers);
            plan_describe_time(out, plan->options->sizing_step);
            break;
        }
        buf_printf(out,
                   "%" PRId32 " at the start, at most %" PRId32
                   "; SIGUSR1 adds %" PRId64 ", SIGUSR2 takes %" PRId64 " away",
                   workload->workers_at_start, workload->workers,
                   plan->options->manual_step, plan->options->manual_step);
        break;
    }
    if (workload->ramp_up > 0) {
        buf_append_str(out, ", started evenly over ");
        plan_describe_time(out, workload->ramp_up);
    }
    if (workload->room_size > 0)
        buf_printf(out, "\n  rooms         %" PRId32 " of %" PRId32 " worker%s",
                   workload->rooms, workload->room_size,
                   plural(workload->room_size));
    buf_append_str(out, "\n");
}

static void
describe_rate(const struct plan_workload *workload, struct buf *out)
{
    bool is_ramp = workload->executor == EXECUTOR_RAMPING_RATE;
    buf_append_str(out, "  rate          ");
    rate_describe(workload->rate, out);
    if (is_ramp)
        buf_append_str(out, " at the start");
    if (workload->executor == EXECUTOR_ROUND_RATE)
        buf_append_str(out, ", where all workers begin a run together");
    else
        buf_append_str(out, workload->arrival == ARRIVAL_POISSON
                                ? ", at random (poisson)"
                                : ", at even distances");
    buf_append_str(out, "\n");
}

static void
describe_stages(const struct plan_workload *workload, struct buf *out)
{
    for (size_t i = 0; i < workload->stage_count; i++) {
        const struct plan_stage *stage = &workload->stages[i];
        buf_printf(out, "%-16sto ", i == 0 ? "  stages" : "");
        stage_describe_target(stage->target, out);
        if (stage->duration > 0) {
            buf_append_str(out, " within ");
            plan_describe_time(out, stage->duration);
        } else {
            buf_append_str(out, " at once");
        }
        buf_append_str(out, "\n");
    }
}

static void
describe_total(const struct plan_workload *workload, struct buf *out)
{
    int64_t total = rate_walk_total(workload);
    if (workload->executor == EXECUTOR_ROUND_RATE) {
        buf_printf(out, "  runs          %" PRId64 " by each worker\n", total);
        return;
    }
    buf_printf(out, "  runs          %s%" PRId64 " in all; ",
               workload->arrival == ARRIVAL_POISSON ? "about " : "", total);
    if (workload->max_lag > 0) {
        buf_append_str(out, "one that no worker can start within ");
        plan_describe_time(out, workload->max_lag);
        buf_append_str(out, " is dropped\n");
    } else {
        buf_append_str(out, "one that finds no free worker is dropped\n");
    }
}

static void
describe_end(const struct plan_workload *workload, struct buf *out)
{
    bool has_runs = workload->max_runs > 0;
    bool has_time = workload->duration != NSEC_NEVER;
    buf_append_str(out, "  ends          ");
    if (workload->executor == EXECUTOR_SINGLE_RUN) {
        buf_append_str(out, "after each scenario has run once");
        has_runs = true;
    } else if (has_runs) {
        buf_printf(out, "after %" PRId64 " run%s %s", workload->max_runs,
                   plural(workload->max_runs),
                   workload->executor == EXECUTOR_SHARED_RUNS
                       ? "by all workers together"
                       : "per worker");
    } else if (has_time) {
        buf_append_str(out, "after ");
    } else {
        buf_append_str(out, "when it is stopped");
    }
    if (has_runs && has_time)
        buf_append_str(out, " or ");
    if (has_time)
        plan_describe_time(out, workload->duration);
    if (has_runs && has_time)
        buf_append_str(out, ", whichever is first");
    if (has_time && workload->start > 0)
        buf_append_str(out, " from then");
    buf_append_str(out, "\n");
}

static void
describe_delay(const struct plan_workload *workload, struct buf *out)
{
    if (workload->delay_high == 0)
        return;
    buf_append_str(out, "  delay         ");
    plan_describe_time(out, workload->delay_low);
    if (workload->delay_high > workload->delay_low) {
        buf_append_str(out, " to ");
        plan_describe_time(out, workload->delay_high);
    }
    buf_append_str(out, " after each run\n");
}

/* Which of the plan's scenarios, when workloads differ. */
static void
describe_choices(const struct plan *plan, const struct plan_workload *workload,
                 struct buf *out)
{
    double sum = 0;
    for (size_t i = 0; i < workload->choice_count; i++)
        sum += workload->choices[i].weight;
    buf_append_str(out, "  scenarios     ");
    for (size_t i = 0; i < workload->choice_count; i++) {
        const struct plan_choice *choice = &workload->choices[i];
        buf_printf(out, "%s%s", i > 0 ? ", " : "",
                   plan->scenarios[choice->scenario].name);
        if (workload->choice_count > 1)
            buf_printf(out, " (%.3g %%)", 100 * choice->weight / sum);
    }
    buf_append_str(out, "\n");
}

static void
describe_turns(const struct plan *plan, const struct plan_workload *workload,
               struct buf *out)
{
    for (size_t i = 0; i < workload->turn_count; i++) {
        const struct plan_turn *turn = &workload->turns[i];
        buf_printf(out, "%-16s%" PRId32 ". %s\n", i == 0 ? "  runs" : "",
                   turn->stage + 1, plan->scenarios[turn->scenario].name);
    }
}

/* Values of env may be secrets. */
static void
describe_pairs(const struct plan_workload *workload, struct buf *out)
{
    for (size_t i = 0; i < workload->tag_count; i++)
        buf_printf(out, "%-16s%s = %s\n", i == 0 ? "  tags" : "",
                   workload->tags[i].key, workload->tags[i].value);
    for (size_t i = 0; i < workload->env_count; i++)
        buf_printf(out, "%s%s%s", i == 0 ? "  env           " : ", ",
                   workload->env[i].key,
                   i + 1 == workload->env_count ? "\n" : "");
}

void
plan_describe_workload(const struct plan *plan,
                       const struct plan_workload *workload, struct buf *out)
{
    const struct executor_ops *executor = executor_find(workload->executor);
    buf_printf(out, "workload        %s (%s)\n", workload->name,
               executor->name);
    if (workload->start > 0) {
        buf_append_str(out, "  starts        after ");
        plan_describe_time(out, workload->start);
        buf_append_str(out, "\n");
    }
    describe_workers(plan, workload, out);
    if (executor->scheduled)
        describe_rate(workload, out);
    describe_stages(workload, out);
    if (executor->scheduled)
        describe_total(workload, out);
    describe_end(workload, out);
    describe_delay(workload, out);
    if (workload->graceful_stop != plan->options->graceful_stop) {
        buf_append_str(out, "  grace         ");
        plan_describe_time(out, workload->graceful_stop);
        buf_append_str(out, " for runs in flight at its end\n");
    }
    if (workload->executor == EXECUTOR_SINGLE_RUN)
        describe_turns(plan, workload, out);
    else if (plan->workload_count > 1)
        describe_choices(plan, workload, out);
    describe_pairs(workload, out);
}

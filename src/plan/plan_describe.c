#include "plan/plan.h"

#include <inttypes.h>

#include "base/units.h"

static void
describe_time(struct buf *out, nsec_t t)
{
    char text[32];
    units_format_duration(t, text, sizeof(text));
    buf_append_str(out, text);
}

static void
describe_workload(const struct plan_workload *workload, struct buf *out)
{
    buf_printf(out, "workload        %s (%s)\n", workload->name,
               executor_type_name(workload->executor));
    buf_printf(out, "  workers       %" PRId32, workload->workers);
    if (workload->ramp_up > 0) {
        buf_append_str(out, ", started evenly over ");
        describe_time(out, workload->ramp_up);
    }
    if (workload->room_size > 0)
        buf_printf(out, "\n  rooms         %" PRId32 " of %" PRId32 " worker%s",
                   workload->rooms, workload->room_size,
                   workload->room_size == 1 ? "" : "s");
    buf_append_str(out, "\n  ends          after ");
    if (workload->max_runs > 0)
        buf_printf(out, "%" PRId64 " run%s per worker", workload->max_runs,
                   workload->max_runs == 1 ? "" : "s");
    if (workload->max_runs > 0 && workload->duration != NSEC_NEVER)
        buf_append_str(out, " or ");
    if (workload->duration != NSEC_NEVER)
        describe_time(out, workload->duration);
    if (workload->max_runs > 0 && workload->duration != NSEC_NEVER)
        buf_append_str(out, ", whichever is first");
    buf_append_str(out, "\n");
    if (workload->delay_high == 0)
        return;
    buf_append_str(out, "  delay         ");
    describe_time(out, workload->delay_low);
    if (workload->delay_high > workload->delay_low) {
        buf_append_str(out, " to ");
        describe_time(out, workload->delay_high);
    }
    buf_append_str(out, " after each run\n");
}

static void
describe_scenarios(const struct plan *plan, struct buf *out)
{
    double sum = 0;
    for (size_t i = 0; i < plan->scenario_count; i++)
        sum += plan->scenarios[i].weight;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        const struct plan_scenario *scenario = &plan->scenarios[i];
        buf_printf(out, "%-16s%s", i == 0 ? "scenarios" : "", scenario->name);
        if (plan->scenario_count > 1)
            buf_printf(out, " (weight %g, %.3g %%)", scenario->weight,
                       100 * scenario->weight / sum);
        buf_append_str(out, "\n");
        if (scenario->cast.count == 0)
            continue;
        buf_append_str(out, "  roles         ");
        cast_describe(&scenario->cast, plan->workloads[0].room_size, out);
        buf_append_str(out, "\n");
    }
}

static void
describe_failing(const struct options *options, struct buf *out)
{
    buf_append_str(out, "fails           ");
    if (options->fail_percent >= 0)
        buf_printf(out, "from %g %% failed runs on", options->fail_percent);
    else if (options->threshold_count > 0 && !options_is_given(options, "fail"))
        buf_append_str(out, "by its thresholds");
    else if (options->fail_runs > 0)
        buf_printf(out, "from %" PRId64 " failed run%s on", options->fail_runs,
                   options->fail_runs == 1 ? "" : "s");
    else
        buf_append_str(out, "never");
    if (options->stop_on_failure)
        buf_append_str(out, "; stops at the first failed run");
    buf_append_str(out, "\n");
}

static void
describe_thresholds(const struct options *options, struct buf *out)
{
    for (size_t i = 0; i < options->threshold_count; i++) {
        const struct option_threshold *threshold = &options->thresholds[i];
        buf_printf(out, "%-16s%s", i == 0 ? "thresholds" : "",
                   threshold->expression);
        if (threshold->abort)
            buf_append_str(out, "; ends the test");
        if (threshold->after > 0) {
            buf_append_str(out, " after ");
            describe_time(out, threshold->after);
        }
        buf_append_str(out, "\n");
    }
}

static void
describe_waiting(const struct options *options, struct buf *out)
{
    buf_append_str(out, "grace           ");
    describe_time(out, options->graceful_stop);
    buf_append_str(out, " for runs in flight at the end\nwaits           ");
    if (options->wait_timeout > 0) {
        buf_append_str(out, "at most ");
        describe_time(out, options->wait_timeout);
    } else {
        buf_append_str(out, "without limit");
    }
    switch (options->on_deadlock) {
    case ON_DEADLOCK_STOP:
        buf_append_str(out, "; a deadlock stops the test\n");
        break;
    case ON_DEADLOCK_BREAK:
        buf_append_str(out, "; a deadlock is raised in those who wait\n");
        break;
    }
}

static void
describe_simulation(const struct options *options, struct buf *out)
{
    buf_append_str(out, "simulated       answers after ");
    describe_time(out, options->sim_latency_low);
    if (options->sim_latency_high > options->sim_latency_low) {
        buf_append_str(out, " to ");
        describe_time(out, options->sim_latency_high);
    }
    buf_printf(out, ", %g %% of them fail\n", options->sim_failures);
}

void
plan_describe(const struct plan *plan, struct buf *out)
{
    const struct options *options = plan->options;
    for (size_t i = 0; i < plan->workload_count; i++)
        describe_workload(&plan->workloads[i], out);
    int32_t unreached = plan_unreached_workers(plan);
    if (unreached > 0)
        buf_printf(out,
                   "                %" PRId32 " of them never start: the "
                   "ramp-up is longer than the run\n",
                   unreached);
    describe_scenarios(plan, out);
    describe_failing(options, out);
    describe_thresholds(options, out);
    describe_waiting(options, out);
    buf_append_str(out, "requests        at most ");
    describe_time(out, options->timeout);
    buf_append_str(out, options->insecure ? ", any TLS certificate\n" : "\n");
    if (options->sim)
        describe_simulation(options, out);
    if (options->base_url != NULL)
        buf_printf(out, "base URL        %s\n", options->base_url);
    for (size_t i = 0; i < options->headers.count; i++)
        buf_printf(out, "%-16s%s\n", i == 0 ? "headers" : "",
                   options->headers.items[i]);
    for (size_t i = 0; i < options->tag_count; i++)
        buf_printf(out, "%-16s%s = %s\n", i == 0 ? "tags" : "",
                   options->tags[i].key, options->tags[i].value);
    for (size_t i = 0; i < options->outputs.count; i++)
        buf_printf(out, "%-16s%s\n", i == 0 ? "outputs" : "",
                   options->outputs.items[i]);
    if (options->timeline != NULL)
        buf_printf(out, "timeline        %s\n", options->timeline);
    if (options->seed_given)
        buf_printf(out, "seed            %" PRIu64 "\n", options->seed);
}

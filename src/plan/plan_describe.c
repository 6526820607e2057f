#include "plan/plan_internal.h"

#include <inttypes.h>
#include <string.h>

/* Of the rooms of the first workload that runs it. */
static int32_t
room_size_of(const struct plan *plan, size_t scenario)
{
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        for (size_t j = 0; j < workload->choice_count; j++)
            if (workload->choices[j].scenario == scenario)
                return workload->room_size;
    }
    return 0;
}

static void
describe_weight(const struct plan_workload *workload, size_t scenario,
                double sum, struct buf *out)
{
    for (size_t i = 0; i < workload->choice_count; i++) {
        double weight = workload->choices[i].weight;
        if (workload->choices[i].scenario == scenario)
            buf_printf(out, " (weight %g, %.3g %%)", weight,
                       100 * weight / sum);
    }
}

static void
describe_scenarios(const struct plan *plan, struct buf *out)
{
    double sum = 0;
    for (size_t i = 0; i < plan->workloads[0].choice_count; i++)
        sum += plan->workloads[0].choices[i].weight;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        const struct plan_scenario *scenario = &plan->scenarios[i];
        buf_printf(out, "%-16s%s", i == 0 ? "scenarios" : "", scenario->name);
        if (plan->scenario_count > 1 && plan->workload_count == 1 &&
            plan->workloads[0].executor != EXECUTOR_SINGLE_RUN)
            describe_weight(&plan->workloads[0], i, sum, out);
        buf_append_str(out, "\n");
        if (scenario->cast.count == 0)
            continue;
        buf_append_str(out, "  roles         ");
        cast_describe(&scenario->cast, room_size_of(plan, i), out);
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
            plan_describe_time(out, threshold->after);
        }
        buf_append_str(out, "\n");
    }
}

static void
describe_waiting(const struct options *options, struct buf *out)
{
    buf_append_str(out, "grace           ");
    plan_describe_time(out, options->graceful_stop);
    buf_append_str(out, " for runs in flight at the end\nwaits           ");
    if (options->wait_timeout > 0) {
        buf_append_str(out, "at most ");
        plan_describe_time(out, options->wait_timeout);
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
    plan_describe_time(out, options->sim_latency_low);
    if (options->sim_latency_high > options->sim_latency_low) {
        buf_append_str(out, " to ");
        plan_describe_time(out, options->sim_latency_high);
    }
    buf_printf(out, ", %g %% of them fail\n", options->sim_failures);
}

/* Without "user:password@". */
static void
describe_base_url(const char *url, struct buf *out)
{
    const char *host = strstr(url, "://") + strlen("://");
    size_t size = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', size);
    buf_printf(out, "base URL        %.*s%s%s\n", (int)(host - url), url,
               at != NULL ? "***" : "", at != NULL ? at : host);
}

/* Their names only: values may be credentials. */
static void
describe_headers(const struct option_list *headers, struct buf *out)
{
    for (size_t i = 0; i < headers->count; i++) {
        const char *header = headers->items[i];
        buf_printf(out, "%s%.*s%s", i == 0 ? "headers         " : ", ",
                   (int)strcspn(header, ":"), header,
                   i + 1 == headers->count ? "\n" : "");
    }
}

/* Which options each source gave, the strongest first. */
static void
describe_sources(const struct options *options, struct buf *out)
{
    static const struct {
        enum option_source source;
        const char *name;
    } rows[] = {
        {OPTION_COMMAND_LINE, "command line"},
        {OPTION_ENVIRONMENT, "environment"},
        {OPTION_SCRIPT, "molo.options"},
        {OPTION_CONFIG, "config file"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct option_list names = {0};
        options_list_given(options, rows[i].source, &names);
        if (names.count > 0)
            buf_printf(out, "%-16s", rows[i].name);
        for (size_t j = 0; j < names.count; j++)
            buf_printf(out, "%s%s", names.items[j],
                       j + 1 < names.count ? ", " : "\n");
        option_list_finish(&names);
    }
}

void
plan_describe(const struct plan *plan, struct buf *out)
{
    const struct options *options = plan->options;
    for (size_t i = 0; i < plan->workload_count; i++)
        plan_describe_workload(plan, &plan->workloads[i], out);
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
    plan_describe_time(out, options->timeout);
    buf_append_str(out, options->insecure ? ", any TLS certificate\n" : "\n");
    if (options->sim)
        describe_simulation(options, out);
    if (options->base_url != NULL)
        describe_base_url(options->base_url, out);
    describe_headers(&options->headers, out);
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
    describe_sources(options, out);
}

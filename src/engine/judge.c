#include "engine/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/ending.h"

#define INTERVAL NSEC_PER_SEC
/* In the cause; the section about thresholds has all. */
#define MAX_NAMED 2

bool
judge_load(struct engine *engine, struct err *err)
{
    const struct options *options = engine->options;
    size_t count = options->threshold_count;
    engine->thresholds = xcalloc(count, sizeof(engine->thresholds[0]));
    for (size_t i = 0; i < count; i++) {
        const struct option_threshold *option = &options->thresholds[i];
        struct threshold *threshold = &engine->thresholds[i];
        if (!threshold_init(threshold, option->expression,
                            script_metrics(engine->scripts[0]), err))
            return err_prefix(err, "%.200s", option->where);
        threshold->abort = option->abort;
        threshold->after = option->after;
        engine->threshold_count = i + 1;
    }
    return true;
}

void
judge_finish(struct engine *engine)
{
    for (size_t i = 0; i < engine->threshold_count; i++)
        threshold_finish(&engine->thresholds[i]);
    free(engine->thresholds);
    engine->thresholds = NULL;
    engine->threshold_count = 0;
}

/* --- while it runs --- */

static bool
may_abort(const struct engine *engine)
{
    for (size_t i = 0; i < engine->threshold_count; i++) {
        if (engine->thresholds[i].abort)
            return true;
    }
    return false;
}

static void
on_measured(struct engine *engine)
{
    if (engine->phase != ENGINE_RUN)
        return;
    nsec_t now = clock_now();
    struct snapshot *snapshot = engine_take_snapshot(engine);
    bool end = false;
    for (size_t i = 0; i < engine->threshold_count; i++) {
        struct threshold *threshold = &engine->thresholds[i];
        if (!threshold_check(threshold, snapshot, now - engine->started_at))
            continue;
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(threshold, value);
        log_error("threshold %s failed (%s): ending the test",
                  threshold->expression, value);
        end = true;
    }
    snapshot_destroy(snapshot);
    if (end)
        ending_begin(engine, "threshold");
    else
        timer_start(&engine->check, nsec_add(now, INTERVAL));
}

static void
on_check(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, check);
    fleet_measure(engine->fleet, on_measured);
}

void
judge_init(struct engine *engine)
{
    timer_init(&engine->check, engine->loop, on_check);
}

void
judge_start(struct engine *engine)
{
    if (may_abort(engine))
        timer_start(&engine->check, nsec_add(clock_now(), INTERVAL));
}

void
judge_stop(struct engine *engine)
{
    timer_stop(&engine->check);
}

/* --- the verdict --- */

static void
judge_thresholds(struct engine *engine)
{
    struct result *result = &engine->result;
    size_t failed = 0;
    struct buf text = {0};
    for (size_t i = 0; i < engine->threshold_count; i++) {
        struct threshold *threshold = &engine->thresholds[i];
        threshold_judge(threshold, engine->snapshot, result->duration);
        if (threshold->ok)
            continue;
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(threshold, value);
        if (++failed <= MAX_NAMED)
            buf_printf(&text, "%s%s (%s)", failed > 1 ? ", " : "",
                       threshold->expression, value);
    }
    if (failed > MAX_NAMED)
        buf_append_str(&text, ", ...");
    if (engine->options->sizing)
        failed = 0; /* where they fail is the result */
    if (failed == 1)
        result_add_cause(result, EXIT_CODE_THRESHOLD, "threshold failed: %s",
                         text.data);
    else if (failed > 1)
        result_add_cause(result, EXIT_CODE_THRESHOLD,
                         "%zu of %zu thresholds failed: %s", failed,
                         engine->threshold_count, text.data);
    buf_finish(&text);
    result->thresholds = engine->thresholds;
    result->threshold_count = engine->threshold_count;
}

static void
judge_failed_runs(struct engine *engine)
{
    const struct options *options = engine->options;
    const struct snapshot *s = engine->snapshot;
    if (s->runs_failed == 0)
        return;
    /* Who sets thresholds says with them what counts. */
    if (options->threshold_count > 0 && !options_is_given(options, "fail"))
        return;
    /* It looks for the load at which runs begin to fail. */
    if (options->sizing && !options_is_given(options, "fail"))
        return;
    uint64_t done = s->runs_ok + s->runs_failed;
    bool failed = options->fail_percent >= 0
                      ? (double)s->runs_failed * 100 >=
                            options->fail_percent * (double)done
                      : options->fail_runs >= 0 &&
                            s->runs_failed >= (uint64_t)options->fail_runs;
    if (failed)
        result_add_cause(&engine->result, EXIT_CODE_FAILED,
                         "%llu of %llu runs failed",
                         (unsigned long long)s->runs_failed,
                         (unsigned long long)s->runs_started);
}

/* What a test of which nothing came would say otherwise is that nothing failed.
 * Who ends it early has his reasons. */
static void
judge_setups(struct engine *engine)
{
    const char *ended_by = engine->result.ended_by;
    if (engine->snapshot->runs_started > 0 || engine->fleet == NULL ||
        fleet_figures(engine->fleet).late_setups == 0)
        return;
    if (strcmp(ended_by, "duration") == 0 || strcmp(ended_by, "completed") == 0)
        result_add_cause(&engine->result, EXIT_CODE_SETUP,
                         "setup: no worker was ready to begin a run before the "
                         "time for runs was over");
}

void
judge_result(struct engine *engine)
{
    judge_setups(engine);
    judge_failed_runs(engine);
    if (!engine->judged)
        judge_thresholds(engine);
    engine->judged = true;
}

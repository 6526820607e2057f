#include "engine/engine.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/driver.h"
#include "engine/judge.h"
#include "engine/notices.h"
#include "engine/output_thread.h"
#include "http/transport.h"
#include "output/text.h"
#include "plan/executor.h"

/* Descriptors of a worker with one connection: its own and its multi's two. */
#define FDS_PER_WORKER 3
/* Of a loop: its poll and its wake-up. */
#define FDS_PER_SHARD 2
#define FDS_OF_PROCESS 32

static struct plan *
make_plan(const struct script *script, const struct options *options,
          struct err *err)
{
    size_t count = script_scenario_count(script);
    struct plan_candidate *candidates = xcalloc(count, sizeof(*candidates));
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct plan_candidate){
            .name = script_scenario_name(script, i),
            .weight = script_scenario_weight(script, i),
            .cast = script_scenario_cast(script, i),
            .family = script_scenario_family(script, i),
            .group = script_scenario_group(script, i),
        };
        candidates[i].tag_count =
            script_scenario_tags(script, i, &candidates[i].tags);
    }
    struct plan *plan = plan_create(options, candidates, count, err);
    free(candidates);
    return plan;
}

static struct script *
add_script(struct engine *engine)
{
    struct script *script = script_create(engine->options->max_lua_memory);
    engine->scripts = xrealloc(engine->scripts, (engine->script_count + 1) *
                                                    sizeof(engine->scripts[0]));
    engine->scripts[engine->script_count++] = script;
    return script;
}

/* What a pipe gives, it gives once, and who opens it again may wait for ever.
 */
static bool
check_rereadable(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return err_set(err,
                       "'%s' can be read once, and each thread loads the "
                       "scenario for itself: save it to a file, or use -t 1",
                       path);
    return true;
}

/* One script for each shard. Loading is running the file, so that all of them
 * must come to the same. */
static bool
load_for_shards(struct engine *engine, struct err *err)
{
    if (engine->plan->shards > 1 &&
        !check_rereadable(engine->scenario_path, err))
        return false;
    while (engine->script_count < (size_t)engine->plan->shards) {
        struct script *script = add_script(engine);
        if (!script_load_again(script, engine->scripts[0], engine->options,
                               err))
            return false;
    }
    return true;
}

struct engine *
engine_create(const char *scenario_path, struct options *options,
              struct err *err)
{
    struct engine *engine = xcalloc(1, sizeof(*engine));
    engine->options = options;
    engine->scenario_path = xstrdup(scenario_path);
    pthread_mutex_init(&engine->outputs_mutex, NULL);
    if (!script_load(add_script(engine), scenario_path, options, err))
        goto fail;
    engine->plan = make_plan(engine->scripts[0], options, err);
    if (!engine->plan || !judge_load(engine, err) ||
        !load_for_shards(engine, err))
        goto fail;
    return engine;
fail:
    engine_destroy(engine);
    return NULL;
}

static void
stop_parts(struct engine *engine)
{
    out_live_destroy(engine->live);
    engine->live = NULL;
    if (engine->fleet)
        fleet_stop(engine->fleet);
    hub_destroy(engine->hub);
    engine->hub = NULL;
    if (engine->loop)
        loop_destroy(engine->loop);
    engine->loop = NULL;
}

void
engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    stop_parts(engine);
    fleet_destroy(engine->fleet);
    for (size_t i = 0; i < engine->script_count; i++)
        script_destroy(engine->scripts[i]);
    free(engine->scripts);
    judge_finish(engine);
    sizing_finish(engine);
    intervals_finish(engine);
    recorder_destroy(engine->hub_recorder);
    snapshot_destroy(engine->snapshot);
    health_destroy(engine->health);
    plan_destroy(engine->plan);
    pthread_mutex_destroy(&engine->outputs_mutex);
    free(engine->scenario_path);
    free(engine);
}

const struct plan *
engine_plan(const struct engine *engine)
{
    return engine->plan;
}

void
engine_check(const struct engine *engine,
             void (*tell)(void *data, const char *text), void *data)
{
    script_tell_assigns(engine->scripts[0], tell, data);
}

void
engine_list(const struct engine *engine, struct buf *out)
{
    const struct plan *plan = engine->plan;
    struct buf *lines = xcalloc(plan->scenario_count, sizeof(*lines));
    size_t width = 0;
    for (size_t i = 0; i < plan->scenario_count; i++) {
        text_append_printable(&lines[i], plan->scenarios[i].name);
        if (text_width(lines[i].data) > width)
            width = text_width(lines[i].data);
    }
    for (size_t i = 0; i < plan->scenario_count; i++) {
        size_t gap = width - text_width(lines[i].data) + 2;
        buf_printf(&lines[i], "%*s", (int)gap, "");
        script_describe_scenario(engine->scripts[0],
                                 plan->scenarios[i].candidate, &lines[i]);
        buf_printf(out, "%s\n", lines[i].data);
        buf_finish(&lines[i]);
    }
    free(lines);
}

static void
tell_order(const struct engine *engine)
{
    const struct plan *plan = engine->plan;
    struct buf order = {0};
    for (size_t i = 0; i < plan->scenario_count; i++)
        buf_printf(&order, "%s%s", i > 0 ? ", " : "", plan->scenarios[i].name);
    log_info("order of the scenarios (seed %llu): %s",
             (unsigned long long)engine->options->seed, order.data);
    buf_finish(&order);
}

static void
warn_of_descriptors(const struct engine *engine)
{
    uint64_t limit = health_raise_descriptor_limit();
    uint64_t need = (uint64_t)engine->plan->workers * FDS_PER_WORKER +
                    (uint64_t)engine->plan->shards * FDS_PER_SHARD +
                    FDS_OF_PROCESS;
    if (limit < need)
        log_warning("%d workers need about %llu descriptors, the limit is "
                    "%llu: raise it with ulimit -n, or requests will fail "
                    "with kind 'generator'",
                    (int)engine->plan->workers, (unsigned long long)need,
                    (unsigned long long)limit);
}

static enum hub_on_deadlock
on_deadlock_do(const struct options *options)
{
    switch (options->on_deadlock) {
    case ON_DEADLOCK_STOP:
        return HUB_DEADLOCK_STOP;
    case ON_DEADLOCK_BREAK:
        return HUB_DEADLOCK_BREAK;
    }
    return HUB_DEADLOCK_STOP;
}

/* Workers that act together: a room, or all of a workload. */
static void
add_cohorts(struct hub *hub, const struct plan_workload *workload)
{
    const struct executor_ops *executor = executor_find(workload->executor);
    if (executor->open || executor->type == EXECUTOR_MANUAL) {
        hub_add_pool(hub, workload->name, workload->first_worker,
                     workload->workers);
        return;
    }
    if (workload->room_size == 0) {
        hub_add_cohort(hub, workload->name, workload->first_worker,
                       workload->workers, executor->has_cohort);
        if (executor->type == EXECUTOR_SHARED_RUNS)
            hub_limit_runs(hub, workload->name, workload->max_runs);
        return;
    }
    for (int32_t i = 0; i < workload->workers; i += workload->room_size)
        hub_add_room(hub, workload->name, cast_room_of(workload, i) + 1,
                     workload->first_worker + i, workload->room_size);
}

static bool
start_parts(struct engine *engine, struct err *err)
{
    const struct options *options = engine->options;
    engine->loop = loop_create(err);
    if (!engine->loop)
        return false;
    engine->hub_recorder = recorder_create();
    engine->health = health_create();
    intervals_init(engine);
    engine->hub = hub_create(&(struct hub_config){
        .on_reply = notices_on_reply,
        .on_deadlock = notices_on_deadlock,
        .on_round_end = notices_on_round_end,
        .on_history = engine->timeline ? notices_on_history : NULL,
        .data = engine,
        .on_deadlock_do = on_deadlock_do(options),
        .wait_timeout = options->wait_timeout > 0 ? options->wait_timeout
                                                  : HUB_TIMEOUT_NONE,
        .recorder = engine->hub_recorder,
    });
    for (size_t i = 0; i < engine->plan->workload_count; i++)
        add_cohorts(engine->hub, &engine->plan->workloads[i]);
    engine->fleet = fleet_create(engine, err);
    return engine->fleet != NULL;
}

static void
start_outputs(struct engine *engine)
{
    if (engine->outputs == NULL)
        return;
    engine->result.plan = engine->plan;
    engine->result.scenario_path = engine->scenario_path;
    outputs_start(engine->outputs, &engine->result);
    if (!clock_is_virtual())
        engine->output_thread = output_thread_start(engine->outputs);
}

static void
stop_outputs(struct engine *engine)
{
    output_thread_stop(engine->output_thread);
    engine->output_thread = NULL;
}

static void
lose_timeline(struct engine *engine, const struct err *err)
{
    log_error("%s", err->message);
    result_add_cause(&engine->result, EXIT_CODE_OUTPUT, "%s", err->message);
}

static void
open_timeline(struct engine *engine)
{
    struct err err;
    if (!engine->options->timeline)
        return;
    engine->timeline = timeline_open(engine->options->timeline, &err);
    engine->timeline_start = clock_now();
    if (!engine->timeline)
        lose_timeline(engine, &err);
}

static void
close_timeline(struct engine *engine)
{
    struct err err;
    if (!timeline_close(engine->timeline, &err))
        lose_timeline(engine, &err);
    engine->timeline = NULL;
}

const struct result *
engine_run(struct engine *engine)
{
    struct err err;
    clock_wall_iso8601(engine->result.started_at,
                       sizeof(engine->result.started_at));
    if (engine->options->shuffle)
        tell_order(engine);
    if (engine->options->sim)
        clock_make_virtual();
    else
        warn_of_descriptors(engine);
    engine->started_at = clock_now(); /* of nothing, should there be no more */
    open_timeline(engine);
    start_outputs(engine);
    if (!start_parts(engine, &err)) {
        close_timeline(engine);
        stop_outputs(engine);
        log_error("%s", err.message);
        result_add_cause(&engine->result, EXIT_CODE_SETUP, "%s", err.message);
        engine_make_result(engine);
        return &engine->result;
    }
    engine->live =
        out_live_create(stderr, engine->options->progress,
                        !engine->options->no_color && isatty(STDERR_FILENO));
    driver_run(engine);
    close_timeline(engine);
    stop_outputs(engine);
    engine_make_result(engine);
    stop_parts(engine);
    return &engine->result;
}

void
engine_set_outputs(struct engine *engine, struct outputs *outputs)
{
    engine->outputs = outputs;
}

void
engine_set_on_stuck(struct engine *engine,
                    void (*callback)(const struct result *result, void *data),
                    void *data)
{
    engine->on_stuck = callback;
    engine->on_stuck_data = data;
}

void
engine_add_cause(struct engine *engine, enum exit_code code, const char *text)
{
    result_add_cause(&engine->result, code, "%s", text);
}

void
engine_versions(struct buf *out)
{
    buf_printf(out, "%s\n", script_lua_version());
    buf_printf(out, "%s\n", transport_curl_version());
    char version[32];
    loop_library_version(version, sizeof(version));
    buf_printf(out, "%s\n", version);
    buf_printf(out, "jansson %s\n", jansson_version_str());
}

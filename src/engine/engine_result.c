#include <unistd.h>

#include "base/log.h"
#include "engine/ending.h"
#include "engine/engine_internal.h"
#include "engine/judge.h"
#include "engine/output_thread.h"
#include "engine/stuck.h"

/* The result of a test: at its end, for its global teardown, and when there is
 * no end to come. */

struct snapshot *
engine_take_snapshot(const struct engine *engine)
{
    struct snapshot *snapshot = snapshot_create();
    if (engine->fleet)
        snapshot_merge(snapshot, fleet_snapshot(engine->fleet));
    if (engine->hub_recorder)
        snapshot_merge(snapshot, recorder_snapshot(engine->hub_recorder));
    return snapshot;
}

static void
report_generator(struct engine *engine)
{
    const struct intervals *intervals = &engine->intervals;
    struct result *result = &engine->result;
    struct result_generator *generator = &result->generator;
    if (engine->fleet) {
        struct shard_figures figures = fleet_figures(engine->fleet);
        if (!clock_is_virtual()) {
            health_report(engine->health, generator);
            fleet_add_report(engine->fleet, generator);
        }
        generator->shortages = figures.shortages;
        generator->gc_cycles = figures.gc_cycles;
    }
    generator->lua_memory = intervals->most_lua_memory;
    generator->saturated = verdict_is_saturated(&intervals->verdict);
    result->verdict = &intervals->verdict;
    result->intervals = &intervals->list;
    result->outputs = engine->outputs;
    if (!engine->options->strict || !generator->saturated)
        return;
    struct buf text = {0};
    verdict_text(&intervals->verdict, &text);
    result_add_cause(result, EXIT_CODE_SATURATED, "%s", text.data);
    buf_finish(&text);
}

void
engine_make_result(struct engine *engine)
{
    snapshot_destroy(engine->snapshot);
    engine->snapshot = engine_take_snapshot(engine);
    struct result *result = &engine->result;
    nsec_t end = engine->ended_at > 0 ? engine->ended_at : clock_now();
    result->duration = end - engine->started_at;
    result->plan = engine->plan;
    result->snapshot = engine->snapshot;
    result->scenario_path = engine->scenario_path;
    if (!result->ended_by)
        result->ended_by = "completed";
    report_generator(engine);
    judge_result(engine);
}

/* With several shards nothing need have told this test to end. */
static void
add_stuck_cause(struct engine *engine)
{
    struct result *result = &engine->result;
    if (signals_count() == 0) {
        result_add_cause(result, EXIT_CODE_FAILED, STUCK_CAUSE);
        return;
    }
    result->ended_by = "signal";
    ending_add_signal(engine);
}

/* A script stands where Lua cannot be stopped: whatever is written now is
 * written. With one shard that is from the signal handler that interrupted the
 * script, or never. */
void
engine_on_stuck(void *data)
{
    struct engine *engine = data;
    log_error("a script holds the loop where Lua cannot be stopped: writing "
              "the results and ending");
    add_stuck_cause(engine);
    if (engine->ended_at == 0)
        engine->ended_at = clock_now();
    fleet_give_up_runs(engine->fleet);
    intervals_close(engine);
    output_thread_stop(engine->output_thread);
    engine->output_thread = NULL;
    engine_make_result(engine);
    if (engine->timeline)
        timeline_flush(engine->timeline);
    if (engine->on_stuck)
        engine->on_stuck(&engine->result, engine->on_stuck_data);
    _exit((int)result_exit_code(&engine->result));
}

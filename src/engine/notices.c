#include "engine/notices.h"

#include "base/log.h"
#include "engine/driver.h"
#include "engine/ending.h"

/* --- the hub --- */

void
notices_on_reply(void *data, const struct hub_reply *reply)
{
    struct engine *engine = data;
    /* Nobody waits for what a script declares when it is attached. */
    if (engine->fleet)
        fleet_reply(engine->fleet, reply);
}

void
notices_on_deadlock(void *data, const char *report, bool stop)
{
    struct engine *engine = data;
    log_error("%s", report);
    if (!stop)
        return;
    result_add_cause(&engine->result, EXIT_CODE_DEADLOCK,
                     "deadlock: see the report above");
    /* Called by the hub, which may not be called back. */
    engine->deadlocked = true;
}

void
notices_on_round_end(void *data, enum hub_object_type type, const char *name,
                     int64_t step, int64_t round)
{
    struct engine *engine = data;
    if (script_listens(engine->scripts[0], EVENT_ROUND_END))
        fleet_tell_first(engine->fleet, &(struct command){
                                            .type = COMMAND_ROUND_END,
                                            .name = name,
                                            .step = step,
                                            .round = round,
                                        });
}

void
notices_on_history(void *data, const struct hub_event *event)
{
    struct engine *engine = data;
    if (engine->timeline == NULL)
        return;
    timeline_write(
        engine->timeline,
        &(struct timeline_event){
            .at = event->at - engine->timeline_start,
            .what = event->what,
            .worker = event->id.worker,
            .task = event->id.task,
            .type = event->name ? hub_object_type_name(event->type) : NULL,
            .name = event->name,
            .op = event->op,
            .where = event->where,
            .room = event->room - 1,
            .step = event->step,
            .round = event->round,
            .waited = event->waited > 0 ? event->waited : -1,
            .failed = event->failed,
        });
}

/* --- the shards --- */

static void
on_stop(void *data, const char *reason)
{
    struct engine *engine = data;
    log_info("stopping: %s", reason);
    ending_begin(engine, "stopped by the script");
}

static void
on_abort(void *data, const char *reason)
{
    struct engine *engine = data;
    log_error("aborted: %s", reason);
    result_add_cause(&engine->result, EXIT_CODE_FAILED, "aborted: %s", reason);
    engine->aborted = true;
    ending_begin(engine, "aborted");
    ending_start_grace(engine, 0);
}

static void
on_run_failed(void *data)
{
    struct engine *engine = data;
    if (engine->options->stop_on_failure)
        ending_begin(engine, "stopped on the first failure");
}

static void
on_fixture_failed(void *data, enum worker_phase phase)
{
    struct engine *engine = data;
    if (phase == PHASE_TEARDOWN || phase == PHASE_TEARDOWN_SESSION ||
        phase == PHASE_GLOBAL_TEARDOWN) {
        result_add_cause(&engine->result, EXIT_CODE_FAILED, "%s failed",
                         worker_phase_name(phase));
        return;
    }
    result_add_cause(&engine->result, EXIT_CODE_SETUP, "%s failed",
                     worker_phase_name(phase));
    ending_begin(engine, "setup failed");
}

static void
on_time_over(void *data)
{
    ending_time_over(data);
}

static void
on_workload_over(void *data, const struct plan_workload *workload)
{
    struct engine *engine = data;
    log_verbose("workload '%s' is over", workload->name);
    hub_drain_workload(engine->hub, workload->name, clock_now());
}

static void
stop_waits(void *data, int32_t first, int32_t count, bool teardowns)
{
    struct engine *engine = data;
    hub_stop_workers(engine->hub, first, count, teardowns, clock_now());
}

static void
on_global_over(void *data, struct value *value)
{
    driver_on_all_ended(data);
}

struct shard_host
notices_shard_host(struct engine *engine)
{
    const struct outputs *outputs = engine->outputs;
    bool requests = outputs != NULL && outputs_want_requests(outputs);
    bool errors = outputs != NULL && outputs_want_errors(outputs);
    return (struct shard_host){
        .data = engine,
        .on_call_over = ending_notice_signals,
        .on_run_failed = on_run_failed,
        .on_fixture_failed = on_fixture_failed,
        .on_time_over = on_time_over,
        .on_workload_over = on_workload_over,
        .stop_waits = stop_waits,
        .on_global_over = on_global_over,
        .on_stop = on_stop,
        .on_abort = on_abort,
        .on_request = requests ? intervals_on_request : NULL,
        .on_error = errors ? intervals_on_error : NULL,
    };
}

#include "engine/driver.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "engine/ending.h"
#include "engine/judge.h"
#include "engine/progress.h"

/* How long the workers that are to be ready before the runs may take. */
#define PREPARE_PATIENCE (60 * NSEC_PER_SEC)

static void begin_setup(struct engine *engine);
static void begin_workers(struct engine *engine);
static void begin_runs(struct engine *engine);
static void begin_global_teardown(struct engine *engine);

static void
on_time_over(void *data)
{
    ending_begin(data, "duration");
}

static void
on_deadline(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, deadline);
    if (engine->phase != ENGINE_PREPARE) {
        on_time_over(engine);
        return;
    }
    result_add_cause(&engine->result, EXIT_CODE_SETUP,
                     "setup: workers of a rate (pre_allocated) were not ready "
                     "after %d s",
                     (int)(PREPARE_PATIENCE / NSEC_PER_SEC));
    ending_begin(engine, "setup failed");
}

/* --- what the hub and the script tell --- */

void
driver_on_reply(void *data, const struct hub_reply *reply)
{
    struct engine *engine = data;
    if (reply->id.worker != HUB_GLOBAL)
        shard_on_reply(engine->shard, reply);
    else if (engine->global)
        worker_on_reply(engine->global, reply);
}

void
driver_on_deadlock(void *data, const char *report, bool stop)
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
driver_on_round_end(void *data, enum hub_object_type type, const char *name,
                    int64_t step, int64_t round)
{
    struct engine *engine = data;
    if (!script_listens(engine->script, EVENT_ROUND_END))
        return;
    script_emit(engine->script, &(struct event){
                                    .type = EVENT_ROUND_END,
                                    .name = name,
                                    .step = step,
                                    .round = round,
                                    .duration = -1,
                                });
}

void
driver_on_history(void *data, const struct hub_event *event)
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

void
driver_on_stop(void *data, const char *reason)
{
    struct engine *engine = data;
    log_info("stopping: %s", reason);
    ending_begin(engine, "stopped by the script");
}

void
driver_on_abort(void *data, const char *reason)
{
    struct engine *engine = data;
    log_error("aborted: %s", reason);
    result_add_cause(&engine->result, EXIT_CODE_FAILED, "aborted: %s", reason);
    engine->aborted = true;
    ending_begin(engine, "aborted");
    ending_start_grace(engine, 0);
}

void
driver_on_threshold(struct engine *engine)
{
    ending_begin(engine, "threshold");
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
on_ready(void *data)
{
    struct engine *engine = data;
    engine->ready = true;
}

static void
on_all_ended(void *data)
{
    struct engine *engine = data;
    engine->all_ended = true;
}

void
driver_on_call_done(void *data, struct worker *worker,
                    const struct call_result *result)
{
    struct engine *engine = data;
    ending_notice_signals(engine);
    if (result->parked)
        log_warning("%s of worker %d did not yield and was taken down%s%s",
                    worker_phase_name(worker->phase), (int)worker->id,
                    result->where[0] ? " at " : "", result->where);
    if (worker->id != HUB_GLOBAL) {
        shard_on_call_done(worker, result);
        return;
    }
    if (result->status == CALL_FAILED && !result->stopped) {
        shard_report_error(engine->recorder, worker, result,
                           engine->started_at);
        on_fixture_failed(engine, worker->phase);
    }
    /* The worker is in use further up: it goes with the next turn. */
    engine->all_ended = true;
}

/* --- phases --- */

static struct worker *
start_global(struct engine *engine, enum worker_phase phase)
{
    engine->global = worker_create(engine->script, HUB_GLOBAL, -1, NULL, NULL);
    hub_submit(engine->hub,
               &(struct hub_op){
                   .type = HUB_OP_WORKER_START,
                   .id.worker = HUB_GLOBAL,
               },
               clock_now());
    worker_call(engine->global, phase, 0);
    return engine->global;
}

static void
end_global(struct engine *engine)
{
    if (!engine->global)
        return;
    hub_submit(engine->hub,
               &(struct hub_op){
                   .type = HUB_OP_WORKER_END,
                   .id.worker = HUB_GLOBAL,
               },
               clock_now());
    worker_destroy(engine->global);
    engine->global = NULL;
}

static void
on_precheck_over(void *data, const char *failure)
{
    struct engine *engine = data;
    if (failure) {
        log_error("%s", failure);
        result_add_cause(&engine->result, EXIT_CODE_SETUP, "%s", failure);
        engine->result.ended_by = "precheck failed";
        ending_before_setup(engine);
        return;
    }
    precheck_destroy(engine->precheck);
    engine->precheck = NULL;
    begin_setup(engine);
}

static void
begin_precheck(struct engine *engine)
{
    struct err err;
    engine->started_at = clock_now();
    log_verbose("waiting for %s to answer", engine->options->precheck);
    engine->precheck = precheck_create(
        engine->loop, engine->transport, engine->options,
        &(struct precheck_host){.data = engine, .on_over = on_precheck_over},
        &err);
    if (engine->precheck)
        return;
    char *text = xasprintf("precheck: %s", err.message);
    on_precheck_over(engine, text);
    free(text);
}

static void
begin_setup(struct engine *engine)
{
    engine->phase = ENGINE_SETUP;
    engine->started_at = clock_now();
    script_set_started_at(engine->script, engine->started_at);
    if (script_has_fixture(engine->script, PHASE_GLOBAL_SETUP))
        start_global(engine, PHASE_GLOBAL_SETUP);
    else
        begin_workers(engine);
}

/* The workers that a rate wants to have ready before it starts. */
static void
begin_workers(struct engine *engine)
{
    engine->phase = ENGINE_PREPARE;
    if (shard_prepare(engine->shard))
        timer_start(&engine->deadline, nsec_add(clock_now(), PREPARE_PATIENCE));
    else
        begin_runs(engine);
}

static void
begin_runs(struct engine *engine)
{
    engine->phase = ENGINE_RUN;
    engine->began = true;
    engine->started_at = clock_now();
    engine->ended_at = 0;
    script_set_started_at(engine->script, engine->started_at);
    engine->deadline_at =
        nsec_add(engine->started_at, plan_deadline(engine->plan));
    timer_start(&engine->deadline, engine->deadline_at);
    /* The timer cannot fire while a script holds the loop. */
    script_park_after(
        engine->script,
        nsec_add(nsec_add(engine->deadline_at, shard_patience(engine->shard)),
                 TASK_CLEANUP));
    intervals_start(engine);
    shard_start(engine->shard, engine->started_at);
    judge_start(engine);
    sizing_start(engine);
}

static void
begin_global_teardown(struct engine *engine)
{
    timer_stop(&engine->deadline);
    engine->ended_at = clock_now();
    engine->phase = ENGINE_TEARDOWN;
    intervals_close(engine);
    if (engine->abandoned ||
        !script_has_fixture(engine->script, PHASE_GLOBAL_TEARDOWN)) {
        engine->phase = ENGINE_REPORT;
        loop_stop(engine->loop);
        return;
    }
    engine_make_result(engine);
    json_t *json = out_json_build(&engine->result);
    script_set_result(engine->script, json);
    engine->grace_over = 1;
    if (!engine->now)
        ending_start_grace(engine, ending_patience(engine));
    start_global(engine, PHASE_GLOBAL_TEARDOWN);
    json_decref(json);
    script_set_result(engine->script, NULL);
}

/* Whatever the phase was doing has ended. */
static void
next_phase(struct engine *engine)
{
    engine->all_ended = false;
    end_global(engine);
    switch (engine->phase) {
    case ENGINE_SETUP:
        begin_workers(engine);
        return;
    case ENGINE_DRAIN:
        /* The end was asked for before the first run. */
        if (!engine->began)
            engine->started_at = clock_now();
        begin_global_teardown(engine);
        return;
    case ENGINE_PREPARE:
    case ENGINE_RUN:
        engine->result.ended_by =
            clock_now() >= engine->deadline_at ? "duration" : "completed";
        begin_global_teardown(engine);
        return;
    case ENGINE_TEARDOWN:
        engine->phase = ENGINE_REPORT;
        loop_stop(engine->loop);
        return;
    case ENGINE_INIT:
    case ENGINE_REPORT:
        return;
    }
}

/* --- the loop's turn --- */

static bool
is_quiescent(const struct engine *engine)
{
    return !loop_has_jobs(engine->loop) &&
           script_outside_waits(engine->script) == 0 &&
           shard_pending_starts(engine->shard) == 0;
}

/* In a global teardown the phases of draining are over, but not for the hub. */
static bool
drain_deadlock(struct engine *engine)
{
    if (!engine->deadlocked)
        return false;
    engine->deadlocked = false;
    ending_begin(engine, "deadlock");
    hub_drain(engine->hub, clock_now());
    return true;
}

static void
on_turn(void *data)
{
    struct engine *engine = data;
    progress_turn(engine);
    ending_notice_signals(engine);
    drain_deadlock(engine);
    if (engine->ready && engine->phase == ENGINE_PREPARE)
        begin_runs(engine);
    while (engine->all_ended)
        next_phase(engine);
    if (is_quiescent(engine))
        hub_quiescent(engine->hub, clock_now());
    if (drain_deadlock(engine) && is_quiescent(engine))
        hub_quiescent(engine->hub, clock_now());
    nsec_t deadline = hub_next_deadline(engine->hub);
    if (!timer_is_armed(&engine->hub_timer) ||
        engine->hub_timer.node.at != deadline)
        timer_start(&engine->hub_timer, deadline);
}

static void
on_hub_timer(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, hub_timer);
    hub_tick(engine->hub, clock_now());
}

static bool
has_manual(const struct plan *plan)
{
    for (size_t i = 0; i < plan->workload_count; i++)
        if (plan->workloads[i].executor == EXECUTOR_MANUAL)
            return true;
    return false;
}

static void
on_nudge(void *data, int change)
{
    struct engine *engine = data;
    shard_change_workers(engine->shard, change * engine->options->manual_step);
}

void
driver_run(struct engine *engine)
{
    struct loop *loop = engine->loop;
    timer_init(&engine->deadline, loop, on_deadline);
    timer_init(&engine->grace, loop, ending_on_grace_over);
    timer_init(&engine->hub_timer, loop, on_hub_timer);
    judge_init(engine);
    engine->deadline_at = NSEC_NEVER;
    engine->signals = signals_create(loop, ending_on_signal, engine);
    signals_set_overdue(engine->signals, engine_on_stuck, engine);
    engine->shard = shard_create(&(struct shard_config){
        .plan = engine->plan,
        .script = engine->script,
        .loop = loop,
        .port = &engine->port.base,
        .recorder = engine->recorder,
        .host =
            {
                .data = engine,
                .on_run_failed = on_run_failed,
                .on_fixture_failed = on_fixture_failed,
                .on_time_over = on_time_over,
                .on_workload_over = on_workload_over,
                .stop_waits = stop_waits,
                .on_ready = on_ready,
                .on_all_ended = on_all_ended,
            },
    });
    script_set_signal_grace(engine->script, shard_patience(engine->shard));
    if (has_manual(engine->plan) && !engine->options->sizing)
        engine->nudges = nudges_create(loop, on_nudge, engine);
    loop_set_turn_hook(loop, on_turn, engine);
    progress_start(engine);
    /* A simulated run asks nobody. */
    if (engine->options->precheck && !engine->options->sim)
        begin_precheck(engine);
    else
        begin_setup(engine);
    if (engine->phase != ENGINE_REPORT)
        loop_run(loop);
    progress_finish(engine);
    timer_stop(&engine->deadline);
    timer_stop(&engine->grace);
    timer_stop(&engine->hub_timer);
    judge_stop(engine);
    sizing_stop(engine);
    shard_destroy(engine->shard);
    engine->shard = NULL;
    nudges_destroy(engine->nudges);
    engine->nudges = NULL;
    signals_destroy(engine->signals);
    engine->signals = NULL;
}

#include "engine/driver.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/units.h"
#include "engine/judge.h"
#include "engine/progress.h"

static void begin_runs(struct engine *engine);
static void begin_global_teardown(struct engine *engine);

/* --- ending --- */

static nsec_t
teardown_grace(const struct engine *engine)
{
    nsec_t grace = engine->options->graceful_stop;
    return grace > TASK_CLEANUP ? grace : TASK_CLEANUP;
}

/* Gives whoever is left `patience`; a script that does not yield is parked a
 * while later. */
static void
start_grace(struct engine *engine, nsec_t patience)
{
    nsec_t until = nsec_add(clock_now(), patience);
    timer_start(&engine->grace, until);
    script_park_after(engine->script, nsec_add(until, TASK_CLEANUP));
}

static void
begin_drain(struct engine *engine, const char *ended_by)
{
    if (engine->phase >= ENGINE_DRAIN)
        return;
    bool in_runs = engine->phase == ENGINE_RUN;
    engine->result.ended_by = ended_by;
    engine->phase = ENGINE_DRAIN;
    timer_stop(&engine->deadline);
    hub_drain(engine->hub, clock_now());
    start_grace(engine, engine->aborted ? 0 : engine->options->graceful_stop);
    if (in_runs)
        shard_drain(engine->shard);
}

/* Whoever is left after the second signal has had its time. */
static void
abandon(struct engine *engine)
{
    engine->abandoned = true;
    if (engine->global)
        worker_reset(engine->global);
    if (engine->shard)
        shard_abandon(engine->shard);
}

static void
on_grace_over(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, grace);
    if (engine->now) {
        abandon(engine);
        return;
    }
    bool teardowns = engine->grace_over++ > 0;
    hub_stop_waits(engine->hub, clock_now());
    if (engine->global)
        worker_stop(engine->global);
    if (engine->shard)
        shard_stop_waits(engine->shard, teardowns);
    start_grace(engine, teardown_grace(engine));
}

/* The second signal: runs are taken down, teardowns have a moment. */
static void
end_now(struct engine *engine)
{
    if (engine->now)
        return;
    engine->now = true;
    log_warning("second signal: runs are taken down now");
    begin_drain(engine, "signal");
    hub_stop_waits(engine->hub, clock_now());
    if (engine->global)
        worker_stop(engine->global);
    if (engine->shard)
        shard_reset_runs(engine->shard);
    /* What the signal had to wait for is a part of that moment. */
    nsec_t late = clock_real_now() - signals_second_at();
    timer_start(&engine->grace,
                nsec_add(clock_now() - late, SCRIPT_LAST_MOMENT));
}

static void
begin_to_end(struct engine *engine)
{
    script_set_signal_grace(engine->script, NSEC_NEVER);
    bool interrupt = signals_first_number() == SIGINT;
    result_add_cause(&engine->result,
                     interrupt ? EXIT_CODE_SIGINT : EXIT_CODE_SIGTERM,
                     "ended by %s", interrupt ? "SIGINT" : "SIGTERM");
    char grace[32];
    units_format_duration(engine->options->graceful_stop, grace, sizeof(grace));
    log_info("%s: no new runs; those in flight have %s (again to end now)",
             interrupt ? "SIGINT" : "SIGTERM", grace);
    begin_drain(engine, "signal");
}

/* Also asked between the calls of scripts: one that held the loop may have
 * ended because of a signal that the loop has not delivered yet. */
static void
notice_signals(struct engine *engine)
{
    while (engine->signals_seen < signals_count()) {
        engine->signals_seen++;
        if (engine->signals_seen == 1)
            begin_to_end(engine);
        else
            end_now(engine);
    }
}

static void
on_signal(void *data, int signo)
{
    notice_signals(data);
}

static void
on_time_over(void *data)
{
    begin_drain(data, "duration");
}

static void
on_deadline(struct timer *timer)
{
    on_time_over(container_of(timer, struct engine, deadline));
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
    begin_drain(engine, "stopped by the script");
}

void
driver_on_abort(void *data, const char *reason)
{
    struct engine *engine = data;
    log_error("aborted: %s", reason);
    result_add_cause(&engine->result, EXIT_CODE_FAILED, "aborted: %s", reason);
    engine->aborted = true;
    begin_drain(engine, "aborted");
    start_grace(engine, 0);
}

void
driver_on_threshold(struct engine *engine)
{
    begin_drain(engine, "threshold");
}

static void
on_run_failed(void *data)
{
    struct engine *engine = data;
    if (engine->options->stop_on_failure)
        begin_drain(engine, "stopped on the first failure");
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
    begin_drain(engine, "setup failed");
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
    notice_signals(engine);
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
begin_setup(struct engine *engine)
{
    engine->phase = ENGINE_SETUP;
    engine->started_at = clock_now();
    script_set_started_at(engine->script, engine->started_at);
    if (script_has_fixture(engine->script, PHASE_GLOBAL_SETUP))
        start_global(engine, PHASE_GLOBAL_SETUP);
    else
        begin_runs(engine);
}

static void
begin_runs(struct engine *engine)
{
    engine->phase = ENGINE_RUN;
    engine->started_at = clock_now();
    engine->ended_at = 0;
    script_set_started_at(engine->script, engine->started_at);
    nsec_t deadline = nsec_add(engine->started_at, plan_deadline(engine->plan));
    timer_start(&engine->deadline, deadline);
    /* The timer cannot fire while a script holds the loop. */
    script_park_after(
        engine->script,
        nsec_add(nsec_add(deadline, engine->options->graceful_stop),
                 TASK_CLEANUP));
    shard_start(engine->shard, engine->started_at);
    judge_start(engine);
}

static void
begin_global_teardown(struct engine *engine)
{
    timer_stop(&engine->deadline);
    engine->ended_at = clock_now();
    engine->phase = ENGINE_TEARDOWN;
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
        start_grace(engine, teardown_grace(engine));
    start_global(engine, PHASE_GLOBAL_TEARDOWN);
    json_decref(json);
    script_set_result(engine->script, NULL);
}

/* Whatever the phase was doing has ended. */
static void
next_phase(struct engine *engine)
{
    engine->all_ended = false;
    bool was_global = engine->global != NULL;
    end_global(engine);
    switch (engine->phase) {
    case ENGINE_SETUP:
        begin_runs(engine);
        return;
    case ENGINE_DRAIN:
        /* In global_setup the end was asked for: no worker has started. */
        if (was_global)
            engine->started_at = clock_now();
        begin_global_teardown(engine);
        return;
    case ENGINE_RUN:
        engine->result.ended_by =
            clock_now() - engine->started_at >= plan_deadline(engine->plan)
                ? "duration"
                : "completed";
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
    begin_drain(engine, "deadlock");
    hub_drain(engine->hub, clock_now());
    return true;
}

static void
on_turn(void *data)
{
    struct engine *engine = data;
    progress_turn(engine);
    notice_signals(engine);
    drain_deadlock(engine);
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

void
driver_run(struct engine *engine)
{
    struct loop *loop = engine->loop;
    timer_init(&engine->deadline, loop, on_deadline);
    timer_init(&engine->grace, loop, on_grace_over);
    timer_init(&engine->hub_timer, loop, on_hub_timer);
    judge_init(engine);
    engine->signals = signals_create(loop, on_signal, engine);
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
                .on_all_ended = on_all_ended,
            },
    });
    script_set_signal_grace(engine->script, engine->options->graceful_stop);
    loop_set_turn_hook(loop, on_turn, engine);
    progress_start(engine);
    begin_setup(engine);
    loop_run(loop);
    progress_finish(engine);
    health_sample(engine->health, loop_take_max_turn(loop));
    timer_stop(&engine->deadline);
    timer_stop(&engine->grace);
    timer_stop(&engine->hub_timer);
    judge_stop(engine);
    shard_destroy(engine->shard);
    engine->shard = NULL;
    signals_destroy(engine->signals);
    engine->signals = NULL;
}

#include "engine/driver.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/ending.h"
#include "engine/judge.h"
#include "engine/progress.h"
#include "engine/stuck.h"

/* How long the workers that are to be ready before the runs may take. */
#define PREPARE_PATIENCE (60 * NSEC_PER_SEC)
/* After the second signal, for a loop that has no script of its own. */
#define LAST_PATIENCE (10 * NSEC_PER_SEC)

static void begin_setup(struct engine *engine);
static void begin_workers(struct engine *engine);
static void begin_runs(struct engine *engine);
static void begin_global_teardown(struct engine *engine);

static void
on_deadline(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, deadline);
    if (engine->phase != ENGINE_PREPARE) {
        ending_time_over(engine);
        return;
    }
    result_add_cause(&engine->result, EXIT_CODE_SETUP,
                     "setup: workers of a rate (pre_allocated) were not ready "
                     "after %d s",
                     (int)(PREPARE_PATIENCE / NSEC_PER_SEC));
    ending_begin(engine, "setup failed");
}

void
driver_on_ready(struct engine *engine)
{
    engine->ready = true;
}

void
driver_on_all_ended(struct engine *engine)
{
    engine->all_ended = true;
}

/* --- phases --- */

static void
call_global(struct engine *engine, enum worker_phase phase, json_t *result)
{
    fleet_tell_first(engine->fleet, &(struct command){
                                        .type = COMMAND_CALL_GLOBAL,
                                        .phase = phase,
                                        .result = result,
                                    });
}

static void
set_started_at(struct engine *engine, nsec_t at)
{
    engine->started_at = at;
    fleet_tell(engine->fleet, &(struct command){
                                  .type = COMMAND_SET_STARTED_AT,
                                  .at = at,
                              });
}

static bool
has_fixture(const struct engine *engine, enum worker_phase phase)
{
    return script_has_fixture(engine->scripts[0], phase);
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
        engine->loop, engine->options,
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
    set_started_at(engine, clock_now());
    if (has_fixture(engine, PHASE_GLOBAL_SETUP))
        call_global(engine, PHASE_GLOBAL_SETUP, NULL);
    else
        begin_workers(engine);
}

/* The workers that a rate wants to have ready before it starts. */
static void
begin_workers(struct engine *engine)
{
    engine->phase = ENGINE_PREPARE;
    fleet_tell(engine->fleet, &(struct command){.type = COMMAND_PREPARE});
    if (engine->ready)
        begin_runs(engine);
    else
        timer_start(&engine->deadline, nsec_add(clock_now(), PREPARE_PATIENCE));
}

static void
begin_runs(struct engine *engine)
{
    engine->phase = ENGINE_RUN;
    engine->began = true;
    engine->started_at = clock_now();
    engine->ended_at = 0;
    engine->deadline_at =
        nsec_add(engine->started_at, plan_deadline(engine->plan));
    timer_start(&engine->deadline, engine->deadline_at);
    /* The timer cannot fire while a script holds the loop. */
    fleet_park_after(
        engine->fleet,
        nsec_add(nsec_add(engine->deadline_at, plan_patience(engine->plan)),
                 TASK_CLEANUP));
    intervals_start(engine);
    fleet_tell(engine->fleet, &(struct command){
                                  .type = COMMAND_START,
                                  .at = engine->started_at,
                              });
    judge_start(engine);
    sizing_start(engine);
}

static void
on_runs_measured(struct engine *engine)
{
    engine->measured = true;
}

static void
end_runs(struct engine *engine)
{
    timer_stop(&engine->deadline);
    engine->ended_at = clock_now();
    engine->phase = ENGINE_TEARDOWN;
    fleet_measure(engine->fleet, on_runs_measured);
}

static void
end_test(struct engine *engine)
{
    engine->phase = ENGINE_REPORT;
    loop_stop(engine->loop);
}

static void
begin_global_teardown(struct engine *engine)
{
    engine->measured = false;
    intervals_close(engine);
    if (engine->abandoned || !has_fixture(engine, PHASE_GLOBAL_TEARDOWN)) {
        end_test(engine);
        return;
    }
    engine_make_result(engine);
    json_t *json = out_json_build(&engine->result);
    engine->grace_over = 1;
    if (!engine->now)
        ending_start_grace(engine, ending_patience(engine));
    call_global(engine, PHASE_GLOBAL_TEARDOWN, json);
    json_decref(json);
}

/* Whatever the phase was doing has ended. */
static void
next_phase(struct engine *engine)
{
    engine->all_ended = false;
    switch (engine->phase) {
    case ENGINE_SETUP:
        begin_workers(engine);
        return;
    case ENGINE_DRAIN:
        /* The end was asked for before the first run. */
        if (!engine->began)
            engine->started_at = clock_now();
        end_runs(engine);
        return;
    case ENGINE_PREPARE:
    case ENGINE_RUN:
        engine->result.ended_by =
            clock_now() >= engine->deadline_at ? "duration" : "completed";
        end_runs(engine);
        return;
    case ENGINE_TEARDOWN:
        /* What the global fixture did is a part of the result. */
        fleet_measure(engine->fleet, end_test);
        return;
    case ENGINE_INIT:
    case ENGINE_REPORT:
        return;
    }
}

/* --- the loop's turn --- */

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
    if (engine->measured)
        begin_global_teardown(engine);
    fleet_go_on(engine->fleet);
    if (fleet_is_quiet(engine->fleet))
        hub_quiescent(engine->hub, clock_now());
    if (drain_deadlock(engine) && fleet_is_quiet(engine->fleet))
        hub_quiescent(engine->hub, clock_now());
    nsec_t deadline = hub_next_deadline(engine->hub);
    if (!timer_is_armed(&engine->hub_timer) ||
        engine->hub_timer.node.at != deadline)
        timer_start(&engine->hub_timer, deadline);
    fleet_flush(engine->fleet);
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
    fleet_tell(engine->fleet,
               &(struct command){
                   .type = COMMAND_CHANGE_WORKERS,
                   .number = change * engine->options->manual_step,
               });
}

void
driver_run(struct engine *engine)
{
    struct loop *loop = engine->loop;
    timer_init(&engine->deadline, loop, on_deadline);
    timer_init(&engine->grace, loop, ending_on_grace_over);
    timer_init(&engine->hub_timer, loop, on_hub_timer);
    judge_init(engine);
    stuck_init(engine);
    engine->deadline_at = NSEC_NEVER;
    engine->signals = signals_create(loop, ending_notice_signals, engine);
    /* Shards of their own threads leave this one to see to it; see stuck.h. */
    signals_set_overdue(engine->signals,
                        fleet_size(engine->fleet) == 1 ? SIGNALS_PATIENCE
                                                       : LAST_PATIENCE,
                        engine_on_stuck, engine);
    fleet_set_signal_grace(engine->fleet, plan_patience(engine->plan));
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
    stuck_stop(engine);
    fleet_stop(engine->fleet);
    nudges_destroy(engine->nudges);
    engine->nudges = NULL;
    signals_destroy(engine->signals);
    engine->signals = NULL;
}

#include "engine/progress.h"

#include "engine/ending.h"
#include "plan/executor.h"

#define TICK (250 * NSEC_PER_MSEC)
/* Where time is virtual every tick may be worth a line of a log. */
#define REAL_TICK (1 * NSEC_PER_SEC)
#define LONG_WAIT (10 * NSEC_PER_SEC)

static const char *
phase_name(enum engine_phase phase)
{
    switch (phase) {
    case ENGINE_INIT:
        return "init";
    case ENGINE_SETUP:
    case ENGINE_PREPARE:
        return "setup";
    case ENGINE_RUN:
        return "run";
    case ENGINE_DRAIN:
        return "drain";
    case ENGINE_TEARDOWN:
        return "teardown";
    case ENGINE_REPORT:
        return "report";
    }
    return "";
}

/* 0: nobody can know. */
static int64_t
planned_runs_of(const struct plan_workload *workload)
{
    switch (workload->executor) {
    case EXECUTOR_RUNS_PER_WORKER:
        return workload->max_runs * workload->workers;
    case EXECUTOR_SHARED_RUNS:
        return workload->max_runs;
    case EXECUTOR_SINGLE_RUN:
        return (int64_t)workload->turn_count * workload->workers;
    case EXECUTOR_CONSTANT_RATE:
    case EXECUTOR_RAMPING_RATE:
        return workload->arrival == ARRIVAL_FIXED
                   ? (int64_t)arrivals_expected(workload, workload->duration)
                   : 0;
    case EXECUTOR_CONSTANT_WORKERS:
    case EXECUTOR_RAMPING_WORKERS:
    case EXECUTOR_ROUND_RATE:
    case EXECUTOR_MANUAL:
        break;
    }
    return 0;
}

static int64_t
planned_runs(const struct plan *plan)
{
    int64_t total = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        int64_t runs = planned_runs_of(&plan->workloads[i]);
        if (runs == 0)
            return 0;
        total += runs;
    }
    return total;
}

static void
show(struct engine *engine, bool final)
{
    nsec_t now = clock_now();
    nsec_t end = engine->ended_at > 0 ? engine->ended_at : now;
    struct live_status status = {
        .phase = phase_name(engine->phase),
        .elapsed = end - engine->started_at,
        .total = plan_deadline(engine->plan),
        .workers_running = fleet_figures(engine->fleet).workers_alive,
        .workers_total = engine->plan->workers,
        .runs_total = planned_runs(engine->plan),
        .final = final,
        .waiting = hub_waiting(engine->hub, NSEC_NEVER),
        .waiting_long = hub_waiting(engine->hub, now - LONG_WAIT),
    };
    out_live_update(engine->live, &status, fleet_snapshot(engine->fleet), now);
}

static void
on_tick(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, tick);
    intervals_tick(engine);
    ending_check_memory(engine);
    show(engine, false);
    timer_start(timer, nsec_add(clock_now(), TICK));
}

/* A timer of the loop would tick as fast as virtual time flies. */
void
progress_turn(struct engine *engine)
{
    if (!clock_is_virtual())
        return;
    intervals_tick(engine);
    nsec_t now = clock_real_now();
    if (now < engine->next_tick)
        return;
    engine->next_tick = now + REAL_TICK;
    ending_check_memory(engine);
    show(engine, false);
}

void
progress_start(struct engine *engine)
{
    timer_init(&engine->tick, engine->loop, on_tick);
    health_start(engine->health, engine->loop);
    if (clock_is_virtual())
        engine->next_tick = clock_real_now() + REAL_TICK;
    else
        timer_start(&engine->tick, nsec_add(clock_now(), TICK));
}

void
progress_finish(struct engine *engine)
{
    timer_stop(&engine->tick);
    intervals_close(engine);
    health_stop(engine->health);
    show(engine, true);
}

#include "engine/progress.h"

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

static int64_t
planned_runs(const struct plan *plan)
{
    int64_t total = 0;
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        if (workload->max_runs == 0)
            return 0;
        total += workload->max_runs * workload->workers;
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
        .workers_running = shard_workers_alive(engine->shard),
        .workers_total = engine->plan->workers,
        .runs_total = planned_runs(engine->plan),
        .final = final,
        .waiting = hub_waiting(engine->hub, NSEC_NEVER),
        .waiting_long = hub_waiting(engine->hub, now - LONG_WAIT),
    };
    out_live_update(engine->live, &status, recorder_snapshot(engine->recorder),
                    now);
}

static void
tick(struct engine *engine)
{
    health_sample(engine->health, loop_take_max_turn(engine->loop));
    show(engine, false);
}

static void
on_tick(struct timer *timer)
{
    tick(container_of(timer, struct engine, tick));
    timer_start(timer, nsec_add(clock_now(), TICK));
}

/* A timer of the loop would tick as fast as virtual time flies. */
void
progress_turn(struct engine *engine)
{
    if (!clock_is_virtual())
        return;
    nsec_t now = clock_real_now();
    if (now < engine->next_tick)
        return;
    engine->next_tick = now + REAL_TICK;
    tick(engine);
}

void
progress_start(struct engine *engine)
{
    timer_init(&engine->tick, engine->loop, on_tick);
    if (clock_is_virtual())
        engine->next_tick = clock_real_now() + REAL_TICK;
    else
        timer_start(&engine->tick, nsec_add(clock_now(), TICK));
}

void
progress_finish(struct engine *engine)
{
    timer_stop(&engine->tick);
    show(engine, true);
}

#include "engine/sizing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/ending.h"

#define GROWTH 1.05
#define STEPS_BEHIND 2

static struct sizing_step
take_step(struct engine *engine)
{
    struct sizing_run *run = &engine->sizing;
    nsec_t now = clock_now();
    int32_t workers = fleet_figures(engine->fleet).workers_wanted;
    struct interval seen =
        interval_take(run->meter, fleet_snapshot(engine->fleet),
                      now - engine->started_at, workers);
    struct sizing_step step = {
        .workers = workers,
        .length = now - run->step_started,
        .runs = seen.runs_ok + seen.runs_failed,
        .failed = seen.runs_failed,
        .p95 = seen.p95,
        .ok = true,
    };
    step.rate = (double)step.runs / nsec_to_seconds(step.length);
    run->step_started = now;
    return step;
}

/* A copy is judged: what it says now is not yet the verdict. */
static bool
fails_threshold(struct engine *engine)
{
    struct snapshot *snapshot = engine_take_snapshot(engine);
    bool failed = false;
    for (size_t i = 0; i < engine->threshold_count && !failed; i++) {
        struct threshold threshold = engine->thresholds[i];
        threshold_judge(&threshold, snapshot, clock_now() - engine->started_at);
        failed = threshold_has_value(&threshold) && !threshold.ok;
        if (failed)
            snprintf(engine->sizing.result.threshold,
                     sizeof(engine->sizing.result.threshold), "%s",
                     threshold.expression);
    }
    snapshot_destroy(snapshot);
    return failed;
}

static bool
fails_runs(const struct engine *engine, const struct sizing_step *step)
{
    return (double)step->failed * 100 >
           engine->options->sizing_tolerance * (double)step->runs;
}

/* Takes the step into account; what it is an end by, if it is. */
static enum sizing_end
judge_step(struct engine *engine, struct sizing_step *step)
{
    struct sizing_run *run = &engine->sizing;
    struct sizing *result = &run->result;
    enum sizing_end end = SIZING_UNDECIDED;
    if (fails_runs(engine, step))
        end = SIZING_FAILURES;
    else if (fails_threshold(engine))
        end = SIZING_THRESHOLD;
    step->ok = end == SIZING_UNDECIDED;
    result->steps =
        xrealloc(result->steps, (result->count + 1) * sizeof(*result->steps));
    result->steps[result->count++] = *step;
    if (!step->ok)
        return end;
    /* Runs that have not ended yet may be long ones. */
    if (step->runs > 0 &&
        (result->count == 1 ||
         step->rate >= GROWTH * result->steps[run->best].rate)) {
        run->best = result->count - 1;
        run->behind = 0;
        result->size = step->workers;
    } else if (++run->behind == STEPS_BEHIND) {
        return SIZING_NO_GROWTH;
    }
    return step->workers >= engine->plan->workers ? SIZING_ALL_WORKERS
                                                  : SIZING_UNDECIDED;
}

static void
on_measured(struct engine *engine)
{
    if (engine->phase != ENGINE_RUN)
        return;
    struct sizing_run *run = &engine->sizing;
    struct sizing_step step = take_step(engine);
    log_verbose("sizing: %d workers made %.1f runs/s", (int)step.workers,
                step.rate);
    run->result.end = judge_step(engine, &step);
    if (run->result.end != SIZING_UNDECIDED) {
        ending_begin(engine, "sizing");
        return;
    }
    int32_t more = step.workers / 2;
    fleet_tell(engine->fleet, &(struct command){
                                  .type = COMMAND_CHANGE_WORKERS,
                                  .number = more > 0 ? more : 1,
                              });
    timer_start(&run->timer,
                nsec_add(clock_now(), engine->options->sizing_step));
}

static void
on_step_over(struct timer *timer)
{
    struct engine *engine = container_of(timer, struct engine, sizing.timer);
    fleet_measure(engine->fleet, on_measured);
}

void
sizing_start(struct engine *engine)
{
    struct sizing_run *run = &engine->sizing;
    if (!engine->options->sizing)
        return;
    run->result.tolerance = engine->options->sizing_tolerance;
    run->meter = interval_meter_create();
    run->step_started = clock_now();
    timer_init(&run->timer, engine->loop, on_step_over);
    timer_start(&run->timer,
                nsec_add(clock_now(), engine->options->sizing_step));
    engine->result.sizing = &run->result;
}

void
sizing_stop(struct engine *engine)
{
    if (engine->sizing.meter)
        timer_stop(&engine->sizing.timer);
}

void
sizing_finish(struct engine *engine)
{
    interval_meter_destroy(engine->sizing.meter);
    free(engine->sizing.result.steps);
}

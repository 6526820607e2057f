#include "engine/intervals.h"

#include <string.h>

#include "engine/engine_internal.h"

#define LENGTH NSEC_PER_SEC
/* Whoever ticks may be early by as much as the ticks of a row add up to. */
#define EARLY (50 * NSEC_PER_MSEC)
/* What is left at the end may be too short to tell anything. */
#define SHORT (200 * NSEC_PER_MSEC)
/* Requests in virtual time between two times of writing. */
#define UNWRITTEN_MAX 1000

/* --- one by one --- */

static void
on_request(void *data, const struct request_sample *sample)
{
    struct engine *engine = data;
    if (sample->kind != NULL && strcmp(sample->kind, "generator") == 0)
        engine->intervals.shortages++;
    if (engine->outputs == NULL)
        return;
    outputs_on_request(engine->outputs, clock_now() - engine->started_at,
                       sample);
    /* Virtual time waits for a disk, so that nothing need be dropped. */
    if (clock_is_virtual() && ++engine->intervals.unwritten >= UNWRITTEN_MAX) {
        engine->intervals.unwritten = 0;
        outputs_write(engine->outputs);
    }
}

static void
on_error(void *data, const char *kind, const char *message,
         const struct error_first *occurrence)
{
    struct engine *engine = data;
    if (engine->outputs != NULL)
        outputs_on_error(engine->outputs, clock_now() - engine->started_at,
                         kind, message, occurrence);
}

void
intervals_init(struct engine *engine)
{
    struct intervals *intervals = &engine->intervals;
    intervals->meter = interval_meter_create();
    intervals->start_lag_before = hist_create();
    intervals->start_lag_change = hist_create();
    recorder_observe(engine->recorder, &(struct recorder_observer){
                                           .data = engine,
                                           .on_request = on_request,
                                           .on_error = on_error,
                                       });
}

void
intervals_finish(struct engine *engine)
{
    struct intervals *intervals = &engine->intervals;
    interval_meter_destroy(intervals->meter);
    interval_list_finish(&intervals->list);
    hist_destroy(intervals->start_lag_before);
    hist_destroy(intervals->start_lag_change);
}

/* --- row by row --- */

static void
add_start_lag(struct intervals *intervals, const struct snapshot *snapshot,
              struct generator_sample *sample)
{
    const struct hist *now = snapshot->trends[TREND_START_LAG];
    if (now == NULL)
        return;
    struct hist *change = intervals->start_lag_change;
    hist_set_difference(change, now, intervals->start_lag_before);
    hist_merge(intervals->start_lag_before, change);
    sample->starts = hist_count(change);
    sample->start_lag_p99 = hist_percentile(change, 99);
}

static struct generator_sample
take_sample(struct engine *engine, const struct snapshot *snapshot, nsec_t at)
{
    struct intervals *intervals = &engine->intervals;
    struct generator_sample sample = health_take(engine->health, at);
    add_start_lag(intervals, snapshot, &sample);
    sample.shortages = intervals->shortages - intervals->shortages_before;
    intervals->shortages_before = intervals->shortages;
    sample.lua_memory = script_lua_memory(engine->script);
    if (sample.lua_memory > intervals->most_lua_memory)
        intervals->most_lua_memory = sample.lua_memory;
    uint64_t cycles = script_gc_cycles(engine->script);
    sample.gc_cycles = cycles - intervals->gc_cycles_before;
    intervals->gc_cycles_before = cycles;
    return sample;
}

static bool
has_counts(const struct interval_row *row)
{
    const struct interval *i = &row->interval;
    return i->runs_started + i->runs_ok + i->runs_failed + i->runs_interrupted +
               i->runs_dropped + i->requests + i->checks_passed +
               i->checks_failed + i->errors + row->generator.shortages >
           0;
}

static void
take_row(struct engine *engine, nsec_t now)
{
    struct intervals *intervals = &engine->intervals;
    const struct snapshot *snapshot = recorder_snapshot(engine->recorder);
    nsec_t at = now - engine->started_at;
    struct interval_row row = {
        .interval = interval_take(intervals->meter, snapshot, at,
                                  shard_workers_alive(engine->shard)),
        .watched = !clock_is_virtual(),
    };
    if (row.watched) {
        row.generator = take_sample(engine, snapshot, at);
        if (row.generator.length >= SHORT || row.generator.shortages > 0)
            verdict_add(&intervals->verdict, &row.generator, &row.interval);
    }
    if (row.interval.length < SHORT && intervals->list.count > 0 &&
        !has_counts(&row))
        return;
    interval_list_add(&intervals->list, &row);
    row.times = interval_times(intervals->meter);
    if (engine->outputs != NULL)
        outputs_on_interval(engine->outputs, &row);
}

void
intervals_start(struct engine *engine)
{
    engine->intervals.next = nsec_add(clock_now(), LENGTH);
    health_begin(engine->health);
}

void
intervals_tick(struct engine *engine)
{
    struct intervals *intervals = &engine->intervals;
    nsec_t now = clock_now();
    if (intervals->next == 0 || now < intervals->next - EARLY)
        return;
    take_row(engine, now);
    nsec_t late = now - intervals->next;
    intervals->next = nsec_add(late > LENGTH ? now : intervals->next, LENGTH);
}

void
intervals_close(struct engine *engine)
{
    if (engine->intervals.meter == NULL || engine->shard == NULL)
        return;
    take_row(engine, clock_now());
    engine->intervals.next = NSEC_NEVER;
}

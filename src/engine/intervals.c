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

/* Shards on threads of their own come at the same time. */
static bool
lock(struct engine *engine)
{
    bool many = fleet_size(engine->fleet) > 1;
    if (many)
        pthread_mutex_lock(&engine->outputs_mutex);
    return many;
}

static void
unlock(struct engine *engine, bool locked)
{
    if (locked)
        pthread_mutex_unlock(&engine->outputs_mutex);
}

void
intervals_on_request(void *data, nsec_t at, const struct request_sample *sample)
{
    struct engine *engine = data;
    bool locked = lock(engine);
    outputs_on_request(engine->outputs, at, sample);
    unlock(engine, locked);
    /* Virtual time waits for a disk, so that nothing need be dropped. */
    if (clock_is_virtual() && ++engine->intervals.unwritten >= UNWRITTEN_MAX) {
        engine->intervals.unwritten = 0;
        outputs_write(engine->outputs);
    }
}

void
intervals_on_error(void *data, nsec_t at, const char *kind, const char *message,
                   const struct error_first *occurrence)
{
    struct engine *engine = data;
    bool locked = lock(engine);
    outputs_on_error(engine->outputs, at, kind, message, occurrence);
    unlock(engine, locked);
}

void
intervals_init(struct engine *engine)
{
    struct intervals *intervals = &engine->intervals;
    intervals->meter = interval_meter_create();
    intervals->start_lag_before = hist_create();
    intervals->start_lag_change = hist_create();
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
    struct shard_figures figures = fleet_figures(engine->fleet);
    struct generator_sample sample = health_take(engine->health, at);
    fleet_add_health(engine->fleet, &sample);
    sample.idle_cores = health_idle_cores(engine->health, sample.cpu_all);
    add_start_lag(intervals, snapshot, &sample);
    sample.shortages = figures.shortages - intervals->shortages_before;
    intervals->shortages_before = figures.shortages;
    sample.lua_memory = figures.lua_memory;
    if (sample.lua_memory > intervals->most_lua_memory)
        intervals->most_lua_memory = sample.lua_memory;
    sample.gc_cycles = figures.gc_cycles - intervals->gc_cycles_before;
    intervals->gc_cycles_before = figures.gc_cycles;
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
    const struct snapshot *snapshot = fleet_snapshot(engine->fleet);
    nsec_t at = now - engine->started_at;
    struct interval_row row = {
        .interval = interval_take(intervals->meter, snapshot, at,
                                  fleet_figures(engine->fleet).workers_alive),
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
    if (engine->outputs != NULL) {
        bool locked = lock(engine);
        outputs_on_interval(engine->outputs, &row);
        unlock(engine, locked);
    }
}

void
intervals_start(struct engine *engine)
{
    engine->intervals.next = nsec_add(clock_now(), LENGTH);
    health_begin(engine->health);
    health_idle_cores(engine->health, 0);
    engine->intervals.verdict.threads = (int32_t)fleet_size(engine->fleet);
    engine->intervals.verdict.most_threads = engine->plan->workers;
}

static void
on_measured(struct engine *engine)
{
    if (engine->intervals.next != NSEC_NEVER)
        take_row(engine, clock_now());
}

void
intervals_tick(struct engine *engine)
{
    struct intervals *intervals = &engine->intervals;
    nsec_t now = clock_now();
    if (intervals->next == 0 || now < intervals->next - EARLY)
        return;
    nsec_t late = now - intervals->next;
    intervals->next = nsec_add(late > LENGTH ? now : intervals->next, LENGTH);
    fleet_measure(engine->fleet, on_measured);
}

void
intervals_close(struct engine *engine)
{
    if (engine->intervals.meter == NULL || engine->fleet == NULL)
        return;
    take_row(engine, clock_now());
    engine->intervals.next = NSEC_NEVER;
}

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/fleet_internal.h"
#include "script/worker.h"

/* What the shards of a fleet have measured, and how their threads fare. */

void
fleet_add_up(struct fleet *fleet)
{
    snapshot_destroy(fleet->sum);
    fleet->sum = snapshot_create();
    for (size_t i = 0; i < fleet->count; i++) {
        const struct snapshot *part =
            fleet->stopped
                ? shard_snapshot(shard_thread_shard(fleet->slots[i].thread))
                : fleet->slots[i].snapshot;
        if (part != NULL)
            snapshot_merge(fleet->sum, part);
    }
}

static void
ask_one(struct fleet *fleet, size_t i)
{
    fleet->slots[i].asked++;
    quiescence_sent(&fleet->quiescence, i);
    shard_thread_measure(fleet->slots[i].thread);
}

static void
ask(struct fleet *fleet)
{
    fleet->unmeasured = fleet->count;
    for (size_t i = 0; i < fleet->count; i++) {
        ask_one(fleet, i);
        fleet->slots[i].due = fleet->slots[i].asked;
    }
}

static void
add_asker(void (*askers[FLEET_ASKERS])(struct engine *engine),
          void (*asker)(struct engine *engine))
{
    size_t i = 0;
    while (askers[i] != NULL && askers[i] != asker)
        i++;
    askers[i] = asker;
}

void
fleet_measure(struct fleet *fleet, void (*on_measured)(struct engine *engine))
{
    if (fleet->shard != NULL || fleet->stopped) {
        on_measured(fleet->engine);
        return;
    }
    if (fleet->unmeasured > 0) {
        add_asker(fleet->next_askers, on_measured);
        return;
    }
    add_asker(fleet->askers, on_measured);
    ask(fleet);
}

void
fleet_on_measured(struct fleet *fleet, size_t shard, struct snapshot *snapshot)
{
    struct fleet_slot *slot = &fleet->slots[shard];
    snapshot_destroy(slot->snapshot);
    slot->snapshot = snapshot;
    /* fleet_ask, too, is answered so. */
    if (++slot->told != slot->due || --fleet->unmeasured > 0)
        return;
    fleet_add_up(fleet);
    void (*askers[FLEET_ASKERS])(struct engine * engine);
    memcpy(askers, fleet->askers, sizeof(askers));
    memcpy(fleet->askers, fleet->next_askers, sizeof(askers));
    memset(fleet->next_askers, 0, sizeof(fleet->next_askers));
    if (fleet->askers[0] != NULL)
        ask(fleet);
    for (size_t i = 0; i < FLEET_ASKERS && askers[i] != NULL; i++)
        askers[i](fleet->engine);
}

const struct snapshot *
fleet_snapshot(struct fleet *fleet)
{
    return fleet->shard != NULL ? shard_snapshot(fleet->shard) : fleet->sum;
}

struct shard_figures
fleet_figures(const struct fleet *fleet)
{
    if (fleet->shard != NULL)
        return shard_figures(fleet->shard);
    struct shard_figures sum = {0};
    for (size_t i = 0; i < fleet->count; i++) {
        const struct shard_figures *figures = &fleet->slots[i].figures;
        sum.workers_alive += figures->workers_alive;
        sum.workers_wanted = figures->workers_wanted;
        sum.late_setups += figures->late_setups;
        sum.shortages += figures->shortages;
        sum.lua_memory += figures->lua_memory;
        sum.gc_cycles += figures->gc_cycles;
    }
    return sum;
}

static nsec_t
later(nsec_t a, nsec_t b)
{
    return a > b ? a : b;
}

static double
greater(double a, double b)
{
    return a > b ? a : b;
}

/* The test is as well as the worst of its loops. */
void
fleet_add_health(struct fleet *fleet, struct generator_sample *sample)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_slot *slot = &fleet->slots[i];
        const struct generator_sample *health = &slot->health;
        if (!slot->has_health)
            continue;
        slot->has_health = false;
        sample->cpu = greater(sample->cpu, health->cpu);
        sample->cpu_wait = greater(sample->cpu_wait, health->cpu_wait);
        sample->lag_p50 = later(sample->lag_p50, health->lag_p50);
        sample->lag_p99 = later(sample->lag_p99, health->lag_p99);
        sample->lag_max = later(sample->lag_max, health->lag_max);
    }
}

static void
name_threads(struct fleet *fleet, const struct result_generator *own)
{
    fleet->threads[0] = (struct result_thread){
        .name = "hub",
        .cpu = own->cpu_loop,
        .cpu_wait = own->cpu_wait,
    };
    for (size_t i = 0; i < fleet->count; i++) {
        struct result_thread *thread = &fleet->threads[i + 1];
        thread->cpu = fleet->slots[i].report.cpu_loop;
        thread->cpu_wait = fleet->slots[i].report.cpu_wait;
        snprintf(thread->name, sizeof(thread->name), "shard %zu", i);
    }
}

void
fleet_add_report(struct fleet *fleet, struct result_generator *report)
{
    if (fleet->shard != NULL)
        return;
    name_threads(fleet, report);
    report->threads = fleet->threads;
    report->thread_count = fleet->count + 1;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct result_generator *part = &fleet->slots[i].report;
        report->cpu_loop = greater(report->cpu_loop, part->cpu_loop);
        report->cpu_wait = greater(report->cpu_wait, part->cpu_wait);
        report->loop_lag_p50 = later(report->loop_lag_p50, part->loop_lag_p50);
        report->loop_lag_p99 = later(report->loop_lag_p99, part->loop_lag_p99);
        report->loop_lag_max = later(report->loop_lag_max, part->loop_lag_max);
    }
}

/* --- at an end that is not one --- */

void
fleet_ask(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count && fleet->shard == NULL; i++)
        ask_one(fleet, i);
}

size_t
fleet_silent(const struct fleet *fleet)
{
    size_t silent = 0;
    for (size_t i = 0; i < fleet->count; i++)
        silent += fleet->slots[i].told < fleet->slots[i].asked;
    return silent;
}

static void
tell_who(const struct fleet *fleet, size_t i)
{
    const struct worker *worker =
        script_running_worker(fleet->engine->scripts[i]);
    if (worker == NULL)
        log_error("thread %zu of %zu never came back", i + 1, fleet->count);
    else if (worker->id == HUB_GLOBAL)
        log_error("%s never came back", worker_phase_name(worker->phase));
    else
        log_error("%s of worker %d, step %lld, never came back",
                  worker_phase_name(worker->phase), (int)worker->id,
                  (long long)worker->step);
}

/* What it has counted since it last told would be lost. One that cannot be
 * stopped is left with what it has told. */
static void
read_silent(struct fleet *fleet, size_t i)
{
    struct fleet_slot *slot = &fleet->slots[i];
    if (slot->told == slot->asked || !shard_thread_freeze(slot->thread))
        return;
    tell_who(fleet, i);
    struct shard *shard = shard_thread_shard(slot->thread);
    shard_give_up_runs(shard);
    snapshot_destroy(slot->snapshot);
    slot->snapshot = snapshot_create();
    snapshot_merge(slot->snapshot, shard_snapshot(shard));
}

void
fleet_give_up_runs(struct fleet *fleet)
{
    if (fleet->shard != NULL) {
        shard_give_up_runs(fleet->shard);
        return;
    }
    if (fleet->stopped)
        return;
    for (size_t i = 0; i < fleet->count; i++)
        read_silent(fleet, i);
    fleet_add_up(fleet);
    snapshot_give_up_runs(fleet->sum);
}

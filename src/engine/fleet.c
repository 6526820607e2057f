#include "engine/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/driver.h"
#include "engine/fleet_internal.h"
#include "engine/shard_messages.h"
#include "script/worker.h"

/* --- telling --- */

void
command_apply(struct shard *shard, const struct command *command)
{
    switch (command->type) {
    case COMMAND_CALL_GLOBAL:
        shard_call_global(shard, command->phase, command->result);
        return;
    case COMMAND_SET_DATA:
        shard_set_data(shard, command->value);
        return;
    case COMMAND_SET_STARTED_AT:
        shard_set_started_at(shard, command->at);
        return;
    case COMMAND_PREPARE:
        shard_prepare(shard);
        return;
    case COMMAND_START:
        shard_start(shard, command->at);
        return;
    case COMMAND_SET_STAGE:
        shard_set_stage(shard, (int32_t)command->number);
        return;
    case COMMAND_CHANGE_WORKERS:
        shard_change_workers(shard, command->number);
        return;
    case COMMAND_CATCH_UP:
        shard_catch_up(shard);
        return;
    case COMMAND_DRAIN:
        shard_drain(shard);
        return;
    case COMMAND_STOP_WAITS:
        shard_stop_waits(shard, command->flag);
        return;
    case COMMAND_RESET_RUNS:
        shard_reset_runs(shard);
        return;
    case COMMAND_ABANDON:
        shard_abandon(shard);
        return;
    case COMMAND_REPLY:
        shard_on_reply(shard, command->reply);
        return;
    case COMMAND_ROUND_END:
        shard_emit_round_end(shard, command->name, command->step,
                             command->round);
        return;
    }
}

static void
tell_one(struct fleet *fleet, size_t i, const struct command *command)
{
    if (fleet->stopped)
        return;
    if (fleet->shard != NULL) {
        command_apply(fleet->shard, command);
        return;
    }
    quiescence_sent(&fleet->quiescence, i);
    shard_thread_tell(fleet->slots[i].thread, command);
}

void
fleet_tell(struct fleet *fleet, const struct command *command)
{
    for (size_t i = 0; i < fleet->count; i++)
        tell_one(fleet, i, command);
}

void
fleet_tell_first(struct fleet *fleet, const struct command *command)
{
    tell_one(fleet, 0, command);
}

void
fleet_reply(struct fleet *fleet, const struct hub_reply *reply)
{
    size_t shard = 0;
    if (reply->id.worker != HUB_GLOBAL && fleet->shard == NULL)
        shard = (size_t)plan_shard_of(fleet->engine->plan, reply->id.worker,
                                      (int32_t)fleet->count);
    tell_one(fleet, shard,
             &(struct command){.type = COMMAND_REPLY, .reply = reply});
}

/* --- hearing --- */

void
fleet_on_ready(struct fleet *fleet)
{
    if (++fleet->ready == fleet->count)
        driver_on_ready(fleet->engine);
}

void
fleet_on_stage(struct fleet *fleet, size_t shard, int32_t stage)
{
    fleet->slots[shard].stage = stage;
}

void
fleet_on_all_ended(struct fleet *fleet)
{
    if (++fleet->ended == fleet->count)
        driver_on_all_ended(fleet->engine);
}

/* Runs of a stage begin when all shards are through with those before. */
void
fleet_go_on(struct fleet *fleet)
{
    int32_t stage = fleet->slots[0].stage;
    for (size_t i = 1; i < fleet->count; i++)
        if (fleet->slots[i].stage < stage)
            stage = fleet->slots[i].stage;
    if (stage <= fleet->stage)
        return;
    fleet->stage = stage;
    fleet_tell(fleet, &(struct command){
                          .type = COMMAND_SET_STAGE,
                          .number = stage,
                      });
}

void
fleet_flush(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count && fleet->shard == NULL; i++)
        shard_thread_flush(fleet->slots[i].thread);
}

bool
fleet_is_quiet(const struct fleet *fleet)
{
    if (fleet->shard != NULL)
        return shard_is_idle(fleet->shard);
    return !loop_has_jobs(fleet->engine->loop) &&
           quiescence_holds(&fleet->quiescence);
}

/* --- one shard, here --- */

static void
ready_here(void *data)
{
    fleet_on_ready(((struct engine *)data)->fleet);
}

static void
stage_here(void *data, int32_t stage)
{
    fleet_on_stage(((struct engine *)data)->fleet, 0, stage);
}

static void
all_ended_here(void *data)
{
    fleet_on_all_ended(((struct engine *)data)->fleet);
}

static bool
make_shard_here(struct fleet *fleet, struct err *err)
{
    struct engine *engine = fleet->engine;
    hub_port_direct_init(&engine->port, engine->hub);
    struct shard_host host = driver_shard_host(engine);
    host.on_ready = ready_here;
    host.on_stage = stage_here;
    host.on_all_ended = all_ended_here;
    fleet->shard = shard_create(
        &(struct shard_config){
            .plan = engine->plan,
            .options = engine->options,
            .script = engine->scripts[0],
            .loop = engine->loop,
            .port = &engine->port.base,
            .shards = 1,
            .host = host,
        },
        err);
    return fleet->shard != NULL;
}

/* --- many, on threads --- */

static bool
start_threads(struct fleet *fleet, struct err *err)
{
    struct engine *engine = fleet->engine;
    fleet->mailbox =
        mailbox_create(engine->loop, shard_thread_on_report, fleet);
    quiescence_init(&fleet->quiescence, fleet->count);
    for (size_t i = 0; i < fleet->count; i++) {
        fleet->slots[i].thread =
            shard_thread_start(fleet, i, engine->scripts[i], err);
        if (fleet->slots[i].thread == NULL)
            return false;
    }
    return true;
}

struct fleet *
fleet_create(struct engine *engine, struct err *err)
{
    struct fleet *fleet = xmalloc(sizeof(*fleet));
    *fleet = (struct fleet){
        .engine = engine,
        .count = engine->script_count,
        .slots = xcalloc(engine->script_count, sizeof(fleet->slots[0])),
        .sum = snapshot_create(),
        .threads = xcalloc(engine->script_count + 1, sizeof(fleet->threads[0])),
    };
    bool ok = fleet->count == 1 ? make_shard_here(fleet, err)
                                : start_threads(fleet, err);
    if (ok)
        return fleet;
    fleet_destroy(fleet);
    return NULL;
}

size_t
fleet_size(const struct fleet *fleet)
{
    return fleet->count;
}

static void
add_up(struct fleet *fleet)
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

void
fleet_stop(struct fleet *fleet)
{
    if (fleet->stopped)
        return;
    shard_stop(fleet->shard);
    bool all = true;
    for (size_t i = 0; i < fleet->count && fleet->shard == NULL; i++) {
        shard_thread_stop(fleet->slots[i].thread);
        all = all && fleet->slots[i].thread != NULL;
    }
    mailbox_destroy(fleet->mailbox, message_free_report);
    fleet->mailbox = NULL;
    fleet->stopped = true;
    if (fleet->shard == NULL && all)
        add_up(fleet);
}

void
fleet_destroy(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    fleet_stop(fleet);
    shard_destroy(fleet->shard);
    for (size_t i = 0; i < fleet->count; i++) {
        shard_thread_destroy(fleet->slots[i].thread);
        snapshot_destroy(fleet->slots[i].snapshot);
    }
    snapshot_destroy(fleet->sum);
    quiescence_finish(&fleet->quiescence);
    free(fleet->slots);
    free(fleet->threads);
    free(fleet);
}

/* --- measuring --- */

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
    add_up(fleet);
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

/* --- without the loops --- */

void
fleet_park_after(struct fleet *fleet, nsec_t at)
{
    for (size_t i = 0; i < fleet->count; i++)
        script_park_after(fleet->engine->scripts[i], at);
}

void
fleet_set_signal_grace(struct fleet *fleet, nsec_t grace)
{
    for (size_t i = 0; i < fleet->count; i++)
        script_set_signal_grace(fleet->engine->scripts[i], grace);
}

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
    add_up(fleet);
    snapshot_give_up_runs(fleet->sum);
}

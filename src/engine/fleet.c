#include "engine/fleet.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/driver.h"
#include "engine/fleet_internal.h"
#include "engine/notices.h"
#include "engine/shard_messages.h"

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
    case COMMAND_ARRIVE:
        shard_arrive(shard, &command->arrival);
        return;
    case COMMAND_HEAR_OF_FREE:
        shard_hear_of_free(shard, command->workload);
        return;
    case COMMAND_END_WORKLOAD:
        shard_end_workload(shard, command->workload);
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
fleet_on_unserved(struct fleet *fleet, size_t shard,
                  const struct arrival *arrival)
{
    tell_one(fleet, (shard + 1) % fleet->count,
             &(struct command){
                 .type = COMMAND_ARRIVE,
                 .arrival = *arrival,
             });
}

void
fleet_on_free(struct fleet *fleet, size_t shard,
              const struct plan_workload *workload)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (i != shard)
            tell_one(fleet, i,
                     &(struct command){
                         .type = COMMAND_HEAR_OF_FREE,
                         .workload = workload,
                     });
}

/* An arrival goes from one shard to the others, until nobody is left on any. */
void
fleet_on_deserted(struct fleet *fleet, const struct plan_workload *workload)
{
    const struct engine *engine = fleet->engine;
    size_t number = (size_t)(workload - engine->plan->workloads);
    if (++fleet->deserted[number] < fleet->count ||
        engine->phase >= ENGINE_DRAIN)
        return;
    log_warning("workload '%s': all of its workers have quit, so no more of "
                "its runs begin",
                workload->name);
    fleet_tell(fleet, &(struct command){
                          .type = COMMAND_END_WORKLOAD,
                          .workload = workload,
                      });
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

/* An arrival to come at one shard may find a worker at another. */
static bool
has_demand(const struct fleet *fleet)
{
    struct shard_demand all = {0};
    for (size_t i = 0; i < fleet->count; i++) {
        all.arrivals |= fleet->slots[i].demand.arrivals;
        all.takers |= fleet->slots[i].demand.takers;
    }
    return (all.arrivals & all.takers) != 0;
}

bool
fleet_is_quiet(const struct fleet *fleet)
{
    if (fleet->shard != NULL)
        return shard_is_idle(fleet->shard);
    return !loop_has_jobs(fleet->engine->loop) &&
           quiescence_holds(&fleet->quiescence) && !has_demand(fleet);
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
deserted_here(void *data, const struct plan_workload *workload)
{
    fleet_on_deserted(((struct engine *)data)->fleet, workload);
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
    struct shard_host host = fleet->host;
    host.on_ready = ready_here;
    host.on_stage = stage_here;
    host.on_deserted = deserted_here;
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
    fleet->mailbox = mailbox_create(engine->loop, fleet_on_report, fleet);
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
        .host = notices_shard_host(engine),
        .deserted =
            xcalloc(engine->plan->workload_count, sizeof(fleet->deserted[0])),
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
        fleet_add_up(fleet);
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
    free(fleet->deserted);
    free(fleet->threads);
    free(fleet);
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

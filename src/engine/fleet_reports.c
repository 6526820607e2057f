#include "engine/ending.h"
#include "engine/engine_internal.h"
#include "engine/fleet_internal.h"
#include "engine/shard_messages.h"

/* What shards on threads of their own tell, on the engine's thread. */

static void
take_measures(struct fleet *fleet, size_t shard, struct measures *measures)
{
    struct fleet_slot *slot = &fleet->slots[shard];
    slot->figures = measures->figures;
    slot->report = measures->report;
    slot->health = slot->has_health
                       ? generator_join(&slot->health, &measures->health)
                       : measures->health;
    slot->has_health = true;
    struct snapshot *snapshot = measures->snapshot;
    measures->snapshot = NULL;
    fleet_on_measured(fleet, shard, snapshot);
}

/* The other shards get what global_setup has returned on the first. */
static void
pass_on_data(struct fleet *fleet, struct value *value)
{
    if (value == NULL)
        return;
    fleet_tell(fleet, &(struct command){
                          .type = COMMAND_SET_DATA,
                          .value = value,
                      });
}

void
fleet_on_report(void *data, struct message *message)
{
    struct fleet *fleet = data;
    struct report *report = container_of(message, struct report, message);
    struct engine *engine = fleet->engine;
    const struct shard_host *host = &fleet->host;
    switch (report->type) {
    case REPORT_OP:
        hub_submit(engine->hub, &report->op.op, clock_now());
        break;
    case REPORT_IDLE:
        quiescence_idle(&fleet->quiescence, report->shard,
                        (uint64_t)report->number);
        fleet->slots[report->shard].demand = report->demand;
        break;
    case REPORT_MEASURED:
        take_measures(fleet, report->shard, report->measures);
        break;
    case REPORT_RUN_FAILED:
        host->on_run_failed(engine);
        break;
    case REPORT_FIXTURE_FAILED:
        host->on_fixture_failed(engine, report->phase);
        break;
    case REPORT_TIME_OVER:
        host->on_time_over(engine);
        break;
    case REPORT_WORKLOAD_OVER:
        host->on_workload_over(engine, report->workload);
        break;
    case REPORT_STOP_WAITS:
        host->stop_waits(engine, (int32_t)report->number, report->count,
                         report->flag);
        break;
    case REPORT_CAUGHT_UP:
        if (++fleet->caught_up == fleet->count)
            ending_on_caught_up(engine);
        break;
    case REPORT_UNSERVED:
        fleet_on_unserved(fleet, report->shard, &report->arrival);
        break;
    case REPORT_FREE:
        fleet_on_free(fleet, report->shard, report->workload);
        break;
    case REPORT_DESERTED:
        fleet_on_deserted(fleet, report->workload);
        break;
    case REPORT_READY:
        fleet_on_ready(fleet);
        break;
    case REPORT_STAGE:
        fleet_on_stage(fleet, report->shard, (int32_t)report->number);
        break;
    case REPORT_ALL_ENDED:
        fleet_on_all_ended(fleet);
        break;
    case REPORT_GLOBAL_OVER:
        pass_on_data(fleet, report->value);
        host->on_global_over(engine, report->value);
        break;
    case REPORT_STOP:
        host->on_stop(engine, report->text);
        break;
    case REPORT_ABORT:
        host->on_abort(engine, report->text);
        break;
    }
    message_free_report(message);
}

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/engine_internal.h"
#include "engine/fleet_internal.h"
#include "engine/freeze.h"
#include "engine/health.h"
#include "engine/shard_messages.h"

#define CACHE_LINE 64

/* A shard on a thread of its own: its loop, and messages between it and the
 * engine. What is told moves to the other side; nothing is shared but the plan,
 * the options and what script.h says. */

struct shard_thread {
    struct fleet *fleet;
    size_t index;
    struct script *script;
    pthread_t thread;
    /* The engine's side. */
    struct outbox orders;
    /* The thread's, on cache lines of its own: both write with every message.
     */
    _Alignas(CACHE_LINE) struct loop *loop;
    struct mailbox *mailbox;
    struct outbox reports;
    struct hub_port port;
    struct shard *shard;
    struct health *health;
    uint64_t got;
    bool told_idle;
    struct shard_demand told;
    /* Both, until it runs. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool exists, failed;
    bool released; /* nobody sends to it any more */
    struct err err;
};

/* --- the thread's side --- */

static void
tell(struct shard_thread *thread, const struct report *report)
{
    struct report *sent = xmemdup(report, sizeof(*report));
    sent->shard = thread->index;
    outbox_add(&thread->reports, &sent->message);
}

static void
submit(struct hub_port *port, const struct hub_op *op)
{
    struct shard_thread *thread = container_of(port, struct shard_thread, port);
    struct report report = {.type = REPORT_OP};
    hub_op_copy_init(&report.op, op);
    tell(thread, &report);
}

static void
on_call_over(void *data)
{
}

static void
on_run_failed(void *data)
{
    tell(data, &(struct report){.type = REPORT_RUN_FAILED});
}

static void
on_fixture_failed(void *data, enum worker_phase phase)
{
    tell(data, &(struct report){.type = REPORT_FIXTURE_FAILED, .phase = phase});
}

static void
on_time_over(void *data)
{
    tell(data, &(struct report){.type = REPORT_TIME_OVER});
}

static void
on_workload_over(void *data, const struct plan_workload *workload)
{
    tell(data, &(struct report){
                   .type = REPORT_WORKLOAD_OVER,
                   .workload = workload,
               });
}

static void
stop_waits(void *data, int32_t first, int32_t count, bool teardowns)
{
    tell(data, &(struct report){
                   .type = REPORT_STOP_WAITS,
                   .number = first,
                   .count = count,
                   .flag = teardowns,
               });
}

static void
on_unserved(void *data, const struct arrival *arrival)
{
    tell(data, &(struct report){.type = REPORT_UNSERVED, .arrival = *arrival});
}

static void
on_free(void *data, const struct plan_workload *workload)
{
    tell(data, &(struct report){.type = REPORT_FREE, .workload = workload});
}

static void
on_deserted(void *data, const struct plan_workload *workload)
{
    tell(data, &(struct report){
                   .type = REPORT_DESERTED,
                   .workload = workload,
               });
}

static void
on_ready(void *data)
{
    tell(data, &(struct report){.type = REPORT_READY});
}

static void
on_stage(void *data, int32_t stage)
{
    tell(data, &(struct report){.type = REPORT_STAGE, .number = stage});
}

static void
on_all_ended(void *data)
{
    tell(data, &(struct report){.type = REPORT_ALL_ENDED});
}

static void
on_global_over(void *data, struct value *value)
{
    tell(data, &(struct report){
                   .type = REPORT_GLOBAL_OVER,
                   .value = message_copy_value(value),
               });
}

static void
on_stop(void *data, const char *reason)
{
    tell(data, &(struct report){.type = REPORT_STOP, .text = xstrdup(reason)});
}

static void
on_abort(void *data, const char *reason)
{
    tell(data, &(struct report){.type = REPORT_ABORT, .text = xstrdup(reason)});
}

/* Outputs take these from any thread. */
static void
on_request(void *data, nsec_t at, const struct request_sample *sample)
{
    const struct shard_thread *thread = data;
    intervals_on_request(thread->fleet->engine, at, sample);
}

static void
on_error(void *data, nsec_t at, const char *kind, const char *message,
         const struct error_first *occurrence)
{
    const struct shard_thread *thread = data;
    intervals_on_error(thread->fleet->engine, at, kind, message, occurrence);
}

static void
measure(struct shard_thread *thread)
{
    struct measures *measures = xmalloc(sizeof(*measures));
    *measures = (struct measures){
        .snapshot = snapshot_create(),
        .figures = shard_figures(thread->shard),
        .health = health_take(thread->health, 0),
    };
    snapshot_merge(measures->snapshot, shard_snapshot(thread->shard));
    health_report(thread->health, &measures->report);
    tell(thread, &(struct report){
                     .type = REPORT_MEASURED,
                     .measures = measures,
                 });
}

static void
on_order(void *data, struct message *message)
{
    struct shard_thread *thread = data;
    struct order *order = container_of(message, struct order, message);
    thread->got++;
    thread->told_idle = false;
    switch (order->type) {
    case ORDER_COMMAND:
        if (order->command.type == COMMAND_START)
            health_begin(thread->health);
        command_apply(thread->shard, &order->command);
        if (order->command.type == COMMAND_CATCH_UP)
            tell(thread, &(struct report){.type = REPORT_CAUGHT_UP});
        break;
    case ORDER_MEASURE:
        measure(thread);
        break;
    case ORDER_QUIT:
        loop_stop(thread->loop);
        break;
    }
    message_free_order(message);
}

/* Once, until a message or an arrival changes something. */
static void
tell_if_idle(struct shard_thread *thread)
{
    if (!shard_is_idle(thread->shard) || mailbox_has_messages(thread->mailbox))
        return;
    struct shard_demand demand = shard_demand(thread->shard);
    if (thread->told_idle && demand.arrivals == thread->told.arrivals &&
        demand.takers == thread->told.takers)
        return;
    thread->told_idle = true;
    thread->told = demand;
    tell(thread, &(struct report){
                     .type = REPORT_IDLE,
                     .number = (int64_t)thread->got,
                     .demand = demand,
                 });
}

static void
on_turn(void *data)
{
    struct shard_thread *thread = data;
    tell_if_idle(thread);
    outbox_flush(&thread->reports);
}

static bool
make_parts(struct shard_thread *thread)
{
    struct engine *engine = thread->fleet->engine;
    const struct shard_host *host = &thread->fleet->host;
    thread->loop = loop_create(&thread->err);
    if (thread->loop == NULL)
        return false;
    thread->mailbox = mailbox_create(thread->loop, on_order, thread);
    outbox_init(&thread->reports, thread->fleet->mailbox);
    outbox_init(&thread->orders, thread->mailbox);
    thread->health = health_create();
    thread->port.submit = submit;
    thread->shard = shard_create(
        &(struct shard_config){
            .plan = engine->plan,
            .options = engine->options,
            .script = thread->script,
            .loop = thread->loop,
            .port = &thread->port,
            .index = (int32_t)thread->index,
            .shards = (int32_t)thread->fleet->count,
            .host =
                {
                    .data = thread,
                    .on_call_over = on_call_over,
                    .on_run_failed = on_run_failed,
                    .on_fixture_failed = on_fixture_failed,
                    .on_time_over = on_time_over,
                    .on_workload_over = on_workload_over,
                    .stop_waits = stop_waits,
                    .on_unserved = on_unserved,
                    .on_free = on_free,
                    .on_deserted = on_deserted,
                    .on_ready = on_ready,
                    .on_stage = on_stage,
                    .on_all_ended = on_all_ended,
                    .on_global_over = on_global_over,
                    .on_stop = on_stop,
                    .on_abort = on_abort,
                    .on_request = host->on_request ? on_request : NULL,
                    .on_error = host->on_error ? on_error : NULL,
                },
        },
        &thread->err);
    return thread->shard != NULL;
}

static void
stop_parts(struct shard_thread *thread)
{
    shard_stop(thread->shard);
    mailbox_destroy(thread->mailbox, message_free_order);
    loop_destroy(thread->loop);
}

/* Who told it to quit may still be about to wake its loop. */
static void
await_release(struct shard_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    while (!thread->released)
        pthread_cond_wait(&thread->changed, &thread->mutex);
    pthread_mutex_unlock(&thread->mutex);
}

static void *
run(void *data)
{
    struct shard_thread *thread = data;
    bool ok = make_parts(thread);
    pthread_mutex_lock(&thread->mutex);
    thread->exists = ok;
    thread->failed = !ok;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
    if (ok) {
        freeze_admit();
        health_start(thread->health, thread->loop);
        loop_set_turn_hook(thread->loop, on_turn, thread);
        loop_run(thread->loop);
        health_stop(thread->health);
        outbox_flush(&thread->reports);
        await_release(thread);
    }
    stop_parts(thread);
    return NULL;
}

/* --- the engine's side --- */

/* Signals are for the engine's thread: the new one is born with all of them
 * blocked. */
static bool
start(struct shard_thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool ok = pthread_create(&thread->thread, NULL, run, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

struct shard_thread *
shard_thread_start(struct fleet *fleet, size_t index, struct script *script,
                   struct err *err)
{
    struct shard_thread *thread = xaligned(CACHE_LINE, sizeof(*thread));
    *thread = (struct shard_thread){
        .fleet = fleet,
        .index = index,
        .script = script,
    };
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->changed, NULL);
    if (!start(thread)) {
        err_set(err, "cannot start thread %zu of %zu: use fewer with --threads",
                index + 1, fleet->count);
        free(thread);
        return NULL;
    }
    pthread_mutex_lock(&thread->mutex);
    while (!thread->exists && !thread->failed)
        pthread_cond_wait(&thread->changed, &thread->mutex);
    pthread_mutex_unlock(&thread->mutex);
    if (thread->exists)
        return thread;
    *err = thread->err;
    pthread_join(thread->thread, NULL);
    shard_thread_destroy(thread);
    return NULL;
}

static struct order *
add_order(struct shard_thread *thread, enum order_type type)
{
    struct order *order = xcalloc(1, sizeof(*order));
    order->type = type;
    outbox_add(&thread->orders, &order->message);
    return order;
}

void
shard_thread_tell(struct shard_thread *thread, const struct command *command)
{
    struct order *order = add_order(thread, ORDER_COMMAND);
    order->command = *command;
    order->command.value = message_copy_value(command->value);
    if (command->name != NULL)
        order->command.name = xstrdup(command->name);
    json_incref(command->result);
    if (command->reply != NULL) {
        hub_reply_copy_init(&order->reply, command->reply);
        order->command.reply = &order->reply.reply;
    }
}

void
shard_thread_measure(struct shard_thread *thread)
{
    add_order(thread, ORDER_MEASURE);
}

void
shard_thread_flush(struct shard_thread *thread)
{
    outbox_flush(&thread->orders);
}

void
shard_thread_stop(struct shard_thread *thread)
{
    if (thread == NULL)
        return;
    add_order(thread, ORDER_QUIT);
    outbox_flush(&thread->orders);
    pthread_mutex_lock(&thread->mutex);
    thread->released = true;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->thread, NULL);
}

void
shard_thread_destroy(struct shard_thread *thread)
{
    if (thread == NULL)
        return;
    shard_destroy(thread->shard);
    health_destroy(thread->health);
    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->mutex);
    free(thread);
}

bool
shard_thread_freeze(struct shard_thread *thread)
{
    return freeze_thread(thread->thread);
}

struct shard *
shard_thread_shard(const struct shard_thread *thread)
{
    return thread->shard;
}

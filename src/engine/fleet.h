#ifndef MOLO_ENGINE_FLEET_H
#define MOLO_ENGINE_FLEET_H

#include "engine/shard.h"
#include "output/generator.h"
#include "output/result.h"

/* The shards of a test, told and heard as one. With one (the default) it lives
 * on the engine's loop, and telling is calling. With more each has a thread and
 * a loop of its own; what is told goes through mailboxes, once per turn, and so
 * does what the shards tell: the engine's thread has the hub and nothing else
 * to do. Main thread. */

struct engine;
struct fleet;
struct hub_port;

/* What the engine tells a shard. */
enum command_type {
    COMMAND_CALL_GLOBAL,    /* phase, result */
    COMMAND_SET_DATA,       /* value */
    COMMAND_SET_STARTED_AT, /* at */
    COMMAND_PREPARE,        /* the answer is on_ready */
    COMMAND_START,          /* at */
    COMMAND_SET_STAGE,      /* number */
    COMMAND_CHANGE_WORKERS, /* number */
    COMMAND_CATCH_UP,
    COMMAND_ARRIVE,       /* arrival */
    COMMAND_HEAR_OF_FREE, /* workload */
    COMMAND_END_WORKLOAD, /* workload */
    COMMAND_DRAIN,
    COMMAND_STOP_WAITS, /* flag: those of teardowns, too */
    COMMAND_RESET_RUNS,
    COMMAND_ABANDON,
    COMMAND_REPLY,     /* reply */
    COMMAND_ROUND_END, /* name, step, round */
};
/* Pointers are borrowed during the call that tells. */
struct command {
    enum command_type type;
    enum worker_phase phase;
    bool flag;
    nsec_t at;
    int64_t number, step, round;
    const char *name;
    const struct plan_workload *workload;
    struct value *value;
    json_t *result;
    const struct hub_reply *reply;
    struct arrival arrival;
};

/* Makes the shards and, with more than one, their threads. NULL with `err`. The
 * engine has a plan, a hub, a loop and a script for each shard. */
struct fleet *fleet_create(struct engine *engine, struct err *err);
/* Ends the shards; the loop may be destroyed after it. What was measured can
 * still be read. */
void fleet_stop(struct fleet *fleet);
void fleet_destroy(struct fleet *fleet);
size_t fleet_size(const struct fleet *fleet);

void fleet_tell(struct fleet *fleet, const struct command *command);
/* The first shard, which has the global fixtures and events that belong to
 * nobody. */
void fleet_tell_first(struct fleet *fleet, const struct command *command);
/* The shard of the worker. */
void fleet_reply(struct fleet *fleet, const struct hub_reply *reply);
/* Once per turn, before asking fleet_is_quiet: begins the stage that all are
 * ready for. */
void fleet_go_on(struct fleet *fleet);
/* Once per turn, at its end: sends what has been told. */
void fleet_flush(struct fleet *fleet);
/* Nothing can happen in any shard, or on the way to one or from one. */
bool fleet_is_quiet(const struct fleet *fleet);

/* Asks for what has been measured; `on_measured` is called when all have told,
 * possibly before this returns. One at a time: who asks meanwhile is told
 * together with the next. */
void
fleet_measure(struct fleet *fleet, void (*on_measured)(struct engine *engine));
/* As of the last time: of one shard this is up to date. Borrowed. */
const struct snapshot *fleet_snapshot(struct fleet *fleet);
struct shard_figures fleet_figures(const struct fleet *fleet);
/* What the threads of the shards did since the last call; the part of it that
 * health_take knows of a thread. With one shard there is none but the engine's
 * own, and `sample` stays as it is. */
void fleet_add_health(struct fleet *fleet, struct generator_sample *sample);
void fleet_add_report(struct fleet *fleet, struct result_generator *report);

/* Of all scripts; see script.h. These reach one that never yields. */
void fleet_park_after(struct fleet *fleet, nsec_t at);
void fleet_set_signal_grace(struct fleet *fleet, nsec_t grace);
/* Asks all shards on threads of their own whether they are there. */
void fleet_ask(struct fleet *fleet);
/* How many have not yet answered all that they were asked. */
size_t fleet_silent(const struct fleet *fleet);
/* Counts every run that is going on as interrupted, because the process ends
 * without it; what was measured is as fresh as can be then. Shards that are
 * silent may be stuck: they are stopped where they stand; see freeze.h. */
void fleet_give_up_runs(struct fleet *fleet);

#endif

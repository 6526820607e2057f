#ifndef MOLO_ENGINE_FLEET_INTERNAL_H
#define MOLO_ENGINE_FLEET_INTERNAL_H

#include "engine/fleet.h"
#include "engine/quiescence.h"
#include "loop/mailbox.h"

/* What fleet.c and shard_thread.c share: the engine's end of its shards. */

struct shard_thread;

/* What one shard has told. */
struct fleet_slot {
    struct shard_thread *thread; /* NULL: on the engine's loop */
    int32_t stage;
    struct shard_demand demand; /* when it was idle last */
    struct snapshot *snapshot;  /* as of the last time; owned */
    uint64_t asked, told;       /* how often it was to tell, and has */
    uint64_t due;               /* of these, what `unmeasured` is about */
    struct shard_figures figures;
    struct generator_sample health; /* not yet asked for */
    bool has_health;
    struct result_generator report;
};

#define FLEET_ASKERS 8

struct fleet {
    struct engine *engine;
    size_t count;
    struct fleet_slot *slots;
    struct shard *shard;     /* the only one, on the engine's loop; or NULL */
    struct mailbox *mailbox; /* from the threads */
    struct shard_host host;  /* the engine's, for what they tell */
    struct quiescence quiescence;
    size_t ready, caught_up, ended; /* how many shards */
    size_t *deserted;               /* of each workload: on how many */
    int32_t stage;                  /* told to all */
    bool stopped;                   /* the threads have ended */
    size_t unmeasured;              /* shards that have still to tell */
    struct snapshot *sum;           /* of the slots */
    struct result_thread *threads; /* for the result: the engine's, then each */
    /* Who is told when they have; who asked since. */
    void (*askers[FLEET_ASKERS])(struct engine *engine);
    void (*next_askers[FLEET_ASKERS])(struct engine *engine);
};

/* What any shard tells, on the engine's thread. */
void fleet_on_ready(struct fleet *fleet);
void fleet_on_stage(struct fleet *fleet, size_t shard, int32_t stage);
void fleet_on_unserved(struct fleet *fleet, size_t shard,
                       const struct arrival *arrival);
void fleet_on_free(struct fleet *fleet, size_t shard,
                   const struct plan_workload *workload);
void
fleet_on_deserted(struct fleet *fleet, const struct plan_workload *workload);
void fleet_on_all_ended(struct fleet *fleet);
/* The sum of what the slots have or, once the threads have ended, of what the
 * shards have. */
void fleet_add_up(struct fleet *fleet);
/* The slot has the figures; takes the snapshot. */
void
fleet_on_measured(struct fleet *fleet, size_t shard, struct snapshot *snapshot);

/* Applies a command on the shard's thread. */
void command_apply(struct shard *shard, const struct command *command);

/* --- shard_thread.c --- */

/* Starts a thread and waits until its shard exists. NULL with `err`. */
struct shard_thread *shard_thread_start(struct fleet *fleet, size_t index,
                                        struct script *script, struct err *err);
void
shard_thread_tell(struct shard_thread *thread, const struct command *command);
void shard_thread_measure(struct shard_thread *thread);
/* Sends what was told. */
void shard_thread_flush(struct shard_thread *thread);
/* Ends the thread; its shard can still be read. */
void shard_thread_stop(struct shard_thread *thread);
void shard_thread_destroy(struct shard_thread *thread);
/* Borrowed; the thread has ended, or stands still. */
struct shard *shard_thread_shard(const struct shard_thread *thread);
/* Keeps it from going on, wherever it is; see freeze.h. False: it cannot be,
 * and may go on. */
bool shard_thread_freeze(struct shard_thread *thread);

/* --- fleet_reports.c --- */

/* The engine's mailbox has something of a thread. */
void fleet_on_report(void *fleet, struct message *message);

#endif

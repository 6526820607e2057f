#ifndef MOLO_ENGINE_SHARD_H
#define MOLO_ENGINE_SHARD_H

#include <stdbool.h>

#include "hub/op.h"
#include "plan/plan.h"
#include "script/script.h"
#include "stats/recorder.h"

/* One loop's share of the plan: takes its workers through their lives (setup,
 * runs, teardown), asking the executor when a run is due and telling the hub
 * of every step. Has a transport and a recorder of its own. Its thread only. */

struct loop;
struct shard;

/* A run of an open workload that looks for a worker. */
struct arrival {
    const struct plan_workload *workload;
    nsec_t due;     /* from the start of the workload */
    int32_t asked;  /* how many times a shard had nobody free for it */
    bool may_start; /* one of them could start a worker more */
    bool more;      /* others wait where it has been */
    uint32_t heard; /* what its pool had, when it began to ask */
};

/* What a shard tells. Called in the midst of something: only take note. */
struct shard_host {
    void *data;
    /* A call of a script is over: a signal may have been the reason. */
    void (*on_call_over)(void *data);
    /* A run failed: before its departure is told to anyone. */
    void (*on_run_failed)(void *data);
    /* A fixture failed. `teardown`: its failure does not end the test. */
    void (*on_fixture_failed)(void *data, enum worker_phase phase);
    /* The time for runs is over, seen by a worker that would begin one. May
     * be called more than once. */
    void (*on_time_over)(void *data);
    /* The time of one workload is over while others go on: the hub drains it.
     */
    void (*on_workload_over)(void *data, const struct plan_workload *workload);
    /* Workers first .. +count-1 have had their patience: the hub stops their
     * waits; those in a teardown only if `teardowns`. */
    void (*stop_waits)(void *data, int32_t first, int32_t count,
                       bool teardowns);
    /* The workers that were to be ready before the runs begin are, or have
     * ended. */
    void (*on_ready)(void *data);
    /* Nobody here is free for an arrival: another shard is to be asked. NULL:
     * there is none. */
    void (*on_unserved)(void *data, const struct arrival *arrival);
    /* Somebody here is free for arrivals of the workload, which had been asked
     * for in vain: the other shards are to be told. */
    void (*on_free)(void *data, const struct plan_workload *workload);
    /* Of an open workload that goes on nobody is left here: all have quit, or
     * there was nobody. */
    void (*on_deserted)(void *data, const struct plan_workload *workload);
    /* The first stage of single_run that is not over on this shard. */
    void (*on_stage)(void *data, int32_t stage);
    /* Its last worker has ended. */
    void (*on_all_ended)(void *data);
    /* A global fixture is over; what it returned, borrowed, or NULL. */
    void (*on_global_over)(void *data, struct value *value);
    void (*on_stop)(void *data, const char *reason);
    void (*on_abort)(void *data, const char *reason);
    /* A request has ended, an error was recorded; see recorder_observe. NULL:
     * nobody wants to know. `at`: since the start of the runs. */
    void (*on_request)(void *data, nsec_t at,
                       const struct request_sample *sample);
    void (*on_error)(void *data, nsec_t at, const char *kind,
                     const char *message, const struct error_first *occurrence);
};

struct shard_config {
    const struct plan *plan;
    const struct options *options;
    struct script *script; /* borrowed */
    struct loop *loop;
    struct hub_port *port;
    int32_t index, shards; /* which of how many it is */
    struct shard_host host;
};

/* NULL with `err`: there is no transport. */
struct shard *shard_create(const struct shard_config *config, struct err *err);
/* The shard stays, but for what runs on the loop: after this the loop may be
 * destroyed, and what was measured can still be read. */
void shard_stop(struct shard *shard);
void shard_destroy(struct shard *shard);
const struct snapshot *shard_snapshot(const struct shard *shard);
/* Its CPU and lag are somebody else's. */
struct shard_figures {
    int32_t workers_alive;  /* have started and not ended */
    int32_t workers_wanted; /* of workloads of executor manual, on all shards */
    int32_t late_setups;    /* not over when the time for runs was */
    uint64_t shortages; /* requests that failed for want of something here */
    uint64_t lua_memory, gc_cycles;
};
struct shard_figures shard_figures(const struct shard *shard);

/* Calls a global fixture, with the result of the test or NULL. on_global_over
 * is told of its end, on_fixture_failed of its failure. */
void
shard_call_global(struct shard *shard, enum worker_phase phase, json_t *result);
/* What a global_setup on another shard has returned; NULL: nothing. */
void shard_set_data(struct shard *shard, struct value *data);
void shard_set_started_at(struct shard *shard, nsec_t at);
/* A round of an object is over. */
void shard_emit_round_end(struct shard *shard, const char *name, int64_t step,
                          int64_t round);

/* Starts the workers that are to be ready before the runs begin (those a rate
 * has pre-allocated); on_ready is told when they are, or if there are none. */
void shard_prepare(struct shard *shard);
/* Plans the start of every worker and every arrival, relative to `started_at`.
 */
void shard_start(struct shard *shard, nsec_t started_at);
/* Starts what is due by now; before the end of the time for runs. */
void shard_catch_up(struct shard *shard);
/* An arrival of another shard that nobody is free for there. */
void shard_arrive(struct shard *shard, const struct arrival *arrival);
/* Somebody has become free for its arrivals on another shard. */
void
shard_hear_of_free(struct shard *shard, const struct plan_workload *workload);
/* Nobody is left of an open workload, on any shard: no more of its runs arrive.
 */
void
shard_end_workload(struct shard *shard, const struct plan_workload *workload);
/* No run and no worker starts any more; who is between runs goes home. Runs in
 * flight of a workload with less patience than plan_patience are stopped when
 * that is over; the rest is left to the caller. */
void shard_drain(struct shard *shard);
/* SIGUSR1 and SIGUSR2: that many workers more for workloads of executor manual,
 * within their limits. */
void shard_change_workers(struct shard *shard, int64_t change);
/* Runs of single_run up to this stage may begin. */
void shard_set_stage(struct shard *shard, int32_t stage);
/* Raises `stopped` in whatever workers wait for outside the hub. Those in a
 * teardown fixture only if `teardowns`. */
void shard_stop_waits(struct shard *shard, bool teardowns);
/* Takes down every run and setup now; teardowns follow. */
void shard_reset_runs(struct shard *shard);
/* Takes down every task now; no teardown fixture runs any more. */
void shard_abandon(struct shard *shard);

/* Counts every run that is going on as interrupted, because the process ends
 * without it. */
void shard_give_up_runs(struct shard *shard);

/* Open workloads of which runs wait here, or will arrive, and nobody here could
 * take one; and those somebody here could take one of. Bits, number mod 64. */
struct shard_demand {
    uint64_t arrivals, takers;
};
struct shard_demand shard_demand(const struct shard *shard);

/* Nothing of it can happen before it is told something: no task is runnable,
 * in a transfer, asleep, and no start is pending that the clock alone will
 * bring (a rate counts as one). */
bool shard_is_idle(const struct shard *shard);

/* The hub's answer to a worker, or a global fixture, of this shard. */
void shard_on_reply(struct shard *shard, const struct hub_reply *reply);

#endif

#ifndef MOLO_ENGINE_SHARD_H
#define MOLO_ENGINE_SHARD_H

#include <stdbool.h>

#include "hub/op.h"
#include "plan/plan.h"
#include "script/script.h"

/* One loop's share of the plan: takes its workers through their lives (setup,
 * runs, teardown), asking the executor when a run is due and telling the hub
 * of every step. Its thread only. */

struct loop;
struct recorder;
struct shard;

struct shard_host {
    void *data;
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
    /* The last worker has ended. */
    void (*on_all_ended)(void *data);
};

struct shard_config {
    const struct plan *plan;
    struct script *script;
    struct loop *loop;
    struct hub_port *port;
    struct recorder *recorder;
    struct shard_host host;
};

struct shard *shard_create(const struct shard_config *config);
void shard_destroy(struct shard *shard);

/* Starts the workers that are to be ready before the runs begin (those a rate
 * has pre-allocated). True: wait for on_ready. */
bool shard_prepare(struct shard *shard);
/* Plans the start of every worker and every arrival, relative to `started_at`.
 */
void shard_start(struct shard *shard, nsec_t started_at);
/* Starts what is due by now; before the end of the time for runs. */
void shard_catch_up(struct shard *shard);
/* No run and no worker starts any more; who is between runs goes home. Runs in
 * flight of a workload with less patience than shard_patience are stopped when
 * that is over; the rest is left to the caller. */
void shard_drain(struct shard *shard);
/* The longest graceful stop of the workloads. */
nsec_t shard_patience(const struct shard *shard);
/* SIGUSR1 and SIGUSR2: that many workers more for workloads of executor manual,
 * within their limits. */
void shard_change_workers(struct shard *shard, int64_t change);
/* How many these are to have. */
int32_t shard_wanted_workers(const struct shard *shard);
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

/* Starts of workers and runs that the clock alone will bring: a rate counts as
 * one. */
size_t shard_pending_starts(const struct shard *shard);
/* Workers that have started and not ended. */
int32_t shard_workers_alive(const struct shard *shard);

/* script_host.on_call_done of workers with an owner. */
void
shard_on_call_done(struct worker *worker, const struct call_result *result);
/* hub_config.on_reply for workers of this shard. */
void shard_on_reply(struct shard *shard, const struct hub_reply *reply);

/* Counts an error of a call and tells the log, for `worker`'s phase. */
void shard_report_error(struct recorder *recorder, const struct worker *worker,
                        const struct call_result *result, nsec_t started_at);

#endif

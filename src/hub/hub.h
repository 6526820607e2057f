#ifndef MOLO_HUB_HUB_H
#define MOLO_HUB_HUB_H

#include "hub/op.h"

/* Owner of everything workers share, and a pure state machine: it does nothing
 * by itself, only on an operation, a tick or a question, and time is an
 * argument. Same operations at the same times, same answers in the same order.
 * One thread. What operations mean to a script is in docs/lua-api.md, what they
 * mean here in the headers of the objects.
 *
 * on_reply may be called from within any of these functions, also for other
 * operations than the one submitted; it must not call back into the hub. */
struct hub;
struct recorder;

/* Something that happened, for a history. Strings are borrowed. */
struct hub_event {
    nsec_t at;
    const char *what; /* "call", "wait", "round_end" or hub_status_name() */
    struct hub_id id;
    enum hub_object_type type;
    const char *name, *op; /* of the object (NULL: none), of the operation */
    int32_t room;
    int64_t step, round; /* 0: none, as in a fixture */
    nsec_t waited;       /* with the answer to a wait; else 0 */
    const char *where;   /* "pad.lua:9", or NULL */
    bool failed;         /* the run, task or setup that has ended */
};

enum hub_on_deadlock { HUB_DEADLOCK_STOP, HUB_DEADLOCK_BREAK };

struct hub_config {
    void (*on_reply)(void *data, const struct hub_reply *reply);
    /* A deadlock was found: `report` is the wait-for graph as text. The waiters
     * are answered later (hub_stop_waits) under HUB_DEADLOCK_STOP, which is
     * told by `stop`; the owner begins DRAIN. */
    void (*on_deadlock)(void *data, const char *report, bool stop);
    /* A round is over: of a notifier, all have passed or read it; of a barrier,
     * all have met. `step` as in struct hub_event. May be NULL. */
    void (*on_round_end)(void *data, enum hub_object_type type,
                         const char *name, int64_t step, int64_t round);
    /* Every operation and every answer, in order. May be NULL. */
    void (*on_history)(void *data, const struct hub_event *event);
    void *data;
    enum hub_on_deadlock on_deadlock_do;
    nsec_t wait_timeout;       /* default; HUB_TIMEOUT_NONE: none */
    struct recorder *recorder; /* borrowed; what is measured about waits */
};

struct hub *hub_create(const struct hub_config *config);
void hub_destroy(struct hub *hub);

/* Before any worker of it starts: workers first_worker .. +size-1 are members
 * 0..size-1 of cohort `workload` and are planned to start. `fixed` false
 * (rates, shared runs): there is no cohort, and lockstep objects are refused.
 */
void hub_add_cohort(struct hub *hub, const char *workload, int32_t first_worker,
                    int32_t size, bool fixed);
/* Workers that start if they are needed, which nobody can know before: there is
 * no cohort, and a start of one is not to be waited for. */
void hub_add_pool(struct hub *hub, const char *workload, int32_t first_worker,
                  int32_t size);
/* The same for those workers of a workload that play together in a room (1 on):
 * the cohort is the room. */
void hub_add_room(struct hub *hub, const char *workload, int32_t room,
                  int32_t first_worker, int32_t size);

/* Of all workers of the workload together only so many runs begin: RUN_BEGIN is
 * answered with STOPPED after that. Not for rooms. */
void hub_limit_runs(struct hub *hub, const char *workload, int64_t runs);

void hub_submit(struct hub *hub, const struct hub_op *op, nsec_t now);

/* Expires timeouts that are due. */
void hub_tick(struct hub *hub, nsec_t now);
/* When hub_tick has something to do; NSEC_NEVER: only after another operation.
 */
nsec_t hub_next_deadline(const struct hub *hub);

/* Nothing outside the hub can happen any more without it: no task is runnable,
 * in a transfer, asleep; no start that can take place is pending (a run that
 * the hub itself holds back does not count). Before DRAIN: a worker held back
 * is let go, or rounds are broken, or it is a deadlock. In DRAIN: stops all
 * waits. Waits of a workload that is drained alone are stopped first. Returns
 * true if it did anything. Cheap when nobody waits. */
bool hub_quiescent(struct hub *hub, nsec_t now);

/* DRAIN begins: from now on nobody's leaving satisfies or breaks anything. */
void hub_drain(struct hub *hub, nsec_t now);
/* The same, while runs still begin that were asked for before, if nothing holds
 * them back: where workers are on other threads the hub hears of them late.
 * hub_drain ends that. */
void hub_drain_late(struct hub *hub, nsec_t now);
/* The same for the cohorts of one workload, while the others go on: none of its
 * runs begins any more, and nobody's leaving satisfies or breaks anything
 * between its workers. For those of other workloads they leave as ever. */
void hub_drain_workload(struct hub *hub, const char *workload, nsec_t now);
/* Answers every wait with STOPPED; each worker so answered gets STOPPED at once
 * from every later wait, until its RUNS_OVER. */
void hub_stop_waits(struct hub *hub, nsec_t now);
/* The same for workers first_worker .. +count-1; those in a teardown only if
 * `teardowns`. A worker that goes on is as before from its next run on. True
 * if any of them waited. */
bool hub_stop_workers(struct hub *hub, int32_t first_worker, int32_t count,
                      bool teardowns, nsec_t now);

/* How many tasks wait now, and how many since before `since`. */
size_t hub_waiting(const struct hub *hub, nsec_t since);

#endif

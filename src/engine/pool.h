#ifndef MOLO_ENGINE_POOL_H
#define MOLO_ENGINE_POOL_H

#include "engine/backlog.h"
#include "loop/pacer.h"
#include "loop/timer.h"
#include "plan/executor.h"

/* Arrivals of an open workload and the workers that serve them. A run that is
 * due takes the worker that has become idle last: its connections are the
 * warmest, and the number of workers that were ever needed tells something. If
 * nobody is idle here the other shards are asked in turn whether somebody is,
 * and if not, once more whether one may be started: a new worker is started
 * while the workload may have more. Until somebody is ready the run waits for
 * max_lag; then it is dropped and counted so. A shard that was asked in vain
 * tells the others when somebody becomes idle there, and each of them asks for
 * the first that waits; until then nobody asks. Part of a crew. */

struct arrival;
struct crew;
struct member;

struct pool {
    struct arrivals arrivals;
    struct pacer *pacer;
    nsec_t due;             /* the next arrival; NSEC_NEVER: none */
    int32_t started;        /* members 0 .. started-1 */
    bool offering;          /* an arrival looks for its worker */
    bool counts;            /* as one of the shard's pending starts */
    struct backlog waiting; /* arrivals that nobody was free for */
    struct timer expiry;    /* of the first of them */
    /* With other shards. */
    bool in_vain;   /* one of ours found nobody free, and nobody is since */
    bool wanted;    /* one of theirs found nobody free here, or left others */
    uint32_t heard; /* how often somebody was free elsewhere */
};

void pool_init(struct crew *crew);
void pool_finish(struct crew *crew);
/* Starts the workers that are to be ready before the schedule begins. */
void pool_prepare(struct crew *crew);
/* The schedule begins. */
void pool_start(struct crew *crew);
/* Starts what is due by now, so that a loop that comes late to the end of a
 * workload does not lose its last runs. */
void pool_catch_up(struct crew *crew);
/* An arrival that another shard passes on. */
void pool_arrive(struct crew *crew, const struct arrival *arrival);
/* Somebody has become idle here: tells it, if another shard would like to know.
 */
void pool_tell_if_free(struct crew *crew);
/* Somebody is on another shard. */
void pool_hear_of_free(struct crew *crew);
/* Somebody here could take an arrival. */
bool pool_has_taker(const struct crew *crew);
/* No more arrivals; those that wait are dropped. */
void pool_stop(struct crew *crew);
/* Who is parked has changed: an arrival that nobody is there to take, as all
 * workers are in runs, brings nothing on. */
void pool_count_starts(struct crew *crew);
/* As executor_ops.next_run. */
struct executor_due pool_next(struct crew *crew, nsec_t now);
/* The run that pool_next has offered is taken. */
void pool_take(struct crew *crew);
/* A run will never be made. */
void pool_drop(const struct crew *crew);

#endif

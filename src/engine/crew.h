#ifndef MOLO_ENGINE_CREW_H
#define MOLO_ENGINE_CREW_H

#include "base/list.h"
#include "engine/pool.h"
#include "loop/timer.h"
#include "plan/executor.h"

/* The workers of one workload on their shard, and what they share: what its
 * executor goes by, who waits for a change of it, and the workload's own end.
 * Internal to the shard. */

struct member;
struct shard;

struct crew {
    struct shard *shard;
    const struct plan_workload *workload;
    const struct executor_ops *executor;
    struct executor_state state;
    struct plan_segment segment; /* what this shard has of it */
    struct member *members;      /* those of its workers, the shard's */
    int32_t count;
    nsec_t started_at;  /* of the workload; NSEC_NEVER: not yet known */
    int32_t ended;      /* members */
    bool over;          /* none of its runs begins any more */
    struct list parked; /* members; of a pool: the last one to become idle
                           is the last */
    struct timer end;   /* of its time; then of its patience */
    unsigned stopped_setups;
    unsigned stops;  /* how often the patience has been over */
    size_t *numbers; /* of its choices, in the script */
    double total_weight;
    struct pool pool; /* open executors */
};

void crew_init(struct crew *crew, struct shard *shard,
               const struct plan_workload *workload, struct member *members,
               int32_t count);
void crew_finish(struct crew *crew);
/* Plans the start of its workers. */
void crew_start(struct crew *crew, nsec_t test_started_at);
/* No run of it begins any more: who is between runs goes home, runs in flight
 * have the workload's graceful stop. `patient`: somebody else sees to that. */
void crew_end(struct crew *crew, bool patient);
/* A member has ended. */
void crew_one_ended(struct crew *crew);

/* May the member begin a run? Times count from the start of the workload. Ends
 * the workload, or the test, if its time is over. */
struct executor_due crew_next(struct member *m);
/* It waits for a change, or for an arrival. */
void crew_park(struct member *m);
void crew_unpark(struct member *m);
/* Something has changed: asks again for those that wait. */
void crew_wake(struct crew *crew);
/* The start of a worker that has not started: now, later, or never. */
void crew_plan_start(struct member *m);

/* Scenario (number in the script) of the member's next run. */
size_t crew_pick(struct member *m);
/* The member asks for a run; what it asked for is refused; a run of it, or
 * (`all`) each that it would have had, is over. */
void crew_run_asked(struct member *m);
void crew_run_refused(struct member *m);
void crew_run_over(struct member *m, bool all);
/* The number of workers that a manual one is to have, by steps. */
void crew_change_workers(struct crew *crew, int64_t change);

#endif

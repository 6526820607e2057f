#ifndef MOLO_ENGINE_LIFE_H
#define MOLO_ENGINE_LIFE_H

#include "base/rng.h"
#include "engine/settle.h"
#include "engine/shard.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "plan/executor.h"
#include "stats/snapshot.h"

/* The life of one worker on its shard, from its start to its end. Internal to
 * the shard. */

enum life {
    LIFE_PLANNED,
    LIFE_SETUP,
    LIFE_SETUP_SESSION,
    LIFE_WAITING_TO_RUN, /* the hub holds it back, or its room is not ready */
    LIFE_RUNNING,
    LIFE_DELAY,
    LIFE_TEARDOWN_SESSION,
    LIFE_TEARDOWN,
    LIFE_ENDED,
};

struct member {
    struct shard *shard;
    struct worker *worker; /* NULL before its start and after its end */
    const struct plan_workload *workload;
    const struct executor_ops *executor;
    int32_t id, index;
    enum life life;
    bool session_set_up; /* setup_session was reached */
    int64_t runs;
    size_t scenario;    /* index in the script */
    struct timer timer; /* of the start, or of the delay */
    struct job held;    /* the hub has answered what it waited for */
    uint32_t begin_seq;
    bool begin_submitting, begin_answered, begin_granted;
    struct settling settling;
    struct rng pick;
};

struct shard {
    struct shard_config config;
    nsec_t started_at;
    struct member *members;
    int32_t member_count, alive, ended;
    size_t pending_starts;
    bool draining, abandoned;
    size_t *scenario_numbers; /* of plan scenarios, in the script */
    double total_weight;
};

/* It exists from now on: setup fixtures, then runs. */
void life_start(struct member *m);
/* Its start lies behind the end of the test: nobody is to wait for it. */
void life_never(struct member *m);
/* Its next run, if it has one; else its way home. */
void life_next_run(struct member *m);
/* No more runs: teardown fixtures, then the end. `failure`: of the setup that
 * failed, for those who wait for this worker; or NULL. */
void life_go_home(struct member *m, const struct call_result *failure);
/* Counts its run, which ends or is given up. */
void life_count_run(const struct member *m, enum run_outcome outcome,
                    nsec_t duration, nsec_t active);
/* Its fixture or run is over, and nothing it acquired is left. */
void life_call_over(struct member *m, const struct call_result *result);
/* The hub's answer to RUN_BEGIN is there. */
void life_begin_answered(struct member *m);

#endif

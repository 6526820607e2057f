#ifndef MOLO_ENGINE_SHARD_INTERNAL_H
#define MOLO_ENGINE_SHARD_INTERNAL_H

#include "base/rng.h"
#include "engine/crew.h"
#include "engine/settle.h"
#include "engine/shard.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "script/worker.h"

/* What the files of a shard share: the shard itself and its workers. Its thread
 * only. */

enum life {
    LIFE_PLANNED,
    LIFE_SETUP,
    LIFE_SETUP_SESSION,
    LIFE_WAITING_TO_RUN, /* the hub holds it back, or its room is not ready */
    LIFE_RUNNING,
    LIFE_DELAY,  /* until a time */
    LIFE_PARKED, /* until something changes, or a run of a rate is due */
    LIFE_TEARDOWN_SESSION,
    LIFE_TEARDOWN,
    LIFE_ENDED,
};

/* It is not wanted any more (a ramp down), but its run goes on. */
enum leaving { NOT_LEAVING, LEAVING, LEAVING_STOPPED };

struct member {
    struct shard *shard;
    struct crew *crew;
    struct worker *worker; /* NULL before its start and after its end */
    int32_t id, index;
    enum life life;
    bool preparing;      /* the test begins when it is ready */
    bool session_set_up; /* setup_session was reached */
    bool rests;          /* the hub knows that it is between runs */
    int64_t runs;
    size_t scenario;    /* index in the script */
    char *pick_error;   /* what the picker raised for the run that begins */
    nsec_t due_at;      /* of the run that begins, on a schedule; else 0 */
    nsec_t began_at;    /* its last run */
    struct list parked; /* in the crew's list */
    struct timer timer; /* of the start, or of the delay */
    struct timer leave; /* of a ramp down */
    enum leaving leaving;
    struct job held; /* the hub has answered what it waited for */
    uint32_t begin_seq;
    bool begin_submitting, begin_answered, begin_granted;
    struct settling settling;
    struct rng pick;
};

struct shard {
    struct shard_config config;
    struct transport *transport; /* NULL: stopped */
    struct recorder *recorder;
    struct worker *global; /* of a global fixture that runs */
    struct job global_over;
    uint64_t shortages;
    nsec_t started_at;
    nsec_t deadline; /* of the whole test; NSEC_NEVER: none, or not yet */
    struct member *members; /* its own */
    struct member **by_id;  /* of all workers; NULL: another shard's */
    int32_t member_count, alive, ended;
    int32_t late_setups;
    struct crew *crews;
    size_t crew_count;
    int32_t preparing; /* members that the test waits for */
    size_t pending_starts;
    bool draining, abandoned;
    bool none_ended; /* has told the end of the workers it does not have */
    /* single_run: runs to come of each stage, of all workloads. */
    int64_t *stage_runs;
    int32_t stage_count;
    int32_t stage; /* the first that is not over here, as was told */
};

/* Counts an error of a call and tells the log, for `worker`'s phase. */
void shard_report_error(struct shard *shard, const struct worker *worker,
                        const struct call_result *result);

/* --- global.c --- */

/* Its call is over. */
void global_call_over(struct shard *shard, const struct call_result *result);
void global_init(struct shard *shard);
void global_finish(struct shard *shard);

#endif

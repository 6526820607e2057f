#ifndef MOLO_ENGINE_INTERNAL_H
#define MOLO_ENGINE_INTERNAL_H

#include <pthread.h>
#include <signal.h>

#include "engine/engine.h"
#include "engine/fleet.h"
#include "engine/health.h"
#include "engine/intervals.h"
#include "engine/precheck.h"
#include "engine/sizing.h"
#include "hub/hub.h"
#include "hub/port.h"
#include "loop/loop.h"
#include "loop/nudges.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "output/outputs.h"
#include "output/timeline.h"
#include "script/script.h"
#include "stats/recorder.h"
#include "stats/threshold.h"

/* What is known of shards that may never come back; see stuck.h. */
enum stuck_step {
    STUCK_UNKNOWN,
    STUCK_ASKED,
    STUCK_GIVEN_UP, /* one did not answer: the others come to an end */
};

enum engine_phase {
    ENGINE_INIT,
    ENGINE_SETUP,   /* global_setup */
    ENGINE_PREPARE, /* setups of workers that the runs wait for */
    ENGINE_RUN,
    ENGINE_DRAIN,    /* no run starts any more */
    ENGINE_TEARDOWN, /* global_teardown */
    ENGINE_REPORT,
};

/* Main thread, but for what is said to be read elsewhere: options, plan,
 * outputs and the lock on these. */
struct engine {
    struct options *options;
    char *scenario_path;
    struct script **scripts; /* one for each shard; all loaded the same */
    size_t script_count;
    struct plan *plan;

    /* While it runs. */
    struct loop *loop;
    struct signals *signals;
    struct nudges *nudges;         /* NULL: no workload is manual */
    struct precheck *precheck;     /* NULL: none, or over */
    struct recorder *hub_recorder; /* what is measured about waits */
    struct hub *hub;
    struct hub_port_direct port; /* of a single shard */
    struct fleet *fleet;
    struct health *health; /* of this thread */
    struct intervals intervals;
    struct outputs *outputs;             /* borrowed; NULL: none */
    pthread_mutex_t outputs_mutex;       /* with several shards */
    struct output_thread *output_thread; /* NULL: not running */
    struct out_live *live;
    struct timeline *timeline; /* NULL: none */
    nsec_t timeline_start;

    enum engine_phase phase;
    nsec_t started_at, ended_at; /* of the runs */
    nsec_t deadline_at;          /* of the plan; NSEC_NEVER: not yet */
    bool ready;                  /* the workers that ENGINE_PREPARE is for */
    bool measured;               /* the end of the runs; for ENGINE_TEARDOWN */
    bool began;                  /* ENGINE_RUN was reached */
    bool catching_up;            /* the time for runs is over */
    unsigned signals_seen;
    bool now;        /* the second signal: runs are over, teardowns are short */
    bool abandoned;  /* ... and over, too */
    bool deadlocked; /* drain at the next occasion */
    bool all_ended, aborted;
    struct timer deadline; /* of the plan */
    struct timer grace;    /* after which waits are stopped */
    unsigned grace_over;   /* how often it has been */
    struct timer stuck;
    enum stuck_step stuck_step;
    struct timer hub_timer;
    struct timer tick;
    struct sizing_run sizing;
    struct timer check; /* of the thresholds that may end the test */
    nsec_t next_tick;   /* in real time, where time is virtual */

    struct snapshot *snapshot; /* merged, for the result */
    struct threshold *thresholds;
    size_t threshold_count;
    bool judged; /* the thresholds, for good */
    struct result result;
    void (*on_stuck)(const struct result *result, void *data);
    void *on_stuck_data;
};

/* All that has been measured so far, merged; owned by the caller. */
struct snapshot *engine_take_snapshot(const struct engine *engine);
/* Fills in the result from what has been measured so far. */
void engine_make_result(struct engine *engine);

/* Somebody is stuck for good: writes what there is and ends the process. Of
 * signals_set_overdue, in a signal handler; or on the loop. */
void engine_on_stuck(void *engine);

#endif

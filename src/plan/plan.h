#ifndef MOLO_PLAN_PLAN_H
#define MOLO_PLAN_PLAN_H

#include "base/err.h"
#include "plan/cast.h"
#include "plan/options.h"
#include "plan/rate.h"

/* The immutable result of all configuration: what will run, for how long, and
 * when it counts as failed. Read from any thread. */

enum executor_type {
    EXECUTOR_CONSTANT_WORKERS,
    EXECUTOR_RAMPING_WORKERS,
    EXECUTOR_RUNS_PER_WORKER,
    EXECUTOR_SHARED_RUNS,
    EXECUTOR_CONSTANT_RATE,
    EXECUTOR_RAMPING_RATE,
    EXECUTOR_ROUND_RATE,
    EXECUTOR_MANUAL,
    EXECUTOR_SINGLE_RUN,
};

/* A scenario of a workload and how often it is picked. */
struct plan_choice {
    size_t scenario; /* in plan->scenarios */
    double weight;
};

/* With --single-run: what the workers of a workload run, in this order. Nobody
 * begins one of a stage before all runs of the stages before are over. */
struct plan_turn {
    int32_t stage;
    size_t scenario;
};

struct plan_workload {
    char *name;
    enum executor_type executor;
    int32_t first_worker; /* worker ids first_worker .. +workers-1 */
    int32_t workers;      /* the most it has at once */
    int32_t room_size;    /* 0: it is not divided into rooms */
    int32_t rooms;
    int32_t first_room;   /* rooms first_room .. +rooms-1 are its */
    nsec_t start;         /* from the start of the test; the times below count
                             from here */
    nsec_t duration;      /* NSEC_NEVER: until the runs are done */
    nsec_t graceful_stop; /* for runs in flight at its end */
    int64_t max_runs;     /* per worker, or shared by all; 0: no limit */
    nsec_t ramp_up;
    nsec_t delay_low, delay_high;
    int32_t workers_at_start;  /* ramping_workers, manual */
    struct plan_stage *stages; /* ramping_* */
    size_t stage_count;
    struct plan_rate rate; /* constant_rate, round_rate; ramping_rate: at the
                              start */
    int32_t pre_allocated; /* workers of a rate that are ready before it
                              starts */
    nsec_t max_lag; /* how late a run of a rate may still start; 0: it starts
                       when it is due or is dropped */
    enum plan_arrival arrival;
    struct plan_choice *choices;
    size_t choice_count;
    struct plan_turn *turns; /* single_run */
    size_t turn_count;
    struct option_pair *env, *tags; /* of this workload; own copies */
    size_t env_count, tag_count;
};

struct plan_scenario {
    char *name;
    double weight;
    struct cast cast;
    size_t candidate; /* which it was: its number in the script */
};

struct plan {
    const struct options *options; /* borrowed: the rest of what was asked */
    struct plan_workload *workloads;
    size_t workload_count;
    struct plan_scenario *scenarios; /* selected, in order of registration */
    size_t scenario_count;
    int32_t workers; /* of all workloads */
    int32_t shards;  /* threads that they are on */
};

/* A scenario that a script registered, as the plan needs to know it. */
struct plan_candidate {
    const char *name;
    double weight;
    const struct cast *cast; /* NULL: none */
    const char *family;      /* that -s may name too; NULL: none */
    const char *group;       /* NULL: none */
    char *const *tags;       /* for --only-tag */
    size_t tag_count;
};

/* `options` must outlive the plan. Selects scenarios (-s; an unknown one is an
 * error with a suggestion; those of weight 0 only when named; --only-tag: those
 * with such a tag; --shuffle: in an order of the seed), applies the 10 s
 * default when nothing bounds the run, divides the workers into rooms. Refuses
 * options of the command line that mean nothing without another, such as
 * --sim-latency without --sim. NULL with `err`. */
struct plan *plan_create(const struct options *options,
                         const struct plan_candidate *candidates, size_t count,
                         struct err *err);
void plan_destroy(struct plan *plan);
/* The workload of a worker id. */
const struct plan_workload *
plan_workload_of(const struct plan *plan, int32_t worker);
/* With `shards` of them, the one that a worker runs on: worker i on shard
 * i mod shards, those of a room together. */
int32_t plan_shard_of(const struct plan *plan, int32_t worker, int32_t shards);
/* Workers that never start, because their workload ends before the ramp-up
 * reaches them. */
int32_t plan_unreached_workers(const struct plan *plan);
/* The longest graceful stop of the workloads. */
nsec_t plan_patience(const struct plan *plan);
/* When the whole plan must be over, from its start; NSEC_NEVER: when done. */
nsec_t plan_deadline(const struct plan *plan);
/* For `molo check`: the plan in words, without what may be secret (values of
 * headers and env, credentials in the URL). */
void plan_describe(const struct plan *plan, struct buf *out);
/* And in letters: the workers and the runs per second that are expected, over
 * time. Nothing, if that is not known beforehand. */
void plan_plot(const struct plan *plan, struct buf *out);
const char *executor_type_name(enum executor_type type);

#endif

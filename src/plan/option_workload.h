#ifndef MOLO_PLAN_OPTION_WORKLOAD_H
#define MOLO_PLAN_OPTION_WORKLOAD_H

#include "plan/options.h"

/* A workload as a file describes it: `workloads = {name = {...}}`. Its keys are
 * set one by one, from text, in any order; option_workload_check then says
 * whether they fit together. */

struct executor_ops;

enum workload_key {
    WORKLOAD_EXECUTOR,
    WORKLOAD_SCENARIO,
    WORKLOAD_SCENARIOS,
    WORKLOAD_START,
    WORKLOAD_GRACEFUL_STOP,
    WORKLOAD_ENV,
    WORKLOAD_TAGS,
    WORKLOAD_DELAY,
    WORKLOAD_WORKERS,
    WORKLOAD_WORKERS_AT_START,
    WORKLOAD_DURATION,
    WORKLOAD_RUNS,
    WORKLOAD_RAMP_UP,
    WORKLOAD_STAGES,
    WORKLOAD_RATE,
    WORKLOAD_PRE_ALLOCATED,
    WORKLOAD_MAX_WORKERS,
    WORKLOAD_MAX_LAG,
    WORKLOAD_ARRIVAL,
};
#define WORKLOAD_KEYS 19

struct option_choice {
    char *scenario;
    double weight; /* negative: the one it was registered with */
};

/* Fields of keys that are not given hold their default. Owns its strings. */
struct option_workload {
    char *name;
    char *where; /* that describes it: "shop.lua:9" */
    bool given[WORKLOAD_KEYS];
    const struct executor_ops *executor; /* NULL: not yet known */
    int64_t workers, workers_at_start, max_workers, pre_allocated;
    int64_t runs;
    nsec_t start, duration, ramp_up, graceful_stop, max_lag;
    nsec_t delay_low, delay_high;
    struct plan_rate rate;
    enum plan_arrival arrival;
    struct plan_stage *stages;
    size_t stage_count;
    struct option_choice *choices; /* none: all scenarios */
    size_t choice_count;
    struct option_pair *env, *tags;
    size_t env_count, tag_count;
};

/* Workloads of this source are about to be added: those of a weaker one go.
 * False: a stronger one has given its own, which stay. */
bool
options_begin_workloads(struct options *options, enum option_source source);
/* Returns it, borrowed until the next is added; NULL with `err`: no name, or
 * one that is taken. The workloads are kept in order of their addition. */
struct option_workload *
options_add_workload(struct options *options, const char *name,
                     const char *where, struct err *err);

/* All messages begin with "workload 'browse': ". */
/* One value: executor, scenario, or a number, time, rate, word; "stages"
 * appends one. An unknown key is an error with a suggestion. */
bool option_workload_set(struct option_workload *workload, const char *key,
                         const char *text, struct err *err);
/* A pair of "env" or "tags". */
bool
option_workload_set_pair(struct option_workload *workload, const char *key,
                         const char *name, const char *value, struct err *err);
/* A scenario of "scenarios" with its weight, which is not negative. */
bool option_workload_set_weight(struct option_workload *workload,
                                const char *scenario, double weight,
                                struct err *err);
/* When all keys are set: there is an executor, it has these keys, and those
 * that it needs are there. */
bool
option_workload_check(const struct option_workload *workload, struct err *err);

/* Name of a key as a file spells it. */
const char *workload_key_name(enum workload_key key);
/* Does an executor have this key? */
bool
workload_key_fits(const struct executor_ops *executor, enum workload_key key);
/* "workers, duration and ramp_up": what an executor has and others have not. */
void
workload_describe_keys(const struct executor_ops *executor, struct buf *out);

void option_workload_finish(struct option_workload *workload);

#endif

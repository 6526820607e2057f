#include "plan/workload_keys.h"

#include <string.h>

#include "base/str.h"
#include "plan/executor.h"

#define AT(field) offsetof(struct option_workload, field)
#define ONE(key) (UINT32_C(1) << (key))

const struct option_spec workload_keys[WORKLOAD_KEYS] = {
    [WORKLOAD_EXECUTOR] = {.name = "executor",
                           .argument = "NAME",
                           .kind = OPTION_KIND_TEXT},
    [WORKLOAD_SCENARIO] = {.name = "scenario",
                           .argument = "NAME",
                           .kind = OPTION_KIND_TEXT},
    [WORKLOAD_SCENARIOS] = {.name = "scenarios"},
    [WORKLOAD_START] = {.name = "start",
                        .argument = "T",
                        .kind = OPTION_KIND_TIME,
                        .offset = AT(start),
                        .max = OPTION_TIME_MAX,
                        .forms = FORMS_TIME},
    [WORKLOAD_GRACEFUL_STOP] = {.name = "graceful_stop",
                                .argument = "T",
                                .kind = OPTION_KIND_TIME,
                                .offset = AT(graceful_stop),
                                .max = OPTION_TIME_MAX,
                                .forms = FORMS_TIME},
    [WORKLOAD_ENV] = {.name = "env"},
    [WORKLOAD_TAGS] = {.name = "tags"},
    [WORKLOAD_DELAY] = {.name = "delay",
                        .argument = "T|A..B",
                        .kind = OPTION_KIND_RANGE,
                        .offset = AT(delay_low),
                        .max = OPTION_TIME_MAX,
                        .forms = FORMS_RANGE},
    [WORKLOAD_WORKERS] = {.name = "workers",
                          .argument = "N",
                          .kind = OPTION_KIND_INT,
                          .offset = AT(workers),
                          .max = OPTION_WORKERS_MAX,
                          .forms = FORMS_WORKERS},
    [WORKLOAD_WORKERS_AT_START] = {.name = "workers_at_start",
                                   .argument = "N",
                                   .kind = OPTION_KIND_INT,
                                   .offset = AT(workers_at_start),
                                   .max = OPTION_WORKERS_MAX,
                                   .forms = FORMS_WORKERS_FROM_0},
    [WORKLOAD_DURATION] = {.name = "duration",
                           .argument = "T",
                           .kind = OPTION_KIND_TIME,
                           .offset = AT(duration),
                           .min = 1,
                           .max = OPTION_TIME_MAX,
                           .forms = FORMS_TIME_POSITIVE},
    [WORKLOAD_RUNS] = {.name = "runs",
                       .argument = "N",
                       .kind = OPTION_KIND_INT,
                       .offset = AT(runs),
                       .min = 1,
                       .max = OPTION_RUNS_MAX,
                       .forms = "a whole number from 1"},
    [WORKLOAD_RAMP_UP] = {.name = "ramp_up",
                          .argument = "T",
                          .kind = OPTION_KIND_TIME,
                          .offset = AT(ramp_up),
                          .max = OPTION_TIME_MAX,
                          .forms = FORMS_TIME},
    [WORKLOAD_STAGES] = {.name = "stages",
                         .argument = "T:N",
                         .kind = OPTION_KIND_STAGE,
                         .forms = FORMS_STAGE},
    [WORKLOAD_RATE] = {.name = "rate",
                       .argument = "N/T",
                       .kind = OPTION_KIND_RATE,
                       .offset = AT(rate),
                       .forms = FORMS_RATE},
    [WORKLOAD_PRE_ALLOCATED] = {.name = "pre_allocated",
                                .argument = "N",
                                .kind = OPTION_KIND_INT,
                                .offset = AT(pre_allocated),
                                .max = OPTION_WORKERS_MAX,
                                .forms = FORMS_WORKERS_FROM_0},
    [WORKLOAD_MAX_WORKERS] = {.name = "max_workers",
                              .argument = "N",
                              .kind = OPTION_KIND_INT,
                              .offset = AT(max_workers),
                              .min = 1,
                              .max = OPTION_WORKERS_MAX,
                              .forms = FORMS_WORKERS},
    [WORKLOAD_MAX_LAG] = {.name = "max_lag",
                          .argument = "T",
                          .kind = OPTION_KIND_TIME,
                          .offset = AT(max_lag),
                          .max = OPTION_TIME_MAX,
                          .forms = FORMS_TIME},
    [WORKLOAD_ARRIVAL] = {.name = "arrival",
                          .argument = "WORD",
                          .kind = OPTION_KIND_WORD,
                          .offset = AT(arrival),
                          .words = option_arrival_words,
                          .forms = FORMS_ARRIVAL},
};

#define COMMON                                                              \
    (ONE(WORKLOAD_EXECUTOR) | ONE(WORKLOAD_SCENARIO) |                      \
     ONE(WORKLOAD_SCENARIOS) | ONE(WORKLOAD_START) |                        \
     ONE(WORKLOAD_GRACEFUL_STOP) | ONE(WORKLOAD_ENV) | ONE(WORKLOAD_TAGS) | \
     ONE(WORKLOAD_DELAY))
#define POOL                                                   \
    (ONE(WORKLOAD_PRE_ALLOCATED) | ONE(WORKLOAD_MAX_WORKERS) | \
     ONE(WORKLOAD_MAX_LAG) | ONE(WORKLOAD_ARRIVAL))

/* What an executor has besides the common ones, and what it cannot do
 * without. */
static const struct executor_keys {
    enum executor_type executor;
    uint32_t own, needed;
} executor_keys[] = {
    {EXECUTOR_CONSTANT_WORKERS,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_DURATION) | ONE(WORKLOAD_RAMP_UP),
     ONE(WORKLOAD_DURATION)},
    {EXECUTOR_RAMPING_WORKERS,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_WORKERS_AT_START) |
         ONE(WORKLOAD_STAGES),
     ONE(WORKLOAD_STAGES)},
    {EXECUTOR_RUNS_PER_WORKER,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_RUNS) | ONE(WORKLOAD_DURATION) |
         ONE(WORKLOAD_RAMP_UP),
     ONE(WORKLOAD_RUNS)},
    {EXECUTOR_SHARED_RUNS,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_RUNS) | ONE(WORKLOAD_DURATION) |
         ONE(WORKLOAD_RAMP_UP),
     ONE(WORKLOAD_RUNS)},
    {EXECUTOR_CONSTANT_RATE, ONE(WORKLOAD_RATE) | ONE(WORKLOAD_DURATION) | POOL,
     ONE(WORKLOAD_RATE) | ONE(WORKLOAD_DURATION)},
    {EXECUTOR_RAMPING_RATE, ONE(WORKLOAD_RATE) | ONE(WORKLOAD_STAGES) | POOL,
     ONE(WORKLOAD_STAGES)},
    {EXECUTOR_ROUND_RATE,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_RATE) | ONE(WORKLOAD_DURATION),
     ONE(WORKLOAD_RATE) | ONE(WORKLOAD_DURATION)},
    {EXECUTOR_MANUAL,
     ONE(WORKLOAD_WORKERS) | ONE(WORKLOAD_WORKERS_AT_START) |
         ONE(WORKLOAD_MAX_WORKERS) | ONE(WORKLOAD_DURATION),
     0},
};
#define EXECUTORS (sizeof(executor_keys) / sizeof(executor_keys[0]))

static const struct executor_keys *
keys_of(const struct executor_ops *executor)
{
    for (size_t i = 0; i < EXECUTORS; i++)
        if (executor_keys[i].executor == executor->type)
            return &executor_keys[i];
    return NULL;
}

int
workload_key_find(const char *name)
{
    for (int i = 0; i < WORKLOAD_KEYS; i++) {
        if (strcmp(workload_keys[i].name, name) == 0)
            return i;
    }
    return -1;
}

const char *
workload_key_name(enum workload_key key)
{
    return workload_keys[key].name;
}

bool
workload_key_fits(const struct executor_ops *executor, enum workload_key key)
{
    const struct executor_keys *its = keys_of(executor);
    return its != NULL && ((its->own | COMMON) & ONE(key)) != 0;
}

bool
workload_key_is_needed(const struct executor_ops *executor,
                       enum workload_key key)
{
    return (keys_of(executor)->needed & ONE(key)) != 0;
}

void
workload_describe_keys(const struct executor_ops *executor, struct buf *out)
{
    uint32_t own = keys_of(executor)->own;
    bool any = false;
    for (uint32_t i = 0; i < WORKLOAD_KEYS; i++) {
        if ((own & ONE(i)) == 0)
            continue;
        bool last = (own >> i) == 1;
        buf_printf(out, "%s%s",
                   !any   ? ""
                   : last ? " and "
                          : ", ",
                   workload_keys[i].name);
        any = true;
    }
}

const struct executor_ops *
workload_find_executor(const char *name, struct err *err)
{
    const struct executor_ops *executor = executor_find_name(name);
    if (executor != NULL && keys_of(executor) != NULL)
        return executor;
    if (executor != NULL) {
        err_set(err,
                "executor '%s' is for the command line: run it with "
                "--single-run",
                executor->name);
        return NULL;
    }
    const char *names[EXECUTORS];
    for (size_t i = 0; i < EXECUTORS; i++)
        names[i] = executor_type_name(executor_keys[i].executor);
    err_set(err, "unknown executor '%.80s'", name);
    str_suggest(name, names, EXECUTORS, err);
    return NULL;
}

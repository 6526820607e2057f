#ifndef MOLO_OUTPUT_RESULT_H
#define MOLO_OUTPUT_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "plan/plan.h"
#include "stats/snapshot.h"
#include "stats/threshold.h"

/* Exit codes; molo(1) says what they mean. */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_SETUP = 3,
    EXIT_CODE_DEADLOCK = 4,
    EXIT_CODE_SATURATED = 5,
    EXIT_CODE_OUTPUT = 6,
    EXIT_CODE_THRESHOLD = 99,
    /* 128 and the number of the signal. */
    EXIT_CODE_SIGHUP = 129,
    EXIT_CODE_SIGINT = 130,
    EXIT_CODE_SIGTERM = 143,
};

struct result_cause {
    enum exit_code code;
    char text[256]; /* "3 of 20 runs failed" */
};
#define RESULT_MAX_CAUSES 8

/* What one of several threads took; shares as below. */
struct result_thread {
    char name[32];
    double cpu, cpu_wait;
};

/* Of a simulated run, CPU and lag are 0 and not known. */
struct result_generator {
    double cpu; /* CPU seconds of the process per second, of one core */
    /* The loop's thread alone, the busiest of several; and what of the time it
     * was ready and another process had the core. Below 0: the system does not
     * tell. */
    double cpu_loop, cpu_wait;
    nsec_t loop_lag_p50, loop_lag_p99, loop_lag_max;
    uint64_t shortages; /* requests that failed for want of descriptors, ports
                           or memory */
    uint64_t max_rss;   /* bytes */
    uint64_t fds;       /* most descriptors in use */
    uint64_t fds_limit;
    uint64_t lua_memory; /* most bytes in use */
    uint64_t gc_cycles;
    const struct result_thread *threads; /* borrowed */
    size_t thread_count;                 /* 0: there is one loop */
    bool saturated;
};

struct outputs;
struct sizing;
struct interval_list;
struct verdict;

/* What a run came to, as outputs see it. Borrows everything. */
struct result {
    const struct plan *plan;
    const struct snapshot *snapshot;
    const char *scenario_path;
    char started_at[32];
    nsec_t duration;
    struct result_generator generator;
    const struct verdict *verdict; /* NULL: none was made; like the next two */
    const struct interval_list *intervals;
    const struct outputs *outputs;
    const struct sizing *sizing; /* NULL: it was not asked for */
    /* Why it ended: "completed", "duration", "interrupted" ... */
    const char *ended_by;
    const struct threshold *thresholds; /* judged */
    size_t threshold_count;
    struct result_cause causes[RESULT_MAX_CAUSES]; /* what was wrong, if any */
    size_t cause_count;
};

/* Adds a cause unless one of that code is there. */
void
result_add_cause(struct result *result, enum exit_code code, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));
/* The one of two that decides, in the order 2, 3, 4, that of a signal, 99, 1,
 * 6, 5, 0; of equals the first. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);
/* The worst of its causes. */
enum exit_code result_exit_code(const struct result *result);

/* The result JSON "molo-result/1"; the caller owns it. */
json_t *out_json_build(const struct result *result);
/* Writes it to `path` through a temporary file and a rename; "-": stdout. */
bool
out_json_write(const struct result *result, const char *path, struct err *err);
/* The same of one that is built already. */
bool out_json_write_tree(const json_t *root, const char *path, struct err *err);
/* The text summary. */
void out_summary_write(const struct result *result, FILE *stream, bool color);

/* Progress on stderr: one line that is redrawn on a terminal, a plain line now
 * and then elsewhere. Hooks itself into the log so that lines do not mix. */
struct live_status {
    const char *phase;     /* "setup" "run" "drain" "teardown" */
    nsec_t elapsed, total; /* total NSEC_NEVER: unknown */
    int32_t workers_running, workers_total;
    int64_t runs_total;  /* planned; 0: unknown */
    bool final;          /* the last one: a plain line is always written */
    size_t waiting;      /* tasks in coordination waits */
    size_t waiting_long; /* of these, over 10 s */
};
struct out_live;
struct out_live *
out_live_create(FILE *stream, enum option_progress mode, bool color);
void out_live_update(struct out_live *live, const struct live_status *status,
                     const struct snapshot *snapshot, nsec_t now);
/* Removes the line. */
void out_live_destroy(struct out_live *live);

#endif

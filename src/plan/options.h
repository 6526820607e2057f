#ifndef MOLO_PLAN_OPTIONS_H
#define MOLO_PLAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "plan/rate.h"

/* Every option of `molo run`, from whatever source: one table gives its name,
 * short name, argument, type, range, environment variable and help, so that
 * parsing, precedence, --help and suggestions cannot disagree. */

/* Weakest first. */
enum option_source {
    OPTION_DEFAULT,
    OPTION_CONFIG,
    OPTION_SCRIPT,      /* molo.options{...} */
    OPTION_ENVIRONMENT, /* MOLO_WORKERS ... */
    OPTION_COMMAND_LINE,
};

struct option_pair {
    char *key, *value;
};
struct option_list {
    char **items;
    size_t count;
};
/* What a figure of the result must be; stats/threshold.h reads it. */
struct option_threshold {
    char *expression;
    char *where;  /* that said it: "--threshold", "pad.lua:9" */
    bool abort;   /* end the test when it fails */
    nsec_t after; /* ... but not before the runs have lasted so long */
};

enum option_progress { PROGRESS_AUTO, PROGRESS_ON, PROGRESS_OFF };
enum option_summary { SUMMARY_TEXT, SUMMARY_JSON, SUMMARY_NONE };
enum option_on_deadlock { ON_DEADLOCK_STOP, ON_DEADLOCK_BREAK };

struct option_workload;

/* The values. Read freely; written by options_set only. Owns its strings. */
struct options {
    int64_t workers;
    nsec_t duration;    /* NSEC_NEVER: not given */
    int64_t max_runs;   /* per worker; 0: not given */
    int64_t iterations; /* by all workers; 0: not given */
    nsec_t ramp_up;
    struct plan_rate rate; /* --rate; count 0: not given */
    struct plan_stage *stages;
    size_t stage_count;
    enum plan_arrival arrival;
    nsec_t max_lag;
    bool single_run;
    bool manual;
    int64_t manual_step, max_workers;
    bool sizing;
    double sizing_tolerance; /* percent of failed runs */
    nsec_t sizing_step;
    char *workload; /* --workload; NULL: all */
    /* Those of the script, if it has any: plan/option_workload.h. */
    struct option_workload *workloads;
    size_t workload_count;
    nsec_t delay_low, delay_high;
    int64_t threads;              /* 0: one for each processor */
    struct option_list scenarios; /* -s */
    struct option_list only_tags; /* --only-tag */
    bool shuffle;                 /* the order of --single-run */
    int64_t max_lua_memory;       /* bytes, of each worker; 0: no limit */
    bool stop_on_failure;
    int64_t fail_runs;   /* --fail N; -1: never, or a percentage is given */
    double fail_percent; /* --fail P%; negative: not given */
    struct option_threshold *thresholds; /* --threshold */
    size_t threshold_count;
    nsec_t graceful_stop;
    nsec_t wait_timeout; /* 0: none */
    enum option_on_deadlock on_deadlock;
    char *base_url;             /* NULL: none */
    nsec_t timeout;             /* of a request */
    bool insecure;              /* -k */
    struct option_list headers; /* -H "K: V" */
    int64_t max_rss;            /* bytes, of the process; 0: no limit */
    char *precheck;             /* URL; NULL: none */
    nsec_t precheck_timeout, precheck_every;
    int64_t precheck_status; /* 0: any below 400 */
    bool http_debug;
    bool sim;
    nsec_t sim_latency_low, sim_latency_high;
    double sim_failures;     /* percent */
    struct option_pair *env; /* -e K=V */
    size_t env_count;
    struct option_pair *services; /* --service NAME=URL */
    size_t service_count;
    char *config;             /* -c; NULL: none */
    char *jobs;               /* --jobs; NULL: not given */
    struct option_pair *tags; /* --tag K=V */
    size_t tag_count;
    bool seed_given;
    uint64_t seed;              /* fresh unless given */
    struct option_list outputs; /* -o KIND=FILE */
    enum option_summary summary_format;
    bool strict;    /* a saturated generator makes exit code 5 */
    char *timeline; /* file, "-": stdout; NULL: none */
    int verbosity;  /* -1: -q, 1: -v, 2: -vv */
    enum option_progress progress;
    bool no_color;
    bool help;
};

struct options *options_create(void);
void options_destroy(struct options *options);
/* The strongest source that has given this option, by its long name. */
enum option_source
options_source(const struct options *options, const char *name);
/* Appends the names, as `weaker` spells them, of what it has given in vain
 * because the value of `stronger` counts. Pairs, which are merged, are left
 * out. */
void
options_list_overruled(const struct options *options, enum option_source weaker,
                       enum option_source stronger, struct option_list *out);
/* Appends the names of what has the value that `source` gave it, as that one
 * spells them; of pairs, if it is the strongest that gave any. */
void options_list_given(const struct options *options,
                        enum option_source source, struct option_list *out);
/* Has any source given it? */
bool options_is_given(const struct options *options, const char *name);
/* The address of a service, borrowed; NULL: it has none. Case does not matter,
 * nor '-' or '_', which names of environment variables cannot tell apart. */
const char *options_service(const struct options *options, const char *name);

/* Sets one option by its long name ("max-runs" or "max_runs"). A weaker source
 * than the one that set it before is ignored silently (but its value is
 * checked). Flags take "true"/"false" or NULL for true. Repeatable options
 * append within one source and replace a weaker source's list; env and tags
 * merge by key. An unknown name is an error with a suggestion. The message
 * names the option in the spelling of `source` (--max-runs, max_runs,
 * MOLO_MAX_RUNS). */
bool options_set(struct options *options, enum option_source source,
                 const char *name, const char *value, struct err *err);
/* --threshold with all that a script can say about it; copied. Lists of the
 * sources replace each other as those of other options do. */
void options_add_threshold(struct options *options, enum option_source source,
                           const struct option_threshold *threshold);
/* MOLO_* from `environ`, and MOLO_SERVICE_name for each service. Of variables
 * that are no options those that were probably meant to be are told in
 * `warnings`; others are ignored. */
bool options_read_environment(struct options *options, char *const *environ,
                              struct option_list *warnings, struct err *err);
/* Arguments after "molo run": "--max-runs 5", "--max-runs=5", "-r5", "-r 5",
 * "-vv", flags in one word ("-qx"), "--" ends options. What is no option is
 * appended to `positionals` (owned by the caller's list). Flags of other tools
 * get a hint: `-c 64` (-w), `-t 30s` (-d), `-n 100` (-i), `-R 50` (--rate). */
bool
options_parse_arguments(struct options *options, int argc, char *const *argv,
                        struct option_list *positionals, struct err *err);
/* The table as help text, in groups, 80 columns. */
void options_help(struct buf *out);

void option_list_append(struct option_list *list, const char *item);
void option_list_finish(struct option_list *list);
void option_pairs_finish(struct option_pair *pairs, size_t count);

#endif

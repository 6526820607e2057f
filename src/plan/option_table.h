#ifndef MOLO_PLAN_OPTION_TABLE_H
#define MOLO_PLAN_OPTION_TABLE_H

#include "plan/options.h"

/* The table of options. Inside src/plan only; everybody else goes through
 * options.h. */

enum option_kind {
    OPTION_KIND_FLAG,    /* bool */
    OPTION_KIND_INT,     /* int64_t within min .. max */
    OPTION_KIND_TIME,    /* nsec_t within min .. max */
    OPTION_KIND_SIZE,    /* int64_t, bytes within min .. max */
    OPTION_KIND_RANGE,   /* two nsec_t, the lower one first */
    OPTION_KIND_FAIL,    /* fail_runs, fail_percent */
    OPTION_KIND_PERCENT, /* double from 0 to 100 */
    OPTION_KIND_SEED,
    OPTION_KIND_WORD,  /* enum: index into words */
    OPTION_KIND_TEXT,  /* char * */
    OPTION_KIND_LIST,  /* struct option_list, repeatable */
    OPTION_KIND_RATE,  /* struct plan_rate */
    OPTION_KIND_STAGE, /* struct plan_stage, repeatable */
    OPTION_KIND_ENV,   /* pairs, merged by key */
    OPTION_KIND_TAG,
    OPTION_KIND_SERVICE,   /* the same with names as services have them */
    OPTION_KIND_THRESHOLD, /* struct option_threshold, repeatable */
    OPTION_KIND_QUIET,     /* both steer verbosity */
    OPTION_KIND_VERBOSE,
};

#define OPTION_WORKERS_MAX 1000000
#define OPTION_RUNS_MAX INT64_C(1000000000000)
/* Ten years: sums of a few such times still fit into nsec_t. */
#define OPTION_TIME_MAX (INT64_C(87600) * 3600 * NSEC_PER_SEC)

#define FORMS_TIME "a time such as 250ms, 30s, 2m, 1h30m or 1.5 (seconds)"
#define FORMS_TIME_POSITIVE \
    "a time above 0, such as 250ms, 30s, 2m, 1h30m or 1.5 (seconds)"
#define FORMS_RANGE \
    "a time such as 500ms or 2 (seconds), or a range such as 1s..5s"
#define FORMS_WORKERS "a whole number from 1 to 1000000"
#define FORMS_WORKERS_FROM_0 "a whole number from 0 to 1000000"
#define FORMS_RATE "a rate such as 50/s, 2.5/s or 1/2m, at most 1000000000/s"
#define FORMS_STAGE \
    "a stage such as 1m:50 (workers) or 1m:100/s (a rate of runs)"
/* Of a service whose name is told beside it. */
#define FORMS_ADDRESS                                                       \
    "an address such as http://127.0.0.1:8642, or the name has other than " \
    "letters, digits, '_' and '-'"
#define FORMS_ARRIVAL "fixed or poisson"
extern const char *const option_arrival_words[];

enum option_group {
    OPTION_GROUP_LOAD,
    OPTION_GROUP_END,
    OPTION_GROUP_COORDINATION,
    OPTION_GROUP_HTTP,
    OPTION_GROUP_SIM,
    OPTION_GROUP_SCRIPT,
    OPTION_GROUP_OUTPUT,
};
#define OPTION_GROUP_COUNT 7

struct option_spec {
    const char *name;
    char short_name;      /* '\0': none */
    char hidden_short;    /* works, and is not in the help */
    const char *hidden;   /* the same for a long name; NULL: none */
    const char *argument; /* as the help shows it; NULL: a flag */
    enum option_kind kind;
    enum option_group group;
    size_t offset; /* in struct options, where the kind says a C type */
    int64_t min, max;
    const char *const *words; /* NULL-terminated; of a number, the word that
                                 stands for 0 */
    bool (*is_valid)(const char *text); /* NULL: any text */
    const char *forms; /* what is accepted, to follow "is not"; NULL: what flags
                          take */
    const char *help;
    bool command_line_only;
};

#define OPTION_TABLE_SIZE 57
extern const struct option_spec option_table[OPTION_TABLE_SIZE];
extern const char *const option_group_names[OPTION_GROUP_COUNT];

/* By long name, with '-' or '_', hidden names included. NULL: none. */
const struct option_spec *option_find(const char *name, size_t size);
const struct option_spec *option_named(const char *name);
const struct option_spec *option_find_short(char name);
static inline bool
option_is_flag(const struct option_spec *spec)
{
    return spec->argument == NULL;
}

/* A long name as it is written in `source`, such as --max-runs. */
#define OPTION_SPELLING_SIZE 64
void option_spell(enum option_source source, const char *name,
                  char out[OPTION_SPELLING_SIZE]);
/* The option of this source that a mistyped name is near to; NULL: none. */
const char *option_nearest(enum option_source source, const char *name);
/* "unknown option '--worker': did you mean '--workers'?" */
bool option_refuse_unknown(enum option_source source, const char *name,
                           struct err *err);

/* A value, parsed and not yet stored. Borrows the text. */
struct option_value {
    const char *text;
    bool flag;
    int64_t number; /* also nsec_t, the seed, the index of a word */
    int64_t high;   /* of a range */
    double percent;
    size_t key_size; /* of K=V */
    struct plan_rate rate;
    struct plan_stage stage;
};

/* `text` NULL: the option was given without a value. */
bool
option_parse_value(const struct option_spec *spec, enum option_source source,
                   const char *text, struct option_value *out, struct err *err);

#endif

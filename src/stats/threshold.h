#ifndef MOLO_STATS_THRESHOLD_H
#define MOLO_STATS_THRESHOLD_H

#include "stats/metric.h"

/* What a figure must be for a test to count as passed. The expression is
 *
 *     metric{tag=value,tag="a b"}:stat op value[unit]
 *
 * with op one of < <= > >= == !=. */

enum threshold_op {
    THRESHOLD_LESS,
    THRESHOLD_LESS_EQUAL,
    THRESHOLD_GREATER,
    THRESHOLD_GREATER_EQUAL,
    THRESHOLD_EQUAL,
    THRESHOLD_NOT_EQUAL,
};

/* Zeroed is empty. Owns its strings. */
struct threshold {
    char *expression; /* as it was given */
    struct metric_query query;
    enum threshold_op op;
    double bound; /* in the unit of the query */
    bool abort;   /* ends the test when it fails while it runs */
    nsec_t after; /* ... but not before the runs have lasted so long */

    /* The verdict, once judged. */
    struct metric_value value;
    bool ok;
    bool aborted; /* this one ended the test, with this value */
};

/* Reads an expression. Every message quotes it. `catalog`: what the script
 * defines, which must outlive the threshold; or NULL. */
bool threshold_init(struct threshold *threshold, const char *expression,
                    const struct metric_catalog *catalog, struct err *err);
void threshold_finish(struct threshold *threshold);

/* Compares; a figure that was never measured fails, except counts and rates,
 * which are 0 then. One that has ended the test keeps its verdict. */
void threshold_judge(struct threshold *threshold,
                     const struct snapshot *snapshot, nsec_t duration);
/* While the test runs, `duration` after its first run began: true if it is to
 * end the test now, which then is its verdict. What has not been measured yet
 * does not end it, except a count. */
bool threshold_check(struct threshold *threshold,
                     const struct snapshot *snapshot, nsec_t duration);

/* "<", "<=" ... */
const char *threshold_op_text(enum threshold_op op);
/* Is there a figure at all? */
bool threshold_has_value(const struct threshold *threshold);
/* The figure for people: "412 ms", "1.5 %", "no data", "0, nothing measured".
 * As many digits as it takes to tell it from the bound. */
#define THRESHOLD_VALUE_SIZE 128
void threshold_value_text(const struct threshold *threshold,
                          char out[THRESHOLD_VALUE_SIZE]);

#endif

#ifndef MOLO_OUTPUT_SUMMARY_H
#define MOLO_OUTPUT_SUMMARY_H

#include "output/result.h"
#include "output/table.h"

/* What the parts of the text summary share; private to this directory. */
struct summary {
    const struct result *result;
    const struct snapshot *snapshot;
    FILE *stream;
    bool color;
    struct buf text; /* of one name at a time */
};

struct rate_text {
    char s[32];
};

/* Both are valid until the next of them. */
const char *summary_printable(struct summary *sum, const char *text);
const char *summary_cut(struct summary *sum, const char *text, size_t width);
void
summary_print(const struct summary *sum, enum style style, const char *text);
/* STYLE_BAD if there is something to worry about. */
enum style summary_bad_if(uint64_t count);
struct rate_text summary_rate(uint64_t count, nsec_t duration);
void summary_add_time(struct table *table, nsec_t t);
/* Cells of a table; "-" where nothing was recorded (`hist` may be NULL). */
void summary_add_percentile(struct table *table, const struct hist *hist,
                            double percent);
void summary_add_mean(struct table *table, const struct hist *hist);
/* Writes the table after an empty line and destroys it. `left_out` rows did not
 * find room in it. */
void summary_finish_table(const struct summary *sum, struct table *table,
                          size_t left_out);

/* The sections with one row per name. Empty ones print nothing. */
/* By scenario and role, unless there is but one scenario without roles. */
void summary_scenarios(struct summary *sum);
/* With --single-run: each scenario like a test. */
void summary_single_run(struct summary *sum);
void summary_endpoints(struct summary *sum);
void summary_checks(struct summary *sum);
void summary_transactions(struct summary *sum);
/* The metrics that the script defines. */
void summary_custom(struct summary *sum);
void summary_thresholds(struct summary *sum);
void summary_errors(struct summary *sum);
void summary_coordination(struct summary *sum);

#endif

#ifndef MOLO_OUTPUT_MERGE_H
#define MOLO_OUTPUT_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Several results as one, "molo-results/1": what can be added up is, and each
 * result stands in `files` as a whole. Counts are sums; times are merged as
 * histograms, so that their percentiles are true. */

struct merge_part {
    const char *name;     /* of the file or test */
    int code;             /* its exit code */
    bool lost;            /* it ended before it could say how */
    const char *reason;   /* ... or why there is no result */
    nsec_t ended_at;      /* since the first began */
    const json_t *result; /* "molo-result/1"; NULL: none */
};

/* `code`: of the whole; `duration`: from the first begin to the last end. The
 * caller owns the result. */
json_t *merge_results(const struct merge_part *parts, size_t count, int code,
                      nsec_t duration);

#endif

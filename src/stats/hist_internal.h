#ifndef MOLO_STATS_HIST_INTERNAL_H
#define MOLO_STATS_HIST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/hist.h"

/* The buckets as one sequence, for those who write a histogram down and read
 * it again. The indices are those of an HdrHistogram that starts at 1 and keeps
 * 3 significant digits. */

#define HIST_LONGEST (24 * 3600 * NSEC_PER_SEC)

/* Number of buckets: one past the bucket of HIST_LONGEST. */
size_t hist_bucket_limit(void);
/* The smallest value of a bucket. */
nsec_t hist_bucket_first(size_t index);
/* First bucket from `from` on with anything in it; the limit if none is. */
size_t hist_next_bucket(const struct hist *hist, size_t from, uint64_t *count);
/* As if `value` had been recorded `count` times. False, and nothing done, when
 * the total would pass 2^64. */
bool hist_add_value(struct hist *hist, nsec_t value, uint64_t count);
/* As if `count` values from all over the bucket had been recorded: its middle
 * in the sum, its ends in min and max. False, and nothing done, when there is
 * no such bucket or the total would pass 2^64. */
bool hist_add_bucket(struct hist *hist, size_t index, uint64_t count);

#endif

#ifndef MOLO_STATS_HIST_H
#define MOLO_STATS_HIST_H

#include <stdint.h>

#include "base/clock.h"

/* Histogram of durations in the layout of HdrHistogram (Tene): 2,048 linear
 * sub-buckets of 1 ns, then 1,024 per power of two, so that a value is known
 * to 3 significant digits (relative error below 0.1 %) from 1 ns to 24 h.
 * Memory is bounded (about 300 kB) and grows only with the magnitudes seen.
 * Count, sum, min and max are exact. Values above 24 h are counted in
 * `overflow` (and in count, sum, max) and stand in the last bucket. Negative
 * values count as 0. */
struct hist;

struct hist *hist_create(void);
void hist_destroy(struct hist *hist);
void hist_record(struct hist *hist, nsec_t value);
/* Adds `from` to `into`; associative and commutative. */
void hist_merge(struct hist *into, const struct hist *from);
/* The same where a histogram is made when it is needed: *slot is NULL before,
 * and `from` may be. */
void hist_record_into(struct hist **slot, nsec_t value);
void hist_merge_into(struct hist **slot, const struct hist *from);

/* Makes `hist` what was recorded in `later` and not yet in `earlier`, an
 * earlier state of it. Its count and sum are exact; its min and max are within
 * 0.1 %, as percentiles are. */
void hist_set_difference(struct hist *hist, const struct hist *later,
                         const struct hist *earlier);

uint64_t hist_count(const struct hist *hist);
uint64_t hist_overflow(const struct hist *hist);
nsec_t hist_min(const struct hist *hist); /* 0 when empty, like max and mean */
nsec_t hist_max(const struct hist *hist);
double hist_mean(const struct hist *hist);
/* Value at or below which `percent` (0..100) of the values lie: the middle of
 * its bucket's range, clamped to the exact min and max; the greatest value of
 * all is exact. 0 when empty. */
nsec_t hist_percentile(const struct hist *hist, double percent);

#endif

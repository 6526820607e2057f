#ifndef MOLO_STATS_HIST_ENCODE_H
#define MOLO_STATS_HIST_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct hist;

/* Histograms as bytes, in the V2 encoding of HdrHistogram (encodeIntoByteBuffer
 * of its Java library, not compressed), which the tools around that library
 * read. Its range is 1 ns to 24 h with 3 significant digits.
 *
 * It carries the counts of the buckets and nothing else: reading it back keeps
 * count and percentiles (the greatest excepted, like min, max and mean within
 * 0.1 %). What overflowed comes back in the bucket of 24 h. */

/* Appends to `out`. */
void hist_encode_v2(const struct hist *hist, struct buf *out);
/* Reads one of any range and of 1 to 5 digits, as other tools write them, into
 * `hist`, adding to what is there. What was one bucket there is one value here,
 * its middle, in nanoseconds. False, with nothing added, for what is not one
 * whole histogram. */
bool hist_decode_any_v2(const void *data, size_t size, struct hist *hist,
                        struct err *err);
/* NULL for anything but one whole histogram of that range and precision. */
struct hist *hist_decode_v2(const void *data, size_t size, struct err *err);

#endif

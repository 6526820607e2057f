#ifndef MOLO_STATS_HIST_LOG_H
#define MOLO_STATS_HIST_LOG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "stats/hist.h"

/* The files that the tools around HdrHistogram plot and compare. Both are text;
 * times in them are in milliseconds. */

/* Appends its percentiles as a table (.hgrm): value, part of all, count, and
 * 1/(1 - part), in steps that halve the rest five times over. */
void hist_append_hgrm(const struct hist *hist, struct buf *out);

/* --- log, version 1.3: a compressed histogram for each interval --- */

/* `started_at`: seconds since 1970. */
void hist_log_append_head(double started_at, struct buf *out);
/* `tag`: without ',' and white space; NULL: none. `at`: beginning of the
 * interval since the start. */
void hist_log_append(const char *tag, nsec_t at, nsec_t length,
                     const struct hist *hist, struct buf *out);

/* One interval of a log that is read. */
struct hist_log_line {
    const char *tag; /* borrowed; NULL: none */
    nsec_t at, length;
    const struct hist *hist; /* borrowed */
};
/* Reads a log (V2 histograms, as this and others write them) and tells of each
 * interval. False with `err`, which names the line, at the first that cannot be
 * read. */
bool
hist_log_read(const char *text, size_t size,
              void (*on_line)(void *data, const struct hist_log_line *line),
              void *data, struct err *err);

#endif

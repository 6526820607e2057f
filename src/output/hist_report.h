#ifndef MOLO_OUTPUT_HIST_REPORT_H
#define MOLO_OUTPUT_HIST_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads a log of histograms, molo's own (-o hlog) or another tool's, and
 * appends what it comes to: intervals, and for each tag count, mean and
 * percentiles. "-" is stdin. Reads all of it at once. False with `err`, which
 * names file and line. */
bool hist_report(const char *path, struct buf *out, struct err *err);

#endif

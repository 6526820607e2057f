#ifndef MOLO_HUB_REPORT_H
#define MOLO_HUB_REPORT_H

#include <stddef.h>

#include "base/buf.h"

/* The wait-for graph as text: a line for each of `waits`, or for each group of
 * alike ones when they are many. */
struct hub;
struct wait;

void report_waits(struct hub *hub, const struct wait *const *waits,
                  size_t count, struct buf *out);

#endif

#ifndef MOLO_ENGINE_BACKLOG_H
#define MOLO_ENGINE_BACKLOG_H

#include <stddef.h>

#include "base/clock.h"

/* Arrivals that wait for a worker, by the time at which they were due. Most
 * come in that order; one that has been to other shards comes back among the
 * first. Either takes no longer however many wait. Zeroed: nobody waits. */
struct backlog {
    nsec_t *due; /* a ring */
    size_t first, count, capacity;
};

void backlog_finish(struct backlog *backlog);
void backlog_add(struct backlog *backlog, nsec_t due);
/* The one that was due first; there is one. */
nsec_t backlog_first(const struct backlog *backlog);
nsec_t backlog_pop(struct backlog *backlog);

#endif

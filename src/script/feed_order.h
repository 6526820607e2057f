#ifndef MOLO_SCRIPT_FEED_ORDER_H
#define MOLO_SCRIPT_FEED_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/* Which record of a feed comes next: a function of how often all workers
 * together have asked, so that it is the same however they are divided up. */

enum feed_order {
    FEED_SEQUENTIAL,
    FEED_SHUFFLED, /* another order each time round */
    FEED_RANDOM,
    FEED_UNIQUE, /* sequential, and no record twice */
    FEED_WORKER, /* always the same one for a worker */
};

/* What happens behind the last record. */
enum feed_end {
    FEED_LOOP,
    FEED_STOP,  /* the worker that asks ends */
    FEED_ERROR, /* it gets an error */
};

struct feed_plan {
    enum feed_order order;
    enum feed_end end;
    uint64_t count;  /* records, at least 1 */
    uint64_t number; /* of the feed, so that each is shuffled by itself */
};

/* For the request number `ordinal` (from 0; FEED_WORKER: the worker's id).
 * False: the records are used up. Not for FEED_RANDOM. */
bool feed_plan_pick(const struct feed_plan *plan, uint64_t seed,
                    uint64_t ordinal, uint64_t *index);

#endif

#ifndef MOLO_OUTPUT_VERDICT_H
#define MOLO_OUTPUT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "output/generator.h"
#include "stats/interval.h"

/* Was molo itself the bottleneck, and when? Made of the samples alone, one
 * after the other, so that the same samples give the same verdict. */

/* The thread has no time left when it runs, or is ready to, so much of it ...
 */
#define VERDICT_BUSY 0.95
/* ... and that matters when events wait so long, ... */
#define VERDICT_LAG (20 * NSEC_PER_MSEC)
/* ... or for such a part of what a request takes. */
#define VERDICT_LAG_PART 0.1
/* Runs on a schedule begin late because of molo when it is so busy ... */
#define VERDICT_BUSY_STARTING 0.9
/* ... and they are so late. */
#define VERDICT_START_LAG (10 * NSEC_PER_MSEC)
/* Less than this in one piece is a hiccup, */
#define VERDICT_LEAST (2900 * NSEC_PER_MSEC)
/* and less than this without, between two pieces, no recovery. */
#define VERDICT_GAP (2100 * NSEC_PER_MSEC)
/* So much of a core has to be idle that a thread more is of use. */
#define VERDICT_IDLE 0.6

/* A time in which it was. */
struct verdict_span {
    nsec_t from, to; /* since the start of the runs */
    bool busy;       /* the loop had no time left */
    bool late;       /* scheduled runs began late */
    bool short_of;   /* descriptors, ports or memory were used up */
    double cpu;      /* means of the generator_sample values */
    double idle_cores;
    double cpu_wait; /* below 0: not known */
    nsec_t lag_p99;  /* the greatest of a second, like the next */
    nsec_t start_lag_p99;
    uint64_t shortages;
};

/* Later ones become a part of the last. */
#define VERDICT_MAX_SPANS 100

/* Zeroed is empty. */
struct verdict {
    struct verdict_span spans[VERDICT_MAX_SPANS];
    size_t count;
    struct verdict_span pending; /* not long enough yet; zeroed: none */
    /* Shards, and how many there could be at most; 0: not known. */
    int32_t threads, most_threads;
};

void verdict_add(struct verdict *verdict, const struct generator_sample *sample,
                 const struct interval *interval);
static inline bool
verdict_is_saturated(const struct verdict *verdict)
{
    return verdict->count > 0;
}
/* How many threads would help, as cores were idle while molo had no time left;
 * 0: more would not. */
int32_t verdict_advised_threads(const struct verdict *verdict);
/* One sentence with the evidence, "generator saturated from 12 s to 20 s: loop
 * lag p99 40 ms, CPU 99 %; results from then on describe molo, not the target",
 * and what would help; nothing if it was not. */
void verdict_text(const struct verdict *verdict, struct buf *out);
/* The evidence of one span, "loop lag p99 40 ms, CPU 99 %". */
void verdict_span_text(const struct verdict_span *span, struct buf *out);

#endif

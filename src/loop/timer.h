#ifndef MOLO_LOOP_TIMER_H
#define MOLO_LOOP_TIMER_H

#include "base/heap.h"

/* One-shot timer at a point of monotonic time, embedded by its owner. Never
 * early; late by the poll's resolution (up to about 1 ms), in virtual time not
 * late at all. Equal times fire in the order in which they were armed. */
struct loop;

struct timer {
    struct heap_node node;
    struct loop *loop;
    void (*on_expire)(struct timer *timer);
};

void timer_init(struct timer *timer, struct loop *loop,
                void (*on_expire)(struct timer *timer));
/* (Re)arms; NSEC_NEVER stops it. A time in the past fires in the next poll. */
void timer_start(struct timer *timer, nsec_t at);
void timer_stop(struct timer *timer);
static inline bool
timer_is_armed(const struct timer *timer)
{
    return heap_contains(&timer->node);
}

#endif

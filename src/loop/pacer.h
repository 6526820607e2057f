#ifndef MOLO_LOOP_PACER_H
#define MOLO_LOOP_PACER_H

#include "base/clock.h"

/* A one-shot timer for schedules. A `struct timer` rings when the loop's poll
 * is over, which knows milliseconds; at 500 runs a second that is half a gap
 * late. A pacer wakes the poll by a descriptor of its own (timerfd): never
 * early, and late by some 50 us on a machine that has time. In virtual time,
 * and when there are no descriptors left, it is an ordinary timer. */
struct loop;
struct pacer;

/* `on_due` may start, stop, but not destroy it. */
struct pacer *
pacer_create(struct loop *loop, void (*on_due)(void *data), void *data);
/* Takes NULL. */
void pacer_destroy(struct pacer *pacer);
/* (Re)arms for a point of clock_now(), also a past one; NSEC_NEVER stops it. */
void pacer_start(struct pacer *pacer, nsec_t at);
void pacer_stop(struct pacer *pacer);

#endif

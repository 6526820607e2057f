#ifndef MOLO_ENGINE_SIZING_H
#define MOLO_ENGINE_SIZING_H

#include "loop/timer.h"
#include "output/sizing.h"
#include "stats/interval.h"

/* --sizing: tries numbers of workers, each for a step, until there is a limit.
 *
 * A step is not right when more of its runs failed than the tolerance, or when
 * a threshold fails, which looks at the whole test so far; then the one before
 * is the result. It brings no growth when it made less than 5 % more runs per
 * second than the best one before it; after two of these in a row the best one
 * is the result. Each step has half as many workers more, at least one. Main
 * thread. */
struct engine;

/* In the engine; zeroed before. */
struct sizing_run {
    struct sizing result;
    struct timer timer;
    struct interval_meter *meter;
    nsec_t step_started;
    size_t best;     /* step with the most runs per second */
    unsigned behind; /* steps in a row without growth */
};

/* The runs begin. Does nothing without --sizing. */
void sizing_start(struct engine *engine);
void sizing_stop(struct engine *engine);
void sizing_finish(struct engine *engine);

#endif

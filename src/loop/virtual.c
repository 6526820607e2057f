#include "loop/impl.h"

/* A chain of so many hand-overs between workers may take no time at all. */
#define INSTANT_TURNS 1000
#define TURN_COST (1 * NSEC_PER_MSEC)

/* Time for a turn that came after so many others at the same instant: workers
 * that are always ready would otherwise never see the end of the test. No timer
 * becomes late by it. */
static void
charge_turn(struct loop *loop)
{
    if (++loop->instant_turns <= INSTANT_TURNS)
        return;
    nsec_t now = clock_now(), at = nsec_add(now, TURN_COST);
    nsec_t next = heap_next_after(&loop->timers, now);
    clock_advance(next < at ? next : at);
}

void
loop_poll_virtual(struct loop *loop)
{
    /* Signals and descriptors are real; without a timer only they can go on. */
    bool block = !loop_has_jobs(loop) && heap_first(&loop->timers) == NULL;
    ev_run(loop->ev, EVRUN_ONCE | (block ? 0 : EVRUN_NOWAIT));
    if (loop->stopping)
        return;
    struct heap_node *first = heap_first(&loop->timers);
    if (!loop_has_jobs(loop) && first != NULL && first->at > clock_now()) {
        clock_advance(first->at);
        loop->instant_turns = 0;
    }
    loop_fire_timers(loop);
    if (loop->stopping)
        return;
    charge_turn(loop);
}

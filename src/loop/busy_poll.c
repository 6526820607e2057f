#include <sched.h>

#include "loop/impl.h"

/* To wake a thread costs as much as many messages, as an idle core has to be
 * brought back first (24 us on a virtual machine,
 * docs/internals/performance.md). Two threads that answer each other would pay
 * it for each answer. So a loop that gets messages from other threads looks for
 * events for a while before it sleeps, in the way of the halt polling of Linux'
 * KVM: for longer if a little more would have been enough, for a shorter time
 * if it was in vain.
 *
 * It costs nobody else the core, as after each look it lets others run that
 * want to. If they then keep it for long, the core is not idle, waking up is
 * cheap, and being pushed back is dear: it sleeps at once for a while. */

#define WINDOW_MIN (25 * NSEC_PER_USEC)
#define WINDOW_MAX (100 * NSEC_PER_USEC)
/* A yield that takes longer has let another thread run. */
#define YIELD (1 * NSEC_PER_USEC)
/* More than what a server does for a few requests, less than the slice of who
 * never sleeps. */
#define LONG_AWAY (500 * NSEC_PER_USEC)
/* One in so many of the time may be lost to others by looking. */
#define AWAY_PART 20

/* Returns false if nothing came. The clock of the thread's CPU time would tell
 * exactly what this has cost, but asking it takes as long as the look. */
static bool
look(struct loop *loop, nsec_t began)
{
    struct busy_poll *poll = &loop->busy_poll;
    poll->found = false;
    for (nsec_t now = began;;) {
        ev_run(loop->ev, EVRUN_NOWAIT);
        nsec_t looked_at = loop->turn_started;
        nsec_t took = looked_at - now;
        poll->spent.elapsed += took;
        /* Else the core was taken away in the midst of it. */
        poll->spent.cpu += took < LONG_AWAY ? took : 0;
        if (poll->found)
            return true;
        sched_yield();
        now = clock_now();
        nsec_t away = now - looked_at;
        poll->spent.elapsed += away;
        poll->spent.cpu += away < YIELD ? away : 0;
        if (away > LONG_AWAY) {
            poll->window = 0;
            poll->not_before = now + AWAY_PART * away;
        }
        if (now - began >= poll->window)
            return false;
    }
}

/* After a wait that took `idle`. */
static void
adapt(struct busy_poll *poll, nsec_t idle)
{
    if (idle > WINDOW_MAX)
        poll->window = poll->window > WINDOW_MIN ? poll->window / 2 : 0;
    else if (poll->found_mail && poll->window < WINDOW_MAX)
        poll->window = poll->window > 0 ? poll->window * 2 : WINDOW_MIN;
}

void
loop_wait(struct loop *loop)
{
    struct busy_poll *poll = &loop->busy_poll;
    if (poll->mailboxes == 0) {
        ev_run(loop->ev, EVRUN_ONCE);
        return;
    }
    nsec_t began = clock_now();
    poll->found_mail = false;
    bool tries = poll->window > 0 && began >= poll->not_before;
    if (!tries || !look(loop, began))
        ev_run(loop->ev, EVRUN_ONCE);
    if (began >= poll->not_before)
        adapt(poll, loop->turn_started - began);
}

struct busy_poll_time
loop_busy_poll_time(const struct loop *loop)
{
    loop_assert_owner(loop);
    return loop->busy_poll.spent;
}

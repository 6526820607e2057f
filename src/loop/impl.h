#ifndef MOLO_LOOP_IMPL_H
#define MOLO_LOOP_IMPL_H

#include <assert.h>
#include <pthread.h>

#include <ev.h>

#include "base/heap.h"
#include "loop/loop.h"

/* Whether to look for events for a while or to sleep at once: busy_poll.c. */
struct busy_poll {
    unsigned mailboxes; /* 0: no other thread sends, so it always sleeps */
    bool found;         /* events came since it was cleared */
    bool found_mail;    /* messages among them */
    nsec_t window;      /* how long to look */
    nsec_t not_before;  /* the core is needed by others */
    struct busy_poll_time spent;
};

/* What the files of this directory share. Nobody else may include it: libev
 * stays behind loop.h, timer.h and signals.h. */
struct loop {
    struct ev_loop *ev;
    pthread_t owner;
    bool stopping;

    struct list ready; /* jobs of a later turn */
    struct list batch; /* jobs of this turn that have not run yet */
    void (*hook)(void *data);
    void *hook_data;

    struct heap timers;
    ev_timer alarm;   /* the only timer libev knows */
    nsec_t alarm_at;  /* NSEC_NEVER: not armed */
    nsec_t firing_at; /* 0: no timer callback is running */

    nsec_t turn_started; /* 0: not yet polled */
    nsec_t max_turn;
    struct busy_poll busy_poll;
    unsigned instant_turns; /* since virtual time last moved by itself */
};

/* Arms the alarm for the earliest timer; called once per turn. */
void loop_arm_alarm(struct loop *loop);
void loop_on_alarm(struct ev_loop *ev, ev_timer *alarm, int revents);
/* Fires what is due by clock_now(). */
void loop_fire_timers(struct loop *loop);
/* Waits for the next events, awake at first if they are likely to come soon. */
void loop_wait(struct loop *loop);
/* Polling, in virtual time. */
void loop_poll_virtual(struct loop *loop);

static inline void
loop_assert_owner(const struct loop *loop)
{
    assert(pthread_equal(loop->owner, pthread_self()));
    (void)loop;
}

#endif

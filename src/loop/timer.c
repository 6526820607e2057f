#include "loop/timer.h"

#include "loop/impl.h"

void
timer_init(struct timer *timer, struct loop *loop,
           void (*on_expire)(struct timer *timer))
{
    *timer = (struct timer){.loop = loop, .on_expire = on_expire};
}

void
timer_start(struct timer *timer, nsec_t at)
{
    struct loop *loop = timer->loop;
    loop_assert_owner(loop);
    heap_remove(&loop->timers, &timer->node);
    if (at == NSEC_NEVER)
        return;
    /* Behind all that are due: they wait for the next pass. */
    if (loop->firing_at != 0 && at < loop->firing_at)
        at = loop->firing_at;
    heap_insert(&loop->timers, &timer->node, at);
}

void
timer_stop(struct timer *timer)
{
    loop_assert_owner(timer->loop);
    heap_remove(&timer->loop->timers, &timer->node);
}

void
loop_arm_alarm(struct loop *loop)
{
    struct heap_node *first = heap_first(&loop->timers);
    /* An alarm that rings too soon only looks here again. Leaving it is
     * cheaper than moving it, as most timers are stopped before they fire. */
    if (first == NULL || first->at >= loop->alarm_at)
        return;
    nsec_t now = clock_now();
    nsec_t delay = first->at > now ? first->at - now : 0;
    loop->alarm_at = first->at;
    ev_timer_stop(loop->ev, &loop->alarm);
    /* libev counts from its cached time. */
    ev_now_update(loop->ev);
    ev_timer_set(&loop->alarm, nsec_to_seconds(delay), 0.);
    ev_timer_start(loop->ev, &loop->alarm);
}

void
loop_fire_timers(struct loop *loop)
{
    nsec_t now = clock_now();
    loop->firing_at = now;
    /* A callback that keeps arming timers that are due must not keep the loop
     * from polling: what is armed from now on has to wait. */
    unsigned long armed_later = loop->timers.next_order;
    struct heap_node *first;
    while ((first = heap_first(&loop->timers)) != NULL && first->at <= now &&
           first->order < armed_later) {
        heap_remove(&loop->timers, first);
        struct timer *timer = container_of(first, struct timer, node);
        timer->on_expire(timer);
    }
    loop->firing_at = 0;
}

void
loop_on_alarm(struct ev_loop *ev, ev_timer *alarm, int revents)
{
    struct loop *loop = ev_userdata(ev);
    loop->alarm_at = NSEC_NEVER;
    loop_fire_timers(loop);
}

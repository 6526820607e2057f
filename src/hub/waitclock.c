#include "hub/waitclock.h"

#include "hub/hub_internal.h"

static nsec_t
own_time(const struct hub *hub, const struct waitclock *clock)
{
    return (clock->still ? clock->still_since : hub->now) - clock->stood;
}

/* Keeps the place among the hub's clocks in accord with the first deadline. */
static void
reschedule(struct hub *hub, struct waitclock *clock)
{
    const struct heap_node *first = heap_first(&clock->deadlines);
    heap_remove(&hub->clocks, &clock->next);
    if (first && !clock->still)
        heap_insert(&hub->clocks, &clock->next,
                    nsec_add(first->at, clock->stood));
}

void
waitclock_init(struct waitclock *clock, int64_t threshold)
{
    *clock = (struct waitclock){.threshold = threshold};
    list_init(&clock->by_cohort);
}

void
waitclock_finish(struct hub *hub, struct waitclock *clock)
{
    heap_remove(&hub->clocks, &clock->next);
    heap_finish(&clock->deadlines);
    list_remove(&clock->by_cohort);
}

void
waitclock_arm(struct hub *hub, struct waitclock *clock,
              struct heap_node *deadline, nsec_t left)
{
    heap_insert(&clock->deadlines, deadline,
                nsec_add(own_time(hub, clock), left));
    if (heap_first(&clock->deadlines) == deadline)
        reschedule(hub, clock);
}

void
waitclock_disarm(struct hub *hub, struct waitclock *clock,
                 struct heap_node *deadline)
{
    bool was_first = heap_first(&clock->deadlines) == deadline;
    heap_remove(&clock->deadlines, deadline);
    if (was_first)
        reschedule(hub, clock);
}

nsec_t
waitclock_left(const struct hub *hub, const struct waitclock *clock,
               const struct heap_node *deadline)
{
    if (deadline->at == NSEC_NEVER)
        return NSEC_NEVER;
    nsec_t left = deadline->at - own_time(hub, clock);
    return left > 0 ? left : 0;
}

void
waitclock_set_still(struct hub *hub, struct waitclock *clock, bool still)
{
    if (clock->still == still)
        return;
    if (still)
        clock->still_since = hub->now;
    else
        clock->stood += hub->now - clock->still_since;
    clock->still = still;
    reschedule(hub, clock);
}

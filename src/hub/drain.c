/* How waits end that nobody will answer: in DRAIN, of all or of one workload,
 * at the end of its grace, and when nothing else can happen. */
#include <string.h>

#include "hub/deadlock.h"
#include "hub/gate.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

static bool
is_in_teardown(const struct member *member)
{
    return member->state == MEMBER_TEARDOWN || member->state == MEMBER_ENDED;
}

/* Who is meant: all, or some workers, or those of workloads that have ended;
 * outside of teardowns, or everywhere. */
struct circle {
    bool some;
    int32_t first, count;
    bool drained;
    bool teardowns;
};

static bool
is_within(const struct circle *circle, const struct member *member)
{
    if (circle->some && (member->id < circle->first ||
                         member->id - circle->first >= circle->count))
        return false;
    if (circle->drained && !(member->cohort && member->cohort->draining))
        return false;
    return circle->teardowns || !is_in_teardown(member);
}

/* STOPPED for all their waits. */
static bool
stop_waits(struct hub *hub, const struct circle *circle)
{
    struct list stopped;
    list_init(&stopped);
    list_for_each (it, &hub->waits) {
        struct wait *wait = container_of(it, struct wait, by_hub);
        if (!is_within(circle, wait->member))
            continue;
        wait->member->stopped = true;
        list_remove(it);
        list_append(&stopped, it);
    }
    bool any = !list_empty(&stopped);
    /* The last one first: who leaves the head of a queue lets the next one
     * through, and that must not be one of these. */
    while (!list_empty(&stopped))
        wait_refuse(hub, container_of(stopped.prev, struct wait, by_hub),
                    HUB_STOPPED, NULL, HUB_GLOBAL);
    return any;
}

static void
stop_gates(struct hub *hub)
{
    for (size_t i = 0; i < hub->cohort_count; i++)
        gate_stop(hub, hub->cohorts[i]);
}

/* --- quiescence --- */

static bool
open_lowest_gate(struct hub *hub)
{
    if (hub->gated_count == 0)
        return false;
    struct cohort *lowest = hub->cohorts[0];
    for (size_t i = 1; i < hub->cohort_count; i++)
        if (gate_lowest(hub->cohorts[i]) < gate_lowest(lowest))
            lowest = hub->cohorts[i];
    gate_open_lowest(hub, lowest);
    return true;
}

/* What workers of workloads that have ended wait for comes no more. */
static bool
stop_drained(struct hub *hub)
{
    if (hub->draining_cohorts == 0 || hub->wait_count == 0 ||
        hub->by_itself_count > 0)
        return false;
    return stop_waits(hub, &(struct circle){.drained = true}) ||
           stop_waits(hub,
                      &(struct circle){.drained = true, .teardowns = true});
}

bool
hub_quiescent(struct hub *hub, nsec_t now)
{
    hub_set_now(hub, now);
    if (!hub->draining)
        return stop_drained(hub) || open_lowest_gate(hub) ||
               deadlock_judge_all(hub);
    if (hub->wait_count == 0 || hub->by_itself_count > 0)
        return false;
    return stop_waits(hub, &(struct circle){0}) ||
           (hub->in_run == 0 &&
            stop_waits(hub, &(struct circle){.teardowns = true}));
}

/* --- DRAIN --- */

void
hub_drain_workload(struct hub *hub, const char *workload, nsec_t now)
{
    hub_set_now(hub, now);
    for (size_t i = 0; i < hub->cohort_count; i++) {
        struct cohort *cohort = hub->cohorts[i];
        if (hub->draining || cohort->draining ||
            strcmp(cohort->workload, workload) != 0)
            continue;
        cohort->draining = true;
        hub->draining_cohorts++;
        gate_stop(hub, cohort);
        cohort_update_clocks(hub, cohort);
        deadlock_judge_cohort(hub, cohort);
    }
}

static void
begin_drain(struct hub *hub, nsec_t now)
{
    /* Clocks that stood still go on from here. */
    hub_set_now(hub, now);
    if (hub->draining)
        return;
    hub->draining = true;
    hub->recheck_at = NSEC_NEVER;
    stop_gates(hub);
    hub_update_free_clock(hub);
    for (size_t i = 0; i < hub->cohort_count; i++)
        cohort_update_clocks(hub, hub->cohorts[i]);
}

void
hub_drain(struct hub *hub, nsec_t now)
{
    hub->serves_late = false;
    begin_drain(hub, now);
}

void
hub_drain_late(struct hub *hub, nsec_t now)
{
    hub->serves_late = !hub->draining;
    begin_drain(hub, now);
}

/* --- the end of the grace --- */

void
hub_stop_waits(struct hub *hub, nsec_t now)
{
    hub_set_now(hub, now);
    stop_gates(hub);
    stop_waits(hub, &(struct circle){.teardowns = true});
}

bool
hub_stop_workers(struct hub *hub, int32_t first_worker, int32_t count,
                 bool teardowns, nsec_t now)
{
    hub_set_now(hub, now);
    for (int32_t id = first_worker; id < first_worker + count; id++)
        gate_refuse(hub, hub_member(hub, id), HUB_STOPPED);
    return stop_waits(hub, &(struct circle){
                               .some = true,
                               .first = first_worker,
                               .count = count,
                               .teardowns = teardowns,
                           });
}

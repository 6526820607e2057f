#include "hub/hub.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/deadlock.h"
#include "hub/gate.h"
#include "hub/hub_internal.h"
#include "hub/life.h"
#include "hub/notifier.h"
#include "hub/object.h"
#include "hub/var.h"
#include "hub/wait.h"

/* --- replies --- */

void
hub_reply(struct hub *hub, const struct hub_reply *reply)
{
    hub->config.on_reply(hub->config.data, reply);
}

void
hub_reply_status(struct hub *hub, struct hub_id id, enum hub_status status)
{
    hub_reply(hub, &(struct hub_reply){
                       .id = id,
                       .status = status,
                       .remaining = NSEC_NEVER,
                       .culprit = HUB_GLOBAL,
                   });
}

void
hub_reply_misuse(struct hub *hub, struct hub_id id, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = xvasprintf(fmt, args);
    va_end(args);
    hub_reply(hub, &(struct hub_reply){
                       .id = id,
                       .status = HUB_MISUSE,
                       .remaining = NSEC_NEVER,
                       .text = text,
                       .culprit = HUB_GLOBAL,
                   });
    free(text);
}

struct member *
hub_member(struct hub *hub, int32_t worker)
{
    if (worker == HUB_GLOBAL)
        return &hub->global;
    assert(worker >= 0 && worker < hub->id_count && hub->by_id[worker]);
    return hub->by_id[worker];
}

/* --- life --- */

struct hub *
hub_create(const struct hub_config *config)
{
    struct hub *hub = xmalloc(sizeof(*hub));
    *hub = (struct hub){.config = *config, .recheck_at = NSEC_NEVER};
    list_init(&hub->waits);
    list_init(&hub->spare_waits);
    waitclock_init(&hub->own_clock, 0);
    waitclock_init(&hub->free_clock, 0);
    member_init(&hub->global, NULL, HUB_GLOBAL);
    hub->global.tasks = 1;
    return hub;
}

void
hub_destroy(struct hub *hub)
{
    if (!hub)
        return;
    while (!list_empty(&hub->waits))
        wait_drop(hub, container_of(hub->waits.next, struct wait, by_hub));
    wait_free_spares(hub);
    vars_finish(hub);
    objects_finish(hub);
    for (size_t i = 0; i < hub->cohort_count; i++)
        cohort_destroy(hub, hub->cohorts[i]);
    member_finish(&hub->global);
    waitclock_finish(hub, &hub->own_clock);
    waitclock_finish(hub, &hub->free_clock);
    heap_finish(&hub->clocks);
    free(hub->cohorts);
    free(hub->by_id);
    free(hub);
}

static void
update_free_clock(struct hub *hub)
{
    waitclock_set_still(hub, &hub->free_clock,
                        hub->planned > 0 && !hub->draining);
}

void
hub_add_cohort(struct hub *hub, const char *workload, int32_t first_worker,
               int32_t size, bool fixed)
{
    assert(first_worker >= 0 && size >= 0);
    struct cohort *cohort =
        cohort_create(hub, workload, first_worker, size, fixed);
    hub->cohorts = xrealloc(hub->cohorts,
                            (hub->cohort_count + 1) * sizeof(struct cohort *));
    hub->cohorts[hub->cohort_count++] = cohort;
    int32_t end = first_worker + size;
    if (end > hub->id_count) {
        hub->by_id =
            xrealloc(hub->by_id, (size_t)end * sizeof(struct member *));
        for (int32_t id = hub->id_count; id < end; id++)
            hub->by_id[id] = NULL;
        hub->id_count = end;
    }
    for (int32_t i = 0; i < size; i++) {
        assert(!hub->by_id[first_worker + i]);
        hub->by_id[first_worker + i] = &cohort->members[i];
    }
    update_free_clock(hub);
}

/* --- operations --- */

static void
set_now(struct hub *hub, nsec_t now)
{
    if (now > hub->now)
        hub->now = now;
}

static void
cancel(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (member->gated && member->gate_id.task == op->id.task &&
        member->gate_id.seq == op->id.seq) {
        gate_drop(hub, member, true, HUB_CANCELLED);
        return;
    }
    struct wait *wait = wait_find(member, op->id.task);
    if (wait && wait->id.seq == op->id.seq)
        wait_refuse(hub, wait, HUB_CANCELLED, NULL, HUB_GLOBAL);
}

static void
dispatch(struct hub *hub, const struct hub_op *op)
{
    switch (op->type) {
    case HUB_OP_WORKER_START:
    case HUB_OP_RUN_BEGIN:
    case HUB_OP_RUN_END:
    case HUB_OP_RUNS_OVER:
    case HUB_OP_WORKER_END:
    case HUB_OP_TASK_BEGIN:
    case HUB_OP_TASK_END:
        life_op(hub, op);
        return;
    case HUB_OP_CANCEL:
        cancel(hub, op);
        return;
    case HUB_OP_DECLARE:
    case HUB_OP_FREE:
        object_op(hub, op);
        return;
    case HUB_OP_NOTIFIER_WRITTEN:
    case HUB_OP_NOTIFIER_WAIT_WRITER:
    case HUB_OP_NOTIFIER_ONE_READ:
    case HUB_OP_NOTIFIER_WAIT_READERS:
        notifier_op(hub, op);
        return;
    case HUB_OP_VAR_GET:
    case HUB_OP_VAR_GET_OR_MAKE:
    case HUB_OP_VAR_MADE:
    case HUB_OP_VAR_MAKE_FAILED:
    case HUB_OP_VAR_SET:
    case HUB_OP_VAR_DELETE:
    case HUB_OP_VAR_ADD:
    case HUB_OP_VAR_LOCK:
    case HUB_OP_VAR_UNLOCK:
    case HUB_OP_VAR_WAIT:
    case HUB_OP_VAR_WAIT_CHANGE:
        var_op(hub, op);
        return;
    }
}

void
hub_submit(struct hub *hub, const struct hub_op *op, nsec_t now)
{
    set_now(hub, now);
    dispatch(hub, op);
    update_free_clock(hub);
    struct cohort *cohort = hub_member(hub, op->id.worker)->cohort;
    if (cohort)
        deadlock_judge_cohort(hub, cohort);
}

/* --- time --- */

void
hub_tick(struct hub *hub, nsec_t now)
{
    set_now(hub, now);
    struct heap_node *next;
    while ((next = heap_first(&hub->clocks)) && next->at <= hub->now) {
        struct waitclock *clock = container_of(next, struct waitclock, next);
        wait_time_out(hub, container_of(heap_first(&clock->deadlines),
                                        struct wait, deadline));
    }
    if (hub->recheck_at <= hub->now)
        deadlock_recheck(hub);
}

nsec_t
hub_next_deadline(const struct hub *hub)
{
    const struct heap_node *next = heap_first(&hub->clocks);
    return next && next->at < hub->recheck_at ? next->at : hub->recheck_at;
}

/* --- the end, and when nothing else happens --- */

static bool
is_in_teardown(const struct member *member)
{
    return member->state == MEMBER_TEARDOWN || member->state == MEMBER_ENDED;
}

/* STOPPED for all waits, or only for those outside of teardowns. */
static bool
stop_waits(struct hub *hub, bool teardowns)
{
    bool any = false;
    list_for_each (it, &hub->waits) {
        struct wait *wait = container_of(it, struct wait, by_hub);
        if (!teardowns && is_in_teardown(wait->member))
            continue;
        wait->member->stopped = true;
        wait_refuse(hub, wait, HUB_STOPPED, NULL, HUB_GLOBAL);
        any = true;
    }
    return any;
}

static void
drop_gates(struct hub *hub)
{
    for (size_t i = 0; i < hub->cohort_count; i++)
        list_for_each (it, &hub->cohorts[i]->gate)
            gate_drop(hub, container_of(it, struct member, by_gate), true,
                      HUB_STOPPED);
}

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

bool
hub_quiescent(struct hub *hub, nsec_t now)
{
    set_now(hub, now);
    if (!hub->draining)
        return open_lowest_gate(hub) || deadlock_judge_all(hub);
    if (hub->wait_count == 0)
        return false;
    return stop_waits(hub, false) ||
           (hub->in_run == 0 && stop_waits(hub, true));
}

void
hub_drain(struct hub *hub)
{
    if (hub->draining)
        return;
    hub->draining = true;
    hub->recheck_at = NSEC_NEVER;
    drop_gates(hub);
    update_free_clock(hub);
    for (size_t i = 0; i < hub->cohort_count; i++)
        cohort_update_clocks(hub, hub->cohorts[i]);
}

void
hub_stop_waits(struct hub *hub, nsec_t now)
{
    set_now(hub, now);
    drop_gates(hub);
    stop_waits(hub, true);
}

size_t
hub_waiting(const struct hub *hub, nsec_t since)
{
    size_t count = 0;
    list_for_each (it, &hub->waits) {
        if (container_of(it, struct wait, by_hub)->since >= since)
            break;
        count++;
    }
    return count;
}

bool
hub_is_stopped(const struct hub *hub, int32_t worker)
{
    if (worker == HUB_GLOBAL)
        return hub->global.stopped;
    return worker >= 0 && worker < hub->id_count && hub->by_id[worker] &&
           hub->by_id[worker]->stopped;
}

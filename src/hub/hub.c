#include "hub/hub.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hub/deadlock.h"
#include "hub/gate.h"
#include "hub/history.h"
#include "hub/hub_internal.h"
#include "hub/join.h"
#include "hub/life.h"
#include "hub/object.h"
#include "hub/var.h"
#include "hub/wait.h"

struct member *
hub_member(struct hub *hub, int32_t worker)
{
    if (worker == HUB_GLOBAL)
        return &hub->global;
    assert(worker >= 0 && worker < hub->id_count && hub->by_id[worker]);
    return hub->by_id[worker];
}

struct names *
hub_names(struct hub *hub, int32_t room)
{
    if (room < hub->name_count)
        return &hub->names[room];
    hub->names = xrealloc(hub->names, ((size_t)room + 1) * sizeof(*hub->names));
    while (hub->name_count <= room)
        hub->names[hub->name_count++] = (struct names){0};
    return &hub->names[room];
}

/* --- life --- */

struct hub *
hub_create(const struct hub_config *config)
{
    struct hub *hub = xmalloc(sizeof(*hub));
    *hub = (struct hub){.config = *config, .recheck_at = NSEC_NEVER};
    list_init(&hub->waits);
    list_init(&hub->spare_waits);
    list_init(&hub->crowds);
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
    hub->draining = true; /* what is dropped from here on breaks nothing */
    /* The last one first, so that none is let through by another's end. */
    while (!list_empty(&hub->waits))
        wait_drop(hub, container_of(hub->waits.prev, struct wait, by_hub));
    wait_free_spares(hub);
    vars_finish(hub);
    objects_finish(hub);
    for (size_t i = 0; i < hub->cohort_count; i++)
        cohort_destroy(hub, hub->cohorts[i]);
    member_finish(&hub->global);
    waitclock_finish(hub, &hub->own_clock);
    waitclock_finish(hub, &hub->free_clock);
    heap_finish(&hub->clocks);
    heap_finish(&hub->timers);
    free(hub->names);
    free(hub->cohorts);
    free(hub->by_id);
    free(hub);
}

void
hub_update_free_clock(struct hub *hub)
{
    waitclock_set_still(hub, &hub->free_clock,
                        hub->planned > 0 && !hub->draining);
}

static struct cohort *
add_cohort(struct hub *hub, const char *workload, int32_t room,
           int32_t first_worker, int32_t size, bool fixed)
{
    assert(first_worker >= 0 && size >= 0);
    struct cohort *cohort =
        cohort_create(hub, workload, room, first_worker, size, fixed);
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
    hub_update_free_clock(hub);
    return cohort;
}

void
hub_add_cohort(struct hub *hub, const char *workload, int32_t first_worker,
               int32_t size, bool fixed)
{
    add_cohort(hub, workload, HUB_NO_ROOM, first_worker, size, fixed);
}

void
hub_add_pool(struct hub *hub, const char *workload, int32_t first_worker,
             int32_t size)
{
    struct cohort *cohort =
        add_cohort(hub, workload, HUB_NO_ROOM, first_worker, size, false);
    cohort->pool = true;
    hub->planned -= size;
    hub_update_free_clock(hub);
}

void
hub_add_room(struct hub *hub, const char *workload, int32_t room,
             int32_t first_worker, int32_t size)
{
    add_cohort(hub, workload, room, first_worker, size, true);
}

void
hub_limit_runs(struct hub *hub, const char *workload, int64_t runs)
{
    for (size_t i = 0; i < hub->cohort_count; i++)
        if (strcmp(hub->cohorts[i]->workload, workload) == 0)
            hub->cohorts[i]->runs_left = runs;
}

/* --- operations --- */

void
hub_set_now(struct hub *hub, nsec_t now)
{
    if (now > hub->now)
        hub->now = now;
}

static void
cancel(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (member->gated && hub_id_equal(&member->gate_id, &op->id)) {
        gate_refuse(hub, member, HUB_CANCELLED);
        return;
    }
    struct wait *wait = wait_find(member, op->id.task);
    if (!wait || !hub_id_equal(&wait->id, &op->id))
        return;
    if (op->given_up)
        wait_refuse_now(hub, wait, HUB_CANCELLED, NULL, HUB_GLOBAL);
    else
        wait_refuse(hub, wait, HUB_CANCELLED, NULL, HUB_GLOBAL);
}

/* Handles are values: one of a room may get into other hands. */
static bool
may_use_room(struct hub *hub, const struct hub_op *op)
{
    const struct member *member = hub_member(hub, op->id.worker);
    if (op->room == HUB_NO_ROOM ||
        (member->cohort && member->cohort->room == op->room))
        return true;
    struct buf who = {0};
    if (!member->cohort)
        buf_append_str(&who, "a global fixture plays in no room");
    else if (member->cohort->room == HUB_NO_ROOM)
        buf_printf(&who, "worker %" PRId32 " plays in no room", member->id);
    else
        buf_printf(&who, "worker %" PRId32 " plays in room %" PRId32,
                   member->id, member->cohort->room - 1);
    hub_reply_misuse(hub, op->id, "%s '%s' is private to room %" PRId32 ": %s",
                     hub_object_type_name(op->object), op->name, op->room - 1,
                     who.data);
    buf_finish(&who);
    return false;
}

/* An attempt is no wait. */
static bool
is_stopped(struct hub *hub, const struct hub_op *op)
{
    return hub_op_may_wait(op->type) && !op->attempt &&
           hub_member(hub, op->id.worker)->stopped;
}

static void
dispatch(struct hub *hub, const struct hub_op *op)
{
    if (is_stopped(hub, op)) {
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    }
    switch (op->type) {
    case HUB_OP_WORKER_START:
    case HUB_OP_RUN_BEGIN:
    case HUB_OP_RUN_END:
    case HUB_OP_SETTLE:
    case HUB_OP_RUNS_OVER:
    case HUB_OP_WORKER_END:
    case HUB_OP_TASK_BEGIN:
    case HUB_OP_TASK_END:
        life_op(hub, op);
        return;
    case HUB_OP_TASK_JOIN:
    case HUB_OP_TASK_PAUSE:
    case HUB_OP_TASK_RESUME:
        join_op(hub, op);
        return;
    case HUB_OP_CANCEL:
        cancel(hub, op);
        return;
    case HUB_OP_DECLARE:
    case HUB_OP_FREE:
    case HUB_OP_GIVE_BACK:
    case HUB_OP_NOTIFIER_WRITTEN:
    case HUB_OP_NOTIFIER_WAIT_WRITER:
    case HUB_OP_NOTIFIER_ONE_READ:
    case HUB_OP_NOTIFIER_WAIT_READERS:
    case HUB_OP_BARRIER_WAIT:
    case HUB_OP_BARRIER_ACTED:
    case HUB_OP_BARRIER_ABORT:
    case HUB_OP_BARRIER_RESET:
    case HUB_OP_BARRIER_STATE:
    case HUB_OP_EVENT_SET:
    case HUB_OP_EVENT_CLEAR:
    case HUB_OP_EVENT_STATE:
    case HUB_OP_EVENT_WAIT:
    case HUB_OP_LOCK_ACQUIRE:
    case HUB_OP_LOCK_RELEASE:
    case HUB_OP_LOCK_STATE:
    case HUB_OP_SEMAPHORE_ACQUIRE:
    case HUB_OP_SEMAPHORE_RELEASE:
    case HUB_OP_SEMAPHORE_STATE:
    case HUB_OP_CONDITION_WAIT:
    case HUB_OP_CONDITION_NOTIFY:
    case HUB_OP_QUEUE_PUT:
    case HUB_OP_QUEUE_GET:
    case HUB_OP_QUEUE_DONE:
    case HUB_OP_QUEUE_JOIN:
    case HUB_OP_QUEUE_CLOSE:
    case HUB_OP_QUEUE_STATE:
    case HUB_OP_LIMITER_TAKE:
        if (may_use_room(hub, op))
            object_op(hub, op);
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
        if (may_use_room(hub, op))
            var_op(hub, op);
        return;
    }
}

void
hub_submit(struct hub *hub, const struct hub_op *op, nsec_t now)
{
    hub_set_now(hub, now);
    hub->op = op;
    hub->answered = false;
    history_of_call(hub, op);
    dispatch(hub, op);
    if (!hub->answered)
        history_of_wait(hub, op);
    hub->op = NULL;
    hub_update_free_clock(hub);
    struct cohort *cohort = hub_member(hub, op->id.worker)->cohort;
    if (cohort)
        deadlock_judge_cohort(hub, cohort);
}

/* --- time --- */

void
hub_set_timer(struct hub *hub, struct hub_timer *timer, nsec_t at)
{
    heap_remove(&hub->timers, &timer->node);
    if (at != NSEC_NEVER)
        heap_insert(&hub->timers, &timer->node, at);
}

static void
fire_timers(struct hub *hub)
{
    struct heap_node *next;
    while ((next = heap_first(&hub->timers)) && next->at <= hub->now) {
        struct hub_timer *timer = container_of(next, struct hub_timer, node);
        heap_remove(&hub->timers, next);
        timer->fire(hub, timer);
    }
}

void
hub_tick(struct hub *hub, nsec_t now)
{
    hub_set_now(hub, now);
    fire_timers(hub);
    struct heap_node *next;
    while ((next = heap_first(&hub->clocks)) && next->at <= hub->now) {
        struct waitclock *clock = container_of(next, struct waitclock, next);
        struct wait *wait =
            container_of(heap_first(&clock->deadlines), struct wait, deadline);
        struct cohort *cohort = wait->member->cohort;
        wait_time_out(hub, wait);
        /* It may go on, and without a timeout now. */
        if (cohort)
            deadlock_judge_cohort(hub, cohort);
    }
    if (hub->recheck_at <= hub->now)
        deadlock_recheck(hub);
}

nsec_t
hub_next_deadline(const struct hub *hub)
{
    const struct heap_node *const first[] = {
        heap_first(&hub->clocks),
        heap_first(&hub->timers),
    };
    nsec_t deadline = hub->recheck_at;
    for (size_t i = 0; i < 2; i++)
        if (first[i] && first[i]->at < deadline)
            deadline = first[i]->at;
    return deadline;
}

/* --- questions --- */

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

#include "hub/wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "hub/cohort.h"
#include "hub/history.h"
#include "hub/hub_internal.h"
#include "stats/recorder.h"

void
wait_copy_where(char *out, size_t size, const char *where)
{
    size_t length = where ? strlen(where) : 0;
    if (length < size) {
        memcpy(out, where ? where : "", length + 1);
        return;
    }
    memcpy(out, "...", 3);
    memcpy(out + 3, where + length - (size - 4), size - 3);
}

struct wait *
wait_begin(struct hub *hub, struct member *member, const struct hub_op *op,
           const struct wait_ops *ops, const char *name)
{
    struct wait *wait;
    if (list_empty(&hub->spare_waits)) {
        wait = xmalloc(sizeof(*wait));
    } else {
        wait = container_of(hub->spare_waits.next, struct wait, by_hub);
        list_remove(&wait->by_hub);
    }
    *wait = (struct wait){
        .id = op->id,
        .ops = ops,
        .member = member,
        .name = name,
        .room = op->room,
        .since = hub->now,
        .ends_at = NSEC_NEVER,
        .own_timeout =
            wait_has_own_timeout(op) || op->enclosed || ops->ends_by_itself,
        .closed =
            ops->lockstep || ops->object == HUB_TASK || op->room != HUB_NO_ROOM,
    };
    wait_copy_where(wait->where, sizeof(wait->where), op->where);
    list_init(&wait->queue);
    list_append(&hub->waits, &wait->by_hub);
    list_append(&member->waits, &wait->by_member);
    hub->wait_count++;
    if (wait->own_timeout)
        hub->own_timeout_count++;
    else if (wait->closed)
        member->closed_waits++;
    hub->by_itself_count += ops->ends_by_itself;
    member_judge_stuck(member);
    if (hub->config.recorder && ops->object != HUB_TASK)
        recorder_coord_event(hub->config.recorder,
                             hub_object_type_name(ops->object), name,
                             COORD_CONTENDED);
    return wait;
}

bool
wait_has_own_timeout(const struct hub_op *op)
{
    return op->timeout != HUB_TIMEOUT_DEFAULT &&
           op->timeout != HUB_TIMEOUT_NONE;
}

nsec_t
wait_timeout(const struct hub *hub, const struct hub_op *op)
{
    if (op->timeout == HUB_TIMEOUT_NONE)
        return NSEC_NEVER;
    nsec_t timeout = op->timeout;
    if (timeout == HUB_TIMEOUT_DEFAULT) {
        timeout = hub->config.wait_timeout;
        if (timeout <= 0)
            return NSEC_NEVER;
    }
    return op->remaining > 0 && timeout != 0 ? op->remaining : timeout;
}

void
wait_arm(struct hub *hub, struct wait *wait, const struct hub_op *op,
         struct waitclock *clock)
{
    nsec_t left = wait_timeout(hub, op);
    if (left == NSEC_NEVER) {
        cohort_clock_release(hub, clock);
        return;
    }
    if (wait_has_own_timeout(op)) {
        cohort_clock_release(hub, clock);
        clock = &hub->own_clock;
    }
    wait->clock = clock;
    waitclock_arm(hub, clock, &wait->deadline, left);
}

static void
disarm(struct hub *hub, struct wait *wait)
{
    if (!wait->clock)
        return;
    waitclock_disarm(hub, wait->clock, &wait->deadline);
    cohort_clock_release(hub, wait->clock);
    wait->clock = NULL;
}

void
wait_rearm(struct hub *hub, struct wait *wait, struct waitclock *clock)
{
    if (!wait->clock || wait->clock == &hub->own_clock) {
        cohort_clock_release(hub, clock);
        return;
    }
    if (wait->clock == clock)
        return;
    nsec_t left = waitclock_left(hub, wait->clock, &wait->deadline);
    disarm(hub, wait);
    wait->clock = clock;
    waitclock_arm(hub, clock, &wait->deadline, left);
}

void
wait_end_timeout(struct hub *hub, struct wait *wait)
{
    if (wait->clock)
        wait->ends_at = nsec_add(
            hub->now, waitclock_left(hub, wait->clock, &wait->deadline));
    disarm(hub, wait);
    if (!wait->own_timeout)
        return;
    wait->own_timeout = false;
    hub->own_timeout_count--;
    wait->member->closed_waits += wait->closed;
    member_judge_stuck(wait->member);
}

/* Takes it from everything but its object. */
static void
unlink_wait(struct hub *hub, struct wait *wait)
{
    wait->over = true;
    disarm(hub, wait);
    list_remove(&wait->queue);
    list_remove(&wait->by_hub);
    list_remove(&wait->by_member);
    hub->wait_count--;
    if (wait->own_timeout)
        hub->own_timeout_count--;
    else if (wait->closed)
        wait->member->closed_waits--;
    hub->by_itself_count -= wait->ops->ends_by_itself;
    member_judge_stuck(wait->member);
}

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    if (wait->ops->withdraw)
        wait->ops->withdraw(hub, wait, consumed);
}

static void
count(struct hub *hub, const char *name, const struct wait_ops *ops,
      enum hub_status status, nsec_t waited)
{
    struct recorder *recorder = hub->config.recorder;
    /* Tasks of one worker have no name that could be shown. */
    if (!recorder || ops->object == HUB_TASK)
        return;
    const char *type = hub_object_type_name(ops->object);
    recorder_coord_wait(recorder, type, name, waited);
    if (status == HUB_TIMEOUT)
        recorder_coord_event(recorder, type, name, COORD_TIMEOUT);
    else if (status == HUB_BROKEN)
        recorder_coord_event(recorder, type, name, COORD_BREAK);
}

void
wait_count_at_once(struct hub *hub, const char *name,
                   const struct wait_ops *ops, enum hub_status status)
{
    count(hub, name, ops, status, 0);
}

/* What is left is never 0, which says that there is no timeout. */
static nsec_t
remaining(const struct hub *hub, const struct wait *wait)
{
    nsec_t left;
    if (wait->clock)
        left = waitclock_left(hub, wait->clock, &wait->deadline);
    else if (wait->ends_at != NSEC_NEVER)
        left = wait->ends_at - hub->now;
    else
        return 0;
    return left < NSEC_PER_USEC ? NSEC_PER_USEC : left;
}

void
wait_grant(struct hub *hub, struct wait *wait, const struct hub_reply *reply)
{
    struct hub_reply full = *reply;
    full.id = wait->id;
    full.waited = hub->now - wait->since;
    full.remaining = remaining(hub, wait);
    full.culprit = HUB_GLOBAL;
    count(hub, wait->name, wait->ops, full.status, full.waited);
    hub->broken_in_a_row = 0;
    unlink_wait(hub, wait);
    history_of_end(hub, wait, &full);
    list_append(&hub->spare_waits, &wait->by_hub);
    hub_answer_wait(hub, &full);
}

void
wait_refuse_now(struct hub *hub, struct wait *wait, enum hub_status status,
                const char *text, int32_t culprit)
{
    struct hub_reply reply = {
        .id = wait->id,
        .status = status,
        .round = wait->n,
        .waited = hub->now - wait->since,
        .text = text,
        .culprit = culprit,
    };
    count(hub, wait->name, wait->ops, status, reply.waited);
    unlink_wait(hub, wait);
    history_of_end(hub, wait, &reply);
    wait->withdrawn_as = status;
    withdraw(hub, wait, status == HUB_BROKEN);
    list_append(&hub->spare_waits, &wait->by_hub);
    hub_answer_wait(hub, &reply);
}

void
wait_refuse(struct hub *hub, struct wait *wait, enum hub_status status,
            const char *text, int32_t culprit)
{
    if (status == HUB_STOPPED || !wait->ops->postpone ||
        !wait->ops->postpone(hub, wait, status, text))
        wait_refuse_now(hub, wait, status, text, culprit);
}

/* "notifier 'pad': round 1 of step 3 not written after 60 s at pad.lua:9;
 * missing: worker 4 (in its run of step 2)" */
static void
tell_timeout(struct hub *hub, const struct wait *wait, struct buf *out)
{
    char length[32];
    units_format_duration(hub->now - wait->since, length, sizeof(length));
    if (wait->ops->object == HUB_TASK)
        buf_append_str(out, wait->ops->name);
    else
        buf_printf(out, "%s '%s'", hub_object_type_name(wait->ops->object),
                   wait->name);
    room_describe(wait->room, out);
    buf_append_str(out, ": ");
    wait->ops->tell_what(wait, out);
    buf_printf(out, " after %s", length);
    if (wait->where[0])
        buf_printf(out, " at %s", wait->where);
    buf_append_str(out, "; ");
    wait->ops->tell_missing(hub, wait, out);
}

void
wait_time_out(struct hub *hub, struct wait *wait)
{
    struct buf text = {0};
    tell_timeout(hub, wait, &text);
    wait_refuse(hub, wait, HUB_TIMEOUT, text.data, HUB_GLOBAL);
    buf_finish(&text);
}

bool
wait_enqueue(struct hub *hub, struct wait *wait, const struct hub_op *op,
             struct list *queue)
{
    list_append(queue, &wait->queue);
    if (op->timeout == 0) {
        wait_time_out(hub, wait);
        return false;
    }
    wait_arm(hub, wait, op, &hub->free_clock);
    return true;
}

struct wait *
wait_first(const struct list *queue)
{
    return list_empty(queue) ? NULL
                             : container_of(queue->next, struct wait, queue);
}

void
wait_drop(struct hub *hub, struct wait *wait)
{
    unlink_wait(hub, wait);
    withdraw(hub, wait, false);
    list_append(&hub->spare_waits, &wait->by_hub);
}

/* The last one first: who leaves the head of a queue lets the next one through,
 * and that must not be another of these. */
void
wait_drop_all(struct hub *hub, struct member *member)
{
    while (!list_empty(&member->waits))
        wait_drop(hub,
                  container_of(member->waits.prev, struct wait, by_member));
}

struct wait *
wait_find(const struct member *member, uint32_t task)
{
    list_for_each (it, &member->waits) {
        struct wait *wait = container_of(it, struct wait, by_member);
        if (wait->id.task == task)
            return wait;
    }
    return NULL;
}

void
wait_free_spares(struct hub *hub)
{
    list_for_each (it, &hub->spare_waits)
        free(container_of(it, struct wait, by_hub));
    list_init(&hub->spare_waits);
}

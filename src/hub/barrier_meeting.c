/* One round of a barrier: who has come, the action, the release, the break. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/units.h"
#include "hub/barrier.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"
#include "stats/recorder.h"

static void on_actor_gone(struct hub *hub, struct holding *holding);

static void
tell_actor(struct holding *holding, struct buf *out)
{
    const struct meeting *meeting =
        container_of(holding, struct meeting, actor);
    buf_printf(out, "the action of barrier '%s'",
               meeting->barrier->lockstep.object.name);
}

static const struct holding_ops actor_ops = {
    .release = on_actor_gone,
    .tell = tell_actor,
};

struct meeting *
meeting_create(struct barrier *barrier)
{
    struct meeting *meeting = xmalloc(sizeof(*meeting));
    *meeting = (struct meeting){.barrier = barrier, .culprit = HUB_GLOBAL};
    list_init(&meeting->by_barrier);
    holding_init(&meeting->actor, &actor_ops);
    return meeting;
}

void
meeting_destroy(struct meeting *meeting)
{
    if (meeting_is_acting(meeting))
        holding_drop(&meeting->actor);
    for (int32_t i = 0; i < meeting->count; i++)
        value_unref(meeting->arrivals[i].value);
    list_remove(&meeting->by_barrier);
    free(meeting->arrivals);
    free(meeting->why);
    free(meeting);
}

bool
meeting_is_acting(const struct meeting *meeting)
{
    return meeting->actor.member != NULL;
}

/* --- arrivals --- */

int32_t
meeting_add(struct hub *hub, struct meeting *meeting, struct member *member,
            const struct hub_op *op)
{
    if (meeting->count == meeting->capacity) {
        meeting->capacity = meeting->capacity ? 2 * meeting->capacity : 4;
        meeting->arrivals =
            xrealloc(meeting->arrivals,
                     (size_t)meeting->capacity * sizeof(*meeting->arrivals));
    }
    meeting->arrivals[meeting->count] = (struct arrival){
        .member = member,
        .id = op->id,
        .value = value_ref(op->value),
        .present = true,
        .exchange = op->exchange,
        .has_action = op->has_action,
    };
    if (meeting->count == 0)
        meeting->first_at = hub->now;
    meeting->last_at = hub->now;
    meeting->present++;
    return meeting->count++;
}

struct wait *
meeting_wait(struct hub *hub, struct meeting *meeting, int32_t index,
             const struct hub_op *op, const struct wait_ops *ops)
{
    struct lockstep *lockstep = &meeting->barrier->lockstep;
    struct member *member = meeting->arrivals[index].member;
    struct wait *wait = wait_begin(hub, member, op, ops, lockstep->object.name);
    wait->object = &lockstep->object;
    wait->meeting = meeting;
    wait->amount = index;
    wait->step = meeting->at.step;
    wait->n = meeting->at.n;
    meeting->arrivals[index].wait = wait;
    lockstep->wait_count++;
    if (meeting->barrier->kind == BARRIER_LOCKSTEP)
        lockstep_place(lockstep, member)->wait = wait;
    return wait;
}

/* Its wait is about to end. */
static void
detach(struct meeting *meeting, int32_t index)
{
    struct arrival *arrival = &meeting->arrivals[index];
    struct lockstep *lockstep = &meeting->barrier->lockstep;
    arrival->wait = NULL;
    lockstep->wait_count--;
    if (meeting->barrier->kind == BARRIER_LOCKSTEP)
        lockstep_place(lockstep, arrival->member)->wait = NULL;
}

static void
leave(struct meeting *meeting, int32_t index)
{
    meeting->arrivals[index].present = false;
    meeting->present--;
}

/* --- the release --- */

/* Where this arrival's value is in the list of all, from 0 on. */
static int32_t
index_of(const struct meeting *meeting, int32_t i)
{
    return meeting->barrier->kind == BARRIER_LOCKSTEP
               ? member_index(meeting->arrivals[i].member)
               : i;
}

static bool
is_exchange(const struct meeting *meeting)
{
    for (int32_t i = 0; i < meeting->count; i++)
        if (meeting->arrivals[i].exchange)
            return true;
    return false;
}

static struct value *
list_values(const struct meeting *meeting)
{
    if (!is_exchange(meeting))
        return NULL;
    int32_t count = meeting->barrier->kind == BARRIER_LOCKSTEP
                        ? meeting->barrier->lockstep.cohort->size
                        : meeting->count;
    struct value **values = xcalloc((size_t)count, sizeof(struct value *));
    for (int32_t i = 0; i < meeting->count; i++)
        values[index_of(meeting, i)] = meeting->arrivals[i].value;
    struct value *list = value_list(values, (size_t)count);
    free(values);
    return list;
}

/* Answers one of those that have come. */
static void
answer(struct hub *hub, struct meeting *meeting, int32_t i,
       struct hub_reply *reply)
{
    struct wait *wait = meeting->arrivals[i].wait;
    reply->round = meeting->at.n;
    reply->index = index_of(meeting, i);
    reply->culprit = HUB_GLOBAL;
    if (wait) {
        detach(meeting, i);
        wait_grant(hub, wait, reply);
        return;
    }
    reply->id = meeting->arrivals[i].id;
    hub_reply(hub, reply);
}

static void
measure(struct hub *hub, const struct meeting *meeting)
{
    const struct object *object = &meeting->barrier->lockstep.object;
    if (hub->config.recorder)
        recorder_coord_time(hub->config.recorder, COORD_SKEW,
                            hub_object_type_name(HUB_BARRIER), object->name,
                            meeting->last_at - meeting->first_at);
    hub_round_ended(hub, object, meeting->at.step, meeting->at.n,
                    hub->now - meeting->first_at);
}

static void
release(struct hub *hub, struct meeting *meeting)
{
    measure(hub, meeting);
    struct value *values = list_values(meeting);
    for (int32_t i = 0; i < meeting->count; i++)
        if (meeting->arrivals[i].present)
            answer(hub, meeting, i,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = meeting->arrivals[i].exchange ? values : NULL,
                       .happened_at = hub->now,
                   });
    meeting->present = 0;
    value_unref(values);
}

/* Who was stopped has left without breaking it, and is no part of it. */
static void
forget_absent(struct meeting *meeting)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < meeting->count; i++) {
        struct arrival *arrival = &meeting->arrivals[i];
        if (!arrival->present) {
            value_unref(arrival->value);
            continue;
        }
        if (arrival->wait)
            arrival->wait->amount = kept;
        meeting->arrivals[kept++] = *arrival;
    }
    meeting->count = kept;
}

bool
meeting_complete(struct hub *hub, struct meeting *meeting)
{
    forget_absent(meeting);
    int32_t last = meeting->count - 1;
    const struct arrival *arrival = &meeting->arrivals[last];
    if (!arrival->has_action) {
        release(hub, meeting);
        return true;
    }
    const char *where = arrival->wait ? arrival->wait->where
                        : hub->op     ? hub->op->where
                                      : NULL;
    meeting->actor_index = last;
    holding_take(hub, &meeting->actor, &arrival->id, where);
    meeting->barrier->acting++;
    meeting->barrier->lockstep.wait_count++;
    answer(hub, meeting, last, &(struct hub_reply){.status = HUB_ACT});
    return false;
}

/* --- the action --- */

static void
end_action(struct meeting *meeting)
{
    holding_drop(&meeting->actor);
    meeting->barrier->acting--;
    meeting->barrier->lockstep.wait_count--;
}

static void
break_for_actor(struct hub *hub, struct meeting *meeting,
                const struct member *actor, const char *how, const char *text)
{
    struct buf who = {0}, reason = {0};
    member_describe(actor, &who);
    buf_printf(&reason, "%s %s%s", who.data, how, text);
    barrier_break(hub, meeting, reason.data, actor);
    buf_finish(&who);
    buf_finish(&reason);
}

/* Its task has ended without telling that the action is over. In DRAIN the
 * others are left to the end of the test. */
static void
on_actor_gone(struct hub *hub, struct holding *holding)
{
    struct meeting *meeting = container_of(holding, struct meeting, actor);
    const struct member *actor = holding->member;
    end_action(meeting);
    leave(meeting, meeting->actor_index);
    if (meeting->broken)
        barrier_meeting_over(hub, meeting);
    else if (!cohort_drains(hub, actor->cohort))
        break_for_actor(hub, meeting, actor, "ended while it ran the action",
                        "");
}

void
meeting_acted(struct hub *hub, struct meeting *meeting, struct member *member,
              const struct hub_op *op)
{
    end_action(meeting);
    if (op->failed) {
        hub_reply_status(hub, op->id, HUB_GRANTED);
        leave(meeting, meeting->actor_index);
        if (meeting->broken)
            barrier_meeting_over(hub, meeting);
        else if (!cohort_drains(hub, member->cohort) || !op->given_up)
            break_for_actor(hub, meeting, member,
                            "failed in its action: ", op->text ? op->text : "");
        return;
    }
    if (meeting->broken) {
        leave(meeting, meeting->actor_index);
        if (hub->config.recorder)
            recorder_coord_event(
                hub->config.recorder, hub_object_type_name(HUB_BARRIER),
                meeting->barrier->lockstep.object.name, COORD_BREAK);
        meeting_reply_broken(hub, meeting, op->id);
    } else if (meeting->present < meeting->count) {
        /* Others were stopped meanwhile: nobody is released without them. */
        leave(meeting, meeting->actor_index);
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    } else {
        meeting->arrivals[meeting->actor_index].id = op->id;
        release(hub, meeting);
    }
    barrier_meeting_over(hub, meeting);
}

/* --- the break --- */

void
meeting_break(struct hub *hub, struct meeting *meeting, const char *why,
              int32_t culprit)
{
    bool in_deadlock = meeting->in_deadlock;
    meeting->broken = true;
    meeting->why = xstrdup(why);
    meeting->culprit = culprit;
    for (int32_t i = 0; i < meeting->count && !in_deadlock; i++)
        if (meeting->arrivals[i].wait)
            wait_refuse(hub, meeting->arrivals[i].wait, HUB_BROKEN, why,
                        culprit);
}

void
meeting_reply_broken(struct hub *hub, const struct meeting *meeting,
                     struct hub_id id)
{
    hub_reply(hub, &(struct hub_reply){
                       .id = id,
                       .status = HUB_BROKEN,
                       .round = meeting->at.n,
                       .text = meeting->why,
                       .culprit = meeting->culprit,
                   });
}

static void
tell_reason(const struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct member *member = wait->member;
    char length[32];
    units_format_duration(hub->now - wait->since, length, sizeof(length));
    member_describe(member, out);
    if (wait->withdrawn_as == HUB_TIMEOUT)
        buf_printf(out, " waited %s in vain", length);
    else if (wait->withdrawn_as == HUB_CANCELLED)
        buf_append_str(out, " was cancelled while it waited");
    else if (wait->withdrawn_as == HUB_DEADLOCK)
        buf_append_str(out, " and all others waited for each other");
    else
        buf_append_str(out, " ended while it waited");
    if (wait->withdrawn_as == HUB_GRANTED && member->error &&
        member->error_step == member_current_step(member))
        buf_printf(out, ": %s", member->error);
}

/* A wait that ends without the meeting breaks it. Those that the end of the
 * test or a deadlock ends are all ended by whoever ends the first. */
void
meeting_withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    struct meeting *meeting = wait->meeting;
    detach(meeting, (int32_t)wait->amount);
    leave(meeting, (int32_t)wait->amount);
    bool dropped = wait->withdrawn_as == HUB_GRANTED;
    if (meeting->in_deadlock) {
        if (meeting->present == 0)
            barrier_meeting_over(hub, meeting);
        return;
    }
    if (meeting->broken || wait->withdrawn_as == HUB_STOPPED ||
        (dropped && cohort_drains(hub, wait->member->cohort)))
        return;
    meeting->in_deadlock = wait->withdrawn_as == HUB_DEADLOCK;
    struct buf reason = {0};
    tell_reason(hub, wait, &reason);
    barrier_break(hub, meeting, reason.data, wait->member);
    buf_finish(&reason);
}

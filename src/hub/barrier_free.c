/* Barriers with a number of parties of their own: they know nothing of rounds
 * of runs, first come, first served, and once broken they are so until reset.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/barrier.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

static int32_t
parties_of(const struct barrier *barrier)
{
    return barrier->lockstep.object.options.parties;
}

static struct meeting *
first_meeting(const struct barrier *barrier)
{
    return list_empty(&barrier->meetings)
               ? NULL
               : container_of(barrier->meetings.next, struct meeting,
                              by_barrier);
}

static struct meeting *
last_meeting(const struct barrier *barrier)
{
    return list_empty(&barrier->meetings)
               ? NULL
               : container_of(barrier->meetings.prev, struct meeting,
                              by_barrier);
}

/* --- who can come --- */

static bool
is_of_pool(const struct barrier *barrier, const struct member *member)
{
    return barrier->pool ? member->cohort == barrier->pool
                         : member->cohort != NULL;
}

/* The workers of the first user's workload, if it can fill the barrier. */
static void
choose_pool(struct barrier *barrier, const struct member *member)
{
    struct cohort *cohort = member->cohort;
    if (cohort && cohort->fixed && cohort->size >= parties_of(barrier))
        barrier->pool = cohort;
}

static int32_t
count_all(const struct hub *hub, const struct barrier *barrier)
{
    return barrier->pool ? barrier->pool->size : hub->size;
}

/* Those who have come and those who still can. */
static int32_t
count_possible(const struct hub *hub, const struct barrier *barrier,
               const struct meeting *meeting)
{
    int32_t count = barrier->pool ? barrier->pool->alive : hub->alive;
    for (int32_t i = 0; meeting && i < meeting->count; i++)
        count += meeting->arrivals[i].present &&
                 !is_of_pool(barrier, meeting->arrivals[i].member);
    return count;
}

/* How many make a meeting. */
static int32_t
count_needed(const struct hub *hub, const struct barrier *barrier,
             const struct meeting *meeting)
{
    int32_t parties = parties_of(barrier);
    if (!barrier->lockstep.object.options.shrink)
        return parties;
    int32_t possible = count_possible(hub, barrier, meeting);
    return possible < parties ? possible : parties;
}

static bool
is_full(const struct hub *hub, const struct meeting *meeting)
{
    return meeting_is_acting(meeting) ||
           meeting->present >= count_needed(hub, meeting->barrier, meeting);
}

/* --- breaking --- */

void
barrier_free_break(struct hub *hub, struct barrier *barrier, const char *reason,
                   const struct member *culprit)
{
    struct buf text = {0};
    object_describe(&barrier->lockstep.object, &text);
    buf_printf(&text, " is broken until its reset: %s", reason);
    barrier->broken = true;
    barrier->culprit = culprit->id;
    free(barrier->why);
    barrier->why = xstrdup(text.data);
    struct meeting *meeting;
    while ((meeting = first_meeting(barrier))) {
        list_remove(&meeting->by_barrier);
        meeting_break(hub, meeting, text.data, culprit->id);
        if (meeting->present > 0)
            list_append(&barrier->undone, &meeting->by_barrier);
        else
            meeting_destroy(meeting);
    }
    buf_finish(&text);
}

/* Whoever has ended last. */
static const struct member *
find_ended(const struct hub *hub, const struct barrier *barrier)
{
    const struct member *last = NULL;
    for (size_t c = 0; c < hub->cohort_count; c++) {
        const struct cohort *cohort = hub->cohorts[c];
        for (int32_t i = 0; i < cohort->size; i++) {
            const struct member *m = &cohort->members[i];
            if (m->state == MEMBER_ENDED && is_of_pool(barrier, m) &&
                (!last || m->over_order > last->over_order))
                last = m;
        }
    }
    return last;
}

/* Too few are left: breaks it, unless it shrinks with them. */
static bool
break_if_deserted(struct hub *hub, struct barrier *barrier,
                  const struct meeting *meeting)
{
    int32_t possible = count_possible(hub, barrier, meeting);
    if (cohort_drains(hub, barrier->pool) ||
        barrier->lockstep.object.options.shrink ||
        possible >= parties_of(barrier))
        return false;
    const struct member *leaver = find_ended(hub, barrier);
    if (!leaver)
        return false;
    struct buf reason = {0};
    buf_printf(&reason, "only %" PRId32 " of %" PRId32 " parties can come; ",
               possible, parties_of(barrier));
    member_describe(leaver, &reason);
    if (leaver->error)
        buf_printf(&reason, " had failed: %s", leaver->error);
    barrier_free_break(hub, barrier, reason.data, leaver);
    buf_finish(&reason);
    return true;
}

void
barrier_free_proceed(struct hub *hub, struct barrier *barrier)
{
    struct meeting *meeting;
    while ((meeting = first_meeting(barrier)) && meeting->present > 0 &&
           !meeting_is_acting(meeting)) {
        if (!is_full(hub, meeting)) {
            break_if_deserted(hub, barrier, meeting);
            return;
        }
        if (!meeting_complete(hub, meeting))
            return;
        meeting_destroy(meeting);
    }
}

/* --- wait --- */

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_printf(out, "round %" PRId64 " not complete", wait->n);
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct meeting *meeting = wait->meeting;
    if (meeting_is_acting(meeting)) {
        holding_tell(&meeting->actor, "runs the action", out);
        return;
    }
    int32_t needed = count_needed(hub, meeting->barrier, meeting);
    buf_printf(out, "missing: %" PRId32 " of %" PRId32 " parties",
               needed - meeting->present, needed);
}

static const struct wait_ops free_wait_ops = {
    .name = "wait",
    .object = HUB_BARRIER,
    .withdraw = meeting_withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static struct wait *
find_wait(const struct member *member, const struct meeting *meeting)
{
    list_for_each (it, &member->waits) {
        struct wait *wait = container_of(it, struct wait, by_member);
        if (wait->ops == &free_wait_ops && wait->meeting == meeting)
            return wait;
    }
    return NULL;
}

static struct meeting *
find_acting(const struct barrier *barrier, const struct member *member,
            uint32_t task)
{
    struct meeting *first = first_meeting(barrier);
    if (first && holding_is(&first->actor, member, task))
        return first;
    list_for_each (it, &barrier->undone) {
        struct meeting *undone = container_of(it, struct meeting, by_barrier);
        if (holding_is(&undone->actor, member, task))
            return undone;
    }
    return NULL;
}

static bool
may_arrive(struct hub *hub, struct barrier *barrier,
           const struct meeting *meeting, const struct member *member,
           const struct hub_op *op)
{
    const struct wait *wait = meeting ? find_wait(member, meeting) : NULL;
    const struct meeting *acting = find_acting(barrier, member, op->id.task);
    int32_t outsiders = !is_of_pool(barrier, member);
    int32_t all = count_all(hub, barrier) + outsiders;
    if (wait)
        hub_reply_misuse(hub, op->id,
                         "barrier '%s': another task of this worker waits in "
                         "this round (at %s): a party is a worker",
                         op->name, wait->where);
    else if (acting)
        hub_reply_misuse(hub, op->id,
                         "barrier '%s': this task runs its action (for the "
                         "wait at %s): use it again after that",
                         op->name, acting->actor.where);
    else if (all < parties_of(barrier) &&
             count_possible(hub, barrier, meeting) + outsiders <
                 parties_of(barrier))
        hub_reply_misuse(hub, op->id,
                         "barrier '%s' wants %" PRId32 " parties, but there "
                         "%s only %" PRId32 " worker%s",
                         op->name, parties_of(barrier), all == 1 ? "is" : "are",
                         all, all == 1 ? "" : "s");
    else
        return true;
    return false;
}

static void
reply_broken(struct hub *hub, const struct barrier *barrier,
             const struct hub_op *op)
{
    wait_count_at_once(hub, op->name, &free_wait_ops, HUB_BROKEN);
    hub_reply(hub, &(struct hub_reply){
                       .id = op->id,
                       .status = HUB_BROKEN,
                       .round = barrier->round,
                       .text = barrier->why,
                       .culprit = barrier->culprit,
                   });
}

static struct meeting *
open_meeting(struct barrier *barrier)
{
    struct meeting *meeting = meeting_create(barrier);
    meeting->at.n = ++barrier->round;
    list_append(&barrier->meetings, &meeting->by_barrier);
    return meeting;
}

/* Where a worker comes while the action of a round is run, the next round
 * fills. */
static void
wait_in(struct hub *hub, struct barrier *barrier, struct member *member,
        const struct hub_op *op)
{
    if (barrier->broken) {
        reply_broken(hub, barrier, op);
        return;
    }
    if (barrier->round == 0)
        choose_pool(barrier, member);
    struct meeting *meeting = last_meeting(barrier);
    if (meeting && is_full(hub, meeting))
        meeting = NULL;
    if (!may_arrive(hub, barrier, meeting, member, op))
        return;
    if (!meeting)
        meeting = open_meeting(barrier);
    int32_t index = meeting_add(hub, meeting, member, op);
    if (meeting == first_meeting(barrier) && is_full(hub, meeting)) {
        wait_count_at_once(hub, op->name, &free_wait_ops, HUB_GRANTED);
        if (meeting_complete(hub, meeting))
            barrier_meeting_over(hub, meeting);
        return;
    }
    struct wait *wait = meeting_wait(hub, meeting, index, op, &free_wait_ops);
    if (list_empty(&barrier->by_hub))
        list_append(&hub->crowds, &barrier->by_hub);
    if (break_if_deserted(hub, barrier, meeting))
        return;
    if (op->timeout == 0)
        wait_time_out(hub, wait);
    else
        wait_arm(hub, wait, op, &hub->free_clock);
}

/* --- other operations --- */

static void
break_by(struct hub *hub, struct barrier *barrier, const struct member *member,
         const struct hub_op *op, const char *how)
{
    struct buf reason = {0};
    member_describe(member, &reason);
    buf_printf(&reason, " %s it at %s", how, op->where ? op->where : "?");
    barrier_free_break(hub, barrier, reason.data, member);
    buf_finish(&reason);
}

static void
reset(struct hub *hub, struct barrier *barrier, const struct member *member,
      const struct hub_op *op)
{
    if (first_meeting(barrier))
        break_by(hub, barrier, member, op, "reset");
    barrier->broken = false;
    hub_reply_status(hub, op->id, HUB_GRANTED);
}

static void
tell_state(struct hub *hub, const struct barrier *barrier,
           const struct hub_op *op)
{
    int64_t waiting = 0;
    list_for_each (it, &barrier->meetings)
        waiting += container_of(it, struct meeting, by_barrier)->present;
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .number = waiting,
                          .index = parties_of(barrier),
                          .broken = barrier->broken,
                      });
}

void
barrier_free_op(struct hub *hub, struct barrier *barrier, struct member *member,
                const struct hub_op *op)
{
    if (op->type == HUB_OP_BARRIER_WAIT) {
        wait_in(hub, barrier, member, op);
    } else if (op->type == HUB_OP_BARRIER_STATE) {
        tell_state(hub, barrier, op);
    } else if (op->type == HUB_OP_BARRIER_RESET) {
        reset(hub, barrier, member, op);
    } else if (op->type == HUB_OP_BARRIER_ABORT) {
        if (!barrier->broken)
            break_by(hub, barrier, member, op, "aborted");
        hub_reply_status(hub, op->id, HUB_GRANTED);
    } else {
        struct meeting *acting = find_acting(barrier, member, op->id.task);
        if (acting)
            meeting_acted(hub, acting, member, op);
        else
            hub_reply_misuse(hub, op->id, "barrier '%s': no action is run here",
                             op->name);
    }
}

void
barriers_member_ended(struct hub *hub, const struct member *member)
{
    if (hub->draining)
        return;
    list_for_each (it, &hub->crowds) {
        struct barrier *barrier = container_of(it, struct barrier, by_hub);
        if (list_empty(&barrier->meetings))
            list_remove(&barrier->by_hub);
        else if (is_of_pool(barrier, member))
            barrier_free_proceed(hub, barrier);
    }
}

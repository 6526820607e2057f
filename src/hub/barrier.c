/* The operations of a barrier that are the same for both kinds. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/barrier.h"
#include "hub/hub_internal.h"

static struct barrier *
barrier_of(struct object *object)
{
    return container_of(object, struct barrier, lockstep.object);
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct barrier *barrier = xmalloc(sizeof(*barrier));
    *barrier = (struct barrier){.culprit = HUB_GLOBAL};
    lockstep_init(&barrier->lockstep, &barrier_lockstep_ops);
    list_init(&barrier->by_hub);
    list_init(&barrier->meetings);
    list_init(&barrier->undone);
    return &barrier->lockstep.object;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct barrier *barrier = barrier_of(object);
    struct lockstep_round *round;
    while ((round = lockstep_first_round(&barrier->lockstep))) {
        lockstep_remove_round(round);
        meeting_destroy(container_of(round, struct meeting, at));
    }
    list_for_each (it, &barrier->meetings)
        meeting_destroy(container_of(it, struct meeting, by_barrier));
    list_for_each (it, &barrier->undone)
        meeting_destroy(container_of(it, struct meeting, by_barrier));
    list_remove(&barrier->by_hub);
    lockstep_finish(&barrier->lockstep);
    free(barrier->why);
    free(barrier);
}

static const char *
refuses_free(struct object *object)
{
    return lockstep_refuses_free(&barrier_of(object)->lockstep);
}

/* --- who may use it --- */

static bool
is_of_cohort(int32_t parties, const struct member *member)
{
    const struct cohort *cohort = member->cohort;
    return parties == 0 || (cohort && cohort->fixed && cohort->size == parties);
}

static bool
may_use(struct hub *hub, const struct member *member, const struct hub_op *op)
{
    struct object *object = object_find(hub, op->room, op->name);
    int32_t parties = op->options.parties;
    if (object && object->type == HUB_BARRIER) {
        const struct barrier *barrier = barrier_of(object);
        if (barrier->kind == BARRIER_FREE)
            return true;
        if (object->options.parties > 0)
            parties = object->options.parties;
    }
    return !is_of_cohort(parties, member) ||
           lockstep_may_use(hub, &barrier_lockstep_ops, member, op);
}

/* True if it is used as what its options say now. */
static bool
decide(struct hub *hub, struct barrier *barrier, const struct member *member,
       const struct hub_op *op)
{
    int32_t parties = barrier->lockstep.object.options.parties;
    if (barrier->kind == BARRIER_UNUSED)
        barrier->kind =
            is_of_cohort(parties, member) ? BARRIER_LOCKSTEP : BARRIER_FREE;
    if (barrier->kind == BARRIER_FREE)
        return true;
    if (!lockstep_join(hub, &barrier->lockstep, member, op))
        return false;
    if (parties == 0 || parties == member->cohort->size)
        return true;
    struct buf all = {0};
    cohort_describe(member->cohort, &all);
    hub_reply_misuse(hub, op->id,
                     "barrier '%s' is used by all %" PRId32 " workers of %s "
                     "already: {parties = %" PRId32 "} comes too late; give "
                     "the option at the top of the file",
                     op->name, member->cohort->size, all.data, parties);
    buf_finish(&all);
    return false;
}

/* --- operations --- */

static void
barrier_op(struct hub *hub, struct object *object, struct member *member,
           const struct hub_op *op)
{
    struct barrier *barrier = barrier_of(object);
    if (!decide(hub, barrier, member, op))
        return;
    if (barrier->kind == BARRIER_LOCKSTEP)
        barrier_round_op(hub, barrier, member, op);
    else
        barrier_free_op(hub, barrier, member, op);
}

void
barrier_break(struct hub *hub, struct meeting *meeting, const char *reason,
              const struct member *culprit)
{
    if (meeting->barrier->kind == BARRIER_LOCKSTEP)
        barrier_round_break(hub, meeting, reason, culprit);
    else
        barrier_free_break(hub, meeting->barrier, reason, culprit);
}

void
barrier_meeting_over(struct hub *hub, struct meeting *meeting)
{
    struct barrier *barrier = meeting->barrier;
    if (barrier->kind == BARRIER_LOCKSTEP) {
        barrier_round_settle(meeting);
        return;
    }
    meeting_destroy(meeting);
    barrier_free_proceed(hub, barrier);
}

const struct object_ops barrier_object_ops = {
    .create = create,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .may_use = may_use,
    .op = barrier_op,
};

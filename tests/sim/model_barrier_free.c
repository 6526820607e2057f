/* Barrier with a number of parties: first come, first served; once broken it is
 * so until its reset. */
#include "model_barrier.h"

/* Those who have come and those who still can. */
static int
count_possible(const struct world *world, int room)
{
    int count = 0;
    for (int i = 0; i < world->program->worker_count; i++)
        count += world->members[i].room == room &&
                 world->members[i].over < HUB_STEP_TEARDOWN;
    return count;
}

static int
room_of(const struct model_object *object)
{
    return object->room > 0 ? object->room - 1 : 0;
}

static int
count_needed(const struct world *world, const struct model_object *object)
{
    int parties = object->plan->options.parties;
    int possible = count_possible(world, room_of(object));
    return object->plan->options.shrink && possible < parties ? possible
                                                              : parties;
}

static bool
is_full(const struct world *world, const struct model_object *object,
        const struct meeting *meeting)
{
    return meeting->acting ||
           model_meeting_present(meeting) >= count_needed(world, object);
}

/* Neither over nor broken, with somebody in it. */
static struct meeting *
open_meeting(struct barrier *barrier, bool last)
{
    struct meeting *found = NULL;
    for (int i = 0; i < barrier->meeting_count; i++) {
        struct meeting *meeting = &barrier->meetings[i];
        if (meeting->over || meeting->broken)
            continue;
        if (last || !found)
            found = meeting;
    }
    return found;
}

void
model_barrier_free_break(struct world *world, struct model_object *object)
{
    struct barrier *barrier = object->state;
    barrier->broken = true;
    struct meeting *meeting;
    while ((meeting = open_meeting(barrier, false)))
        model_meeting_break(world, meeting);
}

void
model_barrier_free_settle(struct world *world, struct model_object *object)
{
    struct barrier *barrier = object->state;
    struct meeting *meeting;
    while ((meeting = open_meeting(barrier, false)) && !meeting->acting &&
           model_meeting_present(meeting) > 0) {
        if (is_full(world, object, meeting)) {
            model_meeting_complete(world, object, meeting);
            continue;
        }
        if (!world->draining && !object->plan->options.shrink &&
            count_possible(world, room_of(object)) <
                object->plan->options.parties)
            model_barrier_free_break(world, object);
        return;
    }
}

/* --- operations --- */

static bool
has_come(struct world *world, const struct model_call *call,
         const struct meeting *meeting)
{
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->object == call->object &&
            world->waits[i]->member == call->member &&
            world->waits[i]->n == meeting->n)
            return true;
    return false;
}

static bool
acts(const struct barrier *barrier, const struct hub_id *id)
{
    for (int i = 0; i < barrier->meeting_count; i++)
        if (barrier->meetings[i].acting &&
            barrier->meetings[i].actor.worker == id->worker &&
            barrier->meetings[i].actor.task == id->task)
            return true;
    return false;
}

static void
arrive(struct world *world, const struct model_call *call)
{
    struct barrier *barrier = call->object->state;
    if (barrier->broken) {
        world_reply(world, call, HUB_BROKEN);
        return;
    }
    struct meeting *meeting = open_meeting(barrier, true);
    if (meeting && is_full(world, call->object, meeting))
        meeting = NULL;
    int size = program_room_size(world->program, call->member->room);
    if ((meeting && has_come(world, call, meeting)) ||
        acts(barrier, &call->op->id) ||
        size < call->object->plan->options.parties) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    /* Those who were there left in DRAIN, and it begins anew. */
    if (meeting && model_meeting_present(meeting) == 0)
        meeting->count = 0;
    if (!meeting)
        meeting = model_barrier_meeting(world, barrier, 0, ++barrier->round);
    model_meeting_arrive(world, meeting, call);
}

void
model_barrier_free_op(struct world *world, const struct model_call *call)
{
    struct barrier *barrier = call->object->state;
    if (call->op->type == HUB_OP_BARRIER_WAIT) {
        arrive(world, call);
        return;
    }
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    if (call->op->type == HUB_OP_BARRIER_STATE) {
        for (int i = 0; i < barrier->meeting_count; i++)
            if (!barrier->meetings[i].broken && !barrier->meetings[i].over)
                expected->answer.number +=
                    model_meeting_present(&barrier->meetings[i]);
        expected->answer.broken = barrier->broken;
        expected->answer.index = call->object->plan->options.parties;
        expected->checks |= CHECK_NUMBER | CHECK_BROKEN | CHECK_INDEX;
    } else {
        model_barrier_free_break(world, call->object);
        barrier->broken = call->op->type == HUB_OP_BARRIER_ABORT;
    }
}

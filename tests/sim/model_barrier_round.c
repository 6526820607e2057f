/* Barrier of a whole cohort: each round waits for all, and whoever passes it
 * without having come breaks it. */
#include "model_barrier.h"

/* The highest round of this step that the member has used. */
static int64_t
used_up_to(const struct barrier *barrier, int member, int64_t step)
{
    int64_t used = 0;
    for (int i = 0; i < barrier->meeting_count; i++) {
        const struct meeting *meeting = &barrier->meetings[i];
        if (meeting->step == step && meeting->used[member] && meeting->n > used)
            used = meeting->n;
    }
    return used;
}

/* It has had its last run before this round's, and has not left it out. */
static bool
is_gone(const struct model_object *object, const struct meeting *meeting,
        const struct model_member *m)
{
    if (!object->plan->options.shrink || m->over < meeting->step ||
        used_up_to(object->state, m->id, meeting->step) >= meeting->n)
        return false;
    if (meeting->step == HUB_STEP_TEARDOWN)
        return m->phase == PHASE_ENDED;
    return m->phase >= PHASE_TEARDOWN && m->step < meeting->step;
}

static bool
has_missed(const struct model_object *object, const struct meeting *meeting,
           const struct model_member *m)
{
    if (meeting->used[m->id] || is_gone(object, meeting, m))
        return false;
    return m->over >= meeting->step ||
           used_up_to(object->state, m->id, meeting->step) > meeting->n;
}

static bool
is_missed(struct world *world, const struct model_object *object,
          const struct meeting *meeting, const struct model_member *of)
{
    for (int i = 0; i < world->program->worker_count; i++)
        if (world_plays_with(world, &world->members[i], of) &&
            has_missed(object, meeting, &world->members[i]))
            return true;
    return false;
}

static void
settle_meeting(struct world *world, struct model_object *object,
               struct meeting *meeting)
{
    int present = model_meeting_present(meeting);
    if (meeting->over || meeting->broken || present == 0)
        return;
    const struct model_member *one =
        &world->members[meeting->arrivals[0].id.worker];
    if (is_missed(world, object, meeting, one)) {
        model_meeting_break(world, meeting);
        return;
    }
    for (int i = 0; i < world->program->worker_count; i++)
        present += world_plays_with(world, &world->members[i], one) &&
                   is_gone(object, meeting, &world->members[i]);
    if (!meeting->acting &&
        present == program_room_size(world->program, one->room))
        model_meeting_complete(world, object, meeting);
}

void
model_barrier_round_settle(struct world *world, struct model_object *object)
{
    struct barrier *barrier = object->state;
    for (int i = 0; i < barrier->meeting_count; i++)
        settle_meeting(world, object, &barrier->meetings[i]);
}

bool
model_barrier_round_stands_still(struct world *world,
                                 const struct model_wait *wait)
{
    struct barrier *barrier = wait->object->state;
    const struct meeting *meeting =
        model_barrier_meeting(world, barrier, wait->step, wait->n);
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        bool to_come = m->phase == PHASE_PLANNED ||
                       (m->phase == PHASE_BETWEEN && m->delayed);
        if (to_come && world_plays_with(world, m, wait->member) &&
            !meeting->used[i] && m->over < wait->step)
            return true;
    }
    return false;
}

/* --- operations --- */

static bool
is_busy(struct world *world, const struct model_call *call)
{
    const struct barrier *barrier = call->object->state;
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->object == call->object &&
            world->waits[i]->member == call->member)
            return true;
    for (int i = 0; i < barrier->meeting_count; i++)
        if (barrier->meetings[i].acting &&
            barrier->meetings[i].actor.worker == call->member->id)
            return true;
    return false;
}

static void
tell_state(struct world *world, const struct model_call *call, int64_t step)
{
    struct barrier *barrier = call->object->state;
    int64_t n = used_up_to(barrier, call->member->id, step) + 1;
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->object == call->object &&
            world->waits[i]->member == call->member)
            n = world->waits[i]->n;
    const struct meeting *meeting =
        model_barrier_meeting(world, barrier, step, n);
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    expected->answer.number = model_meeting_present(meeting);
    expected->answer.broken =
        meeting->broken ||
        is_missed(world, call->object, meeting, call->member);
    expected->checks |= CHECK_NUMBER | CHECK_BROKEN;
}

void
model_barrier_round_op(struct world *world, const struct model_call *call)
{
    struct barrier *barrier = call->object->state;
    int64_t step = world_current_step(call->member);
    if (call->op->type == HUB_OP_BARRIER_STATE) {
        tell_state(world, call, step);
        return;
    }
    int64_t used = used_up_to(barrier, call->member->id, step);
    int64_t n = call->op->type == HUB_OP_BARRIER_WAIT && call->op->round > 0
                    ? call->op->round
                    : used + 1;
    if (call->op->type == HUB_OP_BARRIER_RESET || is_busy(world, call) ||
        n <= used) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    struct meeting *meeting = model_barrier_meeting(world, barrier, step, n);
    meeting->used[call->member->id] = true;
    if (call->op->type == HUB_OP_BARRIER_ABORT) {
        world_reply(world, call, HUB_GRANTED);
        if (!meeting->broken)
            model_meeting_break(world, meeting);
    } else if (meeting->broken ||
               is_missed(world, call->object, meeting, call->member)) {
        meeting->broken = true;
        world_reply(world, call, HUB_BROKEN);
    } else {
        model_meeting_arrive(world, meeting, call);
        world->waits[world->wait_count - 1]->lockstep = true;
    }
}

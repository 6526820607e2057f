/* Barrier: what is the same for both kinds: the meeting, its action, its end.
 */
#include "model_barrier.h"

struct meeting *
model_barrier_meeting(struct world *world, struct barrier *barrier,
                      int64_t step, int64_t n)
{
    for (int i = 0; i < barrier->meeting_count; i++)
        if (barrier->meetings[i].step == step && barrier->meetings[i].n == n)
            return &barrier->meetings[i];
    if (barrier->meeting_count == MAX_MEETINGS) {
        world_fail(world, "the model of barriers is too small");
        barrier->meeting_count = 0;
    }
    struct meeting *meeting = &barrier->meetings[barrier->meeting_count++];
    *meeting = (struct meeting){.step = step, .n = n};
    return meeting;
}

int
model_meeting_present(const struct meeting *meeting)
{
    int count = 0;
    for (int i = 0; i < meeting->count; i++)
        count += meeting->arrivals[i].present;
    return count;
}

void
model_meeting_arrive(struct world *world, struct meeting *meeting,
                     const struct model_call *call)
{
    if (meeting->count == MAX_ARRIVALS) {
        world_fail(world, "the model of meetings is too small");
        return;
    }
    meeting->arrivals[meeting->count++] = (struct arrival){
        .id = call->op->id,
        .value = call->value,
        .exchange = call->op->exchange,
        .has_action = call->op->has_action,
        .present = true,
    };
    struct model_wait *wait = world_wait(world, call);
    wait->step = meeting->step;
    wait->n = meeting->n;
}

/* --- the release --- */

static int
first_worker(const struct world *world, int room)
{
    int first = 0;
    for (int i = 0; i < room; i++)
        first += program_room_size(world->program, i);
    return first;
}

static int
index_of(const struct world *world, const struct model_object *object,
         const struct meeting *meeting, int i)
{
    const struct barrier *barrier = object->state;
    /* Who has left again, in DRAIN, does not count. */
    int before = 0;
    for (int k = 0; k < i; k++)
        before += meeting->arrivals[k].present;
    if (barrier->kind == FREE)
        return before;
    int worker = meeting->arrivals[i].id.worker;
    return worker - first_worker(world, world->members[worker].room);
}

static void
fill_table(const struct world *world, const struct model_object *object,
           const struct meeting *meeting, struct answer *answer)
{
    const struct barrier *barrier = object->state;
    int worker = meeting->arrivals[0].id.worker;
    answer->table_count =
        barrier->kind == FREE
            ? model_meeting_present(meeting)
            : program_room_size(world->program, world->members[worker].room);
    for (int i = 0; i < MAX_WORKERS; i++)
        answer->table[i] = NO_VALUE;
    for (int i = 0; i < meeting->count; i++)
        if (meeting->arrivals[i].present)
            answer->table[index_of(world, object, meeting, i)] =
                meeting->arrivals[i].value;
}

static void
answer(struct world *world, struct model_object *object,
       struct meeting *meeting, int i, enum hub_status status)
{
    const struct arrival *arrival = &meeting->arrivals[i];
    struct model_wait *wait =
        world_find_wait(world, arrival->id.worker, arrival->id.task);
    bool exchange = arrival->exchange && status == HUB_GRANTED;
    struct expected *expected = wait && wait->id.seq == arrival->id.seq
                                    ? world_grant(world, wait, status)
                                    : world_answer(world, arrival->id, status);
    expected->place = 0;
    expected->answer.index = index_of(world, object, meeting, i);
    expected->answer.round = meeting->n;
    expected->checks |= CHECK_INDEX | CHECK_ROUND | CHECK_TABLE;
    if (exchange)
        fill_table(world, object, meeting, &expected->answer);
}

static void
let_go(struct world *world, struct model_object *object,
       struct meeting *meeting)
{
    meeting->over = true;
    for (int i = 0; i < meeting->count; i++)
        if (meeting->arrivals[i].present)
            answer(world, object, meeting, i, HUB_GRANTED);
    for (int i = 0; i < meeting->count; i++)
        meeting->arrivals[i].present = false;
}

void
model_meeting_complete(struct world *world, struct model_object *object,
                       struct meeting *meeting)
{
    int last = meeting->count - 1;
    while (!meeting->arrivals[last].present)
        last--;
    if (!meeting->arrivals[last].has_action) {
        let_go(world, object, meeting);
        return;
    }
    meeting->acting = true;
    meeting->actor = meeting->arrivals[last].id;
    meeting->actor_index = last;
    answer(world, object, meeting, last, HUB_ACT);
}

/* --- the action --- */

static struct meeting *
find_acting(struct barrier *barrier, const struct hub_id *id)
{
    for (int i = 0; i < barrier->meeting_count; i++) {
        struct meeting *meeting = &barrier->meetings[i];
        if (meeting->acting && meeting->actor.worker == id->worker &&
            meeting->actor.task == id->task)
            return meeting;
    }
    return NULL;
}

static void
acted(struct world *world, const struct model_call *call)
{
    struct meeting *meeting = find_acting(call->object->state, &call->op->id);
    if (!meeting) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    meeting->acting = false;
    struct arrival *actor = &meeting->arrivals[meeting->actor_index];
    bool all_there = model_meeting_present(meeting) == meeting->count;
    if (!call->op->failed && !meeting->broken && all_there) {
        actor->id = call->op->id;
        let_go(world, call->object, meeting);
        return;
    }
    actor->present = false;
    if (!call->op->failed && !meeting->broken) {
        /* The others were stopped meanwhile. */
        world_reply(world, call, HUB_STOPPED);
        return;
    }
    world_reply(world, call, call->op->failed ? HUB_GRANTED : HUB_BROKEN);
    if (!meeting->broken)
        model_barrier_break(world, call->object, meeting);
}

/* --- the break --- */

void
model_meeting_break(struct world *world, struct meeting *meeting)
{
    meeting->broken = true;
    for (int i = 0; i < meeting->count; i++) {
        struct arrival *arrival = &meeting->arrivals[i];
        struct model_wait *wait =
            world_find_wait(world, arrival->id.worker, arrival->id.task);
        bool acts = meeting->acting && meeting->actor_index == i;
        if (!arrival->present || acts)
            continue;
        arrival->present = false;
        if (wait && wait->id.seq == arrival->id.seq)
            world_refuse(world, wait, HUB_BROKEN);
    }
}

void
model_barrier_break(struct world *world, struct model_object *object,
                    struct meeting *meeting)
{
    const struct barrier *barrier = object->state;
    if (barrier->kind == FREE)
        model_barrier_free_break(world, object);
    else
        model_meeting_break(world, meeting);
}

static struct meeting *
meeting_of(struct barrier *barrier, const struct hub_id *id, int *index)
{
    for (int i = 0; i < barrier->meeting_count; i++)
        for (int k = 0; k < barrier->meetings[i].count; k++) {
            const struct arrival *arrival = &barrier->meetings[i].arrivals[k];
            *index = k;
            if (arrival->present && arrival->id.worker == id->worker &&
                arrival->id.task == id->task && arrival->id.seq == id->seq)
                return &barrier->meetings[i];
        }
    return NULL;
}

/* A wait that ends without the meeting breaks it; those that end because the
 * test does, or in one deadlock, do not break each other. */
static void
withdraw(struct world *world, struct model_object *object,
         struct model_wait *wait, enum hub_status why)
{
    int index;
    struct meeting *meeting = meeting_of(object->state, &wait->id, &index);
    if (!meeting || meeting->broken)
        return;
    meeting->arrivals[index].present = false;
    bool dropped_at_end = why == WAIT_DROPPED && world->draining;
    bool with_others =
        why == HUB_DEADLOCK && model_meeting_present(meeting) > 0;
    if (why != HUB_STOPPED && !dropped_at_end && !with_others)
        model_barrier_break(world, object, meeting);
}

static void
release(struct world *world, struct model_object *object,
        struct model_member *member, int64_t task, bool all)
{
    struct barrier *barrier = object->state;
    for (int i = 0; i < barrier->meeting_count; i++) {
        struct meeting *meeting = &barrier->meetings[i];
        if (!meeting->acting || meeting->actor.worker != member->id ||
            (task >= 0 && meeting->actor.task != task))
            continue;
        meeting->acting = false;
        meeting->arrivals[meeting->actor_index].present = false;
        if (!meeting->broken && !world->draining)
            model_barrier_break(world, object, meeting);
    }
}

static void
pass_on(struct world *world, struct model_object *object,
        struct model_member *member, uint32_t task, uint32_t parent)
{
    release(world, object, member, task, false);
}

/* --- by kind --- */

static void
op(struct world *world, const struct model_call *call)
{
    struct barrier *barrier = call->object->state;
    int32_t parties = call->object->plan->options.parties;
    int size = program_room_size(world->program, call->member->room);
    barrier->kind = parties == 0 || parties == size ? LOCKSTEP : FREE;
    if (barrier->kind == LOCKSTEP)
        world->uses_lockstep[call->member->room] = true;
    if (call->op->type == HUB_OP_BARRIER_ACTED)
        acted(world, call);
    else if (barrier->kind == FREE)
        model_barrier_free_op(world, call);
    else
        model_barrier_round_op(world, call);
}

static void
settle(struct world *world, struct model_object *object)
{
    const struct barrier *barrier = object->state;
    if (barrier->kind == LOCKSTEP)
        model_barrier_round_settle(world, object);
    else if (barrier->kind == FREE)
        model_barrier_free_settle(world, object);
}

static bool
stands_still(struct world *world, const struct model_wait *wait)
{
    const struct barrier *barrier = wait->object->state;
    return barrier->kind == LOCKSTEP
               ? model_barrier_round_stands_still(world, wait)
               : world_start_planned(world);
}

const struct model_ops model_barrier_ops = {
    .state_size = sizeof(struct barrier),
    .op = op,
    .withdraw = withdraw,
    .settle = settle,
    .release = release,
    .pass_on = pass_on,
    .stands_still = stands_still,
};

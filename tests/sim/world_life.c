/* Starts, runs, ends and tasks of workers, in the models. */
#include <string.h>

#include "model.h"

int64_t
world_current_step(const struct model_member *member)
{
    switch (member->phase) {
    case PHASE_PLANNED:
    case PHASE_SETUP:
        return HUB_STEP_SETUP;
    case PHASE_BETWEEN:
    case PHASE_RUN:
        return member->step;
    case PHASE_TEARDOWN:
    case PHASE_ENDED:
        break;
    }
    return HUB_STEP_TEARDOWN;
}

bool
world_plays_with(const struct world *world, const struct model_member *a,
                 const struct model_member *b)
{
    return a->room == b->room;
}

bool
world_any_in_run(const struct world *world)
{
    for (int i = 0; i < world->program->worker_count; i++)
        if (world->members[i].phase == PHASE_SETUP ||
            world->members[i].phase == PHASE_RUN)
            return true;
    return false;
}

bool
world_is_task(const struct model_member *member, uint32_t task)
{
    for (int i = 0; i < member->task_count; i++)
        if (member->tasks[i] == task)
            return true;
    return false;
}

static void
pass(struct world *world, struct model_member *member, int64_t step)
{
    if (!world->draining && step > member->over)
        member->over = step;
}

/* --- what a task or a run leaves --- */

static void
release(struct world *world, struct model_member *member, int64_t task,
        bool all)
{
    for (int i = 0; i < world->object_count; i++) {
        struct model_object *object = &world->objects[i];
        if (object->ops && object->ops->release)
            object->ops->release(world, object, member, task, all);
    }
}

/* All of them go at once: none of them is served by the end of another. */
static void
drop_waits(struct world *world, struct model_member *member)
{
    struct model_wait *dropped[MAX_TASKS];
    int count = 0;
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->member == member)
            dropped[count++] = world->waits[i];
    for (int i = 0; i < count; i++)
        world_take_out(world, dropped[i]);
    for (int i = 0; i < count; i++)
        world_drop(world, dropped[i]);
}

static void
let_go(struct world *world, struct model_member *member, bool all)
{
    drop_waits(world, member);
    release(world, member, -1, all);
    member->tasks[0] = 0;
    member->task_count = 1;
}

static void
settle_run(struct world *world, const struct model_call *call)
{
    bool leaks = false;
    for (int i = 0; i < world->object_count; i++) {
        struct model_object *object = &world->objects[i];
        if (object->ops && object->ops->leaks &&
            object->ops->leaks(world, object, call->member))
            leaks = true;
    }
    world_reply(world, call, leaks ? HUB_LEAKED : HUB_GRANTED);
    if (leaks)
        release(world, call->member, -1, false);
}

static void
end_task(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    uint32_t task = call->op->id.task;
    struct model_wait *wait = world_find_wait(world, member->id, task);
    if (wait)
        world_drop(world, wait);
    if (call->op->failed) {
        release(world, member, task, false);
    } else {
        for (int i = 0; i < world->object_count; i++) {
            struct model_object *object = &world->objects[i];
            if (object->ops && object->ops->pass_on)
                object->ops->pass_on(world, object, member, task,
                                     call->op->other);
        }
    }
    int kept = 0;
    for (int i = 0; i < member->task_count; i++)
        if (member->tasks[i] != task)
            member->tasks[kept++] = member->tasks[i];
    member->task_count = kept;
    for (int i = 0; i < world->wait_count;) {
        struct model_wait *join = world->waits[i];
        if (!join->object && join->member == member && join->op.other == task) {
            struct expected *expected = world_grant(world, join, HUB_GRANTED);
            expected->checks |= CHECK_NUMBER;
            i = 0;
        } else {
            i++;
        }
    }
}

/* --- runs --- */

static bool
all_begun(const struct world *world, const struct model_member *member,
          int64_t step)
{
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        bool to_come = m->phase < PHASE_TEARDOWN;
        if (world_plays_with(world, m, member) && to_come && m->step < step)
            return false;
    }
    return true;
}

static void
begin_run(struct world *world, struct model_member *member)
{
    member->gated = false;
    member->failed = false;
    member->phase = PHASE_RUN;
    member->step = member->gate_step;
    world_answer(world, member->gate_id, HUB_GRANTED);
}

/* A room plays in rounds: all begin together, and none when one has left. */
static void
open_room(struct world *world, int room)
{
    int gated = 0;
    for (int i = 0; i < world->program->worker_count; i++)
        gated += world->members[i].room == room && world->members[i].gated;
    if (gated < program_room_size(world->program, room) &&
        !world->room_closed[room])
        return;
    for (int i = 0; i < world->program->worker_count; i++) {
        struct model_member *member = &world->members[i];
        if (member->room != room || !member->gated)
            continue;
        if (world->room_closed[room]) {
            member->gated = false;
            world_answer(world, member->gate_id, HUB_STOPPED);
        } else {
            begin_run(world, member);
        }
    }
}

void
world_open_gates(struct world *world)
{
    for (int i = 0; i < world->program->worker_count; i++) {
        struct model_member *member = &world->members[i];
        if (!member->gated)
            continue;
        if (world->draining) {
            member->gated = false;
            world_answer(world, member->gate_id, HUB_STOPPED);
        } else if (world->program->rooms) {
            open_room(world, member->room);
        } else if (all_begun(world, member, member->gate_step - 1)) {
            begin_run(world, member);
        }
    }
}

static void
ask_to_begin(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    if (world->draining) {
        world_reply(world, call, HUB_STOPPED);
        return;
    }
    member->delayed = false;
    member->gate_id = call->op->id;
    member->gate_step = call->op->step;
    pass(world, member, call->op->step - 1);
    if (world->program->rooms ||
        (member->failed && world->uses_lockstep[0] &&
         !all_begun(world, member, call->op->step - 1)))
        member->gated = true;
    else
        begin_run(world, member);
}

static void
end_runs(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    member->gated = false;
    let_go(world, member, false);
    member->stopped = false;
    member->phase = PHASE_TEARDOWN;
    world->room_closed[member->room] = true;
    pass(world, member, HUB_STEP_TEARDOWN - 1);
}

static void
end_worker(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    member->gated = false;
    let_go(world, member, true);
    member->phase = PHASE_ENDED;
    world->room_closed[member->room] = true;
    member->task_count = 0;
    pass(world, member, HUB_STEP_TEARDOWN);
}

static void
end_run(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    let_go(world, member, false);
    member->failed = call->op->failed;
    member->phase = PHASE_BETWEEN;
    member->delayed = call->op->delayed;
    pass(world, member, member->step);
}

static void
join(struct world *world, const struct model_call *call)
{
    struct model_wait *wait = world_wait(world, call);
    wait->lockstep = true; /* only its own worker can end it */
}

static void
start_worker(struct world *world, const struct model_call *call)
{
    call->member->phase = PHASE_SETUP;
    call->member->tasks[0] = 0;
    call->member->task_count = 1;
}

static void
begin_task(struct world *world, const struct model_call *call)
{
    struct model_member *member = call->member;
    if (member->task_count == MAX_TASKS)
        world_fail(world, "the model of tasks is too small");
    else
        member->tasks[member->task_count++] = call->op->id.task;
}

void
world_life(struct world *world, const struct model_call *call)
{
    static const struct {
        enum hub_op_type type;
        void (*op)(struct world *world, const struct model_call *call);
    } operations[] = {
        {HUB_OP_WORKER_START, start_worker},
        {HUB_OP_RUN_BEGIN, ask_to_begin},
        {HUB_OP_RUN_END, end_run},
        {HUB_OP_SETTLE, settle_run},
        {HUB_OP_RUNS_OVER, end_runs},
        {HUB_OP_WORKER_END, end_worker},
        {HUB_OP_TASK_BEGIN, begin_task},
        {HUB_OP_TASK_END, end_task},
        {HUB_OP_TASK_JOIN, join},
    };
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (operations[i].type == call->op->type) {
            operations[i].op(world, call);
            return;
        }
    world_fail(world, "no model of %s", hub_op_name(call->op->type));
}

/* --- the end --- */

void
world_stop_waits(struct world *world, bool teardowns_too)
{
    for (int i = 0; i < world->wait_count;) {
        struct model_wait *wait = world->waits[i];
        if (!teardowns_too && wait->member->phase >= PHASE_TEARDOWN) {
            i++;
            continue;
        }
        wait->member->stopped = true;
        world_refuse(world, wait, HUB_STOPPED);
        i = 0;
    }
}

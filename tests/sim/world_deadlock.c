/* When nothing can go on, in the models, and whether the hub agrees. */
#include "model.h"

#define BREAK_INTERVAL (100 * NSEC_PER_MSEC)
#define BREAKS_IN_A_ROW 3

/* Only members of the cohort can end it, and no timeout that the script has
 * given. */
static bool
is_closed(const struct model_wait *wait)
{
    return !wait->own_timeout && (wait->lockstep || wait->op.room != 0);
}

static bool
is_stuck(struct world *world, const struct model_member *member)
{
    if (member->phase != PHASE_SETUP && member->phase != PHASE_RUN &&
        member->phase != PHASE_TEARDOWN)
        return false;
    for (int i = 0; i < member->task_count; i++) {
        const struct model_wait *wait =
            world_find_wait(world, member->id, member->tasks[i]);
        if (!wait || !is_closed(wait))
            return false;
    }
    return true;
}

static bool
is_room_stuck(struct world *world, int room)
{
    bool any = false;
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *member = &world->members[i];
        if (member->room != room || member->phase == PHASE_ENDED)
            continue;
        bool stuck = is_stuck(world, member);
        if (!stuck && !member->gated)
            return false;
        any |= stuck;
    }
    return any;
}

/* --- cycles --- */

static struct model_wait *
next_in_cycle(struct world *world, const struct model_wait *wait)
{
    struct hub_id task = {wait->id.worker, wait->op.other, 0};
    if (wait->own_timeout)
        return NULL;
    if (wait->object && (!wait->object->ops->owner ||
                         !wait->object->ops->owner(world, wait, &task)))
        return NULL;
    return world_find_wait(world, task.worker, task.task);
}

static bool
is_in_cycle(struct world *world, const struct model_wait *wait)
{
    const struct model_wait *at = next_in_cycle(world, wait);
    for (int i = 0; at && i <= world->wait_count; i++) {
        if (at == wait)
            return true;
        at = next_in_cycle(world, at);
    }
    return false;
}

/* --- verdicts --- */

/* One after the other: the end of one may be what another one waited for. */
static void
refuse_all(struct world *world, int room)
{
    struct hub_id ids[MAX_WAITS];
    int count = 0;
    for (int i = 0; i < world->wait_count; i++)
        if (room < 0 || world->waits[i]->member->room == room)
            ids[count++] = world->waits[i]->id;
    for (int i = 0; i < count; i++) {
        struct model_wait *wait =
            world_find_wait(world, ids[i].worker, ids[i].task);
        if (wait)
            world_refuse(world, wait, HUB_DEADLOCK);
        world_settle(world);
    }
}

/* The one that closed the cycle, or the next that can end without what it waits
 * for: not one that must have a lock again before it ends. */
static struct model_wait *
victim_of(struct world *world, struct model_wait *cycle)
{
    struct model_wait *wait = cycle;
    for (int i = 0; wait && i < world->wait_count; i++) {
        if (wait->op.type != HUB_OP_CONDITION_WAIT)
            return wait;
        wait = next_in_cycle(world, wait);
    }
    return NULL;
}

/* The models have found one; the hub has to tell of it now, but for the time
 * after it broke another. `cycle` NULL: all in the room, or (-1) all. */
static void
expect_verdict(struct world *world, struct model_wait *cycle, int room)
{
    struct model_wait *victim = victim_of(world, cycle);
    const struct event *event = world->event;
    if (world->verdicts == event->deadlocks) {
        bool too_soon = world->program->break_deadlocks && (victim || !cycle) &&
                        world->now < world->next_break;
        if (!too_soon)
            world_fail(world, "a deadlock that the hub does not see");
        return;
    }
    bool stops = !world->program->break_deadlocks || (cycle && !victim) ||
                 world->broken_in_a_row >= BREAKS_IN_A_ROW;
    if (event->deadlock_stops[world->verdicts++] != stops)
        world_fail(world, "a deadlock that should %s the test",
                   stops ? "end" : "not end");
    if (stops) {
        world->deadlocked = true;
        return;
    }
    world->next_break = world->now + BREAK_INTERVAL;
    world->broken_in_a_row++;
    if (victim)
        world_refuse(world, victim, HUB_DEADLOCK);
    else
        refuse_all(world, room);
}

/* --- rounds that were passed, and runs held back --- */

static int64_t
lowest_passed(struct world *world, int room)
{
    int64_t lowest = -1;
    for (int i = 0; i < world->object_count; i++) {
        struct model_object *object = &world->objects[i];
        if (!object->ops || !object->ops->lowest_passed ||
            (room >= 0 && world->program->rooms && object->room != room + 1))
            continue;
        int64_t step = object->ops->lowest_passed(world, object);
        if (step >= 0 && (lowest < 0 || step < lowest))
            lowest = step;
    }
    return lowest;
}

static void
break_passed(struct world *world, int room, int64_t step)
{
    for (int i = 0; i < world->object_count; i++) {
        struct model_object *object = &world->objects[i];
        if (object->ops && object->ops->break_passed &&
            (room < 0 || !world->program->rooms || object->room == room + 1))
            object->ops->break_passed(world, object, step);
    }
}

/* Opens the gates the hub has opened, if they were of the lowest step. */
static bool
open_gates(struct world *world, int room)
{
    int64_t lowest = INT64_MAX;
    for (int i = 0; i < world->program->worker_count; i++) {
        const struct model_member *m = &world->members[i];
        if (m->gated && (room < 0 || m->room == room) && m->gate_step < lowest)
            lowest = m->gate_step;
    }
    if (lowest == INT64_MAX)
        return false;
    int first_room = room;
    for (int i = 0; i < world->program->worker_count; i++) {
        struct model_member *m = &world->members[i];
        if (!m->gated || m->gate_step != lowest ||
            (first_room >= 0 && m->room != first_room))
            continue;
        first_room = m->room;
        m->gated = false;
        m->failed = false;
        m->phase = PHASE_RUN;
        m->step = m->gate_step;
        world_answer(world, m->gate_id, HUB_GRANTED);
    }
    return true;
}

static void
judge_room(struct world *world, int room)
{
    if (!world->program->rooms && open_gates(world, room))
        return;
    int64_t step = lowest_passed(world, room);
    if (step >= 0)
        break_passed(world, room, step);
    else
        expect_verdict(world, NULL, room);
}

/* With a tick come verdicts that were put off. */
static void
judge_again(struct world *world)
{
    const struct event *event = world->event;
    for (int room = 0; room < MAX_ROOMS; room++)
        if (world->verdicts < event->deadlocks && !world->deadlocked &&
            is_room_stuck(world, room))
            judge_room(world, room);
    for (int i = 0; i < world->wait_count; i++)
        if (world->verdicts < event->deadlocks && !world->deadlocked &&
            is_in_cycle(world, world->waits[i])) {
            expect_verdict(world, world->waits[i], -1);
            return;
        }
}

void
world_judge(struct world *world)
{
    const struct event *event = world->event;
    bool of_interest = !world->draining && !world->deadlocked;
    /* A wait that has just begun to wait for somebody may close a cycle, and so
     * may a task that has left what it had to one that waits. */
    const struct model_wait *heir =
        event->cause == CAUSE_OP && world->passed_on
            ? world_find_wait(world, event->op->id.worker, event->op->other)
            : NULL;
    for (int i = 0; of_interest && i < world->wait_count; i++)
        if ((world->waits[i]->order > world->orders_before ||
             world->waits[i] == heir) &&
            is_in_cycle(world, world->waits[i])) {
            expect_verdict(world, world->waits[i], -1);
            break;
        }
    if (of_interest && event->cause == CAUSE_OP) {
        int room = world->members[event->op->id.worker].room;
        if (!world->deadlocked && is_room_stuck(world, room))
            judge_room(world, room);
        return;
    }
    if (of_interest && event->cause == CAUSE_TICK)
        judge_again(world);
}

/* --- quiescence --- */

static void
drain_quiescent(struct world *world)
{
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->op.type == HUB_OP_LIMITER_TAKE &&
            world->waits[i]->object)
            return;
    int before = world->expected_count;
    world_stop_waits(world, false);
    if (world->expected_count == before && !world_any_in_run(world))
        world_stop_waits(world, true);
}

static bool
any_own_timeout(const struct world *world)
{
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->own_timeout)
            return true;
    return false;
}

void
world_quiescent(struct world *world)
{
    if (world->draining) {
        drain_quiescent(world);
        return;
    }
    if (!world->program->rooms && open_gates(world, -1))
        return;
    if (world->deadlocked || world->wait_count == 0 || any_own_timeout(world))
        return;
    int64_t step = lowest_passed(world, -1);
    if (step >= 0)
        break_passed(world, -1, step);
    else
        expect_verdict(world, NULL, -1);
}

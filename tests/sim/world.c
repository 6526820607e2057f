/* One event after another: what it has to lead to, and whether it did. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model.h"

static const struct model_ops *const ops_of[HUB_OBJECT_TYPES] = {
    [HUB_VARIABLE] = &model_variable_ops,
    [HUB_NOTIFIER] = &model_notifier_ops,
    [HUB_BARRIER] = &model_barrier_ops,
    [HUB_EVENT] = &model_event_ops,
    [HUB_LOCK] = &model_lock_ops,
    [HUB_SEMAPHORE] = &model_semaphore_ops,
    [HUB_CONDITION] = &model_condition_ops,
    [HUB_QUEUE] = &model_queue_ops,
    [HUB_LIMITER] = &model_limiter_ops,
};

void
world_init(struct world *world, const struct program *program)
{
    *world = (struct world){.program = program};
    for (int i = 0; i < program->worker_count; i++)
        world->members[i] = (struct model_member){
            .id = i,
            .room = program->workers[i].room,
            .over = -1,
        };
    int rooms = program->rooms ? program->rooms + 1 : 1;
    for (int i = 0; i < program->object_count; i++)
        for (int room = 0; room <= MAX_ROOMS; room++) {
            struct model_object *object =
                &world->objects[i * (MAX_ROOMS + 1) + room];
            world->object_count++;
            if (room >= rooms)
                continue;
            *object = (struct model_object){
                .plan = &program->objects[i],
                .ops = ops_of[program->objects[i].type],
                .index = i,
                .room = room,
            };
            object->state = xcalloc(1, object->ops->state_size);
            if (object->ops->init)
                object->ops->init(world, object);
        }
}

void
world_finish(struct world *world)
{
    for (int i = 0; i < world->wait_count; i++)
        free(world->waits[i]);
    for (int i = 0; i < world->object_count; i++)
        free(world->objects[i].state);
}

void
world_fail(struct world *world, const char *fmt, ...)
{
    if (world->violation[0])
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(world->violation, sizeof(world->violation), fmt, args);
    va_end(args);
}

/* --- what has to be answered --- */

struct expected *
world_answer(struct world *world, struct hub_id id, enum hub_status status)
{
    struct expected *expected = &world->expected[world->expected_count++];
    *expected = (struct expected){
        .answer = {.id = id, .status = status, .value = NO_VALUE},
    };
    return expected;
}

struct expected *
world_reply(struct world *world, const struct model_call *call,
            enum hub_status status)
{
    return world_answer(world, call->op->id, status);
}

struct expected *
world_reply_value(struct world *world, const struct model_call *call,
                  enum hub_status status, int64_t value)
{
    struct expected *expected = world_reply(world, call, status);
    expected->answer.value = value;
    expected->checks |= CHECK_VALUE;
    return expected;
}

/* --- waits --- */

bool
world_has_own_timeout(const struct hub_op *op)
{
    return op->timeout >= 0;
}

static nsec_t
timeout_of(const struct world *world, const struct hub_op *op)
{
    if (op->timeout == HUB_TIMEOUT_NONE)
        return NSEC_NEVER;
    if (op->timeout == 0)
        return 0;
    if (op->remaining > 0)
        return op->remaining;
    return op->timeout == HUB_TIMEOUT_DEFAULT ? world->program->wait_timeout
                                              : op->timeout;
}

struct model_wait *
world_wait(struct world *world, const struct model_call *call)
{
    struct model_wait *wait = xmalloc(sizeof(*wait));
    *wait = (struct model_wait){
        .id = call->op->id,
        .op = *call->op,
        .value = call->value,
        .object = call->object,
        .member = call->member,
        .since = world->now,
        .left = timeout_of(world, call->op),
        .own_timeout = world_has_own_timeout(call->op) || call->op->enclosed ||
                       call->op->type == HUB_OP_LIMITER_TAKE,
        .order = ++world->orders,
    };
    world->waits[world->wait_count++] = wait;
    return wait;
}

void
world_take_out(struct world *world, const struct model_wait *wait)
{
    int kept = 0;
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i] != wait)
            world->waits[kept++] = world->waits[i];
    world->wait_count = kept;
}

static struct expected *
end(struct world *world, struct model_wait *wait, enum hub_status status)
{
    struct expected *expected = world_answer(world, wait->id, status);
    expected->answer.waited = world->now - wait->since;
    expected->checks = CHECK_WAITED;
    expected->object = wait->object;
    expected->type = wait->op.type;
    free(wait);
    return expected;
}

struct expected *
world_grant(struct world *world, struct model_wait *wait,
            enum hub_status status)
{
    world_take_out(world, wait);
    const struct hub_op *op = world->event->op;
    bool at_once = op && op->id.worker == wait->id.worker &&
                   op->id.task == wait->id.task && op->id.seq == wait->id.seq;
    bool well = status == HUB_GRANTED || status == HUB_MAKE ||
                status == HUB_ACT || status == HUB_CLOSED;
    /* What is granted at once was no wait, but the hub counts this one. */
    if (well && (!at_once || wait->op.type == HUB_OP_NOTIFIER_WAIT_READERS))
        world->broken_in_a_row = 0;
    bool ordered = wait->object && !wait->lockstep;
    struct expected *expected = end(world, wait, status);
    expected->place = ordered ? world->expected_count : 0;
    return expected;
}

struct expected *
world_grant_value(struct world *world, struct model_wait *wait,
                  enum hub_status status, int64_t value)
{
    struct expected *expected = world_grant(world, wait, status);
    expected->answer.value = value;
    expected->checks |= CHECK_VALUE;
    return expected;
}

static void
withdraw(struct world *world, struct model_wait *wait, enum hub_status why)
{
    world_take_out(world, wait);
    if (wait->object && wait->object->ops->withdraw)
        wait->object->ops->withdraw(world, wait->object, wait, why);
}

static void
refuse_now(struct world *world, struct model_wait *wait, enum hub_status status)
{
    withdraw(world, wait, status);
    end(world, wait, status);
}

void
world_refuse(struct world *world, struct model_wait *wait,
             enum hub_status status)
{
    if (!wait->object || !wait->object->ops->puts_off ||
        !wait->object->ops->puts_off(world, wait, status))
        refuse_now(world, wait, status);
}

void
world_drop(struct world *world, struct model_wait *wait)
{
    withdraw(world, wait, WAIT_DROPPED);
    free(wait);
}

struct model_wait *
world_first(struct world *world, const struct model_object *object, int stage)
{
    struct model_wait *first = NULL;
    for (int i = 0; i < world->wait_count; i++) {
        struct model_wait *wait = world->waits[i];
        if (wait->object == object && wait->stage == stage &&
            (!first || wait->order < first->order))
            first = wait;
    }
    return first;
}

int
world_count(const struct world *world, const struct model_object *object)
{
    int count = 0;
    for (int i = 0; i < world->wait_count; i++)
        count += world->waits[i]->object == object;
    return count;
}

struct model_wait *
world_find_wait(struct world *world, int member, uint32_t task)
{
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->id.worker == member &&
            world->waits[i]->id.task == task)
            return world->waits[i];
    return NULL;
}

struct model_object *
world_object(struct world *world, int plan, int room)
{
    return &world->objects[plan * (MAX_ROOMS + 1) + room];
}

/* --- time --- */

bool
world_start_planned(const struct world *world)
{
    for (int i = 0; i < world->program->worker_count; i++)
        if (world->members[i].phase == PHASE_PLANNED)
            return true;
    return false;
}

static bool
stands_still(struct world *world, const struct model_wait *wait)
{
    if (world->draining || world_has_own_timeout(&wait->op))
        return false;
    if (wait->object && wait->object->ops->stands_still)
        return wait->object->ops->stands_still(world, wait);
    return world_start_planned(world);
}

static void
pass_time(struct world *world, nsec_t now)
{
    for (int i = 0; i < world->wait_count; i++) {
        struct model_wait *wait = world->waits[i];
        if (wait->left != NSEC_NEVER && !stands_still(world, wait))
            wait->left -= now - world->now;
    }
    world->now = now;
}

void
world_settle(struct world *world)
{
    int before;
    do {
        before = world->expected_count;
        for (int i = 0; i < world->object_count; i++)
            if (world->objects[i].ops)
                world->objects[i].ops->settle(world, &world->objects[i]);
        world_open_gates(world);
    } while (world->expected_count > before);
}

/* Those whose time has come but who cannot end yet, first come first. */
static void
put_off(struct world *world)
{
    struct model_wait *first;
    do {
        first = NULL;
        for (int i = 0; i < world->wait_count; i++) {
            struct model_wait *wait = world->waits[i];
            if (wait->left <= 0 && wait->object &&
                wait->object->ops->puts_off &&
                wait->op.type == HUB_OP_CONDITION_WAIT &&
                (!first || wait->left < first->left))
                first = wait;
        }
        if (first)
            world_refuse(world, first, HUB_TIMEOUT);
        world_settle(world);
    } while (first);
}

/* In which order those whose time has come are told is the hub's to choose,
 * but not who they are. */
static void
tick(struct world *world)
{
    const struct event *event = world->event;
    world->tick_begins = true;
    world_settle(world);
    world->tick_begins = false;
    put_off(world);
    for (int i = 0; i < event->count; i++) {
        const struct answer *answer = &event->answers[i];
        struct model_wait *wait =
            world_find_wait(world, answer->id.worker, answer->id.task);
        if (answer->status != HUB_TIMEOUT || !wait)
            continue;
        if (wait->left > 0)
            world_fail(world, "a timeout %" PRId64 " ns too early", wait->left);
        world_refuse(world, wait, HUB_TIMEOUT);
        world_settle(world);
    }
    for (int i = 0; i < world->wait_count; i++)
        if (world->waits[i]->left <= 0 && !stands_still(world, world->waits[i]))
            world_fail(world, "worker %d task %u: a timeout that never comes",
                       world->waits[i]->id.worker, world->waits[i]->id.task);
}

/* --- operations --- */

static void
try_once(struct world *world, const struct model_call *call)
{
    world_settle(world);
    struct model_wait *wait =
        world_find_wait(world, call->member->id, call->op->id.task);
    if (!wait || wait->id.seq != call->op->id.seq)
        return;
    if (call->op->attempt)
        world_refuse(world, wait, HUB_WOULD_WAIT);
    else if (call->op->timeout == 0)
        world_refuse(world, wait, HUB_TIMEOUT);
}

static bool
may_wait(enum hub_op_type type)
{
    static const enum hub_op_type waiting[] = {
        HUB_OP_NOTIFIER_WAIT_WRITER,
        HUB_OP_NOTIFIER_WAIT_READERS,
        HUB_OP_BARRIER_WAIT,
        HUB_OP_EVENT_WAIT,
        HUB_OP_LOCK_ACQUIRE,
        HUB_OP_SEMAPHORE_ACQUIRE,
        HUB_OP_CONDITION_WAIT,
        HUB_OP_QUEUE_PUT,
        HUB_OP_QUEUE_GET,
        HUB_OP_QUEUE_JOIN,
        HUB_OP_LIMITER_TAKE,
        HUB_OP_VAR_GET_OR_MAKE,
        HUB_OP_VAR_LOCK,
        HUB_OP_VAR_WAIT,
        HUB_OP_VAR_WAIT_CHANGE,
        HUB_OP_TASK_JOIN,
    };
    for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++)
        if (waiting[i] == type)
            return true;
    return false;
}

static void
carry_out(struct world *world)
{
    const struct event *event = world->event;
    const struct hub_op *op = event->op;
    struct model_member *member = &world->members[op->id.worker];
    struct model_call call = {
        .op = op,
        .member = member,
        .value = event->value,
        .object = event->object < 0
                      ? NULL
                      : world_object(world, event->object, op->room),
    };
    if (op->type == HUB_OP_CANCEL) {
        struct model_wait *wait =
            world_find_wait(world, member->id, op->id.task);
        if (wait && wait->id.seq == op->id.seq && op->given_up)
            refuse_now(world, wait, HUB_CANCELLED);
        else if (wait && wait->id.seq == op->id.seq)
            world_refuse(world, wait, HUB_CANCELLED);
    } else if (member->stopped && may_wait(op->type) && !op->attempt) {
        world_reply(world, &call, HUB_STOPPED);
    } else if (call.object) {
        call.object->ops->op(world, &call);
        try_once(world, &call);
    } else {
        world_life(world, &call);
        try_once(world, &call);
    }
}

bool
world_check(struct world *world, const struct event *event)
{
    world->event = event;
    world->expected_count = 0;
    world->verdicts = 0;
    world->passed_on = false;
    world->orders_before = world->orders;
    pass_time(world, event->now);
    switch (event->cause) {
    case CAUSE_OP:
        carry_out(world);
        break;
    case CAUSE_TICK:
        tick(world);
        break;
    case CAUSE_QUIESCENT:
        world_quiescent(world);
        break;
    case CAUSE_DRAIN:
        world->draining = true;
        break;
    case CAUSE_STOP:
        world_stop_waits(world, true);
        break;
    }
    world_settle(world);
    world_judge(world);
    world_settle(world);
    if (world->verdicts < event->deadlocks)
        world_fail(world, "a deadlock although something could go on");
    world_compare(world);
    return !world->violation[0];
}

bool
world_check_end(struct world *world)
{
    if (world->wait_count > 0)
        world_fail(world, "at the end worker %d task %u still waits",
                   world->waits[0]->id.worker, world->waits[0]->id.task);
    for (int i = 0; i < world->object_count; i++) {
        struct model_object *object = &world->objects[i];
        for (int w = 0; object->ops && object->ops->leaks &&
                        w < world->program->worker_count;
             w++)
            if (object->ops->leaks(world, object, &world->members[w]))
                world_fail(world, "at the end worker %d still has %s", w,
                           object->plan->name);
    }
    return !world->violation[0];
}

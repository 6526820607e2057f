/* Lock, and the condition, which gives its lock away while it waits. */
#include "model.h"

enum { FOR_LOCK, FOR_NOTIFY };

struct lock {
    bool held, worker_scope;
    int member;
    uint32_t task;
    struct hub_id taken_by;
};

/* The lock of a condition is another object, or its own. */
static struct model_object *
home(struct world *world, struct model_object *object)
{
    return object->plan->lock < 0
               ? object
               : world_object(world, object->plan->lock, object->room);
}

static struct lock *
lock_of(struct world *world, struct model_object *object)
{
    return home(world, object)->state;
}

static bool
is_held_by(const struct lock *lock, const struct hub_id *id)
{
    return lock->held && lock->member == id->worker && lock->task == id->task;
}

static struct model_wait *
first_for_lock(struct world *world, struct model_object *object)
{
    struct model_wait *first = NULL;
    for (int i = 0; i < world->wait_count; i++) {
        struct model_wait *wait = world->waits[i];
        if (wait->stage != FOR_LOCK || !wait->object ||
            (wait->object->ops != &model_lock_ops &&
             wait->object->ops != &model_condition_ops) ||
            home(world, wait->object) != object)
            continue;
        if (!first || wait->order < first->order)
            first = wait;
    }
    return first;
}

static void
settle(struct world *world, struct model_object *object)
{
    if (home(world, object) != object)
        return;
    struct lock *lock = object->state;
    struct model_wait *wait = first_for_lock(world, object);
    if (lock->held || !wait)
        return;
    *lock = (struct lock){
        .held = true,
        .member = wait->id.worker,
        .task = wait->id.task,
        .taken_by = wait->id,
        .worker_scope = wait->op.worker_scope,
    };
    world_grant(world, wait, wait->outcome);
}

/* Whether there was one. */
static bool
notify_next(struct world *world, struct model_object *object)
{
    struct model_wait *wait = world_first(world, object, FOR_NOTIFY);
    if (!wait)
        return false;
    wait->stage = FOR_LOCK;
    wait->order = ++world->orders;
    wait->left = NSEC_NEVER;
    wait->own_timeout = false;
    return true;
}

/* One that is being stopped may have lost the lock by that. */
static void
refuse(struct world *world, const struct model_call *call)
{
    world_reply(world, call, call->member->stopped ? HUB_GRANTED : HUB_MISUSE);
}

static void
wait_for_notify(struct world *world, const struct model_call *call,
                struct lock *lock)
{
    struct model_wait *wait = world_wait(world, call);
    wait->stage = FOR_NOTIFY;
    wait->op.worker_scope = lock->worker_scope;
    lock->held = false;
}

static void
notify(struct world *world, const struct model_call *call)
{
    int64_t count = 0;
    while ((call->op->amount == 0 || count < call->op->amount) &&
           notify_next(world, call->object))
        count++;
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    expected->answer.number = count;
    expected->checks |= CHECK_NUMBER;
}

/* By the operation that was granted it, whoever has it now. */
static void
give_back(struct world *world, const struct model_call *call, struct lock *lock)
{
    world_reply(world, call, HUB_GRANTED);
    if (call->op->asked == HUB_OP_CONDITION_WAIT)
        notify_next(world, call->object);
    else if (lock->held && hub_id_equal(&lock->taken_by, &call->op->id))
        lock->held = false;
}

static void
op(struct world *world, const struct model_call *call)
{
    struct lock *lock = lock_of(world, call->object);
    bool mine = is_held_by(lock, &call->op->id);
    enum hub_op_type type = call->op->type;
    if (type == HUB_OP_LOCK_STATE) {
        struct expected *expected = world_reply(world, call, HUB_GRANTED);
        expected->answer.number = lock->held;
        expected->checks |= CHECK_NUMBER;
    } else if (type == HUB_OP_LOCK_ACQUIRE) {
        if (mine)
            world_reply(world, call, HUB_MISUSE);
        else
            world_wait(world, call)->stage = FOR_LOCK;
    } else if (type == HUB_OP_GIVE_BACK) {
        give_back(world, call, lock);
    } else if (!mine) {
        refuse(world, call);
    } else if (type == HUB_OP_LOCK_RELEASE) {
        world_reply(world, call, HUB_GRANTED);
        lock->held = false;
    } else if (type == HUB_OP_CONDITION_WAIT) {
        wait_for_notify(world, call, lock);
    } else {
        notify(world, call);
    }
}

/* Who leaves a condition gets its lock back first, unless the test ends. */
static bool
puts_off(struct world *world, struct model_wait *wait, enum hub_status status)
{
    if (wait->op.type != HUB_OP_CONDITION_WAIT || status == HUB_STOPPED)
        return false;
    if (wait->stage == FOR_NOTIFY) {
        wait->stage = FOR_LOCK;
        wait->order = ++world->orders;
        wait->left = NSEC_NEVER;
        wait->own_timeout = false;
        wait->outcome = status;
    } else if (wait->outcome == HUB_GRANTED) {
        wait->outcome = status;
        notify_next(world, wait->object);
    }
    return true;
}

/* Notified, but gone before it had its lock: somebody else is notified. */
static void
withdraw(struct world *world, struct model_object *object,
         struct model_wait *wait, enum hub_status why)
{
    if (wait->op.type == HUB_OP_CONDITION_WAIT && wait->stage == FOR_LOCK &&
        wait->outcome == HUB_GRANTED)
        notify_next(world, object);
}

/* --- who is gone --- */

static bool
is_of(const struct lock *lock, const struct model_member *member, int64_t task)
{
    return lock->held && lock->member == member->id &&
           (task < 0 || lock->task == task);
}

static void
release(struct world *world, struct model_object *object,
        struct model_member *member, int64_t task, bool all)
{
    struct lock *lock = object->state;
    if (home(world, object) != object || !is_of(lock, member, task))
        return;
    if (!lock->worker_scope || all)
        lock->held = false;
    else
        lock->task = 0;
}

static void
pass_on(struct world *world, struct model_object *object,
        struct model_member *member, uint32_t task, uint32_t parent)
{
    struct lock *lock = object->state;
    if (home(world, object) != object || !is_of(lock, member, task))
        return;
    /* A parent that waits for it must not have it without knowing. */
    const struct model_wait *wait = world_find_wait(world, member->id, parent);
    if (wait && wait->object && wait->stage == FOR_LOCK &&
        (wait->object->ops == &model_lock_ops ||
         wait->object->ops == &model_condition_ops) &&
        home(world, wait->object) == object) {
        lock->held = false;
        return;
    }
    lock->task = parent;
    world->passed_on = true;
}

static bool
leaks(struct world *world, struct model_object *object,
      const struct model_member *member)
{
    const struct lock *lock = object->state;
    return home(world, object) == object && is_of(lock, member, -1) &&
           !lock->worker_scope;
}

static bool
owner(struct world *world, const struct model_wait *wait, struct hub_id *task)
{
    const struct lock *lock = lock_of(world, wait->object);
    *task = (struct hub_id){lock->member, lock->task, 0};
    return wait->stage == FOR_LOCK && lock->held;
}

const struct model_ops model_lock_ops = {
    .state_size = sizeof(struct lock),
    .op = op,
    .settle = settle,
    .release = release,
    .pass_on = pass_on,
    .leaks = leaks,
    .owner = owner,
};

const struct model_ops model_condition_ops = {
    .state_size = sizeof(struct lock),
    .op = op,
    .settle = settle,
    .puts_off = puts_off,
    .withdraw = withdraw,
    .release = release,
    .pass_on = pass_on,
    .leaks = leaks,
    .owner = owner,
};

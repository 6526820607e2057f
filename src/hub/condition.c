/* A condition: tasks that hold its lock wait, without it, until another one
 * notifies them, and have it again when their wait ends, however it ends. Only
 * one that is stopped comes back without it.
 *
 * A wait goes through two queues: first that of the condition, then, once it is
 * notified or may not wait any longer, that of the lock. */
#include "hub/condition.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/lock.h"
#include "hub/object.h"
#include "hub/wait.h"

struct condition {
    struct object object;
    struct lock own;
    struct lock *lock; /* `own`, or that of another object */
    struct list by_lock;
    struct list waits; /* not notified, first come first */
};

static struct condition *
condition_of(struct object *object)
{
    return container_of(object, struct condition, object);
}

static bool notify_next(struct hub *hub, struct condition *condition);

/* --- in line for the lock --- */

static void
withdraw_return(struct hub *hub, struct wait *wait, bool consumed)
{
    free(wait->text);
    /* It was notified in vain. */
    if (wait->ending == HUB_GRANTED)
        notify_next(hub, wait->condition);
}

static void
tell_return(const struct wait *wait, struct buf *out)
{
    buf_printf(out, "%s, but its lock is still held",
               wait->ending == HUB_GRANTED ? "notified"
                                           : hub_status_name(wait->ending));
}

static void
tell_holder(struct hub *hub, const struct wait *wait, struct buf *out)
{
    lock_tell_holder(wait->condition->lock, out);
}

static bool
owner(const struct wait *wait, struct hub_task *task)
{
    return lock_owner(wait->condition->lock, task);
}

static void
note_end(struct wait *wait, enum hub_status status, const char *text)
{
    wait->ending = status;
    wait->text = text ? xstrdup(text) : NULL;
}

static bool
postpone_return(struct hub *hub, struct wait *wait, enum hub_status status,
                const char *text)
{
    if (wait->ending == HUB_GRANTED) {
        note_end(wait, status, text);
        notify_next(hub, wait->condition);
    }
    return true;
}

static const struct wait_ops return_ops = {
    .name = "wait",
    .object = HUB_CONDITION,
    .withdraw = withdraw_return,
    .tell_what = tell_return,
    .tell_missing = tell_holder,
    .owner = owner,
    .postpone = postpone_return,
};

/* --- to be notified --- */

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "not notified");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: a notify");
    if (wait->condition->lock->holding.member) {
        buf_append_str(out, " from ");
        member_describe(wait->condition->lock->holding.member, out);
        buf_append_str(out, ", which holds the lock, or another worker");
    } else {
        buf_append_str(out, " from any worker");
    }
}

static bool
postpone(struct hub *hub, struct wait *wait, enum hub_status status,
         const char *text)
{
    wait_end_timeout(hub, wait);
    list_remove(&wait->queue);
    if (lock_take_for(hub, wait->condition->lock, wait))
        return false;
    wait->ops = &return_ops;
    note_end(wait, status, text);
    deadlock_judge_cycle(hub, wait);
    return true;
}

static const struct wait_ops notify_ops = {
    .name = "wait",
    .object = HUB_CONDITION,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
    .postpone = postpone,
};

bool
condition_wait_needs(const struct wait *wait, const struct lock *lock)
{
    return (wait->ops == &notify_ops || wait->ops == &return_ops) &&
           wait->condition->lock == lock;
}

/* False: nobody waits. */
static bool
notify_next(struct hub *hub, struct condition *condition)
{
    struct wait *wait = wait_first(&condition->waits);
    if (!wait)
        return false;
    wait_end_timeout(hub, wait);
    list_remove(&wait->queue);
    wait->ops = &return_ops;
    if (lock_take_for(hub, condition->lock, wait))
        wait_grant(hub, wait, &(struct hub_reply){.status = HUB_GRANTED});
    else
        deadlock_judge_cycle(hub, wait);
    return true;
}

/* --- operations --- */

static void
wait_for_notify(struct hub *hub, struct condition *condition,
                struct member *member, const struct hub_op *op)
{
    struct lock *lock = condition->lock;
    if (!lock_is_held_by(lock, member, op)) {
        lock_refuse(hub, lock, member, op, "wait: ");
        return;
    }
    struct wait *wait =
        wait_begin(hub, member, op, &notify_ops, condition->object.name);
    wait->condition = condition;
    wait->worker_scope = lock->holding.worker_scope;
    lock_pass(hub, lock);
    wait_enqueue(hub, wait, op, &condition->waits);
}

static void
notify(struct hub *hub, struct condition *condition,
       const struct member *member, const struct hub_op *op)
{
    if (!lock_is_held_by(condition->lock, member, op)) {
        lock_refuse(hub, condition->lock, member, op,
                    op->amount == 0 ? "notify_all: " : "notify: ");
        return;
    }
    int64_t count = 0;
    while ((op->amount == 0 || count < op->amount) &&
           notify_next(hub, condition))
        count++;
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .number = count,
                      });
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    struct condition *condition = condition_of(object);
    if (op->type == HUB_OP_CONDITION_WAIT)
        wait_for_notify(hub, condition, member, op);
    else if (op->type == HUB_OP_CONDITION_NOTIFY)
        notify(hub, condition, member, op);
    else
        lock_op(hub, condition->lock, member, op);
}

/* A notification goes on to the next; with the lock that came with it, the task
 * does what it did with the one it had before the wait. */
static void
give_back(struct hub *hub, struct object *object, const struct hub_op *op)
{
    struct condition *condition = condition_of(object);
    if (op->asked == HUB_OP_CONDITION_WAIT)
        notify_next(hub, condition);
    else
        lock_give_back(hub, condition->lock, op);
}

/* --- life --- */

/* The lock that the options name; NULL after a MISUSE was replied. */
static struct lock *
refer_to_lock(struct hub *hub, const struct hub_op *op)
{
    if (op->options.lock_room != HUB_SAME_ROOM &&
        op->options.lock_room != op->room) {
        hub_reply_misuse(hub, op->id,
                         "condition '%s' and its lock '%s' must both be of "
                         "the same room or of none",
                         op->name, op->options.lock);
        return NULL;
    }
    struct hub_op for_lock = *op;
    for_lock.object = HUB_LOCK;
    for_lock.name = op->options.lock;
    for_lock.options = (struct hub_options){0};
    struct object *object = object_refer(hub, &for_lock);
    return object ? lock_of_object(object) : NULL;
}

static void
use_lock(struct condition *condition, struct lock *lock)
{
    condition->lock = lock;
    list_append(&lock->conditions, &condition->by_lock);
}

void
condition_forget_lock(struct list *by_lock)
{
    struct condition *condition =
        container_of(by_lock, struct condition, by_lock);
    list_remove(by_lock);
    condition->lock = &condition->own;
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct lock *lock = NULL;
    if (op->options.lock && !(lock = refer_to_lock(hub, op)))
        return NULL;
    struct condition *condition = xmalloc(sizeof(*condition));
    *condition = (struct condition){.lock = &condition->own};
    lock_init(&condition->own, &condition->object);
    list_init(&condition->by_lock);
    list_init(&condition->waits);
    if (lock)
        use_lock(condition, lock);
    return &condition->object;
}

static bool
is_in_use(const struct condition *condition)
{
    if (!list_empty(&condition->waits) || condition->own.holding.member)
        return true;
    list_for_each (it, &condition->lock->waits) {
        const struct wait *wait = container_of(it, struct wait, queue);
        if (wait->ops == &return_ops && wait->condition == condition)
            return true;
    }
    return false;
}

static bool
adopt(struct hub *hub, struct object *object, const struct hub_op *op)
{
    struct condition *condition = condition_of(object);
    if (!op->options.lock)
        return true;
    if (is_in_use(condition)) {
        hub_reply_misuse(hub, op->id,
                         "condition '%s' is in use with a lock of its own and "
                         "cannot change to lock '%s'",
                         object->name, op->options.lock);
        return false;
    }
    struct lock *lock = refer_to_lock(hub, op);
    if (lock)
        use_lock(condition, lock);
    return lock != NULL;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct condition *condition = condition_of(object);
    list_remove(&condition->by_lock);
    lock_finish(&condition->own);
    free(condition);
}

static const char *
refuses_free(struct object *object)
{
    const struct condition *condition = condition_of(object);
    if (condition->own.holding.member)
        return "a worker holds its lock";
    return is_in_use(condition) ? "a worker waits on it" : NULL;
}

const struct object_ops condition_object_ops = {
    .create = create,
    .adopt = adopt,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
    .give_back = give_back,
};

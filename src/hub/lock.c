/* A lock: one task has it, the others wait in order. */
#include "hub/lock.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/condition.h"
#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/wait.h"
#include "stats/recorder.h"

/* --- who has it --- */

static struct lock *
lock_of_holding(struct holding *holding)
{
    return container_of(holding, struct lock, holding);
}

static void
tell_lock(const struct lock *lock, struct buf *out)
{
    object_describe(lock->object, out);
}

static void
tell_holding(struct holding *holding, struct buf *out)
{
    tell_lock(lock_of_holding(holding), out);
}

static void
release_holding(struct hub *hub, struct holding *holding)
{
    lock_pass(hub, lock_of_holding(holding));
}

static void
take(struct hub *hub, struct lock *lock, const struct wait *wait)
{
    holding_take(hub, &lock->holding, &wait->id, wait->where);
    lock->holding.worker_scope = wait->worker_scope;
}

bool
lock_owner(const struct lock *lock, struct hub_task *task)
{
    return holding_owner(&lock->holding, task);
}

void
lock_tell_holder(const struct lock *lock, struct buf *out)
{
    char text[80];
    const char *where = lock->holding.where;
    snprintf(text, sizeof(text), "%s%s",
             where[0] ? "acquired it at " : "holds it", where);
    holding_tell(&lock->holding, text, out);
}

/* --- waiting for it --- */

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "still held");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    lock_tell_holder(wait->lock, out);
}

static bool
owner(const struct wait *wait, struct hub_task *task)
{
    return lock_owner(wait->lock, task);
}

#define ACQUIRE_WAIT(type)                                           \
    {                                                                \
        .name = "acquire", .object = (type), .tell_what = tell_what, \
        .tell_missing = tell_missing, .owner = owner                 \
    }
static const struct wait_ops acquire_ops = ACQUIRE_WAIT(HUB_LOCK);
static const struct wait_ops acquire_own_ops = ACQUIRE_WAIT(HUB_CONDITION);

static const struct wait_ops *
ops_of(const struct lock *lock)
{
    return lock->object->type == HUB_LOCK ? &acquire_ops : &acquire_own_ops;
}

static bool
is_awaited_by(struct holding *holding, const struct wait *wait)
{
    const struct lock *lock = lock_of_holding(holding);
    return ((wait->ops == &acquire_ops || wait->ops == &acquire_own_ops) &&
            wait->lock == lock) ||
           condition_wait_needs(wait, lock);
}

static const struct holding_ops lock_holding_ops = {
    .leaks = true,
    .release = release_holding,
    .tell = tell_holding,
    .is_awaited_by = is_awaited_by,
};

bool
lock_take_for(struct hub *hub, struct lock *lock, struct wait *wait)
{
    if (!lock->holding.member) {
        take(hub, lock, wait);
        return true;
    }
    list_append(&lock->waits, &wait->queue);
    return false;
}

/* Its wait was for the lock alone, or ends in some other way now that it has
 * it. */
static void
end_wait(struct hub *hub, struct wait *wait)
{
    if (wait->ending == HUB_GRANTED) {
        wait_grant(hub, wait, &(struct hub_reply){.status = HUB_GRANTED});
        return;
    }
    char *text = wait->text;
    wait->text = NULL;
    wait_refuse_now(hub, wait, wait->ending, text, HUB_GLOBAL);
    free(text);
}

void
lock_pass(struct hub *hub, struct lock *lock)
{
    if (hub->config.recorder)
        recorder_coord_time(hub->config.recorder, COORD_HELD,
                            hub_object_type_name(lock->object->type),
                            lock->object->name, hub->now - lock->holding.since);
    holding_drop(&lock->holding);
    struct wait *next = wait_first(&lock->waits);
    if (!next)
        return;
    take(hub, lock, next);
    end_wait(hub, next);
}

/* --- operations --- */

static void
acquire(struct hub *hub, struct lock *lock, struct member *member,
        const struct hub_op *op)
{
    const char *type = hub_object_type_name(lock->object->type);
    struct holding *holding = &lock->holding;
    if (holding_is(holding, member, op->id.task)) {
        hub_reply_misuse(hub, op->id,
                         "%s '%s' is held by this task already%s%s: nobody "
                         "else could release it",
                         type, lock->object->name,
                         holding->where[0] ? ", acquired at " : "",
                         holding->where);
    } else if (!holding->member) {
        holding_take(hub, holding, &op->id, op->where);
        holding->worker_scope = op->worker_scope;
        wait_count_at_once(hub, lock->object->name, ops_of(lock), HUB_GRANTED);
        hub_reply_status(hub, op->id, HUB_GRANTED);
    } else if (op->attempt) {
        hub_reply_status(hub, op->id, HUB_WOULD_WAIT);
    } else {
        struct wait *wait =
            wait_begin(hub, member, op, ops_of(lock), lock->object->name);
        wait->lock = lock;
        wait->worker_scope = op->worker_scope;
        if (wait_enqueue(hub, wait, op, &lock->waits))
            deadlock_judge_cycle(hub, wait);
    }
}

bool
lock_is_held_by(const struct lock *lock, const struct member *member,
                const struct hub_op *op)
{
    return holding_is(&lock->holding, member, op->id.task);
}

void
lock_refuse(struct hub *hub, const struct lock *lock,
            const struct member *member, const struct hub_op *op,
            const char *what)
{
    const struct holding *holding = &lock->holding;
    if (member->stopped) {
        hub_reply_status(hub, op->id, HUB_GRANTED);
        return;
    }
    struct buf text = {0};
    buf_append_str(&text, what);
    tell_lock(lock, &text);
    buf_append_str(&text, " is not held by this task: ");
    if (!holding->member)
        buf_append_str(&text, "nobody holds it");
    else if (holding->member == member)
        buf_append_str(&text, "another task of this worker holds it");
    else
        member_describe(holding->member, &text);
    if (holding->member && holding->member != member)
        buf_append_str(&text, " holds it");
    if (holding->member && holding->where[0])
        buf_printf(&text, ", acquired at %s", holding->where);
    hub_reply_misuse(hub, op->id, "%s", text.data);
    buf_finish(&text);
}

static void
release(struct hub *hub, struct lock *lock, const struct member *member,
        const struct hub_op *op)
{
    if (!lock_is_held_by(lock, member, op)) {
        lock_refuse(hub, lock, member, op, "release: ");
        return;
    }
    hub_reply_status(hub, op->id, HUB_GRANTED);
    lock_pass(hub, lock);
}

void
lock_give_back(struct hub *hub, struct lock *lock, const struct hub_op *op)
{
    if (holding_was_taken_by(&lock->holding, &op->id))
        lock_pass(hub, lock);
}

void
lock_op(struct hub *hub, struct lock *lock, struct member *member,
        const struct hub_op *op)
{
    if (op->type == HUB_OP_LOCK_ACQUIRE)
        acquire(hub, lock, member, op);
    else if (op->type == HUB_OP_LOCK_RELEASE)
        release(hub, lock, member, op);
    else
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .number = lock->holding.member != NULL,
                          });
}

/* --- life --- */

void
lock_init(struct lock *lock, const struct object *object)
{
    *lock = (struct lock){.object = object};
    holding_init(&lock->holding, &lock_holding_ops);
    list_init(&lock->waits);
    list_init(&lock->conditions);
}

void
lock_finish(struct lock *lock)
{
    holding_drop(&lock->holding);
    list_for_each (it, &lock->conditions)
        condition_forget_lock(it);
}

const char *
lock_refuses_free(const struct lock *lock)
{
    if (lock->holding.member)
        return "a worker holds it";
    return list_empty(&lock->conditions) ? NULL : "a condition uses it";
}

/* --- as an object --- */

struct lock_object {
    struct object object;
    struct lock lock;
};

static struct lock_object *
lock_object_of(struct object *object)
{
    return container_of(object, struct lock_object, object);
}

struct lock *
lock_of_object(struct object *object)
{
    return &lock_object_of(object)->lock;
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct lock_object *made = xmalloc(sizeof(*made));
    *made = (struct lock_object){0};
    lock_init(&made->lock, &made->object);
    return &made->object;
}

static void
destroy(struct hub *hub, struct object *object)
{
    lock_finish(lock_of_object(object));
    free(lock_object_of(object));
}

static const char *
refuses_free(struct object *object)
{
    return lock_refuses_free(lock_of_object(object));
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    lock_op(hub, lock_of_object(object), member, op);
}

static void
give_back(struct hub *hub, struct object *object, const struct hub_op *op)
{
    lock_give_back(hub, lock_of_object(object), op);
}

const struct object_ops lock_object_ops = {
    .create = create,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
    .give_back = give_back,
};

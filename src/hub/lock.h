#ifndef MOLO_HUB_LOCK_H
#define MOLO_HUB_LOCK_H

#include <stdbool.h>

#include "base/list.h"
#include "hub/holding.h"
#include "hub/op.h"

/* What one task has and others wait for in order. It belongs to an object of
 * its own or to a condition. */
struct hub;
struct hub_task;
struct object;
struct wait;

struct lock {
    const struct object *object; /* whose name it bears */
    struct holding holding;
    struct list waits;      /* first come first */
    struct list conditions; /* that use the lock of another object */
};

/* Of an object of type HUB_LOCK. */
struct lock *lock_of_object(struct object *object);
void lock_init(struct lock *lock, const struct object *object);
/* Those that use it have no lock any more: the hub is being taken down. */
void lock_finish(struct lock *lock);

/* LOCK_ACQUIRE, LOCK_RELEASE and LOCK_STATE. */
void lock_op(struct hub *hub, struct lock *lock, struct member *member,
             const struct hub_op *op);
/* GIVE_BACK of what LOCK_ACQUIRE was granted. */
void
lock_give_back(struct hub *hub, struct lock *lock, const struct hub_op *op);
/* The task that asks has it. */
bool lock_is_held_by(const struct lock *lock, const struct member *member,
                     const struct hub_op *op);
/* Replies that it has not and who has: MISUSE, but GRANTED to one that is being
 * stopped, which may have lost the lock by that. `what`: "release: ". */
void lock_refuse(struct hub *hub, const struct lock *lock,
                 const struct member *member, const struct hub_op *op,
                 const char *what);
/* Its holder gives it to the first who waits, or to nobody. */
void lock_pass(struct hub *hub, struct lock *lock);
/* A wait that is in no queue must have it to end: puts it into the line and
 * returns false, or takes the lock for it. */
bool lock_take_for(struct hub *hub, struct lock *lock, struct wait *wait);
/* The task that has it. */
bool lock_owner(const struct lock *lock, struct hub_task *task);
/* "missing: worker 4 (in its run of step 2), which holds it since a.lua:9" */
void lock_tell_holder(const struct lock *lock, struct buf *out);
/* Why it cannot be freed, or NULL. */
const char *lock_refuses_free(const struct lock *lock);

#endif

#ifndef MOLO_HUB_OBJECT_H
#define MOLO_HUB_OBJECT_H

#include <uthash.h>

#include "hub/op.h"

/* What has a name: the registry of all objects but variables. Names of a room
 * are apart from those of others and from everybody's. */
struct buf;
struct hub;
struct member;

struct object {
    const struct object_ops *ops;
    enum hub_object_type type;
    int32_t room;
    char *name;
    struct hub_options options; /* owns `lock` */
    UT_hash_handle hh;
};

/* What the types of objects differ in. */
struct object_ops {
    /* A new one; name, type, room and options are filled in by the caller,
     * which has checked nothing. NULL after a MISUSE was replied to `op`. */
    struct object *(*create)(struct hub *hub, const struct hub_op *op);
    /* It was made without options and is to have those of `op` now; false after
     * a MISUSE: it is too late. NULL: it never is. */
    bool (*adopt)(struct hub *hub, struct object *object,
                  const struct hub_op *op);
    /* Frees it but for what object.h names. Nobody waits on it any more. */
    void (*destroy)(struct hub *hub, struct object *object);
    /* Why it cannot be freed now ("a worker waits on it"), or NULL. */
    const char *(*refuses_free)(struct object *object);
    /* Replies MISUSE and returns false if this member cannot use any of that
     * type. May be NULL. */
    bool (*may_use)(struct hub *hub, const struct member *member,
                    const struct hub_op *op);
    /* An operation on it. */
    void (*op)(struct hub *hub, struct object *object, struct member *member,
               const struct hub_op *op);
    /* HUB_OP_GIVE_BACK, which is answered elsewhere. NULL: what its operations
     * are granted is not used up. */
    void (*give_back)(struct hub *hub, struct object *object,
                      const struct hub_op *op);
};

extern const struct object_ops notifier_object_ops;
extern const struct object_ops barrier_object_ops;
extern const struct object_ops event_object_ops;
extern const struct object_ops lock_object_ops;
extern const struct object_ops semaphore_object_ops;
extern const struct object_ops condition_object_ops;
extern const struct object_ops queue_object_ops;
extern const struct object_ops limiter_object_ops;

/* The object of op->name, made if need be. NULL after a MISUSE was replied. An
 * operation without options refers to whatever is there; the first that has
 * some gives them to the object. */
struct object *object_refer(struct hub *hub, const struct hub_op *op);
/* NULL: there is none of that name. */
struct object *object_find(struct hub *hub, int32_t room, const char *name);
/* "notifier 'said' (room 3)" */
void object_describe(const struct object *object, struct buf *out);
void object_destroy(struct hub *hub, struct object *object);
/* Nobody uses the names of that room any more. */
void objects_forget(struct hub *hub, int32_t room);
void objects_finish(struct hub *hub);

/* HUB_OP_DECLARE, HUB_OP_FREE and all operations on objects. */
void object_op(struct hub *hub, const struct hub_op *op);

#endif

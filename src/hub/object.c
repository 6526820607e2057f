#include "hub/object.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/options.h"

static const struct object_ops *const ops_of[HUB_OBJECT_TYPES] = {
    [HUB_NOTIFIER] = &notifier_object_ops,
    [HUB_BARRIER] = &barrier_object_ops,
    [HUB_EVENT] = &event_object_ops,
    [HUB_LOCK] = &lock_object_ops,
    [HUB_SEMAPHORE] = &semaphore_object_ops,
    [HUB_CONDITION] = &condition_object_ops,
    [HUB_QUEUE] = &queue_object_ops,
    [HUB_LIMITER] = &limiter_object_ops,
};

struct object *
object_find(struct hub *hub, int32_t room, const char *name)
{
    struct object *object;
    HASH_FIND_STR(hub_names(hub, room)->objects, name, object);
    return object;
}

static void
set_options(struct object *object, const struct hub_options *options)
{
    free((char *)(uintptr_t)object->options.lock);
    object->options = *options;
    if (options->lock)
        object->options.lock = xstrdup(options->lock);
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct object *object = ops_of[op->object]->create(hub, op);
    if (!object)
        return NULL;
    object->ops = ops_of[op->object];
    object->type = op->object;
    object->room = op->room;
    object->name = xstrdup(op->name);
    object->options = (struct hub_options){0};
    set_options(object, &op->options);
    struct names *names = hub_names(hub, op->room);
    HASH_ADD_KEYPTR(hh, names->objects, object->name, strlen(object->name),
                    object);
    return object;
}

static void
reply_other_options(struct hub *hub, const struct object *object,
                    const struct hub_op *op)
{
    struct buf there = {0}, asked = {0};
    hub_options_describe(object->type, &object->options, &there);
    hub_options_describe(object->type, &op->options, &asked);
    hub_reply_misuse(hub, op->id,
                     "%s '%s' was made with {%s} and is now asked for with "
                     "{%s}",
                     hub_object_type_name(object->type), op->name,
                     there.data ? there.data : "",
                     asked.data ? asked.data : "");
    buf_finish(&there);
    buf_finish(&asked);
}

/* NULL after a MISUSE, or if it is not there and not to be made. */
static struct object *
refer(struct hub *hub, const struct hub_op *op, bool make, bool *refused)
{
    struct object *object = object_find(hub, op->room, op->name);
    *refused = false;
    if (!object) {
        if (!make)
            return NULL;
        object = create(hub, op);
        *refused = object == NULL;
        return object;
    }
    if (object->type != op->object) {
        hub_reply_misuse(hub, op->id, "'%s' is %s %s already, not %s %s",
                         op->name, hub_object_type_article(object->type),
                         hub_object_type_name(object->type),
                         hub_object_type_article(op->object),
                         hub_object_type_name(op->object));
    } else if (op->options.given && object->options.given &&
               !hub_options_agree(object->type, &object->options,
                                  &op->options)) {
        reply_other_options(hub, object, op);
    } else {
        if (!op->options.given || object->options.given)
            return object;
        if (!object->ops->adopt || object->ops->adopt(hub, object, op)) {
            set_options(object, &op->options);
            return object;
        }
    }
    *refused = true;
    return NULL;
}

struct object *
object_refer(struct hub *hub, const struct hub_op *op)
{
    bool refused;
    return refer(hub, op, true, &refused);
}

void
object_describe(const struct object *object, struct buf *out)
{
    buf_printf(out, "%s '%s'", hub_object_type_name(object->type),
               object->name);
    room_describe(object->room, out);
}

void
object_destroy(struct hub *hub, struct object *object)
{
    HASH_DEL(hub_names(hub, object->room)->objects, object);
    free(object->name);
    free((char *)(uintptr_t)object->options.lock);
    object->ops->destroy(hub, object);
}

void
objects_forget(struct hub *hub, int32_t room)
{
    struct object *object, *next;
    HASH_ITER (hh, hub_names(hub, room)->objects, object, next)
        object_destroy(hub, object);
}

void
objects_finish(struct hub *hub)
{
    for (int32_t room = 0; room < hub->name_count; room++)
        objects_forget(hub, room);
}

static void
free_object(struct hub *hub, const struct hub_op *op)
{
    bool refused;
    struct object *object = refer(hub, op, false, &refused);
    if (refused)
        return;
    const char *why = object ? object->ops->refuses_free(object) : NULL;
    if (why) {
        hub_reply_misuse(hub, op->id, "%s '%s' cannot be freed: %s",
                         hub_object_type_name(object->type), op->name, why);
        return;
    }
    if (object)
        object_destroy(hub, object);
    hub_reply_status(hub, op->id, HUB_GRANTED);
}

/* The object may be gone. */
static void
give_back(struct hub *hub, const struct hub_op *op)
{
    struct object *object = object_find(hub, op->room, op->name);
    hub_reply_status(hub, op->id, HUB_GRANTED);
    if (object && object->type == op->object && object->ops->give_back)
        object->ops->give_back(hub, object, op);
}

void
object_op(struct hub *hub, const struct hub_op *op)
{
    if (op->type == HUB_OP_FREE) {
        free_object(hub, op);
        return;
    }
    if (op->type == HUB_OP_GIVE_BACK) {
        give_back(hub, op);
        return;
    }
    struct member *member = hub_member(hub, op->id.worker);
    const struct object_ops *ops = ops_of[op->object];
    if (op->type != HUB_OP_DECLARE && ops->may_use &&
        !ops->may_use(hub, member, op))
        return;
    struct object *object = object_refer(hub, op);
    if (!object)
        return;
    if (op->type == HUB_OP_DECLARE)
        hub_reply_status(hub, op->id, HUB_GRANTED);
    else
        object->ops->op(hub, object, member, op);
}

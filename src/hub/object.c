#include "hub/object.h"

#include <inttypes.h>

#include "base/buf.h"
#include "hub/hub_internal.h"
#include "hub/notifier.h"
#include "hub/round.h"

static struct object *
find(const struct hub *hub, const char *name)
{
    struct object *object;
    HASH_FIND_STR(hub->objects, name, object);
    return object;
}

static bool
options_agree(const struct hub_options *a, const struct hub_options *b)
{
    return !a->given || !b->given || a->readers == b->readers;
}

/* NULL after a MISUSE, or if it is not there and not to be made. */
static struct object *
refer(struct hub *hub, const struct hub_op *op, bool make, bool *refused)
{
    struct object *object = find(hub, op->name);
    *refused = false;
    if (!object) {
        if (!make)
            return NULL;
        object = notifier_create(op->name, op->options);
        HASH_ADD_KEYPTR(hh, hub->objects, object->name, strlen(object->name),
                        object);
        return object;
    }
    if (object->type != op->object) {
        hub_reply_misuse(hub, op->id, "'%s' is a %s already, not a %s",
                         op->name, hub_object_type_name(object->type),
                         hub_object_type_name(op->object));
    } else if (!options_agree(&object->options, &op->options)) {
        hub_reply_misuse(hub, op->id,
                         "%s '%s' was made with {readers = %" PRId32
                         "} and is now asked for with {readers = %" PRId32 "}",
                         hub_object_type_name(object->type), op->name,
                         object->options.readers, op->options.readers);
    } else {
        if (op->options.given)
            object->options = op->options;
        return object;
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
object_destroy(struct hub *hub, struct object *object)
{
    HASH_DEL(hub->objects, object);
    notifier_destroy(hub, object);
}

void
objects_finish(struct hub *hub)
{
    struct object *object, *next;
    HASH_ITER (hh, hub->objects, object, next)
        object_destroy(hub, object);
}

static void
free_object(struct hub *hub, const struct hub_op *op)
{
    bool refused;
    struct object *object = refer(hub, op, false, &refused);
    if (refused)
        return;
    const char *why = object ? notifier_refuses_free(container_of(
                                   object, struct notifier, object))
                             : NULL;
    if (why) {
        hub_reply_misuse(hub, op->id, "%s '%s' cannot be freed: %s",
                         hub_object_type_name(object->type), op->name, why);
        return;
    }
    if (object)
        object_destroy(hub, object);
    hub_reply_status(hub, op->id, HUB_GRANTED);
}

void
object_op(struct hub *hub, const struct hub_op *op)
{
    if (op->type == HUB_OP_FREE)
        free_object(hub, op);
    else if (object_refer(hub, op))
        hub_reply_status(hub, op->id, HUB_GRANTED);
}

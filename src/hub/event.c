/* A flag that workers wait for, and the value that came with it. */
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/wait.h"

struct event {
    struct object object;
    bool set;
    struct value *value;
    struct list waits;
};

static struct event *
event_of(struct object *object)
{
    return container_of(object, struct event, object);
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct event *event = xmalloc(sizeof(*event));
    *event = (struct event){0};
    list_init(&event->waits);
    return &event->object;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct event *event = event_of(object);
    value_unref(event->value);
    free(event);
}

static const char *
refuses_free(struct object *object)
{
    return list_empty(&event_of(object)->waits) ? NULL : "a worker waits on it";
}

/* --- waiting --- */

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "not set");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: a worker that sets it");
}

static const struct wait_ops event_wait_ops = {
    .name = "wait",
    .object = HUB_EVENT,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static void
wait_for_it(struct hub *hub, struct event *event, struct member *member,
            const struct hub_op *op)
{
    if (event->set) {
        wait_count_at_once(hub, op->name, &event_wait_ops, HUB_GRANTED);
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .value = event->value,
                          });
        return;
    }
    struct wait *wait =
        wait_begin(hub, member, op, &event_wait_ops, event->object.name);
    wait->object = &event->object;
    wait_enqueue(hub, wait, op, &event->waits);
}

/* --- setting --- */

static void
change(struct event *event, bool set, struct value *value)
{
    struct value *old = event->value;
    event->set = set;
    event->value = value_ref(value);
    value_unref(old);
}

/* Everybody who waits is answered here and now, so that a clear() that follows
 * takes nothing from them. */
static void
wake_all(struct hub *hub, struct event *event)
{
    struct wait *first;
    while ((first = wait_first(&event->waits)))
        wait_grant(hub, first,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = event->value,
                       .happened_at = hub->now,
                   });
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    struct event *event = event_of(object);
    if (op->type == HUB_OP_EVENT_WAIT) {
        wait_for_it(hub, event, member, op);
        return;
    }
    if (op->type == HUB_OP_EVENT_SET)
        change(event, true, op->value);
    else if (op->type == HUB_OP_EVENT_CLEAR)
        change(event, false, NULL);
    hub_reply_granted(hub, op->id,
                      &(struct hub_reply){
                          .number = event->set,
                      });
    if (op->type == HUB_OP_EVENT_SET)
        wake_all(hub, event);
}

const struct object_ops event_object_ops = {
    .create = create,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
};

/* A queue of values between workers.
 *
 * Items are there only while nobody waits to get one, and who waits to put one
 * found it full: every item goes from one hand to the next within a single
 * operation, so that there is no moment at which a cancellation could lose or
 * double one. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/wait.h"
#include "stats/recorder.h"

struct queue {
    struct object object;
    struct value **items; /* a ring of `room` places from `first` on */
    size_t first, count, room;
    int64_t undone; /* items put and not marked done */
    bool closed;
    struct list getters, putters, joiners;
};

static struct queue *
queue_of(struct object *object)
{
    return container_of(object, struct queue, object);
}

static struct object *
create(struct hub *hub, const struct hub_op *op)
{
    struct queue *queue = xmalloc(sizeof(*queue));
    *queue = (struct queue){0};
    list_init(&queue->getters);
    list_init(&queue->putters);
    list_init(&queue->joiners);
    return &queue->object;
}

/* --- the items --- */

static void
make_room(struct queue *queue)
{
    if (queue->count < queue->room)
        return;
    size_t room = queue->room > 0 ? 2 * queue->room : 8;
    struct value **items = xcalloc(room, sizeof(struct value *));
    for (size_t i = 0; i < queue->count; i++)
        items[i] = queue->items[(queue->first + i) % queue->room];
    free(queue->items);
    queue->items = items;
    queue->room = room;
    queue->first = 0;
}

/* Both take a reference. */
static void
push_back(struct queue *queue, struct value *value)
{
    make_room(queue);
    queue->items[(queue->first + queue->count++) % queue->room] =
        value_ref(value);
}

static void
push_front(struct queue *queue, struct value *value)
{
    make_room(queue);
    queue->first = (queue->first + queue->room - 1) % queue->room;
    queue->items[queue->first] = value_ref(value);
    queue->count++;
}

/* The caller has its reference then. */
static struct value *
pop_front(struct queue *queue)
{
    struct value *value = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->room;
    queue->count--;
    return value;
}

static bool
is_full(const struct queue *queue)
{
    return queue->object.options.bounded &&
           queue->count >= (size_t)queue->object.options.capacity;
}

static void
destroy(struct hub *hub, struct object *object)
{
    struct queue *queue = queue_of(object);
    while (queue->count > 0)
        value_unref(pop_front(queue));
    free(queue->items);
    free(queue);
}

static const char *
refuses_free(struct object *object)
{
    const struct queue *queue = queue_of(object);
    return list_empty(&queue->getters) && list_empty(&queue->putters) &&
                   list_empty(&queue->joiners)
               ? NULL
               : "a worker waits on it";
}

/* --- what its waits tell --- */

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    value_unref(wait->value); /* of a put; others have none */
}

static void
tell_full(const struct wait *wait, struct buf *out)
{
    int64_t capacity = wait->object->options.capacity;
    if (capacity > 0)
        buf_printf(out, "full (capacity = %" PRId64 ")", capacity);
    else
        buf_append_str(out, "item not taken (capacity = 0)");
}

static void
tell_getter(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: a worker that gets");
}

static const struct wait_ops put_ops = {
    .name = "put",
    .object = HUB_QUEUE,
    .withdraw = withdraw,
    .tell_what = tell_full,
    .tell_missing = tell_getter,
};

static void
tell_empty(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "empty");
}

static void
tell_putter(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: a worker that puts");
}

static const struct wait_ops get_ops = {
    .name = "get",
    .object = HUB_QUEUE,
    .withdraw = withdraw,
    .tell_what = tell_empty,
    .tell_missing = tell_putter,
};

static void
tell_undone(const struct wait *wait, struct buf *out)
{
    const struct queue *queue = queue_of(wait->object);
    buf_printf(out, "%" PRId64 " %s not done", queue->undone,
               queue->undone == 1 ? "item" : "items");
    if (queue->count > 0)
        buf_printf(out, " (%zu not even taken)", queue->count);
}

static void
tell_doer(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, queue_of(wait->object)->count > 0
                            ? "missing: a worker that gets, then calls done()"
                            : "missing: a worker that calls done()");
}

static const struct wait_ops join_ops = {
    .name = "join",
    .object = HUB_QUEUE,
    .withdraw = withdraw,
    .tell_what = tell_undone,
    .tell_missing = tell_doer,
};

/* --- operations --- */

static void
measure(struct hub *hub, const struct queue *queue)
{
    if (hub->config.recorder)
        recorder_coord_depth(hub->config.recorder,
                             hub_object_type_name(HUB_QUEUE),
                             queue->object.name, queue->count);
}

static struct wait *
begin(struct hub *hub, struct queue *queue, struct member *member,
      const struct hub_op *op, const struct wait_ops *ops)
{
    struct wait *wait = wait_begin(hub, member, op, ops, queue->object.name);
    wait->object = &queue->object;
    wait->value = value_ref(op->value);
    return wait;
}

/* False: nobody waits for it. */
static bool
hand_to_getter(struct hub *hub, struct queue *queue, struct value *value)
{
    struct wait *getter = wait_first(&queue->getters);
    if (getter)
        wait_grant(hub, getter,
                   &(struct hub_reply){.status = HUB_GRANTED, .value = value});
    return getter != NULL;
}

/* The item of the first who waits to put one; the caller has its reference. */
static struct value *
take_from_putter(struct hub *hub, struct queue *queue)
{
    struct wait *wait = wait_first(&queue->putters);
    struct value *value = wait->value;
    wait->value = NULL;
    queue->undone++;
    wait_grant(hub, wait, &(struct hub_reply){.status = HUB_GRANTED});
    return value;
}

static void
reply_closed(struct hub *hub, const struct hub_op *op)
{
    char *text =
        xasprintf("queue '%s' is closed: nothing can be put into it", op->name);
    hub_reply_text(hub, op->id, HUB_CLOSED, text);
    free(text);
}

static void
put(struct hub *hub, struct queue *queue, struct member *member,
    const struct hub_op *op)
{
    if (!op->value) {
        hub_reply_misuse(hub, op->id,
                         "put: nil cannot be put into queue '%s', because get "
                         "returns nil when the queue is closed; put false or "
                         "a table",
                         op->name);
    } else if (queue->closed) {
        reply_closed(hub, op);
    } else if (is_full(queue) && list_empty(&queue->getters)) {
        if (op->attempt)
            hub_reply_status(hub, op->id, HUB_WOULD_WAIT);
        else
            wait_enqueue(hub, begin(hub, queue, member, op, &put_ops), op,
                         &queue->putters);
    } else {
        queue->undone++;
        if (!op->attempt)
            wait_count_at_once(hub, op->name, &put_ops, HUB_GRANTED);
        hub_reply_status(hub, op->id, HUB_GRANTED);
        if (!hand_to_getter(hub, queue, op->value))
            push_back(queue, op->value);
        measure(hub, queue);
    }
}

/* The next item, or NULL; the caller has its reference. */
static struct value *
take(struct hub *hub, struct queue *queue)
{
    struct value *value = NULL;
    if (queue->count > 0)
        value = pop_front(queue);
    else if (!list_empty(&queue->putters))
        value = take_from_putter(hub, queue);
    while (!list_empty(&queue->putters) && !is_full(queue)) {
        struct value *next = take_from_putter(hub, queue);
        push_back(queue, next);
        value_unref(next);
    }
    return value;
}

static void
get(struct hub *hub, struct queue *queue, struct member *member,
    const struct hub_op *op)
{
    struct value *value = take(hub, queue);
    if ((value || queue->closed) && !op->attempt)
        wait_count_at_once(hub, op->name, &get_ops, HUB_GRANTED);
    if (value) {
        hub_reply_granted(hub, op->id, &(struct hub_reply){.value = value});
        measure(hub, queue);
        value_unref(value);
    } else if (queue->closed) {
        hub_reply_status(hub, op->id, HUB_CLOSED);
    } else if (op->attempt) {
        hub_reply_status(hub, op->id, HUB_WOULD_WAIT);
    } else {
        wait_enqueue(hub, begin(hub, queue, member, op, &get_ops), op,
                     &queue->getters);
    }
}

/* A task was taken down before it saw what it got. The item was counted when it
 * was put, and is still to be done. */
static void
give_back(struct hub *hub, struct object *object, const struct hub_op *op)
{
    struct queue *queue = queue_of(object);
    if (!hand_to_getter(hub, queue, op->value))
        push_front(queue, op->value);
    measure(hub, queue);
}

static void
done(struct hub *hub, struct queue *queue, const struct hub_op *op)
{
    if (queue->undone == 0) {
        hub_reply_misuse(hub, op->id,
                         "done: all items put into queue '%s' are done "
                         "already; call it once for each item got",
                         op->name);
        return;
    }
    queue->undone--;
    hub_reply_status(hub, op->id, HUB_GRANTED);
    struct wait *joiner;
    while (queue->undone == 0 && (joiner = wait_first(&queue->joiners)))
        wait_grant(hub, joiner, &(struct hub_reply){.status = HUB_GRANTED});
}

static void
join(struct hub *hub, struct queue *queue, struct member *member,
     const struct hub_op *op)
{
    if (queue->undone == 0) {
        wait_count_at_once(hub, op->name, &join_ops, HUB_GRANTED);
        hub_reply_status(hub, op->id, HUB_GRANTED);
        return;
    }
    wait_enqueue(hub, begin(hub, queue, member, op, &join_ops), op,
                 &queue->joiners);
}

static void
close_it(struct hub *hub, struct queue *queue, const struct hub_op *op)
{
    queue->closed = true;
    hub_reply_status(hub, op->id, HUB_GRANTED);
    struct wait *wait;
    while ((wait = wait_first(&queue->getters)))
        wait_grant(hub, wait, &(struct hub_reply){.status = HUB_CLOSED});
    char *text =
        xasprintf("queue '%s' was closed before the item was put", op->name);
    while ((wait = wait_first(&queue->putters)))
        wait_refuse(hub, wait, HUB_CLOSED, text, HUB_GLOBAL);
    free(text);
}

static void
operate(struct hub *hub, struct object *object, struct member *member,
        const struct hub_op *op)
{
    struct queue *queue = queue_of(object);
    if (op->type == HUB_OP_QUEUE_PUT)
        put(hub, queue, member, op);
    else if (op->type == HUB_OP_QUEUE_GET)
        get(hub, queue, member, op);
    else if (op->type == HUB_OP_QUEUE_DONE)
        done(hub, queue, op);
    else if (op->type == HUB_OP_QUEUE_JOIN)
        join(hub, queue, member, op);
    else if (op->type == HUB_OP_QUEUE_CLOSE)
        close_it(hub, queue, op);
    else
        hub_reply_granted(hub, op->id,
                          &(struct hub_reply){
                              .number = (int64_t)queue->count,
                          });
}

const struct object_ops queue_object_ops = {
    .create = create,
    .destroy = destroy,
    .refuses_free = refuses_free,
    .op = operate,
    .give_back = give_back,
};

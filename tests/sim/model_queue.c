/* Queue: what was put is got, once, in order; nothing is lost or doubled. */
#include <string.h>

#include "model.h"

#define MAX_ITEMS 256

enum { PUTTING = 1, GETTING, JOINING };

struct queue {
    int64_t items[MAX_ITEMS];
    int count;
    int64_t undone; /* put and not told done */
    bool closed;
};

static void
put_first(struct world *world, struct queue *queue, int64_t value)
{
    if (queue->count == MAX_ITEMS) {
        world_fail(world, "the model of queues is too small");
        return;
    }
    memmove(&queue->items[1], &queue->items[0],
            (size_t)queue->count++ * sizeof(queue->items[0]));
    queue->items[0] = value;
}

static void
put_last(struct world *world, struct queue *queue, int64_t value)
{
    if (queue->count == MAX_ITEMS)
        world_fail(world, "the model of queues is too small");
    else
        queue->items[queue->count++] = value;
}

static int64_t
take_first(struct queue *queue)
{
    int64_t value = queue->items[0];
    memmove(&queue->items[0], &queue->items[1],
            (size_t)--queue->count * sizeof(queue->items[0]));
    return value;
}

/* A putter may leave its item: there is room, or somebody takes it at once. */
static bool
has_room(const struct model_object *object, bool getter)
{
    const struct queue *queue = object->state;
    const struct hub_options *options = &object->plan->options;
    return !options->bounded || queue->count < options->capacity ||
           (getter && queue->count == 0);
}

static void
settle(struct world *world, struct model_object *object)
{
    struct queue *queue = object->state;
    bool moved;
    do {
        moved = false;
        struct model_wait *getter = world_first(world, object, GETTING);
        struct model_wait *putter = world_first(world, object, PUTTING);
        if (getter && queue->count > 0) {
            world_grant_value(world, getter, HUB_GRANTED, take_first(queue));
            moved = true;
        } else if (putter && !queue->closed &&
                   has_room(object, getter != NULL)) {
            put_last(world, queue, putter->value);
            queue->undone++;
            world_grant(world, putter, HUB_GRANTED);
            moved = true;
        } else if (queue->closed && getter) {
            world_grant_value(world, getter, HUB_CLOSED, NO_VALUE);
            moved = true;
        } else if (queue->closed && putter) {
            world_refuse(world, putter, HUB_CLOSED);
            moved = true;
        }
    } while (moved);
    struct model_wait *joiner;
    while (queue->undone == 0 && (joiner = world_first(world, object, JOINING)))
        world_grant(world, joiner, HUB_GRANTED);
}

static void
tell_state(struct world *world, const struct model_call *call)
{
    const struct queue *queue = call->object->state;
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    expected->answer.number = queue->count;
    expected->checks |= CHECK_NUMBER;
}

static void
done(struct world *world, const struct model_call *call)
{
    struct queue *queue = call->object->state;
    world_reply(world, call, queue->undone > 0 ? HUB_GRANTED : HUB_MISUSE);
    queue->undone -= queue->undone > 0;
}

static void
op(struct world *world, const struct model_call *call)
{
    struct queue *queue = call->object->state;
    enum hub_op_type type = call->op->type;
    if (type == HUB_OP_QUEUE_PUT) {
        world_wait(world, call)->stage = PUTTING;
    } else if (type == HUB_OP_QUEUE_GET) {
        world_wait(world, call)->stage = GETTING;
    } else if (type == HUB_OP_QUEUE_JOIN) {
        world_wait(world, call)->stage = JOINING;
    } else if (type == HUB_OP_QUEUE_DONE) {
        done(world, call);
    } else if (type == HUB_OP_QUEUE_STATE) {
        tell_state(world, call);
    } else {
        if (type == HUB_OP_QUEUE_CLOSE)
            queue->closed = true;
        else
            put_first(world, queue, call->value); /* given back */
        world_reply(world, call, HUB_GRANTED);
    }
}

const struct model_ops model_queue_ops = {
    .state_size = sizeof(struct queue),
    .op = op,
    .settle = settle,
};

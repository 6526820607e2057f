/* Event: set() lets everybody go who waits, and those who come until clear().
 */
#include "model.h"

struct event_state {
    bool set;
    int64_t value;
};

static void
op(struct world *world, const struct model_call *call)
{
    struct event_state *state = call->object->state;
    if (call->op->type == HUB_OP_EVENT_WAIT) {
        if (state->set)
            world_reply_value(world, call, HUB_GRANTED, state->value);
        else
            world_wait(world, call);
        return;
    }
    if (call->op->type == HUB_OP_EVENT_SET)
        *state = (struct event_state){true, call->value};
    else if (call->op->type == HUB_OP_EVENT_CLEAR)
        state->set = false;
    struct expected *expected = world_reply(world, call, HUB_GRANTED);
    if (call->op->type == HUB_OP_EVENT_STATE) {
        expected->answer.number = state->set;
        expected->checks |= CHECK_NUMBER;
    }
}

static void
settle(struct world *world, struct model_object *object)
{
    struct event_state *state = object->state;
    struct model_wait *wait;
    while (state->set && (wait = world_first(world, object, 0)))
        world_grant_value(world, wait, HUB_GRANTED, state->value);
}

const struct model_ops model_event_ops = {
    .state_size = sizeof(struct event_state),
    .op = op,
    .settle = settle,
};

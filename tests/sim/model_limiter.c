/* Limiter: never more than the burst and what the rate has brought since, and
 * what it brought while a timer was late, within bounds. */
#include "model.h"

/* Tokens, for rounding; a billionth of what a take wants. */
#define SLACK 1e-6
/* Seconds: so much more than the burst may be kept for those who wait. */
#define LATENESS 0.010

struct limiter {
    double tokens;
    nsec_t at;
    bool used;
};

static double
burst_of(const struct model_object *object)
{
    const struct hub_options *options = &object->plan->options;
    if (options->burst > 0)
        return options->burst;
    return options->rate > 1 ? options->rate : 1;
}

static void
refill(struct world *world, struct model_object *object, bool waited)
{
    struct limiter *limiter = object->state;
    double burst = burst_of(object);
    double most =
        burst + (waited ? LATENESS * object->plan->options.rate : 0.0);
    double brought =
        nsec_to_seconds(world->now - limiter->at) * object->plan->options.rate;
    limiter->tokens += limiter->used ? brought : burst;
    if (limiter->tokens > most)
        limiter->tokens = most;
    limiter->used = true;
    limiter->at = world->now;
}

/* Served in order, as soon as there is enough: at once when it asks, else with
 * the tick; a tick that comes late serves late. */
static void
settle(struct world *world, struct model_object *object)
{
    struct limiter *limiter = object->state;
    struct model_wait *wait;
    while ((wait = world_first(world, object, 0))) {
        double wants = (double)wait->op.amount;
        const struct answer *is = world_actual(world, wait);
        bool granted = is && is->status == HUB_GRANTED;
        bool asks = world->event->cause == CAUSE_OP &&
                    world->event->op->id.worker == wait->id.worker &&
                    world->event->op->id.task == wait->id.task &&
                    world->event->op->id.seq == wait->id.seq;
        refill(world, object, !asks);
        bool must =
            limiter->tokens >= wants + SLACK && (world->tick_begins || asks);
        if (limiter->tokens < wants - SLACK || !(must || granted))
            return;
        limiter->tokens -= wants;
        world_grant(world, wait, HUB_GRANTED);
    }
}

static void
op(struct world *world, const struct model_call *call)
{
    if ((double)call->op->amount > burst_of(call->object))
        world_reply(world, call, HUB_MISUSE);
    else
        world_wait(world, call);
}

const struct model_ops model_limiter_ops = {
    .state_size = sizeof(struct limiter),
    .op = op,
    .settle = settle,
};

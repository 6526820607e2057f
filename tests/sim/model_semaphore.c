/* Semaphore: permits are neither made nor lost; the first in the queue blocks
 * the rest. */
#include <string.h>

#include "model.h"

#define MAX_HOLDINGS 64

/* What one task has. */
struct share {
    int member;
    uint32_t task;
    struct hub_id taken_by;
    bool worker_scope;
    int64_t amount;
};

struct semaphore {
    int64_t available;
    struct share shares[MAX_HOLDINGS];
    int share_count;
};

static void
init(struct world *world, struct model_object *object)
{
    struct semaphore *semaphore = object->state;
    int64_t permits = object->plan->options.permits;
    semaphore->available = permits > 0 ? permits : 1;
}

static void
give(struct semaphore *semaphore, const struct model_wait *wait)
{
    semaphore->shares[semaphore->share_count++] = (struct share){
        .member = wait->id.worker,
        .task = wait->id.task,
        .taken_by = wait->id,
        .worker_scope = wait->op.worker_scope,
        .amount = wait->op.amount,
    };
}

static void
forget_share(struct semaphore *semaphore, int index)
{
    memmove(&semaphore->shares[index], &semaphore->shares[index + 1],
            (size_t)(--semaphore->share_count - index) *
                sizeof(semaphore->shares[0]));
}

static bool
is_of(const struct share *share, const struct hub_id *id)
{
    return share->member == id->worker && share->task == id->task;
}

static int64_t
held_by(const struct semaphore *semaphore, const struct hub_id *id)
{
    int64_t amount = 0;
    for (int i = 0; i < semaphore->share_count; i++)
        if (is_of(&semaphore->shares[i], id))
            amount += semaphore->shares[i].amount;
    return amount;
}

static void
settle(struct world *world, struct model_object *object)
{
    struct semaphore *semaphore = object->state;
    struct model_wait *wait;
    while ((wait = world_first(world, object, 0)) &&
           wait->op.amount <= semaphore->available) {
        semaphore->available -= wait->op.amount;
        if (!object->plan->options.unowned)
            give(semaphore, wait);
        world_grant(world, wait, HUB_GRANTED);
    }
}

/* What was acquired last is given back first. */
static void
release_some(struct world *world, const struct model_call *call)
{
    struct semaphore *semaphore = call->object->state;
    int64_t left = call->op->amount;
    if (!call->object->plan->options.unowned) {
        int64_t held = held_by(semaphore, &call->op->id);
        if (held < left && !call->member->stopped) {
            world_reply(world, call, HUB_MISUSE);
            return;
        }
        left = held < left ? held : left;
        int64_t wanted = left;
        for (int i = semaphore->share_count - 1; i >= 0 && wanted > 0; i--) {
            struct share *share = &semaphore->shares[i];
            if (!is_of(share, &call->op->id))
                continue;
            int64_t part = share->amount < wanted ? share->amount : wanted;
            share->amount -= part;
            wanted -= part;
            if (share->amount == 0)
                forget_share(semaphore, i);
        }
    }
    semaphore->available += left;
    world_reply(world, call, HUB_GRANTED);
}

/* By the operation that was granted them, whoever has them now. */
static void
give_back(struct world *world, const struct model_call *call)
{
    struct semaphore *semaphore = call->object->state;
    world_reply(world, call, HUB_GRANTED);
    if (call->object->plan->options.unowned)
        semaphore->available += call->op->amount;
    for (int i = 0; i < semaphore->share_count; i++) {
        if (!hub_id_equal(&semaphore->shares[i].taken_by, &call->op->id))
            continue;
        semaphore->available += semaphore->shares[i].amount;
        forget_share(semaphore, i);
        return;
    }
}

/* More than there ever can be for it, or for the task with what it has. */
static bool
can_never_have(const struct model_call *call)
{
    const struct hub_options *options = &call->object->plan->options;
    int64_t permits = options->permits > 0 ? options->permits : 1;
    int64_t held =
        call->op->attempt ? 0 : held_by(call->object->state, &call->op->id);
    return !options->unowned && held + call->op->amount > permits;
}

static void
op(struct world *world, const struct model_call *call)
{
    const struct semaphore *semaphore = call->object->state;
    if (call->op->type == HUB_OP_SEMAPHORE_ACQUIRE) {
        if (can_never_have(call))
            world_reply(world, call, HUB_MISUSE);
        else
            world_wait(world, call);
    } else if (call->op->type == HUB_OP_SEMAPHORE_RELEASE) {
        release_some(world, call);
    } else if (call->op->type == HUB_OP_GIVE_BACK) {
        give_back(world, call);
    } else {
        struct expected *expected = world_reply(world, call, HUB_GRANTED);
        expected->answer.number = semaphore->available;
        expected->checks |= CHECK_NUMBER;
    }
}

/* --- who is gone --- */

static void
release(struct world *world, struct model_object *object,
        struct model_member *member, int64_t task, bool all)
{
    struct semaphore *semaphore = object->state;
    for (int i = semaphore->share_count - 1; i >= 0; i--) {
        struct share *share = &semaphore->shares[i];
        if (share->member != member->id || (task >= 0 && share->task != task))
            continue;
        if (share->worker_scope && !all) {
            share->task = task >= 0 ? 0 : share->task;
        } else {
            semaphore->available += share->amount;
            forget_share(semaphore, i);
        }
    }
}

static void
pass_on(struct world *world, struct model_object *object,
        struct model_member *member, uint32_t task, uint32_t parent)
{
    struct semaphore *semaphore = object->state;
    for (int i = 0; i < semaphore->share_count; i++)
        if (semaphore->shares[i].member == member->id &&
            semaphore->shares[i].task == task) {
            semaphore->shares[i].task = parent;
            world->passed_on = true;
        }
}

static bool
leaks(struct world *world, struct model_object *object,
      const struct model_member *member)
{
    const struct semaphore *semaphore = object->state;
    for (int i = 0; i < semaphore->share_count; i++)
        if (semaphore->shares[i].member == member->id &&
            !semaphore->shares[i].worker_scope)
            return true;
    return false;
}

const struct model_ops model_semaphore_ops = {
    .state_size = sizeof(struct semaphore),
    .init = init,
    .op = op,
    .settle = settle,
    .release = release,
    .pass_on = pass_on,
    .leaks = leaks,
};

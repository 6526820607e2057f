/* Variables: one factory at a time, one update at a time, in order. */
#include "model.h"

enum { AS_MAKER = 1, AS_UPDATER, AS_WATCHER };

struct holder {
    bool held;
    int member;
    uint32_t task;
};

struct variable {
    bool present;
    int64_t value; /* NO_VALUE: nil */
    int64_t changes;
    struct holder maker, updater;
    /* How many changes there were when a task was last told of one. */
    int64_t told[MAX_WORKERS][MAX_TASKS];
};

static bool
is_holder(const struct holder *holder, const struct hub_id *id)
{
    return holder->held && holder->member == id->worker &&
           holder->task == id->task;
}

static struct holder
holder_of(const struct hub_id *id)
{
    return (struct holder){true, id->worker, id->task};
}

/* The numbers of the hub's versions are its own; what they have to tell is
 * whether something has changed since the caller was told. */
static bool
matches(const struct model_wait *wait, const struct variable *variable)
{
    if (wait->op.type == HUB_OP_VAR_WAIT_CHANGE)
        return variable->changes > wait->n;
    if (wait->op.has_value)
        return variable->value == wait->value;
    return variable->value != NO_VALUE;
}

static void
change(struct variable *variable, bool present, int64_t value)
{
    variable->present = present;
    variable->value = value;
    variable->changes++;
}

static struct expected *
grant(struct world *world, struct model_wait *wait, struct variable *variable)
{
    variable->told[wait->id.worker][wait->id.task % MAX_TASKS] =
        variable->changes;
    struct expected *expected =
        world_grant_value(world, wait, HUB_GRANTED, variable->value);
    expected->place = 0;
    return expected;
}

/* The hub keeps no record of variables that are absent: who watches one may be
 * woken for nothing. */
static bool
is_spurious(struct world *world, const struct model_wait *wait,
            const struct variable *variable)
{
    const struct answer *is = world_actual(world, wait);
    return wait->op.type == HUB_OP_VAR_WAIT_CHANGE && !variable->present &&
           wait->order > world->orders_before && is &&
           is->status == HUB_GRANTED;
}

/* Who watches sees each change before the next. */
static void
serve_watchers(struct world *world, struct model_object *object)
{
    struct variable *variable = object->state;
    for (int i = 0; i < world->wait_count;) {
        struct model_wait *wait = world->waits[i];
        if (wait->object == object &&
            ((wait->stage == AS_WATCHER &&
              (matches(wait, variable) ||
               is_spurious(world, wait, variable))) ||
             (wait->stage == AS_MAKER && variable->present))) {
            grant(world, wait, variable);
            i = 0;
        } else {
            i++;
        }
    }
}

static void
store(struct variable *variable, enum hub_op_type type, const struct hub_id *id,
      int64_t value)
{
    if (type == HUB_OP_VAR_SET) {
        change(variable, true, value);
    } else if (type == HUB_OP_VAR_ADD) {
        int64_t old = variable->value == NO_VALUE ? 0 : variable->value;
        change(variable, true, old + value);
    } else if (type == HUB_OP_VAR_DELETE) {
        if (variable->present)
            change(variable, false, NO_VALUE);
    } else if (type == HUB_OP_VAR_MADE) {
        if (is_holder(&variable->maker, id))
            variable->maker.held = false;
        if (!variable->present)
            change(variable, true, value);
    }
}

static void
serve_updaters(struct world *world, struct model_object *object)
{
    struct variable *variable = object->state;
    struct model_wait *wait;
    while (!variable->updater.held &&
           (wait = world_first(world, object, AS_UPDATER))) {
        if (wait->op.type == HUB_OP_VAR_LOCK)
            variable->updater = holder_of(&wait->id);
        else
            store(variable, wait->op.type, &wait->id, wait->value);
        grant(world, wait, variable);
        serve_watchers(world, object);
    }
}

static void
settle(struct world *world, struct model_object *object)
{
    struct variable *variable = object->state;
    serve_watchers(world, object);
    serve_updaters(world, object);
    struct model_wait *maker = world_first(world, object, AS_MAKER);
    if (!variable->maker.held && !variable->present && maker) {
        variable->maker = holder_of(&maker->id);
        world_grant(world, maker, HUB_MAKE)->place = 0;
    }
}

/* --- operations --- */

static void
get_or_make(struct world *world, const struct model_call *call)
{
    struct variable *variable = call->object->state;
    if (variable->present) {
        world_reply_value(world, call, HUB_GRANTED, variable->value);
    } else if (is_holder(&variable->maker, &call->op->id)) {
        world_reply(world, call, HUB_MISUSE);
    } else if (variable->maker.held) {
        world_wait(world, call)->stage = AS_MAKER;
    } else {
        variable->maker = holder_of(&call->op->id);
        world_reply(world, call, HUB_MAKE);
    }
}

static void
make_failed(struct world *world, const struct model_call *call)
{
    struct variable *variable = call->object->state;
    world_reply(world, call, HUB_GRANTED);
    if (!is_holder(&variable->maker, &call->op->id))
        return;
    variable->maker.held = false;
    struct model_wait *wait;
    while (!call->op->given_up &&
           (wait = world_first(world, call->object, AS_MAKER)))
        world_refuse(world, wait, HUB_FAILED);
}

static void
lock_or_store(struct world *world, const struct model_call *call)
{
    struct variable *variable = call->object->state;
    if (is_holder(&variable->updater, &call->op->id)) {
        world_reply(world, call, HUB_MISUSE);
    } else if (variable->updater.held) {
        if (call->member->stopped)
            world_reply(world, call, HUB_STOPPED);
        else
            world_wait(world, call)->stage = AS_UPDATER;
    } else {
        if (call->op->type == HUB_OP_VAR_LOCK)
            variable->updater = holder_of(&call->op->id);
        else
            store(variable, call->op->type, &call->op->id, call->value);
        world_reply_value(world, call, HUB_GRANTED, variable->value);
    }
}

static void
unlock(struct world *world, const struct model_call *call)
{
    struct variable *variable = call->object->state;
    if (!is_holder(&variable->updater, &call->op->id)) {
        world_reply(world, call, HUB_MISUSE);
        return;
    }
    variable->updater.held = false;
    if (call->op->has_value)
        change(variable, true, call->value);
    world_reply(world, call, HUB_GRANTED);
}

static void
watch(struct world *world, const struct model_call *call)
{
    const struct variable *variable = call->object->state;
    struct model_wait *wait = world_wait(world, call);
    wait->stage = AS_WATCHER;
    wait->n = call->op->version < 0
                  ? -1
                  : variable->told[wait->id.worker][wait->id.task % MAX_TASKS];
}

static void
get(struct world *world, const struct model_call *call)
{
    const struct variable *variable = call->object->state;
    if (!variable->present && is_holder(&variable->maker, &call->op->id))
        world_reply(world, call, HUB_MISUSE);
    else
        world_reply_value(world, call, HUB_GRANTED, variable->value);
}

static void
op(struct world *world, const struct model_call *call)
{
    enum hub_op_type type = call->op->type;
    if (type == HUB_OP_VAR_GET)
        get(world, call);
    else if (type == HUB_OP_VAR_GET_OR_MAKE)
        get_or_make(world, call);
    else if (type == HUB_OP_VAR_MAKE_FAILED)
        make_failed(world, call);
    else if (type == HUB_OP_VAR_WAIT || type == HUB_OP_VAR_WAIT_CHANGE)
        watch(world, call);
    else if (type == HUB_OP_VAR_UNLOCK)
        unlock(world, call);
    else
        lock_or_store(world, call);
}

static void
init(struct world *world, struct model_object *object)
{
    ((struct variable *)object->state)->value = NO_VALUE;
}

/* --- who is gone --- */

static bool
is_of(const struct holder *holder, const struct model_member *member,
      int64_t task)
{
    return holder->held && holder->member == member->id &&
           (task < 0 || holder->task == task);
}

static void
release(struct world *world, struct model_object *object,
        struct model_member *member, int64_t task, bool all)
{
    struct variable *variable = object->state;
    if (is_of(&variable->maker, member, task))
        variable->maker.held = false;
    if (is_of(&variable->updater, member, task))
        variable->updater.held = false;
}

static void
pass_on(struct world *world, struct model_object *object,
        struct model_member *member, uint32_t task, uint32_t parent)
{
    release(world, object, member, task, false);
}

static bool
owner(struct world *world, const struct model_wait *wait, struct hub_id *task)
{
    const struct variable *variable = wait->object->state;
    const struct holder *holder =
        wait->stage == AS_MAKER ? &variable->maker : &variable->updater;
    *task = (struct hub_id){holder->member, holder->task, 0};
    return wait->stage != AS_WATCHER && holder->held;
}

const struct model_ops model_variable_ops = {
    .state_size = sizeof(struct variable),
    .init = init,
    .op = op,
    .settle = settle,
    .release = release,
    .pass_on = pass_on,
    .owner = owner,
};

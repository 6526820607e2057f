/* get_var with a factory: one makes the value, the others wait for it. */
#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/var.h"
#include "hub/wait.h"

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    wait->variable->held++;
    var_put(hub, wait->variable);
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "not made");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    holding_tell(&wait->variable->maker, "runs its factory", out);
}

static bool
owner(const struct wait *wait, struct hub_task *task)
{
    return holding_owner(&wait->variable->maker, task);
}

static const struct wait_ops make_ops = {
    .name = "get_var",
    .object = HUB_VARIABLE,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
    .owner = owner,
};

static void
get_or_make(struct hub *hub, struct variable *variable, struct member *member,
            const struct hub_op *op)
{
    if (variable->present) {
        wait_count_at_once(hub, op->name, &make_ops, HUB_GRANTED);
        var_reply(hub, op->id, HUB_GRANTED, variable);
        return;
    }
    if (!variable->maker.member) {
        holding_take(hub, &variable->maker, &op->id, op->where);
        wait_count_at_once(hub, op->name, &make_ops, HUB_MAKE);
        var_reply(hub, op->id, HUB_MAKE, variable);
        return;
    }
    if (holding_is(&variable->maker, member, op->id.task)) {
        hub_reply_misuse(hub, op->id,
                         "get_var: variable '%s' is asked for inside its own "
                         "factory",
                         op->name);
        return;
    }
    struct wait *wait = wait_begin(hub, member, op, &make_ops, variable->name);
    wait->variable = variable;
    if (wait_enqueue(hub, wait, op, &variable->makers))
        deadlock_judge_cycle(hub, wait);
}

void
var_serve_makers(struct hub *hub, struct variable *variable)
{
    list_for_each (it, &variable->makers)
        wait_grant(hub, container_of(it, struct wait, queue),
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = variable->value,
                       .version = variable->version,
                       .happened_at = hub->now,
                   });
}

void
var_make_next(struct hub *hub, struct variable *variable)
{
    struct wait *next = wait_first(&variable->makers);
    if (variable->present || !next)
        return;
    holding_take(hub, &variable->maker, &next->id, next->where);
    wait_grant(hub, next, &(struct hub_reply){.status = HUB_MAKE});
}

static void
make_failed(struct hub *hub, struct variable *variable,
            const struct member *member, const struct hub_op *op)
{
    hub_reply_status(hub, op->id, HUB_GRANTED);
    if (!holding_is(&variable->maker, member, op->id.task))
        return;
    holding_drop(&variable->maker);
    if (op->given_up) {
        var_make_next(hub, variable);
        return;
    }
    struct wait *wait;
    while ((wait = wait_first(&variable->makers)))
        wait_refuse(hub, wait, HUB_FAILED, op->text, member->id);
}

/* One who is no longer the maker has a value all the same. */
void
var_made(struct hub *hub, struct variable *variable,
         const struct member *member, uint32_t task, struct value *value)
{
    if (holding_is(&variable->maker, member, task))
        holding_drop(&variable->maker);
    if (!variable->present)
        var_change(hub, variable, true, value);
}

void
var_make_op(struct hub *hub, struct variable *variable, struct member *member,
            const struct hub_op *op)
{
    if (op->type == HUB_OP_VAR_GET_OR_MAKE)
        get_or_make(hub, variable, member, op);
    else
        make_failed(hub, variable, member, op);
}

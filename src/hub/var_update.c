/* update_var and everything that stores: one at a time, in order, so that no
 * update is lost. */
#include <stdlib.h>

#include "hub/deadlock.h"
#include "hub/hub_internal.h"
#include "hub/var.h"
#include "hub/wait.h"

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    value_unref(wait->value);
    wait->variable->held++;
    var_put(hub, wait->variable);
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "still being updated");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    holding_tell(&wait->variable->updater, "updates it", out);
}

static bool
owner(const struct wait *wait, struct hub_task *task)
{
    return holding_owner(&wait->variable->updater, task);
}

#define UPDATE_WAIT(operation)                                               \
    {                                                                        \
        .name = operation, .object = HUB_VARIABLE, .withdraw = withdraw,     \
        .tell_what = tell_what, .tell_missing = tell_missing, .owner = owner \
    }
static const struct wait_ops update_ops = UPDATE_WAIT("update_var");
static const struct wait_ops set_ops = UPDATE_WAIT("set_var");
static const struct wait_ops add_ops = UPDATE_WAIT("add_var");
static const struct wait_ops delete_ops = UPDATE_WAIT("del_var");
static const struct wait_ops made_ops = UPDATE_WAIT("get_var");

static const struct wait_ops *
ops_of(enum hub_op_type type)
{
    if (type == HUB_OP_VAR_SET)
        return &set_ops;
    if (type == HUB_OP_VAR_ADD)
        return &add_ops;
    if (type == HUB_OP_VAR_DELETE)
        return &delete_ops;
    if (type == HUB_OP_VAR_MADE)
        return &made_ops;
    return &update_ops;
}

/* False, and nothing changed, if it is a sum of what cannot be summed. */
static bool
store(struct hub *hub, struct variable *variable, enum hub_op_type type,
      const struct member *member, uint32_t task, struct value *value)
{
    struct value *sum;
    if (type == HUB_OP_VAR_SET) {
        var_change(hub, variable, true, value);
    } else if (type == HUB_OP_VAR_MADE) {
        var_made(hub, variable, member, task, value);
    } else if (type == HUB_OP_VAR_DELETE) {
        if (variable->present)
            var_change(hub, variable, false, NULL);
    } else {
        if (!value_add(variable->value, value, &sum))
            return false;
        var_change(hub, variable, true, sum);
        value_unref(sum);
    }
    return true;
}

static char *
not_a_number(const struct variable *variable)
{
    struct buf text = {0};
    buf_printf(&text, "add_var: variable '%s' is a %s, not a number",
               variable->name, value_type_name(variable->value));
    return buf_take(&text);
}

/* Serves those who waited until one of them updates it in its turn. */
void
var_update_next(struct hub *hub, struct variable *variable)
{
    struct wait *wait;
    while (!variable->updater.member &&
           (wait = wait_first(&variable->updaters))) {
        struct value *value = wait->value;
        if (wait->store == HUB_OP_VAR_LOCK) {
            holding_take(hub, &variable->updater, &wait->id, wait->where);
        } else if (!store(hub, variable, wait->store, wait->member,
                          wait->id.task, value)) {
            char *text = not_a_number(variable);
            wait_refuse(hub, wait, HUB_MISUSE, text, HUB_GLOBAL);
            free(text);
            continue;
        }
        wait->value = NULL;
        wait_grant(hub, wait,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = variable->value,
                       .version = variable->version,
                   });
        value_unref(value);
    }
}

static void
unlock(struct hub *hub, struct variable *variable, const struct member *member,
       const struct hub_op *op)
{
    if (!holding_is(&variable->updater, member, op->id.task)) {
        hub_reply_misuse(hub, op->id,
                         "update_var: variable '%s' is not being updated by "
                         "this task",
                         op->name);
        return;
    }
    holding_drop(&variable->updater);
    if (op->has_value)
        var_change(hub, variable, true, op->value);
    hub_reply_status(hub, op->id, HUB_GRANTED);
    var_update_next(hub, variable);
}

static void
lock_or_store(struct hub *hub, struct variable *variable, struct member *member,
              const struct hub_op *op)
{
    if (op->type == HUB_OP_VAR_LOCK) {
        holding_take(hub, &variable->updater, &op->id, op->where);
        wait_count_at_once(hub, op->name, &update_ops, HUB_GRANTED);
    } else if (!store(hub, variable, op->type, member, op->id.task,
                      op->value)) {
        char *text = not_a_number(variable);
        hub_reply_misuse(hub, op->id, "%s", text);
        free(text);
        return;
    }
    var_reply(hub, op->id, HUB_GRANTED, variable);
}

void
var_update_op(struct hub *hub, struct variable *variable, struct member *member,
              const struct hub_op *op)
{
    if (op->type == HUB_OP_VAR_UNLOCK) {
        unlock(hub, variable, member, op);
        return;
    }
    if (!variable->updater.member) {
        lock_or_store(hub, variable, member, op);
        return;
    }
    const struct wait_ops *ops = ops_of(op->type);
    if (holding_is(&variable->updater, member, op->id.task)) {
        hub_reply_misuse(hub, op->id,
                         "%s: variable '%s' is used inside the function that "
                         "updates it",
                         ops->name, op->name);
        return;
    }
    if (member->stopped) {
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    }
    struct wait *wait = wait_begin(hub, member, op, ops, variable->name);
    wait->variable = variable;
    wait->store = op->type;
    wait->value = value_ref(op->value);
    if (wait_enqueue(hub, wait, op, &variable->updaters))
        deadlock_judge_cycle(hub, wait);
}

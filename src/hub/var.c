#include "hub/var.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

/* --- registry --- */

struct variable *
var_find(const struct hub *hub, const char *name)
{
    struct variable *variable;
    HASH_FIND_STR(hub->variables, name, variable);
    return variable;
}

struct variable *
var_get(struct hub *hub, const char *name)
{
    struct variable *variable = var_find(hub, name);
    if (!variable) {
        variable = xmalloc(sizeof(*variable));
        *variable = (struct variable){
            .name = xstrdup(name),
            .version = hub->version_dropped,
        };
        variable->maker.variable = variable;
        variable->updater.variable = variable;
        list_init(&variable->maker.by_member);
        list_init(&variable->updater.by_member);
        list_init(&variable->makers);
        list_init(&variable->updaters);
        list_init(&variable->watchers);
        HASH_ADD_KEYPTR(hh, hub->variables, variable->name,
                        strlen(variable->name), variable);
    }
    variable->held++;
    return variable;
}

static void
destroy(struct hub *hub, struct variable *variable)
{
    HASH_DEL(hub->variables, variable);
    holding_drop(&variable->maker);
    holding_drop(&variable->updater);
    value_unref(variable->value);
    free(variable->name);
    free(variable);
}

/* The version of a deletion is kept, so that one who saw the value before is
 * told of the change although the variable is gone. */
void
var_put(struct hub *hub, struct variable *variable)
{
    if (--variable->held > 0 || variable->present || variable->maker.member ||
        variable->updater.member || !list_empty(&variable->makers) ||
        !list_empty(&variable->updaters) || !list_empty(&variable->watchers))
        return;
    if (variable->version > hub->version_dropped)
        hub->version_dropped = variable->version;
    destroy(hub, variable);
}

void
vars_finish(struct hub *hub)
{
    struct variable *variable, *next;
    HASH_ITER (hh, hub->variables, variable, next)
        destroy(hub, variable);
}

/* --- holdings --- */

bool
holding_is(const struct holding *holding, const struct member *member,
           uint32_t task)
{
    return holding->member == member && holding->task == task;
}

void
holding_take(struct holding *holding, struct member *member, uint32_t task)
{
    holding->member = member;
    holding->task = task;
    list_append(&member->holdings, &holding->by_member);
}

void
holding_drop(struct holding *holding)
{
    holding->member = NULL;
    list_remove(&holding->by_member);
}

void
holding_tell(const struct holding *holding, const char *what, struct buf *out)
{
    buf_append_str(out, "missing: ");
    if (holding->member)
        member_describe(holding->member, out);
    buf_printf(out, ", which %s", what);
}

static void
release(struct hub *hub, struct holding *holding)
{
    struct variable *variable = holding->variable;
    variable->held++;
    if (holding == &variable->maker) {
        holding_drop(holding);
        var_make_next(hub, variable);
    } else {
        holding_drop(holding);
        var_update_next(hub, variable);
    }
    var_put(hub, variable);
}

void
var_release_task(struct hub *hub, struct member *member, uint32_t task)
{
    list_for_each (it, &member->holdings) {
        struct holding *holding = container_of(it, struct holding, by_member);
        if (holding->task == task)
            release(hub, holding);
    }
}

void
var_release_worker(struct hub *hub, struct member *member)
{
    while (!list_empty(&member->holdings))
        release(hub,
                container_of(member->holdings.next, struct holding, by_member));
}

/* --- waits for a change --- */

static bool
matches(const struct wait *wait, const struct variable *variable)
{
    if (wait->by_change)
        return variable->version > wait->version;
    if (!wait->has_value)
        return variable->value != NULL;
    return value_equal(variable->value, wait->value);
}

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
    if (wait->by_change)
        buf_append_str(out, "not what the predicate asks for");
    else if (wait->has_value)
        buf_append_str(out, "not the value waited for");
    else
        buf_append_str(out, "still nil");
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    buf_append_str(out, "missing: a worker that sets it");
}

static const struct wait_ops watch_ops = {
    .name = "wait_var",
    .object = HUB_VARIABLE,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

bool
var_enqueue(struct hub *hub, struct wait *wait, const struct hub_op *op,
            struct list *queue)
{
    list_append(queue, &wait->queue);
    if (op->timeout == 0) {
        wait_time_out(hub, wait);
        return false;
    }
    wait_arm(hub, wait, op, &hub->free_clock);
    return true;
}

static void
watch(struct hub *hub, struct variable *variable, struct member *member,
      const struct hub_op *op)
{
    struct wait probe = {
        .has_value = op->has_value,
        .by_change = op->type == HUB_OP_VAR_WAIT_CHANGE,
        .value = op->value,
        .version = op->version,
    };
    if (matches(&probe, variable)) {
        nsec_t left = wait_timeout(hub, op);
        wait_count_at_once(hub, op->name, &watch_ops, HUB_GRANTED);
        hub_reply(hub, &(struct hub_reply){
                           .id = op->id,
                           .status = HUB_GRANTED,
                           .value = variable->value,
                           .version = variable->version,
                           .remaining = left > 0 ? left : NSEC_NEVER,
                           .culprit = HUB_GLOBAL,
                       });
        return;
    }
    struct wait *wait = wait_begin(hub, member, op, &watch_ops, variable->name);
    wait->variable = variable;
    wait->has_value = probe.has_value;
    wait->by_change = probe.by_change;
    wait->value = value_ref(op->value);
    wait->version = op->version;
    var_enqueue(hub, wait, op, &variable->watchers);
}

static void
serve_watchers(struct hub *hub, struct variable *variable)
{
    list_for_each (it, &variable->watchers) {
        struct wait *wait = container_of(it, struct wait, queue);
        if (!matches(wait, variable))
            continue;
        value_unref(wait->value);
        wait_grant(hub, wait,
                   &(struct hub_reply){
                       .status = HUB_GRANTED,
                       .value = variable->value,
                       .version = variable->version,
                       .happened_at = hub->now,
                   });
    }
}

void
var_change(struct hub *hub, struct variable *variable, bool present,
           struct value *value)
{
    struct value *old = variable->value;
    variable->present = present;
    variable->value = value_ref(value);
    variable->version = ++hub->version;
    value_unref(old);
    if (present)
        var_serve_makers(hub, variable);
    serve_watchers(hub, variable);
}

void
var_reply(struct hub *hub, struct hub_id id, enum hub_status status,
          const struct variable *variable)
{
    hub_reply(hub, &(struct hub_reply){
                       .id = id,
                       .status = status,
                       .value = variable->value,
                       .version = variable->version,
                       .remaining = NSEC_NEVER,
                       .culprit = HUB_GLOBAL,
                   });
}

/* --- dispatch --- */

static bool
may_wait(enum hub_op_type type)
{
    return type == HUB_OP_VAR_GET_OR_MAKE || type == HUB_OP_VAR_LOCK ||
           type == HUB_OP_VAR_WAIT || type == HUB_OP_VAR_WAIT_CHANGE;
}

void
var_op(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    if (member->stopped && may_wait(op->type)) {
        hub_reply_status(hub, op->id, HUB_STOPPED);
        return;
    }
    struct variable *variable = var_get(hub, op->name);
    if (op->type == HUB_OP_VAR_GET && !variable->present &&
        holding_is(&variable->maker, member, op->id.task))
        hub_reply_misuse(hub, op->id,
                         "get_var: variable '%s' is asked for inside its own "
                         "factory",
                         op->name);
    else if (op->type == HUB_OP_VAR_GET)
        var_reply(hub, op->id, HUB_GRANTED, variable);
    else if (op->type == HUB_OP_VAR_WAIT || op->type == HUB_OP_VAR_WAIT_CHANGE)
        watch(hub, variable, member, op);
    else if (op->type == HUB_OP_VAR_GET_OR_MAKE ||
             op->type == HUB_OP_VAR_MAKE_FAILED)
        var_make_op(hub, variable, member, op);
    else
        var_update_op(hub, variable, member, op);
    var_put(hub, variable);
}

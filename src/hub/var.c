#include "hub/var.h"

#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/wait.h"

/* --- registry --- */

struct variable *
var_get(struct hub *hub, int32_t room, const char *name)
{
    struct names *names = hub_names(hub, room);
    struct variable *variable;
    HASH_FIND_STR(names->variables, name, variable);
    if (!variable) {
        variable = xmalloc(sizeof(*variable));
        *variable = (struct variable){
            .name = xstrdup(name),
            .room = room,
            .version = hub->version_dropped,
        };
        holding_init(&variable->maker, &var_maker_ops);
        holding_init(&variable->updater, &var_updater_ops);
        list_init(&variable->makers);
        list_init(&variable->updaters);
        list_init(&variable->watchers);
        HASH_ADD_KEYPTR(hh, names->variables, variable->name,
                        strlen(variable->name), variable);
    }
    variable->held++;
    return variable;
}

static void
destroy(struct hub *hub, struct variable *variable)
{
    HASH_DEL(hub_names(hub, variable->room)->variables, variable);
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
vars_forget(struct hub *hub, int32_t room)
{
    struct variable *variable, *next;
    HASH_ITER (hh, hub_names(hub, room)->variables, variable, next)
        destroy(hub, variable);
}

void
vars_finish(struct hub *hub)
{
    for (int32_t room = 0; room < hub->name_count; room++)
        vars_forget(hub, room);
}

/* --- whose task is gone --- */

static void
tell_variable(const struct variable *variable, struct buf *out)
{
    buf_printf(out, "variable '%s'", variable->name);
    room_describe(variable->room, out);
}

static void
release_maker(struct hub *hub, struct holding *holding)
{
    struct variable *variable = container_of(holding, struct variable, maker);
    variable->held++;
    holding_drop(holding);
    var_make_next(hub, variable);
    var_put(hub, variable);
}

static void
tell_maker(struct holding *holding, struct buf *out)
{
    tell_variable(container_of(holding, struct variable, maker), out);
}

const struct holding_ops var_maker_ops = {
    .release = release_maker,
    .tell = tell_maker,
};

static void
release_updater(struct hub *hub, struct holding *holding)
{
    struct variable *variable = container_of(holding, struct variable, updater);
    variable->held++;
    holding_drop(holding);
    var_update_next(hub, variable);
    var_put(hub, variable);
}

static void
tell_updater(struct holding *holding, struct buf *out)
{
    tell_variable(container_of(holding, struct variable, updater), out);
}

const struct holding_ops var_updater_ops = {
    .release = release_updater,
    .tell = tell_updater,
};

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
                           .remaining = left == NSEC_NEVER ? 0 : left,
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
    wait_enqueue(hub, wait, op, &variable->watchers);
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
                       .culprit = HUB_GLOBAL,
                   });
}

/* --- dispatch --- */

void
var_op(struct hub *hub, const struct hub_op *op)
{
    struct member *member = hub_member(hub, op->id.worker);
    struct variable *variable = var_get(hub, op->room, op->name);
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

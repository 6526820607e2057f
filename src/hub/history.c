#include "hub/history.h"

#include "hub/hub_internal.h"
#include "hub/object.h"
#include "hub/wait.h"

/* Lives are told by their operation alone: most of them are not answered. */
static bool
is_life(enum hub_op_type type)
{
    return type <= HUB_OP_TASK_END;
}

static bool
is_told(const struct hub *hub, enum hub_op_type type)
{
    return hub->config.on_history && type != HUB_OP_CANCEL &&
           type != HUB_OP_DECLARE && type != HUB_OP_SETTLE;
}

static void
tell(struct hub *hub, const struct hub_op *op, const char *what,
     const struct hub_reply *reply)
{
    const struct member *member = hub_member(hub, op->id.worker);
    hub->config.on_history(
        hub->config.data,
        &(struct hub_event){
            .at = hub->now,
            .what = what,
            .id = op->id,
            .type = op->object,
            .name = is_life(op->type) ? NULL : op->name,
            .op = hub_op_name(op->type),
            .room = op->room,
            .step = is_life(op->type)
                        ? op->step
                        : step_number(member_current_step(member)),
            .round = reply ? reply->round : 0,
            .where = op->where,
            .failed = is_life(op->type) && op->failed,
        });
}

void
history_of_call(struct hub *hub, const struct hub_op *op)
{
    if (is_told(hub, op->type) && is_life(op->type))
        tell(hub, op, "call", NULL);
}

void
history_of_wait(struct hub *hub, const struct hub_op *op)
{
    if (is_told(hub, op->type) && !is_life(op->type))
        tell(hub, op, "wait", NULL);
}

void
history_of_answer(struct hub *hub, const struct hub_op *op,
                  const struct hub_reply *reply)
{
    if (is_told(hub, op->type) && !is_life(op->type))
        tell(hub, op, hub_status_name(reply->status), reply);
}

void
history_of_end(struct hub *hub, const struct wait *wait,
               const struct hub_reply *reply)
{
    if (!hub->config.on_history)
        return;
    hub->config.on_history(
        hub->config.data,
        &(struct hub_event){
            .at = hub->now,
            .what = hub_status_name(reply->status),
            .id = wait->id,
            .type = wait->ops->object,
            /* Tasks have none. */
            .name = wait->ops->object == HUB_TASK ? NULL : wait->name,
            .op = wait->ops->name,
            .room = wait->room,
            .step = step_number(member_current_step(wait->member)),
            .round = reply->round,
            .waited = reply->waited,
            .where = wait->where,
        });
}

void
history_of_round(struct hub *hub, const struct object *object, int64_t step,
                 int64_t round)
{
    if (!hub->config.on_history)
        return;
    hub->config.on_history(hub->config.data, &(struct hub_event){
                                                 .at = hub->now,
                                                 .what = "round_end",
                                                 .id.worker = HUB_GLOBAL,
                                                 .type = object->type,
                                                 .name = object->name,
                                                 .room = object->room,
                                                 .step = step_number(step),
                                                 .round = round,
                                             });
}

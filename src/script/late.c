#include "script/late.h"

#include <stdlib.h>

#include "base/mem.h"
#include "script/lua_handle.h"
#include "script/script_internal.h"

struct late {
    struct list link;
    struct hub_op op; /* that gives it back; owns `name` */
};

/* What a grant of it takes from others, and the end of the task alone does not
 * give back. */
static bool
uses_up(enum hub_op_type type)
{
    return type == HUB_OP_LOCK_ACQUIRE || type == HUB_OP_SEMAPHORE_ACQUIRE ||
           type == HUB_OP_CONDITION_WAIT || type == HUB_OP_QUEUE_GET;
}

static void
give_back(const struct script *script, struct hub_op *op,
          enum hub_status status, struct value *value)
{
    if (status != HUB_GRANTED)
        return;
    op->value = value;
    script->env.port->submit(script->env.port, op);
}

static void
forget(struct late *late)
{
    list_remove(&late->link);
    free((char *)(uintptr_t)late->op.name);
    free(late);
}

void
late_give_back(struct task *task)
{
    const struct wait *wait = &task->wait;
    const struct lua_handle *handle = wait->data;
    const struct worker *worker = task->worker;
    if (!uses_up(wait->asked))
        return;
    struct hub_op op = {
        .type = HUB_OP_GIVE_BACK,
        .id = {worker->id, task->id, wait->seq},
        .object = handle->type,
        .room = handle->room,
        .name = handle->name,
        .step = worker->step,
        .asked = wait->asked,
        .amount = wait->amount,
    };
    if (wait->done) {
        give_back(worker->script, &op, wait->reply.status, wait->reply.value);
        return;
    }
    struct late *late = xmalloc(sizeof(*late));
    *late = (struct late){.op = op};
    late->op.name = xstrdup(op.name);
    list_append(&worker->script->late, &late->link);
}

bool
late_on_reply(struct script *script, const struct hub_reply *reply)
{
    list_for_each (it, &script->late) {
        struct late *late = container_of(it, struct late, link);
        if (!hub_id_equal(&late->op.id, &reply->id))
            continue;
        list_remove(it);
        give_back(script, &late->op, reply->status, reply->value);
        forget(late);
        return true;
    }
    return false;
}

void
late_finish(struct script *script)
{
    while (!list_empty(&script->late))
        forget(container_of(script->late.next, struct late, link));
}

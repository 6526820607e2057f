#include "script/late.h"

#include <stdlib.h>

#include "base/mem.h"
#include "script/lua_handle.h"
#include "script/script_internal.h"

struct late {
    struct list link;
    struct hub_id id;
    int32_t room;
    int64_t step;
    char *name; /* of the queue */
};

static bool
is_same(const struct hub_id *a, const struct hub_id *b)
{
    return a->worker == b->worker && a->task == b->task && a->seq == b->seq;
}

static void
forget(struct late *late)
{
    list_remove(&late->link);
    free(late->name);
    free(late);
}

void
late_expect(struct task *task)
{
    const struct lua_handle *handle = task->wait.data;
    const struct worker *worker = task->worker;
    struct late *late = xmalloc(sizeof(*late));
    *late = (struct late){
        .id = {worker->id, task->id, task->wait.seq},
        .room = handle->room,
        .step = worker->step,
        .name = xstrdup(handle->name),
    };
    list_append(&worker->script->late, &late->link);
}

static void
give_back(const struct script *script, const struct late *late,
          struct value *item)
{
    script->env.port->submit(script->env.port,
                             &(struct hub_op){
                                 .type = HUB_OP_QUEUE_GIVE_BACK,
                                 .id = late->id,
                                 .object = HUB_QUEUE,
                                 .room = late->room,
                                 .name = late->name,
                                 .step = late->step,
                                 .value = item,
                             });
}

bool
late_on_reply(struct script *script, const struct hub_reply *reply)
{
    list_for_each (it, &script->late) {
        struct late *late = container_of(it, struct late, link);
        if (!is_same(&late->id, &reply->id))
            continue;
        if (reply->status == HUB_GRANTED)
            give_back(script, late, reply->value);
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

/* What the hub tells those outside: answers to operations, rounds that end. */
#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/history.h"
#include "hub/hub_internal.h"
#include "hub/object.h"
#include "stats/recorder.h"

static bool
is_of_op(const struct hub_op *op, const struct hub_reply *reply)
{
    return op && hub_id_equal(&op->id, &reply->id);
}

void
hub_answer_wait(struct hub *hub, const struct hub_reply *reply)
{
    if (is_of_op(hub->op, reply))
        hub->answered = true;
    hub->config.on_reply(hub->config.data, reply);
}

void
hub_reply(struct hub *hub, const struct hub_reply *reply)
{
    if (is_of_op(hub->op, reply)) {
        hub->answered = true;
        history_of_answer(hub, hub->op, reply);
    }
    hub->config.on_reply(hub->config.data, reply);
}

void
hub_reply_text(struct hub *hub, struct hub_id id, enum hub_status status,
               const char *text)
{
    hub_reply(hub, &(struct hub_reply){
                       .id = id,
                       .status = status,
                       .text = text,
                       .culprit = HUB_GLOBAL,
                   });
}

void
hub_reply_status(struct hub *hub, struct hub_id id, enum hub_status status)
{
    hub_reply_text(hub, id, status, NULL);
}

void
hub_reply_granted(struct hub *hub, struct hub_id id,
                  const struct hub_reply *reply)
{
    struct hub_reply full = *reply;
    full.id = id;
    full.status = HUB_GRANTED;
    full.culprit = HUB_GLOBAL;
    hub_reply(hub, &full);
}

void
hub_reply_misuse(struct hub *hub, struct hub_id id, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = xvasprintf(fmt, args);
    va_end(args);
    hub_reply_text(hub, id, HUB_MISUSE, text);
    free(text);
}

void
hub_round_ended(struct hub *hub, const struct object *object, int64_t step,
                int64_t round, nsec_t duration)
{
    struct recorder *recorder = hub->config.recorder;
    const char *type = hub_object_type_name(object->type);
    if (recorder) {
        recorder_coord_event(recorder, type, object->name, COORD_ROUND);
        recorder_coord_time(recorder, COORD_ROUND_TIME, type, object->name,
                            duration);
    }
    history_of_round(hub, object, step, round);
    if (hub->config.on_round_end)
        hub->config.on_round_end(hub->config.data, object->type, object->name,
                                 step_number(step), round);
}

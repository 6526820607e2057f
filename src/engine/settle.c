#include "engine/settle.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/life.h"

void
settle_call(struct member *m, const struct call_result *result)
{
    struct worker *worker = m->worker;
    bool may_hold = worker->acquired;
    worker->acquired = false;
    if (!may_hold || result->status != CALL_OK || result->stopped) {
        life_call_over(m, result);
        return;
    }
    struct settling *settling = &m->settling;
    *settling = (struct settling){
        .active = true,
        .submitting = true,
        .seq = ++worker->task.wait.seq,
        .result = *result,
    };
    m->shard->config.port->submit(m->shard->config.port,
                                  &(struct hub_op){
                                      .type = HUB_OP_SETTLE,
                                      .id = {m->id, 0, settling->seq},
                                      .step = worker->step,
                                  });
    settling->submitting = false;
    if (settling->answered)
        settle_answered(m);
}

void
settle_on_reply(struct member *m, const struct hub_reply *reply)
{
    struct settling *settling = &m->settling;
    if (reply->id.task != 0 || reply->id.seq != settling->seq ||
        settling->answered)
        return;
    settling->answered = true;
    if (reply->status == HUB_LEAKED)
        settling->leaks = xasprintf(
            "still held at the end: %s; release it, or acquire it with "
            "{scope = \"worker\"} to keep it",
            reply->text);
    if (!settling->submitting)
        loop_post(m->shard->config.loop, &m->held);
}

void
settle_answered(struct member *m)
{
    struct settling *settling = &m->settling;
    struct call_result result = settling->result;
    char *leaks = settling->leaks;
    *settling = (struct settling){0};
    if (leaks) {
        result.status = CALL_FAILED;
        result.kind = "leaked";
        result.message = leaks;
    }
    life_call_over(m, &result);
    free(leaks);
}

/* Waiting for what happens on a WebSocket, and recording it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "script/lua_ws_internal.h"
#include "script/script_internal.h"
#include "stats/recorder_ws.h"

/* --- what is recorded --- */

static void
record_times(struct lua_websocket *own)
{
    struct recorder *recorder = own->worker->script->env.recorder;
    nsec_t opened = websocket_opened_at(own->ws);
    nsec_t closed = websocket_closed_at(own->ws);
    if (opened == 0)
        return;
    if (!own->opening_recorded && own->transfer != NULL)
        recorder_ws_time(recorder, own->context, own->name, WS_TIME_CONNECTING,
                         opened - own->transfer->started_at);
    own->opening_recorded = true;
    if (!own->end_recorded && closed != 0) {
        own->end_recorded = true;
        recorder_ws_time(recorder, own->context, own->name, WS_TIME_SESSION,
                         closed - opened);
    }
}

void
lua_ws_record(struct lua_websocket *own)
{
    const struct websocket_counts *now = websocket_counts(own->ws);
    struct websocket_counts *before = &own->recorded;
    record_times(own);
    if (memcmp(now, before, sizeof(*now)) == 0)
        return;
    recorder_ws_traffic(
        own->worker->script->env.recorder,
        &(struct ws_traffic){
            .context = own->context,
            .name = own->name,
            .messages_sent = now->sent - before->sent,
            .messages_received = now->received - before->received,
            .bytes_sent = now->bytes_sent - before->bytes_sent,
            .bytes_received = now->bytes_received - before->bytes_received,
        });
    *before = *now;
}

/* --- waiting --- */

static bool
is_over(struct waiter *waiter)
{
    struct websocket *ws = waiter->own->ws;
    switch (waiter->what) {
    case FOR_OPENING:
        return websocket_state(ws) != WEBSOCKET_OPENING;
    case FOR_MESSAGE:
        /* Taken now, so that of two who wait each gets one. */
        if (waiter->message == NULL)
            waiter->message = websocket_take(ws);
        return waiter->message != NULL || websocket_end(ws) != NULL;
    case FOR_SENDING:
        return websocket_is_sent(ws, waiter->mark) ||
               websocket_state(ws) == WEBSOCKET_CLOSED;
    case FOR_PONG:
        return websocket_round_trip(ws, waiter->mark) >= 0 ||
               websocket_end(ws) != NULL;
    case FOR_CLOSE:
        break;
    }
    return websocket_state(ws) == WEBSOCKET_CLOSED;
}

void
lua_ws_on_change(void *data)
{
    struct lua_websocket *own = data;
    if (own->ws == NULL)
        return; /* begin_wait will look */
    lua_ws_record(own);
    list_for_each (it, &own->waiters) {
        struct waiter *waiter = container_of(it, struct waiter, link);
        if (!waiter->task->wait.done && is_over(waiter))
            task_wake(waiter->task);
    }
}

void
lua_ws_end_wait(struct waiter *waiter)
{
    list_remove(&waiter->link);
    free(waiter);
}

/* Nobody takes the result. */
void
lua_ws_drop_wait(struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct websocket *ws = waiter->own->ws;
    struct lua_websocket *own = waiter->own;
    struct ws_message *message = waiter->message;
    if (waiter->what == FOR_PONG)
        websocket_forget_ping(ws, waiter->mark);
    lua_ws_end_wait(waiter);
    task->wait.data = NULL;
    if (message == NULL)
        return;
    websocket_give_back(ws, message);
    lua_ws_on_change(own); /* another task may wait for one */
}

struct waiter *
lua_ws_begin_wait(struct lua_websocket *own, struct task *task,
                  enum waits_for what, const struct wait_ops *ops,
                  nsec_t timeout)
{
    struct waiter *waiter = xmalloc(sizeof(*waiter));
    *waiter = (struct waiter){
        .own = own,
        .task = task,
        .what = what,
        .timeout = timeout,
    };
    list_init(&waiter->link);
    list_append(&own->waiters, &waiter->link);
    wait_claim(task, ops, waiter);
    return waiter;
}

int
lua_ws_yield(lua_State *L, struct waiter *waiter)
{
    struct task *task = waiter->task;
    if (is_over(waiter))
        task_wake(task);
    else if (waiter->timeout != NSEC_NEVER)
        timer_start(&task->timer, nsec_add(clock_now(), waiter->timeout));
    return wait_yield(L, task);
}

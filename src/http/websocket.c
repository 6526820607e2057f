#include "http/websocket.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/ws_internal.h"

/* Messages taken in one go, so that one connection that never runs dry leaves
 * time to the others. */
enum { READ_AT_ONCE = 256 };
/* For the server to take our answer to its close frame. */
#define LINGER (5 * NSEC_PER_SEC)

void
websocket_tell(struct websocket *ws)
{
    ws->on_change(ws->data);
}

static void
drop_stream(struct websocket *ws)
{
    timer_stop(&ws->timer);
    ws_pings_stop(ws);
    loop_unpost(ws->loop, &ws->again);
    if (ws->stream == NULL)
        return;
    ws->ops->stream_close(ws->stream);
    ws->stream = NULL;
    session_drop_stream(ws->session);
}

/* --- the end --- */

void
websocket_set_end(struct websocket *ws, enum transfer_fault fault, int code,
                  const char *fmt, ...)
{
    if (ws->ended)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(ws->end_text, sizeof(ws->end_text), fmt, args);
    va_end(args);
    ws->ended = true;
    ws->end = (struct websocket_end){fault, code, ws->end_text};
}

void
websocket_finish(struct websocket *ws)
{
    drop_stream(ws);
    if (ws->state != WEBSOCKET_CLOSED)
        ws->closed_at = clock_now();
    ws->state = WEBSOCKET_CLOSED;
}

/* The server broke the rules: tells it so, if it listens, and leaves. */
static void
fail(struct websocket *ws, const struct ws_fault *fault)
{
    websocket_set_end(ws, fault->kind, fault->code, "the server sent %s",
                      fault->text);
    ws_write_close(ws, fault->code, "", 0);
    if (ws_flush(ws))
        ws_drain(ws);
    websocket_finish(ws);
}

/* --- reading --- */

static ssize_t
read_stream(void *data, void *out, size_t size)
{
    struct websocket *ws = data;
    if (ws->early.size > 0) {
        size_t rest = ws->early.size - ws->early_used;
        size = size < rest ? size : rest;
        memcpy(out, ws->early.data + ws->early_used, size);
        ws->early_used += size;
        ws->counts.bytes_received += size;
        if (ws->early_used == ws->early.size)
            buf_finish(&ws->early);
        return (ssize_t)size;
    }
    ssize_t got = ws->ops->stream_receive(ws->stream, out, size);
    ws->read_result = got;
    if (got > 0)
        ws->counts.bytes_received += (uint64_t)got;
    return got;
}

static void
take_close(struct websocket *ws, const struct ws_message *message)
{
    websocket_set_end(ws, FAULT_NONE, message->code, "%s", message->data);
    ws->close_received = true;
    ws->state = WEBSOCKET_CLOSING;
    ws_write_close(ws, message->code, "", 0);
    timer_start(&ws->timer, nsec_add(clock_now(), LINGER));
}

/* Takes `message`. */
static void
take_message(struct websocket *ws, struct ws_message *message)
{
    switch (message->opcode) {
    case WS_TEXT:
    case WS_BINARY:
        ws->counts.received++;
        ws->message_count++;
        list_append(&ws->messages, &message->link);
        return;
    case WS_PING:
        ws_pings_reply(ws, message);
        return;
    case WS_PONG:
        ws_pings_answer(ws, message);
        break;
    case WS_CLOSE:
        take_close(ws, message);
        break;
    case WS_CONTINUATION:
        break;
    }
    ws_message_destroy(message);
}

bool
websocket_may_read(const struct websocket *ws)
{
    if (ws->stream == NULL || ws->close_received)
        return false;
    /* Once we have closed, the answer matters more than what is before it. */
    return ws->message_count < ws->max_messages || ws->close_sent;
}

static void
forget_surplus(struct websocket *ws)
{
    while (ws->close_sent && ws->message_count > ws->max_messages) {
        struct ws_message *last =
            container_of(ws->messages.prev, struct ws_message, link);
        list_remove(&last->link);
        ws->message_count--;
        ws_message_destroy(last);
    }
}

static void
on_stream_over(struct websocket *ws)
{
    if (ws->read_result == STREAM_NOT_NOW)
        return;
    if (ws->read_result == STREAM_ENDED)
        websocket_set_end(ws, FAULT_RESET, WS_CODE_ABNORMAL,
                          "connection closed without a close frame");
    else
        websocket_set_end(ws, FAULT_RESET, WS_CODE_ABNORMAL,
                          "connection closed (%.200s)",
                          ws->ops->stream_error(ws->stream));
    websocket_finish(ws);
}

static void
read_frames(struct websocket *ws)
{
    for (int i = 0; i < READ_AT_ONCE && websocket_may_read(ws); i++) {
        struct ws_message *message;
        struct ws_fault fault;
        switch (ws_frames_read(ws->frames, &message, &fault)) {
        case WS_READ_MORE:
            on_stream_over(ws);
            return;
        case WS_READ_MESSAGE:
            take_message(ws, message);
            forget_surplus(ws);
            break;
        case WS_READ_FAULT:
            fail(ws, &fault);
            return;
        }
    }
    if (websocket_may_read(ws))
        loop_post(ws->loop, &ws->again);
}

void
websocket_pump(struct websocket *ws)
{
    read_frames(ws);
    bool flushed = ws->stream != NULL && ws_flush(ws);
    if (flushed && ws->owed_pong != NULL) {
        ws_pings_reply_owed(ws);
        flushed = ws_flush(ws);
    }
    if (flushed && ws->close_sent && ws->close_received)
        websocket_finish(ws);
    if (ws->stream != NULL)
        ws->ops->stream_watch(ws->stream,
                              (websocket_may_read(ws) ? LOOP_READ : 0) |
                                  (flushed ? 0 : LOOP_WRITE),
                              websocket_on_ready, ws);
    websocket_tell(ws);
}

/* --- what the loop calls --- */

void
websocket_on_ready(void *data, int events)
{
    struct websocket *ws = data;
    if (ws->state == WEBSOCKET_OPENING)
        ws_opening_drive(ws);
    else
        websocket_pump(ws);
}

static void
on_again(struct job *job)
{
    struct websocket *ws = container_of(job, struct websocket, again);
    if (ws->stream != NULL)
        websocket_pump(ws);
}

static void
on_timer(struct timer *timer)
{
    struct websocket *ws = container_of(timer, struct websocket, timer);
    if (ws->state == WEBSOCKET_OPENING) {
        ws_opening_fail_late(ws);
        return;
    }
    websocket_set_end(ws, FAULT_TIMEOUT, WS_CODE_ABNORMAL,
                      "the server did not answer the close frame in time");
    websocket_finish(ws);
    websocket_tell(ws);
}

/* --- for others --- */

struct websocket *
websocket_open(struct loop *loop, struct transfer *transfer,
               const struct websocket_config *config,
               void (*on_change)(void *data), void *data)
{
    assert(config->max_messages > 0);
    struct websocket *ws = xmalloc(sizeof(*ws));
    *ws = (struct websocket){
        .loop = loop,
        .session = transfer->session,
        .ops = session_transport(transfer->session),
        .on_change = on_change,
        .data = data,
        .transfer = transfer,
        .protocols =
            config->protocols != NULL ? xstrdup(config->protocols) : NULL,
        .max_messages = config->max_messages,
        .frames = ws_frames_create(config->max_message, read_stream, ws),
    };
    timer_init(&ws->timer, loop, on_timer);
    job_init(&ws->again, on_again);
    list_init(&ws->messages);
    ws_pings_init(ws, config->ping_interval);
    ws_opening_start(ws);
    return ws;
}

void
websocket_abort(struct websocket *ws)
{
    if (ws->state == WEBSOCKET_OPENING) {
        ws_opening_abandon(ws);
    } else if (ws->stream != NULL) {
        ws_write_close(ws, WS_CODE_GOING_AWAY, "", 0);
        if (ws_flush(ws))
            ws_drain(ws);
        websocket_set_end(ws, FAULT_NONE, WS_CODE_GOING_AWAY, "closed by us");
    }
    websocket_finish(ws);
}

void
websocket_destroy(struct websocket *ws)
{
    if (ws == NULL)
        return;
    websocket_abort(ws);
    list_for_each (it, &ws->messages)
        ws_message_destroy(container_of(it, struct ws_message, link));
    ws_message_destroy(ws->owed_pong);
    ws_pings_finish(ws);
    ws_answer_finish(&ws->answer);
    ws_frames_destroy(ws->frames);
    buf_finish(&ws->protocol);
    buf_finish(&ws->early);
    buf_finish(&ws->out);
    free(ws->protocols);
    free(ws);
}

enum websocket_state
websocket_state(const struct websocket *ws)
{
    return ws->state;
}

const char *
websocket_protocol(const struct websocket *ws)
{
    return ws->protocol.size > 0 ? ws->protocol.data : "";
}

nsec_t
websocket_opened_at(const struct websocket *ws)
{
    return ws->opened_at;
}

nsec_t
websocket_closed_at(const struct websocket *ws)
{
    return ws->closed_at;
}

const struct websocket_end *
websocket_end(const struct websocket *ws)
{
    return ws->ended ? &ws->end : NULL;
}

const struct websocket_counts *
websocket_counts(const struct websocket *ws)
{
    return &ws->counts;
}

uint64_t
websocket_send(struct websocket *ws, enum ws_opcode opcode, const void *data,
               size_t size)
{
    assert(ws->state == WEBSOCKET_OPEN && !ws->close_sent);
    ws_write_frame(ws, opcode, data, size);
    uint64_t mark = ws->queued;
    ws->counts.sent++;
    websocket_pump(ws);
    return mark;
}

bool
websocket_is_sent(const struct websocket *ws, uint64_t mark)
{
    return ws->handed_over >= mark;
}

struct ws_message *
websocket_take(struct websocket *ws)
{
    if (list_empty(&ws->messages))
        return NULL;
    bool was_paused = !websocket_may_read(ws);
    struct ws_message *message =
        container_of(ws->messages.next, struct ws_message, link);
    list_remove(&message->link);
    ws->message_count--;
    if (was_paused && websocket_may_read(ws))
        loop_post(ws->loop, &ws->again);
    return message;
}

void
websocket_give_back(struct websocket *ws, struct ws_message *message)
{
    list_prepend(&ws->messages, &message->link);
    ws->message_count++;
}

void
websocket_close(struct websocket *ws, int code, const char *reason, size_t size,
                nsec_t deadline)
{
    if (ws->state != WEBSOCKET_OPEN)
        return;
    ws_write_close(ws, code, reason, size);
    ws->state = WEBSOCKET_CLOSING;
    timer_start(&ws->timer, deadline);
    websocket_pump(ws);
}

/* The opening handshake of a WebSocket over its connection. */
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "http/cookie_rules.h"
#include "http/wire_view.h"
#include "http/ws_internal.h"

enum { READ_SIZE = 16 * 1024 };

static void
fill_timings(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    struct transfer_timings *t = &transfer->timings;
    nsec_t now = clock_now();
    transfer->ended_at = now;
    t->elapsed = now - transfer->started_at;
    if (ws->connected_at == 0)
        return;
    nsec_t sent = ws->handed_over_at != 0 ? ws->handed_over_at : now;
    t->send = sent - ws->connected_at;
    t->duration = now - ws->connected_at;
    if (ws->handed_over_at == 0)
        return;
    t->wait = (ws->first_byte_at != 0 ? ws->first_byte_at : now) - sent;
    if (ws->first_byte_at != 0)
        t->receive = now - ws->first_byte_at;
}

static void
count_bytes(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    transfer->bytes_sent += ws->out_used;
    transfer->bytes_received +=
        ws->answer.used > 0 ? ws->answer.used : ws->answer.raw.size;
}

/* The handshake's outcome is known; `ws` stays, whatever it is. */
static void
end_handshake(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    const struct http_response *response = &transfer->response;
    timer_stop(&ws->timer);
    fill_timings(ws);
    count_bytes(ws);
    if (transfer->view != NULL && ws->answer.head_size > 0) {
        wire_view_head_received(transfer, ws->answer.raw.data,
                                ws->answer.head_size);
        if (response->body.size > 0)
            wire_view_body_received(transfer, response->body.data,
                                    response->body.size);
    }
    ws->transfer = NULL;
    if (transfer->fault == FAULT_NONE && response->status == 101) {
        ws->state = WEBSOCKET_OPEN;
        ws->opened_at = transfer->ended_at;
        ws_pings_start(ws);
    } else {
        websocket_finish(ws);
    }
    session_finish(transfer);
}

static void
take_cookies(struct websocket *ws)
{
    const struct transfer *transfer = ws->transfer;
    const struct buf *headers = &transfer->response.headers;
    struct cookie_place place;
    if (!cookie_place_of(transfer->request.url.data, transfer->request.url.size,
                         &place))
        return;
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(headers->data, headers->size, &pos, &name,
                            &name_size, &value, &value_size))
        if (http_name_is(name, name_size, "Set-Cookie"))
            cookie_rules_take(ws->session, &place, value, value_size,
                              time(NULL));
}

/* False: more has to come. */
static bool
read_answer(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    char chunk[READ_SIZE];
    for (;;) {
        ssize_t got = ws->ops->stream_receive(ws->stream, chunk, sizeof(chunk));
        if (got == STREAM_NOT_NOW)
            return false;
        if (got == STREAM_BROKEN) {
            const char *phase = ws->answer.raw.size > 0 ? "receive" : "wait";
            transfer_fail(transfer, FAULT_RESET, phase,
                          "connection closed while %s (%.120s)",
                          transfer_phase_words(phase),
                          ws->ops->stream_error(ws->stream));
            return true;
        }
        if (got > 0 && ws->first_byte_at == 0)
            ws->first_byte_at = clock_now();
        switch (ws_answer_read(&ws->answer, chunk, got > 0 ? (size_t)got : 0,
                               got == STREAM_ENDED, transfer)) {
        case WS_ANSWER_MORE:
            break;
        case WS_ANSWER_COMPLETE:
        case WS_ANSWER_FAULT:
            return true;
        }
    }
}

static void
judge_answer(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    if (transfer->fault != FAULT_NONE)
        return;
    take_cookies(ws);
    if (transfer->response.status != 101 ||
        !ws_handshake_agrees(transfer, ws->key, ws->protocols, &ws->protocol))
        return;
    const struct ws_answer *answer = &ws->answer;
    if (answer->raw.size > answer->used)
        buf_append(&ws->early, answer->raw.data + answer->used,
                   answer->raw.size - answer->used);
}

void
ws_opening_drive(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    bool flushed = ws->handed_over_at != 0;
    while (!flushed) {
        ssize_t sent =
            ws->ops->stream_send(ws->stream, ws->out.data + ws->out_used,
                                 ws->out.size - ws->out_used);
        if (sent == STREAM_NOT_NOW)
            break;
        if (sent < 0) {
            transfer_fail(
                transfer, FAULT_RESET, "send",
                "connection closed while sending the request (%.120s)",
                ws->ops->stream_error(ws->stream));
            end_handshake(ws);
            websocket_tell(ws);
            return;
        }
        ws->out_used += (size_t)sent;
        flushed = ws->out_used == ws->out.size;
        if (flushed)
            ws->handed_over_at = clock_now();
    }
    if (!read_answer(ws)) {
        ws->ops->stream_watch(ws->stream,
                              LOOP_READ | (flushed ? 0 : LOOP_WRITE),
                              websocket_on_ready, ws);
        return;
    }
    judge_answer(ws);
    end_handshake(ws);
    buf_clear(&ws->out);
    ws->out_used = 0;
    ws_answer_finish(&ws->answer);
    if (ws->state == WEBSOCKET_OPEN)
        websocket_pump(ws);
    else
        websocket_tell(ws);
}

static void
write_request(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    const struct http_request *request = &transfer->request;
    struct cookie_place place;
    struct buf cookies = {0};
    if (cookie_place_of(request->url.data, request->url.size, &place))
        cookie_rules_header(ws->session, &place, &cookies);
    ws_make_key(ws->key);
    ws_handshake_write(&ws->out, request, &cookies, ws->protocols, ws->key);
    buf_finish(&cookies);
    if (transfer->view != NULL)
        wire_view_head_sent(transfer, ws->out.data, ws->out.size);
}

static void
on_connected(struct transfer *transfer)
{
    struct websocket *ws = transfer->stream_data;
    if (transfer->fault != FAULT_NONE) {
        timer_stop(&ws->timer);
        ws->transfer = NULL;
        websocket_finish(ws);
        session_finish(transfer);
        websocket_tell(ws);
        return;
    }
    ws->stream = transfer->stream;
    session_hold_stream(ws->session);
    /* Time since then that the transport took for sending is ours. */
    struct transfer_timings *t = &transfer->timings;
    ws->connected_at =
        transfer->started_at + t->dns + t->connect + (t->tls > 0 ? t->tls : 0);
    t->send = -1;
    transfer->sends = 1;
    write_request(ws);
    timer_start(&ws->timer, transfer->deadline);
    ws_opening_drive(ws);
}

void
ws_opening_start(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    transfer->stream_data = ws;
    /* Nothing but HTTP/1.1 can be upgraded like this. */
    http_settings_edit(&transfer->request.settings)->protocol = PROTOCOL_1_1;
    session_connect(transfer, on_connected);
}

void
ws_opening_fail_late(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    char limit[32];
    units_format_duration(transfer->request.timeout, limit, sizeof(limit));
    const char *phase = ws->handed_over_at == 0  ? "send"
                        : ws->first_byte_at == 0 ? "wait"
                                                 : "receive";
    transfer_fail(transfer, FAULT_TIMEOUT, phase, "no answer within %s, %s",
                  limit, transfer_phase_words(phase));
    end_handshake(ws);
    websocket_tell(ws);
}

void
ws_opening_abandon(struct websocket *ws)
{
    struct transfer *transfer = ws->transfer;
    if (ws->stream == NULL) {
        session_cancel(transfer);
        return;
    }
    transfer->response.status = 0;
    end_handshake(ws);
}

/* Pings of a WebSocket: those that are asked for, and those that find out
 * whether the server is still there. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "http/ws_internal.h"

/* Waiting to be sent, beyond which pings are not answered one by one. */
enum { BACKLOG_MAX = 64 * 1024 };

/* A server that sends many and reads nothing gets the answer to
 * its last one: all of them would fill our memory. */
void
ws_pings_reply(struct websocket *ws, struct ws_message *ping)
{
    ws_message_destroy(ws->owed_pong);
    ws->owed_pong = NULL;
    if (ws->out.size - ws->out_used > BACKLOG_MAX && !ws->close_sent) {
        ws->owed_pong = ping;
        return;
    }
    if (!ws->close_sent)
        ws_write_frame(ws, WS_PONG, ping->data, ping->size);
    ws_message_destroy(ping);
}

void
ws_pings_reply_owed(struct websocket *ws)
{
    struct ws_message *ping = ws->owed_pong;
    ws->owed_pong = NULL;
    ws_pings_reply(ws, ping);
}

void
ws_pings_answer(struct websocket *ws, const struct ws_message *pong)
{
    struct ping *answered = NULL;
    list_for_each (it, &ws->pings) {
        struct ping *ping = container_of(it, struct ping, link);
        if (ping->round_trip < 0 && ping->size == pong->size &&
            memcmp(ping->payload, pong->data, ping->size) == 0)
            answered = ping;
    }
    if (answered == NULL)
        return; /* pongs that nobody asked for are allowed */
    nsec_t now = clock_now();
    /* The server may answer only the last of several. */
    list_for_each (it, &ws->pings) {
        struct ping *ping = container_of(it, struct ping, link);
        if (ping->round_trip < 0 && ping->number <= answered->number)
            ping->round_trip = now - ping->sent_at;
    }
}

uint64_t
websocket_ping(struct websocket *ws, const void *payload, size_t size)
{
    assert(ws->state == WEBSOCKET_OPEN && size <= WS_CONTROL_MAX);
    struct ping *ping = xmalloc(sizeof(*ping));
    *ping = (struct ping){
        .number = ++ws->last_ping,
        .size = size,
        .sent_at = clock_now(),
        .round_trip = -1,
    };
    if (size > 0)
        memcpy(ping->payload, payload, size);
    list_init(&ping->link);
    list_append(&ws->pings, &ping->link);
    ws_write_frame(ws, WS_PING, payload, size);
    uint64_t number = ping->number;
    websocket_pump(ws);
    return number;
}

static struct ping *
find_ping(const struct websocket *ws, uint64_t number)
{
    list_for_each (it, &ws->pings) {
        struct ping *ping = container_of(it, struct ping, link);
        if (ping->number == number)
            return ping;
    }
    return NULL;
}

nsec_t
websocket_round_trip(const struct websocket *ws, uint64_t number)
{
    const struct ping *ping = find_ping(ws, number);
    return ping != NULL ? ping->round_trip : -1;
}

void
websocket_forget_ping(struct websocket *ws, uint64_t number)
{
    struct ping *ping = find_ping(ws, number);
    if (ping == NULL)
        return;
    list_remove(&ping->link);
    free(ping);
}

/* --- is it still there? --- */

static void
ask(struct websocket *ws)
{
    char payload[32];
    int size = snprintf(payload, sizeof(payload), "molo still here? %u",
                        ++ws->asked_count);
    ws->asked_bytes = ws->counts.bytes_received;
    ws->asked = websocket_ping(ws, payload, (size_t)size);
}

static void
on_interval(struct timer *timer)
{
    struct websocket *ws = container_of(timer, struct websocket, ping_timer);
    /* The answer may have waited here, where all the time went elsewhere. */
    websocket_pump(ws);
    if (ws->state != WEBSOCKET_OPEN)
        return;
    bool asked = ws->asked != 0;
    websocket_forget_ping(ws, ws->asked);
    /* What we do not read may have a pong in it; and a server that talks is
     * there, whether it knows pings or not. */
    if (asked && websocket_may_read(ws) &&
        ws->counts.bytes_received == ws->asked_bytes) {
        char limit[32];
        units_format_duration(ws->ping_interval, limit, sizeof(limit));
        websocket_set_end(ws, FAULT_TIMEOUT, WS_CODE_ABNORMAL,
                          "the server did not answer a ping within %s "
                          "(ping_interval)",
                          limit);
        websocket_finish(ws);
        websocket_tell(ws);
        return;
    }
    ask(ws);
    if (ws->state == WEBSOCKET_OPEN)
        ws_pings_start(ws);
}

void
ws_pings_init(struct websocket *ws, nsec_t interval)
{
    list_init(&ws->pings);
    ws->ping_interval = interval;
    timer_init(&ws->ping_timer, ws->loop, on_interval);
}

void
ws_pings_start(struct websocket *ws)
{
    if (ws->ping_interval > 0)
        timer_start(&ws->ping_timer, nsec_add(clock_now(), ws->ping_interval));
}

void
ws_pings_stop(struct websocket *ws)
{
    timer_stop(&ws->ping_timer);
}

void
ws_pings_finish(struct websocket *ws)
{
    list_for_each (it, &ws->pings)
        free(container_of(it, struct ping, link));
}

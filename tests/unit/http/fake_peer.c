#include "fake_peer.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "http/session.h"
#include "http/ws_handshake.h"
#include "loop/loop.h"

struct transport_client {
    int unused;
};
struct transport_stream {
    int unused;
};

struct fake_peer peer;
static struct transport_client client;
static struct transport_stream the_stream;

static struct transport_client *
client_create(struct transport *transport)
{
    return &client;
}

static void
client_destroy(struct transport_client *c)
{
}

static void
connect_stream(struct transport_client *c, struct transfer *transfer,
               void (*on_end)(struct transfer *))
{
    if (peer.refuses) {
        transfer_fail(transfer, FAULT_CONNECT, "connect", "connection refused");
        transfer->ended_at = clock_now();
    } else {
        peer.open = true;
        transfer->stream = &the_stream;
        transfer->timings.dns = 0;
        transfer->timings.connect = 0;
    }
    on_end(transfer);
}

static void
answer_handshake(void)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    const char *at = strstr(peer.sent.data, name);
    assert(at != NULL);
    char key[WS_KEY_SIZE] = "", accept[32];
    memcpy(key, at + strlen(name), WS_KEY_SIZE - 1);
    ws_accept_of(key, accept);
    buf_printf(&peer.coming,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"
               "Connection: keep-alive, Upgrade\r\nSet-Cookie: a=b; Path=/\r\n"
               "Sec-WebSocket-Accept: %s\r\n\r\n",
               accept);
    buf_append(&peer.coming, peer.behind, peer.behind_size);
}

static ssize_t
stream_send(struct transport_stream *stream, const void *data, size_t size)
{
    assert(peer.open);
    if (size > peer.room)
        size = peer.room;
    peer.room -= size;
    buf_append(&peer.sent, data, size);
    if (peer.answers && strstr(peer.sent.data, "\r\n\r\n") != NULL) {
        peer.answers = false;
        answer_handshake();
        buf_clear(&peer.sent);
    } else {
        peer.sends++;
        if (peer.talks)
            buf_append(&peer.coming, "\x8a\x00", 2);
    }
    return (ssize_t)size;
}

static ssize_t
stream_receive(struct transport_stream *stream, void *out, size_t size)
{
    assert(peer.open);
    size_t rest = peer.coming.size - peer.coming_used;
    if (rest == 0)
        return peer.after;
    if (size > rest)
        size = rest;
    if (size > peer.piece)
        size = peer.piece;
    memcpy(out, peer.coming.data + peer.coming_used, size);
    peer.coming_used += size;
    return (ssize_t)size;
}

static const char *
stream_error(const struct transport_stream *stream)
{
    return "broken";
}

static void
stream_watch(struct transport_stream *stream, int events,
             void (*on_ready)(void *data, int events), void *data)
{
    peer.events = events;
    peer.on_ready = on_ready;
    peer.data = data;
}

static void
stream_close(struct transport_stream *stream)
{
    assert(peer.open);
    peer.open = false;
}

static void
set_cookie(struct transport_client *c, const struct http_cookie *cookie)
{
    if (peer.on_cookie != NULL)
        peer.on_cookie(cookie);
}

static const struct transport_ops ops = {
    .name = "a test",
    .client_create = client_create,
    .client_destroy = client_destroy,
    .connect = connect_stream,
    .stream_send = stream_send,
    .stream_receive = stream_receive,
    .stream_error = stream_error,
    .stream_watch = stream_watch,
    .stream_close = stream_close,
    .set_cookie = set_cookie,
};
struct transport fake_transport = {.ops = &ops};

void
fake_peer_reset(void)
{
    struct buf sent = peer.sent, coming = peer.coming;
    buf_clear(&sent);
    buf_clear(&coming);
    peer = (struct fake_peer){
        .sent = sent,
        .coming = coming,
        .piece = SIZE_MAX,
        .room = SIZE_MAX,
        .answers = true,
    };
}

void
fake_peer_finish(void)
{
    buf_finish(&peer.sent);
    buf_finish(&peer.coming);
}

void
fake_peer_says(const void *data, size_t size)
{
    buf_append(&peer.coming, data, size);
    if (peer.events & LOOP_READ)
        peer.on_ready(peer.data, LOOP_READ);
}

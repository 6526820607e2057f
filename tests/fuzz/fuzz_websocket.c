#include <string.h>

#include "fuzz.h"
#include "http/session.h"
#include "http/websocket.h"
#include "http/ws_handshake.h"
#include "loop/loop.h"

/* What a server says on a WebSocket: the answer to the handshake and frames.
 * The first byte chooses what stands in front of the others: 0 nothing, 1 a
 * handshake that is right, so that all of them are frames. The second is how
 * many come at a time. */

const unsigned fuzz_default_runs = 60000;

struct transport_client {
    int unused;
};
struct transport_stream {
    int unused;
};

static struct {
    struct loop *loop;
    struct session *session;
    struct transport_stream stream;
    struct transport_client client;
    struct buf sent, front;
    const uint8_t *data;
    size_t size, used, piece;
    bool good, open;
} fuzz;

static struct transport_client *
client_create(struct transport *transport)
{
    return &fuzz.client;
}

static void
client_destroy(struct transport_client *client)
{
}

static void
connect_stream(struct transport_client *client, struct transfer *transfer,
               void (*on_end)(struct transfer *))
{
    fuzz.open = true;
    transfer->stream = &fuzz.stream;
    on_end(transfer);
}

static void
answer_well(void)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    char key[WS_KEY_SIZE] = "", accept[32];
    const char *at = strstr(fuzz.sent.data, name);
    FUZZ_CHECK(at != NULL);
    memcpy(key, at + strlen(name), WS_KEY_SIZE - 1);
    ws_accept_of(key, accept);
    buf_printf(&fuzz.front,
               "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: upgrade"
               "\r\nSec-WebSocket-Accept: %s\r\n\r\n",
               accept);
}

static ssize_t
stream_send(struct transport_stream *stream, const void *data, size_t size)
{
    FUZZ_CHECK(fuzz.open);
    buf_append(&fuzz.sent, data, size);
    if (fuzz.good && fuzz.front.size == 0)
        answer_well();
    return (ssize_t)size;
}

static ssize_t
stream_receive(struct transport_stream *stream, void *out, size_t size)
{
    FUZZ_CHECK(fuzz.open);
    size_t front = fuzz.front.size;
    if (front > 0 && fuzz.used == 0) {
        FUZZ_CHECK(front <= size);
        memcpy(out, fuzz.front.data, front);
        fuzz.used = 1;
        return (ssize_t)front;
    }
    size_t skip = front > 0 ? 1 : 0;
    size_t rest = fuzz.size - (fuzz.used - skip);
    size = size < rest ? size : rest;
    size = size < fuzz.piece ? size : fuzz.piece;
    if (size == 0)
        return STREAM_ENDED;
    memcpy(out, fuzz.data + fuzz.used - skip, size);
    fuzz.used += size;
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
}

static void
stream_close(struct transport_stream *stream)
{
    FUZZ_CHECK(fuzz.open);
    fuzz.open = false;
}

static void
set_cookie(struct transport_client *client, const struct http_cookie *cookie)
{
    FUZZ_CHECK(cookie->name[0] != '\0' && cookie->path[0] == '/');
    FUZZ_CHECK(strpbrk(cookie->value, "\r\n") == NULL);
}

static const struct transport_ops ops = {
    .name = "bytes",
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
static struct transport transport = {.ops = &ops};

void
fuzz_setup(void)
{
    fuzz.loop = loop_create(NULL);
    fuzz.session = session_create(&transport);
}

void
fuzz_finish(void)
{
    session_destroy(fuzz.session);
    loop_destroy(fuzz.loop);
    buf_finish(&fuzz.sent);
    buf_finish(&fuzz.front);
}

static void
on_change(void *data)
{
}

static void
on_exchange(struct transfer *transfer)
{
}

static void
check_end(const struct websocket *ws, const struct transfer *transfer)
{
    bool opened = websocket_opened_at(ws) != 0;
    FUZZ_CHECK(opened == (transfer->fault == FAULT_NONE &&
                          transfer->response.status == 101));
    if (transfer->fault != FAULT_NONE)
        FUZZ_CHECK(transfer->fault_message[0] != '\0');
    const struct websocket_end *end = websocket_end(ws);
    if (end == NULL)
        return;
    FUZZ_CHECK(opened && end->text != NULL);
    FUZZ_CHECK(end->fault != FAULT_NONE || end->code == WS_CODE_NO_CODE ||
               ws_is_close_code(end->code));
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    buf_clear(&fuzz.sent);
    buf_clear(&fuzz.front);
    fuzz.good = data[0] == 1;
    fuzz.piece = (size_t)data[1] + 1;
    fuzz.data = data + 2;
    fuzz.size = size - 2;
    fuzz.used = 0;

    static const char url[] = "http://example.org/ws";
    struct transfer *transfer = session_begin(fuzz.session);
    transfer->on_exchange = on_exchange;
    transfer->request.timeout = NSEC_NEVER;
    FUZZ_CHECK(
        http_request_set_url(&transfer->request, NULL, url, strlen(url), NULL));
    struct websocket *ws = websocket_open(fuzz.loop, transfer,
                                          &(struct websocket_config){
                                              .protocols = "chat, other",
                                              .max_message = 1000,
                                              .max_messages = 50,
                                          },
                                          on_change, NULL);
    check_end(ws, transfer);
    struct ws_message *message;
    while ((message = websocket_take(ws)) != NULL) {
        FUZZ_CHECK(message->size <= 1000);
        FUZZ_CHECK(message->data[message->size] == '\0');
        FUZZ_CHECK(message->opcode != WS_TEXT ||
                   ws_is_utf8(message->data, message->size));
        ws_message_destroy(message);
    }
    websocket_destroy(ws);
    FUZZ_CHECK(!fuzz.open);
    session_release(transfer);
    return 0;
}

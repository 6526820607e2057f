#include <string.h>

#include "../unit/http/fake_peer.h"
#include "fuzz.h"
#include "http/session.h"
#include "http/websocket.h"
#include "loop/loop.h"

/* What a server says on a WebSocket: the answer to the handshake and frames.
 * The first byte chooses what stands in front of the others: 0 nothing, 1 a
 * handshake that is right, so that all of them are frames. The second is how
 * many come at a time. */

const unsigned fuzz_default_runs = 60000;

static struct loop *loop;
static struct session *session;

static void
on_cookie(const struct http_cookie *cookie)
{
    FUZZ_CHECK(cookie->name[0] != '\0' && cookie->path[0] == '/');
    FUZZ_CHECK(strpbrk(cookie->value, "\r\n") == NULL);
}

void
fuzz_setup(void)
{
    loop = loop_create(NULL);
    session = session_create(&fake_transport);
}

void
fuzz_finish(void)
{
    session_destroy(session);
    loop_destroy(loop);
    fake_peer_finish();
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
    fake_peer_reset();
    peer.on_cookie = on_cookie;
    peer.after = STREAM_ENDED;
    peer.piece = (size_t)data[1] + 1;
    peer.answers = data[0] == 1;
    if (peer.answers) {
        peer.behind = data + 2;
        peer.behind_size = size - 2;
    } else {
        buf_append(&peer.coming, data + 2, size - 2);
    }

    static const char url[] = "http://example.org/ws";
    struct transfer *transfer = session_begin(session);
    transfer->on_exchange = on_exchange;
    transfer->request.timeout = NSEC_NEVER;
    FUZZ_CHECK(
        http_request_set_url(&transfer->request, NULL, url, strlen(url), NULL));
    struct websocket *ws = websocket_open(loop, transfer,
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
    FUZZ_CHECK(!peer.open);
    session_release(transfer);
    return 0;
}

/* The handshake of WebSockets; what comes after is in websockets.c. */
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "serve/handlers.h"
#include "serve/websockets.h"

#define ROOM_SIZE_MAX 200

static void
on_upgrade(void *cls, struct MHD_Connection *connection, void *con_cls,
           const char *early, size_t early_size, MHD_socket fd,
           struct MHD_UpgradeResponseHandle *handle)
{
    const struct request *request = con_cls;
    static const char rooms[] = "/ws/room/";
    const char *room = strncmp(request->path, rooms, strlen(rooms)) == 0
                           ? request->path + strlen(rooms)
                           : "";
    websockets_add(cls, handle, fd, room, early, early_size);
}

static const char *
header(struct request *request, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
    return value != NULL ? value : "";
}

/* RFC 6455 section 4.2.2. */
static void
add_accept(struct MHD_Response *response, const char *key)
{
    struct buf text = {0};
    buf_printf(&text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data, text.size, digest, &size, EVP_sha1(), NULL);
    buf_clear(&text);
    base64_encode(digest, size, &text);
    MHD_add_response_header(response, "Sec-WebSocket-Accept", text.data);
    buf_finish(&text);
}

/* Of those that are offered the first. */
static void
add_protocol(struct MHD_Response *response, const char *offered)
{
    size_t size = strcspn(offered, ", \t");
    if (size == 0)
        return;
    struct buf name = {0};
    buf_append(&name, offered, size);
    MHD_add_response_header(response, "Sec-WebSocket-Protocol", name.data);
    buf_finish(&name);
}

/* RFC 9110 section 15.5.22: it names what would do. */
static enum MHD_Result
refuse_handshake(struct request *request)
{
    static const char text[] = "this is a WebSocket: connect with ws://\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(text) - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type",
                            "text/plain; charset=utf-8");
    MHD_add_response_header(response, "Connection", "Upgrade");
    MHD_add_response_header(response, "Upgrade", "websocket");
    MHD_add_response_header(response, "Sec-WebSocket-Version", "13");
    return request_reply(request, MHD_HTTP_UPGRADE_REQUIRED, response);
}

enum MHD_Result
handle_websocket(struct request *request, const char *argument)
{
    if (strcasecmp(header(request, "Upgrade"), "websocket") != 0 ||
        strcmp(header(request, "Sec-WebSocket-Version"), "13") != 0 ||
        header(request, "Sec-WebSocket-Key")[0] == '\0')
        return refuse_handshake(request);
    if (strlen(argument) > ROOM_SIZE_MAX)
        return request_reply_text(request, MHD_HTTP_BAD_REQUEST,
                                  "the name of a room has at most %d bytes\n",
                                  ROOM_SIZE_MAX);
    struct MHD_Response *response = MHD_create_response_for_upgrade(
        on_upgrade, request->target->websockets);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Upgrade", "websocket");
    add_accept(response, header(request, "Sec-WebSocket-Key"));
    add_protocol(response, header(request, "Sec-WebSocket-Protocol"));
    return request_reply(request, MHD_HTTP_SWITCHING_PROTOCOLS, response);
}

#include "http/ws_handshake.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "http/uri.h"
#include "http/url.h"

static const char *const own_headers[] = {
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Host",
    "Sec-WebSocket-Extensions",
    "Expect",
    "Sec-WebSocket-Protocol",
};
enum { OWN_HEADERS = sizeof(own_headers) / sizeof(own_headers[0]) };

void
ws_make_key(char key[WS_KEY_SIZE])
{
    unsigned char random[16];
    while (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        if (errno != EINTR)
            abort(); /* no kernel that molo runs on */
    struct buf text = {0};
    base64_encode(random, sizeof(random), &text);
    memcpy(key, text.data, WS_KEY_SIZE);
    buf_finish(&text);
}

void
ws_accept_of(const char *key, char accept[32])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct buf text = {0};
    buf_printf(&text, "%s%s", key, magic);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data, text.size, digest, &size, EVP_sha1(), NULL);
    buf_clear(&text);
    base64_encode(digest, size, &text);
    snprintf(accept, 32, "%s", text.data);
    buf_finish(&text);
}

/* --- the request --- */

bool
ws_check_headers(const struct http_request *request, struct err *err)
{
    for (int i = 0; i < OWN_HEADERS; i++) {
        if (strcmp(own_headers[i], "Host") == 0 ||
            !http_request_has_header(request, own_headers[i]))
            continue;
        bool protocol = strcmp(own_headers[i], "Sec-WebSocket-Protocol") == 0;
        return err_set(err,
                       "header '%s' cannot be set: it belongs to the "
                       "handshake%s",
                       own_headers[i],
                       protocol ? "; use the option 'protocols'" : "");
    }
    return true;
}

bool
ws_is_protocol(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    return size > 0;
}

static void
write_target(struct buf *out, const struct http_request *request)
{
    const char *target = request->url.data + request->path;
    size_t size = strcspn(target, "#");
    if (size == 0 || target[0] != '/')
        buf_append_str(out, "/");
    buf_append(out, target, size);
}

static void
write_host(struct buf *out, const struct url_parts *parts)
{
    buf_printf(out, "Host: %.*s", (int)parts->host_size, parts->host);
    if (parts->port != (parts->https ? 443 : 80))
        buf_printf(out, ":%d", parts->port);
    buf_append_str(out, "\r\n");
}

/* The same as libcurl makes of it in other requests. */
static void
write_user(struct buf *out, const struct url_parts *parts)
{
    struct buf user = {0};
    if (uri_check_escapes(parts->user, parts->user_size, NULL))
        uri_unescape(&user, parts->user, parts->user_size, false);
    else
        buf_append(&user, parts->user, parts->user_size);
    if (memchr(parts->user, ':', parts->user_size) == NULL)
        buf_append_str(&user, ":");
    buf_append_str(out, "Authorization: Basic ");
    base64_encode(user.data, user.size, out);
    buf_append_str(out, "\r\n");
    buf_finish(&user);
}

/* What follows from the URL, unless the script has it its own way. */
static void
write_url_headers(struct buf *out, const struct http_request *request)
{
    struct url_parts parts;
    if (!url_split(request->url.data, request->url.size, &parts, NULL))
        return;
    if (!http_request_has_header(request, "Host"))
        write_host(out, &parts);
    if (parts.user_size > 0 &&
        !http_request_has_header(request, "Authorization"))
        write_user(out, &parts);
}

void
ws_handshake_write(struct buf *out, const struct http_request *request,
                   const struct buf *cookies, const char *protocols,
                   const char *key)
{
    buf_append_str(out, "GET ");
    write_target(out, request);
    buf_append_str(out, " HTTP/1.1\r\n");
    write_url_headers(out, request);
    buf_append_str(out, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    buf_printf(out, "Sec-WebSocket-Key: %s\r\n", key);
    buf_append_str(out, "Sec-WebSocket-Version: 13\r\n");
    if (protocols != NULL)
        buf_printf(out, "Sec-WebSocket-Protocol: %s\r\n", protocols);
    if (!http_request_has_header(request, "User-Agent"))
        buf_append_str(out, "User-Agent: " HTTP_USER_AGENT "\r\n");
    bool cookies_written = cookies->size == 0;
    const char *line = request->headers.data;
    for (size_t i = 0; i < request->header_count; i++) {
        buf_append_str(out, line);
        if (!cookies_written && strncasecmp(line, "Cookie:", 7) == 0) {
            buf_printf(out, "; %s", cookies->data);
            cookies_written = true;
        }
        buf_append_str(out, "\r\n");
        line += strlen(line) + 1;
    }
    if (!cookies_written)
        buf_printf(out, "Cookie: %s\r\n", cookies->data);
    buf_append_str(out, "\r\n");
}

/* --- whether an answer agrees --- */

static const char *
find_header(const struct http_response *response, const char *name,
            size_t *value_size)
{
    return http_header_find(response->headers.data, response->headers.size,
                            name, value_size);
}

static bool
has_word(const struct http_response *response, const char *name,
         const char *word)
{
    return http_header_has_word(response->headers.data, response->headers.size,
                                name, word);
}

static bool __attribute__((format(printf, 2, 3)))
disagree(struct transfer *transfer, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    transfer_fail(transfer, FAULT_PROTOCOL, "receive",
                  "bad WebSocket handshake: %s", text);
    return false;
}

/* One of "chat, superchat"; unlike names of headers, these have a case. */
static bool
is_offered(const char *protocols, const char *chosen, size_t size)
{
    while (*protocols != '\0') {
        size_t length = strcspn(protocols, ", ");
        if (length == size && memcmp(protocols, chosen, size) == 0)
            return true;
        protocols += length;
        protocols += strspn(protocols, ", ");
    }
    return false;
}

static bool
check_protocol(struct transfer *transfer, const char *protocols,
               struct buf *protocol)
{
    size_t size;
    const char *chosen =
        find_header(&transfer->response, "Sec-WebSocket-Protocol", &size);
    if (chosen == NULL)
        return true;
    char name[128];
    snprintf(name, sizeof(name), "%.*s", size > 100 ? 100 : (int)size, chosen);
    if (protocols == NULL)
        return disagree(transfer,
                        "the server chose the subprotocol '%s', and none was "
                        "asked for",
                        name);
    if (!is_offered(protocols, chosen, size))
        return disagree(transfer,
                        "the server chose the subprotocol '%s', which is none "
                        "of: %.80s",
                        name, protocols);
    buf_append(protocol, chosen, size);
    return true;
}

bool
ws_handshake_agrees(struct transfer *transfer, const char *key,
                    const char *protocols, struct buf *protocol)
{
    const struct http_response *response = &transfer->response;
    size_t size;
    if (find_header(response, "Upgrade", &size) == NULL)
        return disagree(transfer, "the header Upgrade is missing");
    if (!has_word(response, "Upgrade", "websocket"))
        return disagree(transfer, "the header Upgrade is not 'websocket'");
    if (!has_word(response, "Connection", "upgrade"))
        return disagree(transfer, "the header Connection is not 'Upgrade'");
    const char *accept = find_header(response, "Sec-WebSocket-Accept", &size);
    if (accept == NULL)
        return disagree(transfer, "the header Sec-WebSocket-Accept is missing");
    char wanted[32];
    ws_accept_of(key, wanted);
    if (size != strlen(wanted) || memcmp(accept, wanted, size) != 0)
        return disagree(transfer,
                        "Sec-WebSocket-Accept is '%.*s', which does not answer "
                        "the key (that would be '%s')",
                        size > 60 ? 60 : (int)size, accept, wanted);
    const char *extensions =
        find_header(response, "Sec-WebSocket-Extensions", &size);
    if (extensions != NULL && size > 0)
        return disagree(transfer,
                        "the server uses the extension '%.*s', and none was "
                        "asked for",
                        size > 100 ? 100 : (int)size, extensions);
    return check_protocol(transfer, protocols, protocol);
}

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
        buf_append_str(out, "User-Agent: molo/" MOLO_VERSION "\r\n");
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

/* --- the answer --- */

void
ws_answer_finish(struct ws_answer *answer)
{
    buf_finish(&answer->raw);
}

/* Size of the header block that `data` begins with, its empty line included; 0:
 * not complete. */
static size_t
find_head_end(const char *data, size_t size)
{
    const char *end = data + size;
    for (const char *p = data; (p = memchr(p, '\n', (size_t)(end - p)));) {
        p++;
        if (p < end && *p == '\n')
            return (size_t)(p + 1 - data);
        if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
            return (size_t)(p + 2 - data);
    }
    return 0;
}

/* "HTTP/1.1 101 ...": the status; 0: it is none. */
static int
parse_status_line(const char *line, size_t size, int *version)
{
    if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 ||
        (line[7] != '0' && line[7] != '1') || line[8] != ' ')
        return 0;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return 0;
        status = status * 10 + line[i] - '0';
    }
    *version = 10 + line[7] - '0';
    bool ends = size == 12 || line[12] == ' ' || line[12] == '\r';
    return ends && status >= 100 ? status : 0;
}

static const char *
find_header(const struct http_response *response, const char *wanted,
            size_t *value_size)
{
    return http_header_find(response->headers.data, response->headers.size,
                            wanted, value_size);
}

/* True if one of the comma-separated words is `word`. */
static bool
has_word(const char *list, size_t size, const char *word)
{
    const char *end = list + size;
    while (list < end) {
        while (list < end && (*list == ' ' || *list == ',' || *list == '\t'))
            list++;
        const char *start = list;
        while (list < end && *list != ' ' && *list != ',' && *list != '\t')
            list++;
        if (http_name_is(start, (size_t)(list - start), word))
            return true;
    }
    return false;
}

static bool
any_header_has_word(const struct http_response *response, const char *wanted,
                    const char *word)
{
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(response->headers.data, response->headers.size,
                            &pos, &name, &name_size, &value, &value_size))
        if (http_name_is(name, name_size, wanted) &&
            has_word(value, value_size, word))
            return true;
    return false;
}

static enum ws_answer_status
take_head(struct ws_answer *answer, struct transfer *transfer)
{
    struct http_response *response = &transfer->response;
    const char *head = answer->raw.data + answer->skipped;
    size_t size = answer->raw.size - answer->skipped;
    const char *line_end = memchr(head, '\n', size);
    size_t line_size = line_end != NULL ? (size_t)(line_end - head) : size;
    int version = 0;
    bool begun = size < 7 ? memcmp(head, "HTTP/1.", size) == 0
                          : memcmp(head, "HTTP/1.", 7) == 0;
    int status = parse_status_line(head, line_size, &version);
    if (!begun || (line_end != NULL && status == 0)) {
        transfer_fail(transfer, FAULT_PROTOCOL, "receive",
                      "the answer is not HTTP/1.1");
        return WS_ANSWER_FAULT;
    }
    size_t head_size = find_head_end(head, size);
    if (answer->skipped + (head_size > 0 ? head_size : size) > WS_HEAD_MAX) {
        transfer_fail(transfer, FAULT_TOO_LARGE, "receive",
                      "the headers are larger than %d kB", WS_HEAD_MAX / 1024);
        return WS_ANSWER_FAULT;
    }
    if (head_size == 0)
        return WS_ANSWER_MORE;
    if (status < 200 && status != 101) {
        answer->skipped += head_size;
        return WS_ANSWER_MORE;
    }
    answer->head_size = answer->skipped + head_size;
    response->status = status;
    response->http_version = version;
    buf_append(&response->headers, head + line_size + 1,
               head_size - line_size - 1);
    answer->body_size = -1;
    size_t value_size;
    const char *length = find_header(response, "Content-Length", &value_size);
    if (status == 204 || status == 304)
        answer->body_size = 0;
    else if (any_header_has_word(response, "Transfer-Encoding", "chunked"))
        answer->chunked = true;
    else if (length != NULL && value_size > 0 && value_size < 16 &&
             strspn(length, "0123456789") >= value_size)
        answer->body_size = strtoll(length, NULL, 10);
    return WS_ANSWER_COMPLETE;
}

/* Interim answers may come in front of it. */
static enum ws_answer_status
take_heads(struct ws_answer *answer, struct transfer *transfer)
{
    enum ws_answer_status status = WS_ANSWER_MORE;
    size_t before = SIZE_MAX;
    while (status == WS_ANSWER_MORE && answer->skipped != before &&
           answer->skipped < answer->raw.size) {
        before = answer->skipped;
        status = take_head(answer, transfer);
    }
    return status;
}

/* Takes the framing of a chunked body away. True: the last chunk was there, or
 * something that is none. */
static bool
decode_chunks(const char *data, size_t size, struct buf *out)
{
    const char *end = data + size;
    while (data < end) {
        const char *line_end = memchr(data, '\n', (size_t)(end - data));
        if (line_end == NULL)
            return false;
        char *digits_end;
        unsigned long chunk = strtoul(data, &digits_end, 16);
        if (digits_end == data || digits_end > line_end || chunk == 0)
            return true;
        data = line_end + 1;
        if (chunk > (size_t)(end - data)) {
            buf_append(out, data, (size_t)(end - data));
            return false;
        }
        buf_append(out, data, chunk);
        data += chunk;
        const char *next = memchr(data, '\n', (size_t)(end - data));
        if (next == NULL)
            return false;
        data = next + 1;
    }
    return false;
}

/* The body of an answer that refuses: what fits is kept, for the error. */
static enum ws_answer_status
take_body(struct ws_answer *answer, bool ended, struct transfer *transfer)
{
    struct buf *body = &transfer->response.body;
    const char *data = answer->raw.data + answer->head_size;
    size_t size = answer->raw.size - answer->head_size;
    bool complete = ended || size >= WS_BODY_MAX;
    if (size > WS_BODY_MAX)
        size = WS_BODY_MAX;
    buf_clear(body);
    if (answer->chunked) {
        complete = decode_chunks(data, size, body) || complete;
    } else {
        if (answer->body_size >= 0 && (int64_t)size >= answer->body_size) {
            size = (size_t)answer->body_size;
            complete = true;
        }
        buf_append(body, data, size);
    }
    answer->used = answer->raw.size;
    return complete ? WS_ANSWER_COMPLETE : WS_ANSWER_MORE;
}

static void
fail_ended(const struct ws_answer *answer, struct transfer *transfer)
{
    if (answer->raw.size == 0)
        transfer_fail(transfer, FAULT_RESET, "wait",
                      "connection closed without an answer");
    else if (answer->raw.size == answer->skipped)
        transfer_fail(transfer, FAULT_RESET, "receive",
                      "connection closed without an answer");
    else
        transfer_fail(transfer, FAULT_PROTOCOL, "receive",
                      "connection closed in the middle of the header");
}

enum ws_answer_status
ws_answer_read(struct ws_answer *answer, const void *data, size_t size,
               bool ended, struct transfer *transfer)
{
    if (size > 0)
        buf_append(&answer->raw, data, size);
    if (answer->head_size == 0) {
        enum ws_answer_status status = take_heads(answer, transfer);
        if (status == WS_ANSWER_MORE && ended) {
            fail_ended(answer, transfer);
            return WS_ANSWER_FAULT;
        }
        if (status != WS_ANSWER_COMPLETE)
            return status;
    }
    if (transfer->response.status != 101)
        return take_body(answer, ended, transfer);
    answer->used = answer->head_size;
    return WS_ANSWER_COMPLETE;
}

/* --- whether it agrees --- */

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
ws_answer_agrees(struct transfer *transfer, const char *key,
                 const char *protocols, struct buf *protocol)
{
    const struct http_response *response = &transfer->response;
    size_t size;
    if (find_header(response, "Upgrade", &size) == NULL)
        return disagree(transfer, "the header Upgrade is missing");
    if (!any_header_has_word(response, "Upgrade", "websocket"))
        return disagree(transfer, "the header Upgrade is not 'websocket'");
    if (!any_header_has_word(response, "Connection", "upgrade"))
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

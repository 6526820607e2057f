#include "http/ws_answer.h"

#include <stdlib.h>
#include <string.h>

/* What a server of TLS says to a request for HTTP begins so (RFC 8446, 5.1). */
#define TLS_ALERT 0x15

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
                      head[0] == TLS_ALERT
                          ? "the answer is TLS: should the URL begin with "
                            "wss://?"
                          : "the answer is not HTTP/1.1");
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
    const struct buf *headers = &response->headers;
    const char *length = http_header_find(headers->data, headers->size,
                                          "Content-Length", &value_size);
    if (status == 204 || status == 304)
        answer->body_size = 0;
    else if (http_header_has_word(headers->data, headers->size,
                                  "Transfer-Encoding", "chunked"))
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

#include "http/wire_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/redact.h"
#include "http/transfer.h"
#include "http/wire_brief.h"

enum {
    SHOWN_MAX = 4 * 1024, /* of a body */
    /* Kept beyond that, so that a secret at the edge is still found whole. */
    KEPT_MAX = 2 * SHOWN_MAX,
    TYPE_MAX = 128,
    SECRET_MIN = 4, /* shorter ones turn up by chance */
};

/* One direction's body. */
struct body_view {
    struct buf kept;
    uint64_t size; /* all of it */
    char type[TYPE_MAX];
    char encoding[TYPE_MAX];
    bool shown;
};

struct wire_view {
    uint64_t number;
    struct wire_viewer *viewer;
    struct body_view sent, received;
    uint64_t head_received; /* bytes */
    struct buf secrets;     /* that were sent, each ended by NUL */
};

/* --- lines --- */

static void
begin_line(struct buf *out, const struct transfer *transfer, char direction)
{
    const struct wire_view *view = transfer->view;
    double ms = (double)(clock_now() - transfer->started_at) / NSEC_PER_MSEC;
    buf_printf(out, "%c ", direction);
    wire_brief_append_who(out, view->viewer, view->number);
    buf_printf(out, " +%.3fms] ", ms);
}

/* Whoever asks for the view gets it with -q, too. */
static void
print(struct buf *lines)
{
    if (lines->size > 0)
        log_text(LOG_ERROR, lines->data);
    buf_finish(lines);
}

static void
append_text(struct buf *out, const struct transfer *transfer, char direction,
            const char *data, size_t size, const unsigned char *mask)
{
    for (size_t pos = 0; pos < size;) {
        const char *newline = memchr(data + pos, '\n', size - pos);
        size_t end = newline != NULL ? (size_t)(newline - data) : size;
        size_t line_size = end - pos;
        if (newline != NULL && line_size > 0 && data[end - 1] == '\r')
            line_size--;
        begin_line(out, transfer, direction);
        redact_append(out, data + pos, line_size, mask + pos);
        buf_append_str(out, "\n");
        pos = end + 1;
    }
}

static void
print_note(const struct transfer *transfer, const char *text)
{
    struct buf line = {0};
    begin_line(&line, transfer, '*');
    buf_append_str(&line, text);
    buf_append_str(&line, "\n");
    print(&line);
}

/* --- secrets of this exchange --- */

/* A server may send back what it was told, in whatever form: what was hidden
 * when it was sent is hidden in the answer, too. */
static void
learn_secrets(struct wire_view *view, const char *data, size_t size,
              const unsigned char *mask)
{
    for (size_t pos = 0; pos < size; pos++) {
        if (!mask[pos])
            continue;
        size_t from = pos;
        while (pos < size && mask[pos])
            pos++;
        size_t end = pos;
        if (end - from >= 2 && data[from] == '"' && data[end - 1] == '"') {
            from++;
            end--;
        }
        if (end - from < SECRET_MIN || memchr(data + from, '\0', end - from))
            continue;
        buf_append(&view->secrets, data + from, end - from);
        buf_append(&view->secrets, "", 1);
    }
}

static void
mark_secrets(const struct wire_view *view, const char *data, size_t size,
             unsigned char *mask)
{
    for (size_t pos = 0; pos < view->secrets.size;) {
        const char *secret = view->secrets.data + pos;
        redact_mark_text(data, size, secret, mask);
        pos += strlen(secret) + 1;
    }
}

/* --- bodies --- */

/* What a person would not read. A character that is cut by the end is fine
 * where the text goes on. */
static bool
is_binary(const char *data, size_t size, bool goes_on)
{
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)data[i];
        if ((c < 0x20 && memchr("\t\n\r\f\x1b", c, 5) == NULL) || c == 0x7f)
            return true;
        size_t length = utf8_length(data + i, size - i);
        if (length == 0)
            return !(goes_on && size - i < 4 && c >= 0xc2);
        i += length;
    }
    return false;
}

static void
append_binary(struct buf *out, const struct transfer *transfer, char direction,
              uint64_t size, const char *encoding)
{
    begin_line(out, transfer, direction);
    buf_printf(out, "[%llu bytes of binary", (unsigned long long)size);
    if (encoding[0] != '\0') {
        unsigned char mask[TYPE_MAX] = {0};
        buf_append_str(out, ", encoded as ");
        redact_append(out, encoding, strlen(encoding), mask);
    }
    buf_append_str(out, "]\n");
}

/* Parts that are text are shown; of others their size. */
static void
append_parts(struct buf *out, const struct transfer *transfer, char direction,
             const char *data, size_t size, bool goes_on,
             const unsigned char *mask)
{
    size_t pos = 0;
    while (pos < size) {
        /* A head, from the delimiter to the empty line. */
        const char *empty = memmem(data + pos, size - pos, "\r\n\r\n", 4);
        size_t head_end = empty != NULL ? (size_t)(empty - data) + 4 : size;
        append_text(out, transfer, direction, data + pos, head_end - pos,
                    mask + pos);
        pos = head_end;
        const char *next = memmem(data + pos, size - pos, "\r\n--", 4);
        size_t end = next != NULL ? (size_t)(next - data) : size;
        if (is_binary(data + pos, end - pos, goes_on && next == NULL))
            append_binary(out, transfer, direction, end - pos, "");
        else
            append_text(out, transfer, direction, data + pos, end - pos,
                        mask + pos);
        pos = next != NULL ? end + 2 : size;
    }
}

static void
show_body(const struct transfer *transfer, char direction,
          struct body_view *body)
{
    if (body->shown || body->size == 0)
        return;
    body->shown = true;
    const char *data = body->kept.data;
    size_t size = body->kept.size;
    unsigned char *mask = xcalloc(1, size);
    redact_mark_body(data, size, body->type, mask);
    if (direction == '>')
        learn_secrets(transfer->view, data, size, mask);
    else
        mark_secrets(transfer->view, data, size, mask);
    if (size > SHOWN_MAX)
        size = SHOWN_MAX;
    bool goes_on = body->size > size;
    struct buf out = {0};
    bool parts = strncasecmp(body->type, "multipart/", 10) == 0;
    if (parts) {
        append_parts(&out, transfer, direction, data, size, goes_on, mask);
    } else if (is_binary(data, size, goes_on)) {
        append_binary(&out, transfer, direction, body->size, body->encoding);
        goes_on = false;
    } else {
        append_text(&out, transfer, direction, data, size, mask);
    }
    if (goes_on) {
        begin_line(&out, transfer, direction);
        buf_printf(&out, "[%llu more bytes]\n",
                   (unsigned long long)(body->size - size));
    }
    print(&out);
    free(mask);
}

static void
take_body(struct body_view *body, const char *data, size_t size)
{
    body->size += size;
    size_t room = KEPT_MAX - body->kept.size;
    if (size > 0 && room > 0)
        buf_append(&body->kept, data, size < room ? size : room);
}

static void
reset_body(struct body_view *body)
{
    buf_clear(&body->kept);
    body->size = 0;
    body->type[0] = '\0';
    body->encoding[0] = '\0';
    body->shown = false;
}

static void
copy_header(char out[TYPE_MAX], const char *head, size_t size, const char *name)
{
    size_t value_size;
    const char *value = http_header_find(head, size, name, &value_size);
    if (value == NULL)
        return;
    if (value_size >= TYPE_MAX)
        value_size = TYPE_MAX - 1;
    memcpy(out, value, value_size);
    out[value_size] = '\0';
}

/* Looks for what says how to read the body. */
static void
read_head(struct body_view *body, const char *head, size_t size)
{
    copy_header(body->type, head, size, "Content-Type");
    copy_header(body->encoding, head, size, "Content-Encoding");
}

/* --- what transports tell --- */

/* libcurl's notes also quote headers, cookies and user names. These do not. */
static bool
is_about_connection(const char *text, size_t size)
{
    static const char *const beginnings[] = {
        "  Trying ",
        "Trying ",
        "Connected to ",
        "connect to ",
        "Could not resolve ",
        "Connection timed out",
        "Connection #",
        "Connection died",
        "Closing connection",
        "Re-using existing connection",
        "Establish",
        "Proxy replied",
        "CONNECT ",
        "SOCKS",
        "SSL connection using",
        "SSL certificate",
        "ALPN",
        "Using HTTP",
        "Failed to connect",
        "Recv failure",
        "Send failure",
        "Empty reply",
        "HTTP/2 stream",
        "upload completely sent",
        "We are completely uploaded",
    };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        size_t length = strlen(beginnings[i]);
        if (size >= length && memcmp(text, beginnings[i], length) == 0)
            return true;
    }
    return false;
}

void
wire_view_note(struct transfer *transfer, const char *text, size_t size)
{
    if (transfer->view == NULL || !is_about_connection(text, size))
        return;
    while (size > 0 && (text[0] == ' ' || text[0] == '*')) {
        text++;
        size--;
    }
    struct buf out = {0};
    unsigned char *mask = xcalloc(1, size + 1);
    redact_mark_urls(text, size, mask);
    append_text(&out, transfer, '*', text, size, mask);
    print(&out);
    free(mask);
}

static void
show_head(struct transfer *transfer, char direction, const char *head,
          size_t size)
{
    struct buf out = {0};
    unsigned char *mask = xcalloc(1, size + 1);
    redact_mark_head(head, size, mask);
    if (direction == '>')
        learn_secrets(transfer->view, head, size, mask);
    else
        mark_secrets(transfer->view, head, size, mask);
    append_text(&out, transfer, direction, head, size, mask);
    print(&out);
    free(mask);
}

void
wire_view_head_sent(struct transfer *transfer, const char *head, size_t size)
{
    struct wire_view *view = transfer->view;
    if (view == NULL)
        return;
    show_body(transfer, '>', &view->sent);
    reset_body(&view->sent);
    read_head(&view->sent, head, size);
    show_head(transfer, '>', head, size);
}

void
wire_view_body_sent(struct transfer *transfer, const char *data, size_t size)
{
    if (transfer->view != NULL)
        take_body(&transfer->view->sent, data, size);
}

void
wire_view_head_received(struct transfer *transfer, const char *lines,
                        size_t size)
{
    struct wire_view *view = transfer->view;
    if (view == NULL)
        return;
    show_body(transfer, '>', &view->sent);
    view->head_received += size;
    if (size >= 5 && memcmp(lines, "HTTP/", 5) == 0) {
        show_body(transfer, '<', &view->received);
        reset_body(&view->received);
    }
    read_head(&view->received, lines, size);
    show_head(transfer, '<', lines, size);
}

void
wire_view_body_received(struct transfer *transfer, const char *data,
                        size_t size)
{
    struct wire_view *view = transfer->view;
    if (view == NULL)
        return;
    take_body(&view->received, data, size);
    /* Events may come for hours: each piece is shown when it is there. */
    if (strncasecmp(view->received.type, "text/event-stream", 17) == 0) {
        show_body(transfer, '<', &view->received);
        buf_clear(&view->received.kept);
        view->received.shown = false;
        view->received.size = 0;
    }
}

/* --- what the session tells --- */

void
wire_view_begin(struct transfer *transfer, struct wire_viewer *viewer)
{
    if (viewer == NULL)
        return;
    viewer->requests++;
    transfer->view_number = viewer->requests;
    if (log_get_level() >= LOG_DEBUG)
        wire_brief_request(transfer, viewer);
    if (!viewer->full)
        return;
    struct wire_view *view = xcalloc(1, sizeof(*view));
    view->viewer = viewer;
    view->number = viewer->requests;
    transfer->view = view;
}

/* "decoded from": what libcurl gave us is not what came. */
static void
note_decoded(const struct transfer *transfer)
{
    const struct wire_view *view = transfer->view;
    const struct body_view *body = &view->received;
    if (body->encoding[0] == '\0' || body->size == 0 ||
        transfer->bytes_received <= view->head_received)
        return;
    uint64_t wire = transfer->bytes_received - view->head_received;
    if (wire == body->size)
        return;
    char text[128];
    snprintf(text, sizeof(text), "body: %llu bytes, from %llu on the wire",
             (unsigned long long)body->size, (unsigned long long)wire);
    print_note(transfer, text);
}

void
wire_view_end(struct transfer *transfer, struct wire_viewer *viewer,
              bool aborted)
{
    if (viewer == NULL)
        return;
    struct wire_view *view = transfer->view;
    if (view != NULL) {
        show_body(transfer, '>', &view->sent);
        show_body(transfer, '<', &view->received);
        note_decoded(transfer);
        struct buf text = {0};
        wire_brief_append_outcome(&text, transfer, aborted);
        print_note(transfer, text.data);
        buf_finish(&text);
        buf_finish(&view->sent.kept);
        buf_finish(&view->received.kept);
        buf_finish(&view->secrets);
        free(view);
        transfer->view = NULL;
    }
    if (log_get_level() >= LOG_DEBUG)
        wire_brief_answer(transfer, viewer, aborted);
}

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/curl_impl.h"
#include "http/wire_view.h"

static bool
line_starts(const char *line, size_t size, const char *name)
{
    size_t name_size = strlen(name);
    return size > name_size && strncasecmp(line, name, name_size) == 0;
}

/* libcurl strips the framing of a chunked body and does not tell its size, and
 * forgets that of a challenge when it answers it. To its debug callback it
 * shows what arrived; that costs something, so it is asked to only once there
 * is such an answer. */
void
exchange_show(struct exchange *x, bool on)
{
    if (x->verbose != on)
        curl_easy_setopt(x->easy, CURLOPT_VERBOSE, on ? 1L : 0L);
    x->verbose = on;
}

static void
count_raw_body(struct exchange *x)
{
    x->seen.counts_raw = true;
    exchange_show(x, true);
}

int
exchange_on_debug(CURL *easy, curl_infotype type, char *data, size_t size,
                  void *user)
{
    struct exchange *x = user;
    /* Connections that are closed later have nobody to tell. */
    struct transfer *transfer = x->transfer;
    if (transfer == NULL)
        return 0;
    switch (type) {
    case CURLINFO_TEXT:
        wire_view_note(transfer, data, size);
        break;
    case CURLINFO_HEADER_OUT:
        wire_view_head_sent(transfer, data, size);
        break;
    case CURLINFO_DATA_OUT:
        wire_view_body_sent(transfer, data, size);
        break;
    case CURLINFO_HEADER_IN:
        wire_view_head_received(transfer, data, size);
        break;
    case CURLINFO_DATA_IN:
        if (x->seen.counts_raw)
            x->seen.raw_bytes += size;
        break;
    case CURLINFO_SSL_DATA_IN:
    case CURLINFO_SSL_DATA_OUT:
    case CURLINFO_END:
        break;
    }
    return 0;
}

/* libcurl goes by the last of several lengths, and by the first of a list; RFC
 * 9112 section 6.3 asks to give up, as nobody can tell where the next answer
 * begins. False: give up. */
static bool
note_length(struct exchange *x, const char *value)
{
    for (;;) {
        char *end;
        int64_t length = strtoll(value, &end, 10);
        if (end == value)
            return true; /* libcurl refuses it */
        if (x->seen.content_length >= 0 && length != x->seen.content_length) {
            x->seen.length_conflict = true;
            return false;
        }
        x->seen.content_length = length;
        value = end + strspn(end, " \t");
        if (*value != ',')
            return true;
        value++;
    }
}

/* libcurl ends the line with CR, LF or NUL. */
static bool
note_framing(struct exchange *x, const char *line, size_t size)
{
    static const char length[] = "Content-Length:";
    static const char encoding[] = "Transfer-Encoding:";
    if ((line[0] | 0x20) == 'c' && line_starts(line, size, length))
        return note_length(x, line + strlen(length));
    if ((line[0] | 0x20) == 't' && line_starts(line, size, encoding))
        count_raw_body(x);
    return true;
}

static void
note_status_line(struct exchange *x, const char *line, size_t size)
{
    static const char go_on[] = "HTTP/1.1 100";
    if (x->mode == MODE_BODY && line_starts(line, size, go_on))
        /* It is the body that is answered, which goes out only now. */
        x->seen.handed_over_at = 0;
    else if (x->seen.first_byte_at == 0)
        x->seen.first_byte_at = clock_now();
}

/* Trailers and interim (1xx) answers are not the answer's headers: a new status
 * line starts over, and nothing is taken after the last block. */
size_t
exchange_on_header(char *data, size_t size, size_t count, void *user)
{
    struct exchange *x = user;
    size *= count;
    struct http_response *response = &x->transfer->response;
    struct buf *headers = &response->headers;
    bool starts = !x->seen.block_open;
    if (starts) {
        if (size < 5 || memcmp(data, "HTTP/", 5) != 0)
            return size;
        buf_clear(headers);
        x->seen.block_open = true;
        x->seen.content_length = -1;
    }
    x->seen.header_bytes += size;
    if (x->seen.header_bytes > EXCHANGE_HEADERS_MAX) {
        x->seen.too_large = true;
        return 0;
    }
    if (starts) {
        note_status_line(x, data, size);
        return size;
    }
    if (data[0] == '\r' || data[0] == '\n') {
        x->seen.block_open = false;
        x->seen.answered = true;
        if (exchange_may_authenticate(x))
            count_raw_body(x);
        exchange_note_head(x);
        return size;
    }
    if (!note_framing(x, data, size))
        return 0;
    /* A folded line continues the one before (RFC 9112 section 5.2). */
    if ((data[0] == ' ' || data[0] == '\t') && headers->size >= 2) {
        while (headers->size > 0 && (headers->data[headers->size - 1] == '\n' ||
                                     headers->data[headers->size - 1] == '\r'))
            headers->size--;
    }
    if ((data[0] | 0x20) == 's' && line_starts(data, size, "Set-Cookie:"))
        x->seen.got_cookies = true;
    buf_append(headers, data, size);
    return size;
}

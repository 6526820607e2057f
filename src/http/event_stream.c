#include "http/event_stream.h"

#include <string.h>

static const char byte_order_mark[3] = {'\xef', '\xbb', '\xbf'};

/* Nobody waits longer for a reconnection; keeps the sum of digits in range. */
#define RETRY_MAX_MSEC (INT64_C(24) * 60 * 60 * 1000)

void
event_stream_finish(struct event_stream *stream)
{
    buf_finish(&stream->line);
    buf_finish(&stream->data);
    buf_finish(&stream->type);
    buf_finish(&stream->id);
    buf_finish(&stream->last_id);
}

void
event_stream_restart(struct event_stream *stream)
{
    buf_clear(&stream->line);
    buf_clear(&stream->data);
    buf_clear(&stream->type);
    buf_clear(&stream->id);
    if (stream->last_id.size > 0)
        buf_append(&stream->id, stream->last_id.data, stream->last_id.size);
    stream->begun = false;
    stream->after_cr = false;
    stream->complete = false;
}

static void
set(struct buf *buf, const char *data, size_t size)
{
    buf_clear(buf);
    if (size > 0)
        buf_append(buf, data, size);
}

static void
take_retry(struct event_stream *stream, const char *value, size_t size)
{
    int64_t msec = 0;
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9')
            return;
        msec = msec * 10 + (value[i] - '0');
        if (msec > RETRY_MAX_MSEC)
            msec = RETRY_MAX_MSEC;
    }
    if (size == 0)
        return;
    stream->retry = msec * NSEC_PER_MSEC;
    stream->retry_told = true;
}

static bool
is_field(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && memcmp(name, wanted, size) == 0;
}

static void
take_field(struct event_stream *stream, const char *name, size_t name_size,
           const char *value, size_t size)
{
    if (is_field(name, name_size, "data")) {
        if (size > 0)
            buf_append(&stream->data, value, size);
        buf_append(&stream->data, "\n", 1);
    } else if (is_field(name, name_size, "event")) {
        set(&stream->type, value, size);
    } else if (is_field(name, name_size, "id")) {
        if (size == 0 || memchr(value, '\0', size) == NULL)
            set(&stream->id, value, size);
    } else if (is_field(name, name_size, "retry")) {
        take_retry(stream, value, size);
    }
}

/* True: an event is complete. */
static bool
dispatch(struct event_stream *stream)
{
    set(&stream->last_id, stream->id.data, stream->id.size);
    if (stream->data.size == 0) {
        buf_clear(&stream->type);
        return false;
    }
    /* The LF behind the last line. */
    stream->data.data[--stream->data.size] = '\0';
    stream->complete = true;
    return true;
}

/* True: an event is complete. */
static bool
end_line(struct event_stream *stream)
{
    const char *line = stream->line.data;
    size_t size = stream->line.size;
    if (!stream->begun && size >= sizeof(byte_order_mark) &&
        memcmp(line, byte_order_mark, sizeof(byte_order_mark)) == 0) {
        line += sizeof(byte_order_mark);
        size -= sizeof(byte_order_mark);
    }
    stream->begun = true;
    if (size == 0) {
        buf_clear(&stream->line);
        return dispatch(stream);
    }
    const char *colon = memchr(line, ':', size);
    size_t name_size = colon != NULL ? (size_t)(colon - line) : size;
    const char *value = line + name_size;
    size_t value_size = size - name_size;
    if (colon != NULL) {
        value++;
        value_size--;
        if (value_size > 0 && value[0] == ' ') {
            value++;
            value_size--;
        }
    }
    take_field(stream, line, name_size, value, value_size);
    buf_clear(&stream->line);
    return false;
}

/* Where the line ends, or `size`. */
static size_t
find_end(const char *data, size_t size)
{
    size_t at = 0;
    while (at < size && data[at] != '\n' && data[at] != '\r')
        at++;
    return at;
}

enum event_stream_status
event_stream_read(struct event_stream *stream, const char *data, size_t size,
                  size_t *used)
{
    if (stream->complete) {
        buf_clear(&stream->data);
        buf_clear(&stream->type);
        stream->complete = false;
    }
    size_t at = 0;
    while (at < size) {
        if (stream->after_cr) {
            stream->after_cr = false;
            if (data[at] == '\n') {
                at++;
                continue;
            }
        }
        size_t length = find_end(data + at, size - at);
        if (length > 0)
            buf_append(&stream->line, data + at, length);
        at += length;
        /* Also of a line that never ends. */
        if (stream->line.size + stream->data.size > stream->limit) {
            *used = at;
            return EVENT_STREAM_TOO_LARGE;
        }
        if (at == size)
            break;
        stream->after_cr = data[at] == '\r';
        at++;
        if (end_line(stream)) {
            *used = at;
            return EVENT_STREAM_EVENT;
        }
    }
    *used = size;
    return EVENT_STREAM_MORE;
}

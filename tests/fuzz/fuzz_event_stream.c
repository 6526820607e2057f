#include <string.h>

#include "fuzz.h"
#include "http/event_stream.h"

/* A stream of events, whole and byte by byte: the same events come out. */

const unsigned fuzz_default_runs = 100000;

enum { LIMIT = 256 };

void
fuzz_setup(void)
{
}

void
fuzz_finish(void)
{
}

static void
append_text(struct buf *out, const struct buf *text)
{
    buf_append(out, &text->size, sizeof(text->size));
    if (text->size > 0)
        buf_append(out, text->data, text->size);
}

static void
read_in_steps(const char *data, size_t size, size_t step, struct buf *out)
{
    struct event_stream stream = {.limit = LIMIT};
    enum event_stream_status status = EVENT_STREAM_MORE;
    size_t at = 0;
    while (at < size && status != EVENT_STREAM_TOO_LARGE) {
        size_t most = size - at < step ? size - at : step;
        size_t used = 0;
        status = event_stream_read(&stream, data + at, most, &used);
        FUZZ_CHECK(used > 0 && used <= most);
        FUZZ_CHECK(status != EVENT_STREAM_MORE || used == most);
        FUZZ_CHECK(stream.retry >= 0);
        at += used;
        if (status != EVENT_STREAM_EVENT)
            continue;
        FUZZ_CHECK(stream.data.size <= LIMIT);
        append_text(out, &stream.type);
        append_text(out, &stream.data);
        append_text(out, &stream.last_id);
    }
    /* Where it is too large depends on how much came at once. */
    if (status == EVENT_STREAM_TOO_LARGE)
        buf_append_str(out, "too large");
    event_stream_restart(&stream);
    event_stream_finish(&stream);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, bytes = {0};
    read_in_steps((const char *)data, size, SIZE_MAX, &whole);
    read_in_steps((const char *)data, size, 1, &bytes);
    FUZZ_CHECK(whole.size == bytes.size);
    FUZZ_CHECK(whole.size == 0 ||
               memcmp(whole.data, bytes.data, whole.size) == 0);
    buf_finish(&whole);
    buf_finish(&bytes);
    return 0;
}

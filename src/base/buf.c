#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void
buf_reserve(struct buf *buf, size_t more)
{
    assert(more < SIZE_MAX / 2 - buf->size);
    size_t needed = buf->size + more + 1;
    if (needed <= buf->capacity)
        return;
    size_t capacity = buf->capacity > 0 ? buf->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    buf->data = xrealloc(buf->data, capacity);
    buf->capacity = capacity;
}

void
buf_finish(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void
buf_append(struct buf *buf, const void *data, size_t size)
{
    buf_reserve(buf, size);
    if (size > 0)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void
buf_append_str(struct buf *buf, const char *s)
{
    buf_append(buf, s, strlen(s));
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(buf, fmt, args);
    va_end(args);
}

void
buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
    assert(fmt != NULL);
    va_list again;
    va_copy(again, args);
    buf_reserve(buf, 0);
    size_t room = buf->capacity - buf->size;
    int size = vsnprintf(buf->data + buf->size, room, fmt, args);
    assert(size >= 0);
    if ((size_t)size >= room) {
        buf_reserve(buf, (size_t)size);
        vsnprintf(buf->data + buf->size, (size_t)size + 1, fmt, again);
    }
    va_end(again);
    buf->size += (size_t)size;
}

void
buf_clear(struct buf *buf)
{
    buf->size = 0;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

char *
buf_take(struct buf *buf)
{
    char *data = buf->data != NULL ? buf->data : xstrdup("");
    *buf = (struct buf){0};
    return data;
}

#ifndef MOLO_BASE_BUF_H
#define MOLO_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/* Growable byte string; a zeroed struct is empty. `data` is NULL until the
 * first append and NUL-terminated after it (the NUL is not counted). */
struct buf {
    char *data;
    size_t size, capacity;
};

void buf_finish(struct buf *buf);
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_append_str(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Empties it and keeps the memory for reuse. */
void buf_clear(struct buf *buf);
/* Returns the bytes (never NULL, NUL-terminated), owned by the caller; `buf`
 * is empty after. */
char *buf_take(struct buf *buf);

#endif

#ifndef MOLO_BASE_MEM_H
#define MOLO_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* Allocation that never fails: running out of memory prints one line and
 * aborts, so callers have no error path to test. Free with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
/* At an address that is a multiple of `alignment`, a power of two. */
void *xaligned(size_t alignment, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t max);
void *xmemdup(const void *data, size_t size);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *
xvasprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#endif

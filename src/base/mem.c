#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Formats nothing: stdio and the log may want memory themselves. */
static _Noreturn void
out_of_memory(void)
{
    static const char line[] = "molo: error: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    abort();
}

void *
xmalloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);
    if (ptr == NULL)
        out_of_memory();
    return ptr;
}

void *
xcalloc(size_t count, size_t size)
{
    void *ptr = count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
    if (ptr == NULL)
        out_of_memory();
    return ptr;
}

void *
xrealloc(void *ptr, size_t size)
{
    void *grown = realloc(ptr, size > 0 ? size : 1);
    if (grown == NULL)
        out_of_memory();
    return grown;
}

void *
xaligned(size_t alignment, size_t size)
{
    void *ptr = NULL;
    if (posix_memalign(&ptr, alignment, size > 0 ? size : 1) != 0)
        out_of_memory();
    return ptr;
}

char *
xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *
xstrndup(const char *s, size_t max)
{
    size_t size = strnlen(s, max);
    char *copy = xmalloc(size + 1);
    memcpy(copy, s, size);
    copy[size] = '\0';
    return copy;
}

void *
xmemdup(const void *data, size_t size)
{
    void *copy = xmalloc(size);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *
xasprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = xvasprintf(fmt, args);
    va_end(args);
    return s;
}

char *
xvasprintf(const char *fmt, va_list args)
{
    char *s;
    if (vasprintf(&s, fmt, args) < 0)
        out_of_memory();
    return s;
}

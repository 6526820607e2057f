#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_set(struct err *err, const char *fmt, ...)
{
    if (err == NULL)
        return false;
    /* An argument may be the old message. */
    struct err fresh;
    va_list args;
    va_start(args, fmt);
    vsnprintf(fresh.message, sizeof(fresh.message), fmt, args);
    va_end(args);
    strcpy(err->message, fresh.message);
    return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
    if (err == NULL)
        return false;
    struct err old = *err;
    size_t size = sizeof(err->message);
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(err->message, size, fmt, args);
    va_end(args);
    size_t used = len > 0 ? (size_t)len : 0;
    if (used + 2 >= size)
        return false;
    memcpy(err->message + used, ": ", 2);
    used += 2;
    size_t tail = strnlen(old.message, size - used - 1);
    memcpy(err->message + used, old.message, tail);
    err->message[used + tail] = '\0';
    return false;
}

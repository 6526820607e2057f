#ifndef MOLO_BASE_ERR_H
#define MOLO_BASE_ERR_H

#include <stdbool.h>

/* A message for the user. Written only on failure; outputs of the failing call
 * stay untouched. May be NULL where the caller does not care. */
struct err {
    char message[1024];
};

/* Both return false, so that a caller can write `return err_set(...)`. */
bool err_set(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "prefix: " before the message that is already there. */
bool err_prefix(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

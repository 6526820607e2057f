#ifndef MOLO_BASE_BASE64_H
#define MOLO_BASE_BASE64_H

#include <stddef.h>

struct buf;

/* Appends the base64 of `data` (RFC 4648 section 4: padded, in one line). */
void base64_encode(const void *data, size_t size, struct buf *out);

#endif

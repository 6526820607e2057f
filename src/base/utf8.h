#ifndef MOLO_BASE_UTF8_H
#define MOLO_BASE_UTF8_H

#include <stddef.h>

#include "base/buf.h"

/* Bytes of the longest sequence. */
#define UTF8_MAX 4

/* Length of the valid UTF-8 sequence that `data` begins with; 0: there is none.
 * Overlong forms, surrogates and what lies beyond U+10FFFF are not valid. Reads
 * no more than `size` bytes and none behind one that does not belong to the
 * sequence, so that UTF8_MAX is right for what ends with a NUL. */
size_t utf8_length(const char *data, size_t size);
/* Appends `s` so that it cannot steer a terminal: control characters (those of
 * ASCII and U+0080 to U+009F) and bytes that are no UTF-8 become \n, \x1b ...,
 * but for those in `kept`. */
void utf8_append_printable(struct buf *out, const char *s, const char *kept);

#endif

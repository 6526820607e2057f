#ifndef MOLO_HTTP_UTF8_H
#define MOLO_HTTP_UTF8_H

#include <stddef.h>

/* Bytes of the UTF-8 character that `data` begins with, of which `size` (not 0)
 * are there; 0: it is none. */
size_t utf8_length(const char *data, size_t size);

#endif

#ifndef MOLO_BASE_BASE64_H
#define MOLO_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

/* Which of the forms of RFC 4648: the standard alphabet (section 4) or the one
 * that is safe in URLs and file names (section 5). */
struct base64_form {
    bool url;
    bool padded; /* '=' up to a whole group of four */
};

/* Appends the base64 of `data` (RFC 4648 section 4: padded, in one line). */
void base64_encode(const void *data, size_t size, struct buf *out);
/* The same in another form. */
void base64_encode_as(const void *data, size_t size, struct base64_form form,
                      struct buf *out);
/* Appends the bytes that `text` stands for. Padding is optional where the form
 * does not have it, needed where it does; in either case what is there must be
 * right. Line breaks, digits of the other alphabet and bits that stand for
 * nothing are refused; the message tells the byte, counted from 1. */
bool base64_decode(const char *text, size_t size, struct base64_form form,
                   struct buf *out, struct err *err);

#endif

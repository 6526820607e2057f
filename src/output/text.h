#ifndef MOLO_OUTPUT_TEXT_H
#define MOLO_OUTPUT_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Text from scripts and servers, made fit for terminals and for JSON. What a
 * script has declared secret (base/secrets.h) is not in it. */

/* Appends `s` so that it stays on its line and cannot steer a terminal: control
 * characters and bytes that are no UTF-8 become \n, \x1b ... */
void text_append_printable(struct buf *out, const char *s);
/* The same as a text of its own, owned by the caller. */
char *text_printable(const char *s);
/* The same, cut in its middle to at most `width` characters (>= 5). */
void text_append_cut(struct buf *out, const char *s, size_t width);
/* Number of UTF-8 characters. */
size_t text_width(const char *s);
/* Cuts `s` in place after at most `width` characters. */
void text_truncate(char *s, size_t width);
/* Copy with U+FFFD in place of bytes that are no UTF-8; owned by the caller. */
char *text_to_utf8(const char *text);

#endif

#ifndef MOLO_HTTP_REDACT_H
#define MOLO_HTTP_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Finds what must not be shown in what went over the wire: credentials in
 * headers and URLs, the values of fields and parameters that are named like a
 * secret, and texts that somebody asked to hide. It errs on the side of hiding.
 *
 * A mask has a byte for each byte of the text, 0 where it may be shown; marking
 * adds to it. Texts need not be complete or well formed. */

/* From now on `text` is hidden wherever it turns up, also percent-encoded. Any
 * thread, for the life of the process; an empty one is ignored. */
void redact_hide(const char *text);

/* "password", "X-Auth-Token", "apiKey" ... */
bool redact_is_secret_name(const char *name, size_t size);

/* A request or status line and header lines. */
void redact_mark_head(const char *data, size_t size, unsigned char *mask);
/* A body, with the value of its Content-Type (NULL: none). */
void redact_mark_body(const char *data, size_t size, const char *type,
                      unsigned char *mask);
/* Each place where `text` (not empty) stands. */
void redact_mark_text(const char *data, size_t size, const char *text,
                      unsigned char *mask);
/* URLs, in any text. */
void redact_mark_urls(const char *data, size_t size, unsigned char *mask);

/* Appends what may be shown; each run that is marked becomes "***". Control
 * characters and what is not UTF-8 are escaped, as \x1b, so that it cannot
 * steer a terminal; tabs stay. */
void redact_append(struct buf *out, const char *data, size_t size,
                   const unsigned char *mask);
/* All of it for a URL. */
void redact_append_url(struct buf *out, const char *url, size_t size);

#endif

#ifndef MOLO_HTTP_RESPONSE_H
#define MOLO_HTTP_RESPONSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"

/* What came back. Header lines are kept raw and read on demand: most scripts
 * never look at them. */
struct http_response {
    int status;              /* 0: no answer */
    int http_version;        /* 10, 11, 20, 30; 0: no answer */
    struct buf headers;      /* lines of the final header block, CRLF-separated,
                                without status line and empty line */
    struct buf body;         /* decoded */
    struct buf redirect_url; /* absolute target of a 3xx with Location */
};

void http_response_finish(struct http_response *response);
void http_response_reset(struct http_response *response); /* keeps memory */

/* Iterates raw header lines: `*pos` starts at 0; returns false at the end.
 * Name and value are trimmed and not terminated. Works on the bytes of
 * http_response.headers wherever they were copied to. */
bool http_header_next(const char *headers, size_t size, size_t *pos,
                      const char **name, size_t *name_size, const char **value,
                      size_t *value_size);
/* The value of the first header of that name, in any case; NULL: there is none.
 * Works on the same bytes. */
const char *http_header_find(const char *headers, size_t size,
                             const char *wanted, size_t *value_size);
/* Whether a header of that name lists the word, whatever its case. */
bool http_header_has_word(const char *headers, size_t size, const char *wanted,
                          const char *word);
/* Names of headers have no case. */
bool http_name_is(const char *name, size_t size, const char *wanted);

#endif

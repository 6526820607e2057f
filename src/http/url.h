#ifndef MOLO_HTTP_URL_H
#define MOLO_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The parts of an absolute http or https URL that src/http needs, borrowed from
 * its text. Not a general URL parser: the transport has one. */
struct url_parts {
    bool https;
    const char *user; /* "name:password", escaped as it stands */
    size_t user_size; /* 0: there is none */
    const char *host; /* brackets of an IPv6 address included */
    size_t host_size;
    int port;    /* the scheme's own when none is given */
    size_t path; /* offset behind the authority: of '/', '?', '#' or the end */
};

/* False with a message that says what to write instead. */
bool
url_split(const char *url, size_t size, struct url_parts *out, struct err *err);
/* Refuses what must not stand in a request line: controls and spaces. */
bool url_check_bytes(const char *url, size_t size, struct err *err);
/* True if `url` starts with "scheme:"; `size` gets the length of the scheme. */
bool url_has_scheme(const char *url, size_t size, size_t *scheme_size);
/* Same scheme, host and port. */
bool url_same_origin(const struct url_parts *a, const struct url_parts *b);

#endif

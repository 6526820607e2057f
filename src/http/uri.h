#ifndef MOLO_HTTP_URI_H
#define MOLO_HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

/* A part of a URL, borrowed from its text and as it stands there; `data` is
 * NULL when the part is absent, which is not the same as empty. */
struct uri_part {
    const char *data;
    size_t size;
};

/* Any URL or relative reference of RFC 3986, taken apart. */
struct uri {
    struct uri_part scheme, user, password;
    struct uri_part host; /* without the brackets of an IPv6 address */
    struct uri_part path; /* never absent */
    struct uri_part query, fragment;
    int port; /* 0: none is given */
};

/* Where a byte can stand as it is. */
enum uri_place { URI_UNRESERVED, URI_PATH, URI_QUERY };

/* Refuses controls, spaces, a '%' without two hexadecimal digits, a malformed
 * host or port, and http, https, ws or wss without a host. Bytes from 0x80 on
 * are let through. */
bool uri_parse(const char *text, size_t size, struct uri *out, struct err *err);
/* Whether a script may give this as a scheme, or as a host (an IPv6 address
 * without brackets). */
bool uri_check_scheme(const char *text, size_t size, struct err *err);
bool uri_check_host(const char *text, size_t size, struct err *err);
/* True for the schemes that make no sense without a host. */
bool uri_scheme_needs_host(const char *scheme, size_t size);

/* Appends `text`, percent-encoding the bytes that cannot stand in that place.
 * In a path and a query a '%' begins what is encoded already. */
void uri_escape(struct buf *out, const char *text, size_t size,
                enum uri_place place);
/* Every '%' must be followed by two hexadecimal digits; the message tells the
 * byte, counted from 1. */
bool uri_check_escapes(const char *text, size_t size, struct err *err);
/* Appends the bytes that `text`, which passes the check above, stands for. With
 * `plus`, a '+' is a space, as forms write it. */
void uri_unescape(struct buf *out, const char *text, size_t size, bool plus);

#endif

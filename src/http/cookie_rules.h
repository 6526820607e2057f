#ifndef MOLO_HTTP_COOKIE_RULES_H
#define MOLO_HTTP_COOKIE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/url.h"

/* Which cookies of a session's jar go with a request, and what a Set-Cookie
 * header does to it (RFC 6265), where the transport does not see to it itself:
 * in the handshake of a WebSocket. */
struct session;

/* Where a request goes. `path` is the target without query, borrowed. */
struct cookie_place {
    const char *host; /* not terminated, without brackets */
    size_t host_size;
    const char *path;
    size_t path_size;
    bool secure; /* TLS, or this machine itself */
};
/* Of an absolute URL; false: it is none. */
bool cookie_place_of(const char *url, size_t size, struct cookie_place *out);

/* Appends "a=1; b=2": those that match, longer paths first. */
void cookie_rules_header(struct session *session,
                         const struct cookie_place *place, struct buf *out);
/* Takes the value of a Set-Cookie header. False: it is refused, and the jar as
 * it was. `now`: seconds since 1970. */
bool
cookie_rules_take(struct session *session, const struct cookie_place *place,
                  const char *value, size_t size, int64_t now);

#endif

#ifndef MOLO_HTTP_COOKIES_H
#define MOLO_HTTP_COOKIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A cookie jar as data: what is in it, not what may be sent where, which the
 * transport decides (RFC 6265). Kept as the lines of a cookie file of the
 * Netscape form, which is what libcurl speaks. */

struct http_cookie {
    const char *domain; /* without a dot in front */
    const char *path;
    const char *name, *value;
    bool subdomains; /* sent to these as well */
    bool secure, http_only;
    int64_t expires; /* seconds since 1970; 0: with the session */
};
/* Strings are borrowed for the call. */
typedef void http_cookie_fn(void *data, const struct http_cookie *cookie);

/* A zeroed one is empty. */
struct cookie_jar {
    struct buf lines; /* NUL-terminated, after one another */
    unsigned changes; /* grows with each */
};

void cookie_jar_finish(struct cookie_jar *jar);
/* In place of the one of the same domain, path and name, if there is one. */
void cookie_jar_set(struct cookie_jar *jar, const struct http_cookie *cookie);
/* Goes through those that have not expired at `now`, in seconds since 1970;
 * `visit` must not change the jar. */
void cookie_jar_each(const struct cookie_jar *jar, int64_t now,
                     http_cookie_fn *visit, void *data);
/* What somebody who had `before` and now has `after` (lines as above) did to
 * it: those cookies are set or removed, what others did meanwhile stays. */
void cookie_jar_merge(struct cookie_jar *jar, const struct buf *before,
                      const struct buf *after);

#endif

#ifndef MOLO_HTTP_REQUEST_H
#define MOLO_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/body.h"
#include "http/settings.h"

#define HTTP_MAX_EXPECTED 16

/* Who asks, unless the request has a User-Agent of its own. */
#define HTTP_USER_AGENT "molo/" MOLO_VERSION

/* Statuses that are no failure. */
struct http_expected {
    int status[HTTP_MAX_EXPECTED]; /* 1 to 9: all of the class, 4 is 4xx */
    int count;                     /* 0: not given, 2xx and 3xx */
};

/* One HTTP request as data. Nothing in it is sent before it was validated:
 * every setter refuses what could split a header or leave HTTP, so that a
 * request that exists is safe to hand to any transport. Buffers are kept when
 * the request is reset, so that reuse allocates nothing. */
struct http_request {
    char method[24];
    struct buf url;     /* absolute, http or https */
    size_t path;        /* offset in it, behind the host */
    struct buf headers; /* "Name: value\0" after one another */
    size_t header_count;
    struct buf body;
    struct http_body *parts; /* instead of `body`; NULL: none */
    bool has_body;
    struct buf tags;        /* "name\0value\0" of each, for results */
    struct buf name;        /* label in results; empty: the path of the URL */
    nsec_t timeout;         /* whole exchange; NSEC_NEVER: none */
    nsec_t connect_timeout; /* until TLS is agreed on; NSEC_NEVER: none */
    int max_redirects;      /* 0: do not follow */
    size_t max_body;        /* of the answer, decoded; more is FAULT_TOO_LARGE.
                               0: the transport's own limit */
    bool discard;           /* count the answer's body and keep none of it */
    bool streams;           /* hand it over while it arrives: transfer.h */
    struct http_expected expected;
    struct http_settings *settings; /* NULL: none */
};

void http_request_finish(struct http_request *request);
/* Back to an empty GET with defaults, keeping memory. */
void http_request_reset(struct http_request *request);
/* Takes over what `defaults` say of how requests are made: headers, limits,
 * expected statuses, settings. `request` was just reset. */
void http_request_inherit(struct http_request *request,
                          const struct http_request *defaults);
bool http_request_expects(const struct http_request *request, int status);
/* "200, 204 or 3xx". Some have been given. */
#define HTTP_EXPECTED_TEXT (HTTP_MAX_EXPECTED * 5 + 4)
void http_expected_describe(const struct http_expected *expected,
                            char out[HTTP_EXPECTED_TEXT]);
/* A token of RFC 9110 section 5.6.2, at most 23 bytes. Kept as given. */
bool http_request_set_method(struct http_request *request, const char *method,
                             size_t size, struct err *err);
/* Absolute http/https URL, or a reference that is put behind `base_url`
 * (NULL: none). Refuses control characters, spaces, other schemes, a missing
 * host, and a reference without base_url (naming --base-url). A fragment is
 * dropped. */
bool http_request_set_url(struct http_request *request, const char *base_url,
                          const char *url, size_t size, struct err *err);
/* Appends "key=value" to the query, both percent-encoded (RFC 3986). */
void
http_request_add_query(struct http_request *request, const char *key,
                       size_t key_size, const char *value, size_t value_size);
/* Replaces a header of that name (case-insensitive) or adds it. Refuses
 * Content-Length and Transfer-Encoding, which follow from the body. */
bool http_request_set_header(struct http_request *request, const char *name,
                             size_t name_size, const char *value,
                             size_t value_size, struct err *err);
void http_request_remove_header(struct http_request *request, const char *name,
                                size_t name_size);
bool
http_request_has_header(const struct http_request *request, const char *name);
void http_request_set_body(struct http_request *request, const void *data,
                           size_t size);
/* A body of pieces, which is taken. */
void
http_request_set_parts(struct http_request *request, struct http_body *parts);
void http_request_drop_body(struct http_request *request);
/* In bytes, without the framing of the connection. */
uint64_t http_request_body_size(const struct http_request *request);
/* What http_request_set_header asks of a header. */
bool http_check_header(const char *name, size_t name_size, const char *value,
                       size_t value_size, struct err *err);
/* Adds name=value pairs to the header Cookie. Refuses what would end a pair or
 * the header: control characters, ';', and in names '=' and spaces. */
bool http_request_add_cookie(struct http_request *request, const char *name,
                             size_t name_size, const char *value,
                             size_t value_size, struct err *err);
/* What both must be to stand in a cookie. */
bool http_check_cookie(const char *name, size_t name_size, const char *value,
                       size_t value_size, struct err *err);
/* What the request is called in results: `name`, else the URL's path. Borrowed
 * until the next change; `size` gets its length. */
const char *
http_request_label(const struct http_request *request, size_t *size);

#endif

#ifndef MOLO_HTTP_SESSION_H
#define MOLO_HTTP_SESSION_H

#include "http/cookies.h"
#include "http/transfer.h"
#include "http/transport.h"

/* A worker's HTTP client: its connections and its defaults. Knows redirects
 * (each hop is an exchange of its own, so that counts equal the server's); the
 * transport knows the wire. */
struct session_defaults {
    const char *base_url; /* NULL: none */
    nsec_t timeout;
    int max_redirects;
};

struct session *session_create(struct transport *transport);
/* Its transfers must be released. NULL: no-op. */
void session_destroy(struct session *session);

/* Copies. Defaults apply to transfers begun afterwards. */
void session_configure(struct session *session,
                       const struct session_defaults *defaults);
/* What is in force; base_url is borrowed until the next session_configure. */
struct session_defaults session_get_defaults(const struct session *session);
/* What every transfer begun later starts with: headers, limits, expected
 * statuses, settings. Borrowed; change it with the setters of request.h. */
struct http_request *session_default_request(struct session *session);
const char *session_base_url(const struct session *session);
/* Default header of every later request; a request's own replaces it. */
bool
session_set_header(struct session *session, const char *name, size_t name_size,
                   const char *value, size_t value_size, struct err *err);
/* The same as people write it: "Accept: text/plain". */
bool session_set_header_line(struct session *session, const char *line,
                             struct err *err);

/* Closes the connections and empties the cookie jar; the defaults stay. False
 * while a transfer is under way. */
bool session_reset(struct session *session, struct err *err);
/* Shows transfers begun later to people; NULL: nobody looks. Borrowed. */
struct wire_viewer;
void session_set_viewer(struct session *session, struct wire_viewer *viewer);
/* Calls `visit` for every cookie in the jar; it must not use the session. A
 * transport without a jar has none. */
void
session_each_cookie(struct session *session, http_cookie_fn *visit, void *data);
/* Puts a cookie into the jar, in place of one of the same domain, path and
 * name; one that has expired removes it. */
void
session_set_cookie(struct session *session, const struct http_cookie *cookie);

/* A transfer with the session's defaults, to be filled in. Memory of released
 * ones is reused. */
struct transfer *session_begin(struct session *session);
/* Starts it; on_exchange, on_done and data are set. */
void session_send(struct transfer *transfer);
/* Aborts it; on_exchange is called with FAULT_NONE left in place if it had gone
 * on the wire, with status 0 and the measurements so far; on_done is not. */
void session_cancel(struct transfer *transfer);
/* The body so far of a transfer that streams was taken: more may come. May call
 * on_exchange and on_done. */
void session_resume(struct transfer *transfer);
/* Ends one that streams as if its answer was over, with what has come of it:
 * on_exchange is called, with the status if that is known; on_done is not. A
 * `fault` other than FAULT_NONE makes it fail. */
void session_end(struct transfer *transfer, enum transfer_fault fault,
                 const char *message);
/* After on_done, cancel, end, or instead of send. */
void session_release(struct transfer *transfer);

/* Instead of send: makes a connection for the transfer and sends nothing; then
 * `on_connected` is called, possibly before this returns. Without a fault
 * transfer->stream is open, and whoever uses it fills in the rest of the
 * transfer and calls session_finish. session_cancel ends it until then. */
void session_connect(struct transfer *transfer,
                     void (*on_connected)(struct transfer *transfer));
/* The exchange that began with session_connect is over, well or not (without
 * fault and status: given up): calls on_exchange. */
void session_finish(struct transfer *transfer);
/* The transport of its transfers' streams. */
const struct transport_ops *session_transport(const struct session *session);
/* A stream outlives its transfer; while there are any, the session cannot be
 * reset, and must not be destroyed. */
void session_hold_stream(struct session *session);
void session_drop_stream(struct session *session);

/* When the last exchange that was answered ended; 0: none yet. */
nsec_t session_last_done_at(const struct session *session);

#endif

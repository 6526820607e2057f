#ifndef MOLO_HTTP_CURL_IMPL_H
#define MOLO_HTTP_CURL_IMPL_H

#include <sys/socket.h>

#include <curl/curl.h>

#include "base/list.h"
#include "http/cookies.h"
#include "http/resolve.h"
#include "http/transfer.h"
#include "http/transport.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* What the files of the libcurl transport share:
 *   transport_curl.c  clients, their exchanges, and the loop
 *   curl_socket.c     the sockets of their connections
 *   curl_request.c    a request put onto an easy handle
 *   curl_head.c       the head of its answer
 *   curl_body.c       the bodies of both
 *   curl_settings.c   its settings, put there when they are others
 *   curl_cookies.c    the jar of a client, shared by its easy handles
 *   curl_stream.c     connections that other protocols take over
 *   curl_result.c     what was measured
 *   curl_fault.c      what came back, or why nothing did
 *   curl_shortage.c   the same for what this machine ran out of
 *   curl_http2.c      the same for HTTP/2 alone
 *   curl_tls.c        the same for TLS alone */

struct curl_transport {
    struct transport base;
    struct loop *loop;
    struct transport_config config;
    CURLSH *share; /* names, once per shard */
    struct resolve_gate *gate;
};

/* A connection's socket. The watcher outlives a transfer, paused, so that a
 * connection that is used again at once costs no system call. */
struct curl_socket {
    int fd;
    int events;         /* that libcurl waits for */
    struct loop_io *io; /* NULL: not watched */
    /* Whose attempt to connect it is; NULL: it carries a connection. */
    struct exchange *opener;
};

struct transport_client {
    struct curl_transport *transport;
    CURLM *multi; /* NULL before the first transfer */
    struct timer timer;
    struct job kick; /* libcurl wants to be called again at once */
    struct curl_socket *sockets;
    size_t socket_count, socket_capacity;
    struct list idle; /* exchange.link */
    size_t active;    /* exchanges that are not idle */
    unsigned drives;  /* how often libcurl was called */
    struct cookie_jar jar;
};

/* Of one answer. Below libcurl's own 300 kB, which it reports as a failed
 * receive. */
enum { EXCHANGE_HEADERS_MAX = 256 * 1024 };

enum curl_mode { MODE_NONE, MODE_GET, MODE_HEAD, MODE_BODY };

/* What was seen of the transfer that is performed. */
struct exchange_seen {
    nsec_t gate_time;      /* how long it waited there */
    nsec_t launched_at;    /* when libcurl, and its clock, began with it */
    unsigned launch;       /* the client's drive in which it did */
    nsec_t opened_at;      /* its first socket; 0: none, or to send again */
    nsec_t connected_at;   /* TCP, before a TLS handshake; 0: not observed */
    nsec_t prereq_at;      /* when it last went on the wire; 0: not yet */
    nsec_t handed_over_at; /* when all of it was sent; 0: not observed */
    nsec_t first_byte_at;  /* of the answer; 0: not yet */
    bool joined;           /* it waited for the connection of another */
    /* For the count of bytes sent: those of earlier sends, what libcurl had
     * counted by then (the way through a proxy, too), and the size of the head
     * of this one (0: unknown). */
    uint64_t sent_before;
    curl_off_t counted_before, head_size;
    curl_off_t uploaded_before; /* of a body of parts that is sent again */
    uint64_t body_sent;         /* position in the parts */
    long tunnel_received;       /* what the proxy answered to CONNECT */
    int socket_errno;           /* why socket() failed; 0: it did not */
    socklen_t address_size;     /* 0: none was tried */

    bool block_open; /* within a header block */
    bool answered;   /* this send, with the status of the handle */
    bool too_large;
    bool length_conflict; /* two Content-Length that differ */
    bool got_cookies;
    int64_t content_length; /* of this header block; -1: none */
    size_t header_bytes;    /* of all blocks, interim answers too */
    size_t body_bytes;      /* of the answer, decoded */
    /* Where libcurl does not tell the size of all bodies: what came of them,
     * framing included. */
    bool counts_raw;
    uint64_t raw_bytes;
    /* Of a request that streams: the head was told of; the answer leads
     * elsewhere; nobody took the body, libcurl waits. */
    bool head_told, is_hop, paused;
};

/* An easy handle and the transfer it performs. What is set on the handle stays
 * set; the second half remembers it, so that only what differs is set again. */
struct exchange {
    struct list link;
    struct transport_client *client;
    CURL *easy;
    struct transfer *transfer; /* NULL: idle */
    void (*on_end)(struct transfer *transfer);
    bool in_multi;
    bool https;
    bool connect_only; /* the connection is all that is wanted */

    struct loop_io *stream_io; /* of a stream; NULL: not watched */
    void (*on_stream_ready)(void *data, int events);
    void *stream_data;

    struct resolve_ticket ticket;
    struct job go;           /* the way through the gate is free */
    struct timer gate_timer; /* the transfer's timeout, while it waits there */
    struct exchange_seen seen;
    struct sockaddr_storage address; /* last one tried, of seen.address_size */
    bool verbose;                    /* exchange_on_debug is called */
    char error[CURL_ERROR_SIZE];     /* libcurl's */
    char body_error[256]; /* why a part could not be read; "": it could */

    struct buf url;
    bool name_known; /* of its host: no need to ask the gate again */
    char method[24];
    enum curl_mode mode;
    long timeout_ms, connect_timeout_ms;
    struct http_settings *settings; /* those on the handle; holds them */
    struct curl_slist *connect_to;
    unsigned jar_changes;  /* of the jar, when the handle had all of it */
    struct buf jar_loaded; /* what the handle had after that */
    struct buf cookie;     /* the request's own, beside those of the jar */
    struct curl_slist *headers;
    size_t header_capacity;
    struct buf odd_headers; /* lines that libcurl wants in another form */
    struct buf encoding;
};

/* curl_request.c */
struct exchange *exchange_create(struct transport_client *client);
void exchange_destroy(struct exchange *x);
/* Sets the transfer's request on the easy handle; false with the transfer's
 * fault if libcurl cannot send such a request. */
bool exchange_prepare(struct exchange *x);
/* True if the transfer's URL is the one set last. */
bool exchange_has_url(const struct exchange *x);

/* curl_head.c */
/* Whether libcurl tells exchange_on_debug what goes over the wire. */
void exchange_show(struct exchange *x, bool on);
/* Callbacks of libcurl: CURLOPT_HEADERFUNCTION and DEBUGFUNCTION. */
size_t
exchange_on_header(char *data, size_t size, size_t count, void *exchange);
int exchange_on_debug(CURL *easy, curl_infotype type, char *data, size_t size,
                      void *exchange);

/* curl_body.c */
size_t exchange_body_limit(const struct exchange *x);
/* The answer may be a challenge, which libcurl goes on to answer without giving
 * us its body. */
bool exchange_may_authenticate(const struct exchange *x);
/* A header block is complete: tells whoever streams, if it is the answer's. */
void exchange_note_head(struct exchange *x);
/* Callbacks of libcurl: CURLOPT_WRITEFUNCTION; READFUNCTION and SEEKFUNCTION,
 * for a body of parts (one in memory is libcurl's to read). */
size_t exchange_on_body(char *data, size_t size, size_t count, void *exchange);
size_t exchange_on_read(char *out, size_t size, size_t count, void *exchange);
int exchange_on_seek(void *exchange, curl_off_t offset, int origin);

/* curl_settings.c */
void exchange_init_settings(struct exchange *x); /* none yet */
void exchange_apply_settings(struct exchange *x);
void exchange_finish_settings(struct exchange *x);

/* curl_cookies.c */
/* Makes the handle take and send cookies. */
void exchange_init_cookies(struct exchange *x);
void exchange_finish_cookies(struct exchange *x);
/* The request's own ("a=1; b=2", NULL: none) and those of the jar. */
void exchange_load_cookies(struct exchange *x, const char *own);
/* What the answer set goes into the jar. */
void exchange_save_cookies(struct exchange *x);

/* transport_curl.c */
/* A watched descriptor is ready; `client` is the transport_client. */
void client_on_io(void *client, int fd, int events);

/* Removes the handle from its multi, which closes the connection of a stream.
 */
void exchange_leave_multi(struct exchange *x);

/* curl_stream.c */
/* Sets the handle up to connect and no more; after exchange_prepare. */
void exchange_prepare_stream(struct exchange *x);
/* It is connected: the transfer is over, `x` goes on as its stream. */
void exchange_become_stream(struct exchange *x);
ssize_t curl_stream_send(struct transport_stream *stream, const void *data,
                         size_t size);
ssize_t
curl_stream_receive(struct transport_stream *stream, void *out, size_t size);
const char *curl_stream_error(const struct transport_stream *stream);
void curl_stream_watch(struct transport_stream *stream, int events,
                       void (*on_ready)(void *data, int events), void *data);
void curl_stream_close(struct transport_stream *stream);

/* curl_socket.c */
/* Callbacks of libcurl: CURLOPT_OPENSOCKETFUNCTION, CLOSESOCKETFUNCTION and
 * CURLMOPT_SOCKETFUNCTION. */
curl_socket_t client_open_socket(void *exchange, curlsocktype purpose,
                                 struct curl_sockaddr *address);
int client_close_socket(void *client, curl_socket_t fd);
int client_on_socket(CURL *easy, curl_socket_t fd, int what, void *client,
                     void *known);
/* After the multi is gone. */
void client_forget_sockets(struct transport_client *client);
bool exchange_has_attempts(const struct exchange *x);
/* A socket that did not get to carry the connection is closed by libcurl behind
 * our back: client_close_socket is not called, and CURL_POLL_REMOVE comes when
 * the descriptor may already be somebody else's. What `x` opened and is not its
 * connection is gone by now. */
void exchange_settle_attempts(struct exchange *x, curl_socket_t connection);

/* curl_result.c */
/* Looks at what was handed to the socket by now; from within callbacks. */
void exchange_note_handshake(struct exchange *x);
void exchange_note_prereq(struct exchange *x);
void exchange_note_handover(struct exchange *x, bool complete);
/* libcurl begins a body of parts again. */
void exchange_note_rewind(struct exchange *x);
/* libcurl may send the request's body together with its head. */
bool exchange_may_inline(const struct exchange *x);
/* Only the measurements, for a transfer that is given up now. */
void exchange_fill_measurements(struct exchange *x, nsec_t elapsed);
/* A proxy was asked for a way through and has not given it. */
bool exchange_waits_for_tunnel(struct exchange *x);

/* curl_fault.c */
/* Fills in all of the transfer's outcome; before the handle is removed. */
void exchange_fill_result(struct exchange *x, CURLcode code);
/* As in http_response. */
int exchange_http_version(const struct exchange *x);
/* The timeout passed before libcurl was asked. */
void exchange_fail_in_gate(struct exchange *x);
/* "127.0.0.1:80", or the URL's host if no address was tried. */
const char *
exchange_peer_name(const struct exchange *x, char *out, size_t size);
void exchange_fail(struct exchange *x, enum transfer_fault fault, int code,
                   const char *phase, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Both are true if that was what failed, and the fault is set. */
/* curl_http2.c */
bool exchange_fail_http2(struct exchange *x, CURLcode code);
/* curl_tls.c; `words` are libcurl's. */
void exchange_fail_tls(struct exchange *x, CURLcode code, const char *words);
/* To be put behind the text of a fault that a server with TLS may have caused,
 * or "". `answered`: it said something, which was not HTTP; else the port has
 * to be one that is known for TLS. */
const char *exchange_tls_hint(const struct exchange *x, bool answered);
/* curl_shortage.c; `error` is the errno of the attempt to connect, 0: none. */
bool exchange_fail_for_shortage(struct exchange *x, CURLcode code, int error);

#endif

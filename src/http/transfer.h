#ifndef MOLO_HTTP_TRANSFER_H
#define MOLO_HTTP_TRANSFER_H

#include <stdarg.h>

#include "base/list.h"
#include "http/request.h"
#include "http/response.h"

/* One HTTP exchange: request, what came back, what was measured. Owned by a
 * session, performed by a transport, on the session's thread. */

/* Why there was no usable answer; the kinds of lua-api.md. */
enum transfer_fault {
    FAULT_NONE,
    FAULT_DNS,
    FAULT_CONNECT,
    FAULT_TLS,
    FAULT_TIMEOUT,
    FAULT_RESET,
    FAULT_PROTOCOL,
    FAULT_DECODE,
    FAULT_TOO_LARGE,
    FAULT_REDIRECT,
    FAULT_GENERATOR, /* descriptors or local ports of this machine ran out */
};
/* "dns", "connect" ...; "" for FAULT_NONE. */
const char *transfer_fault_name(enum transfer_fault fault);

struct transfer;
/* Sets kind, phase and message, and leaves all else. */
void transfer_fail(struct transfer *transfer, enum transfer_fault fault,
                   const char *phase, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void transfer_vfail(struct transfer *transfer, enum transfer_fault fault,
                    const char *phase, const char *fmt, va_list args)
    __attribute__((format(printf, 4, 0)));

/* "connecting", "waiting for the first byte" ... for a phase as in fault_phase.
 */
const char *transfer_phase_words(const char *phase);
/* How much of its timeout there was when this exchange of it started. */
nsec_t transfer_time_left(const struct transfer *transfer);

/* Lengths of time, from the transport's own clock; -1: did not take place. */
struct transfer_timings {
    nsec_t dns, connect, tls, send, wait, receive;
    nsec_t duration; /* service time: from the start of sending to the end */
    nsec_t elapsed;  /* from transfer start to the end, look-up included */
};

/* Bytes of a body that wait to be taken, give or take one read. */
#define TRANSFER_BUFFER ((size_t)64 * 1024)

struct session;
struct transport_client;

struct transfer {
    struct list link; /* the session's */
    struct session *session;
    struct http_request request;
    struct http_response response;
    enum transfer_fault fault;
    char fault_message[256]; /* for people, without the URL */
    const char *fault_phase; /* "dns" "connect" "tls" "send" "wait" "receive" */
    int fault_code;          /* errno, or the transport's own; 0: none */
    struct transfer_timings timings;
    bool truncated; /* ended by whoever streams it */
    unsigned sends; /* times the request went on the wire */
    /* How many of them were answered by a demand for credentials, which the
     * next one gave, and the status of the last of those (401, 407). */
    unsigned challenges;
    int challenge_status;
    uint64_t bytes_sent, bytes_received;
    nsec_t started_at, ended_at;
    nsec_t deadline; /* of all hops together; NSEC_NEVER: none */
    int redirects_left, redirects_followed;
    /* "STATUS URL\0" of each redirect that was followed, in order. */
    struct buf history;

    /* Every exchange (each hop of a redirect), before the transfer is reused
     * for the next hop: record it here. */
    void (*on_exchange)(struct transfer *transfer);
    /* The last exchange is over. Called once, possibly from within
     * session_send: only store and wake here. Not called after a cancel. */
    void (*on_done)(struct transfer *transfer);
    /* Of a request that `streams`: the head of the answer has come (status and
     * headers are there), or more of its body, which on_data's owner takes out
     * of response.body. No more than TRANSFER_BUFFER gather there before the
     * transfer is paused until session_resume. What came last may still be
     * there in on_done. The hops of a redirect are not told of. Only store and
     * wake here. */
    void (*on_data)(struct transfer *transfer);
    void *data; /* the caller's */

    struct transport_stream *stream; /* what transport_ops.connect opened */
    void *stream_data;               /* of who uses it */
    void *transport_data;   /* the transport's, while it is performed */
    struct wire_view *view; /* NULL: nobody looks */
    uint64_t view_number;   /* among the worker's, while somebody does */
};

#endif

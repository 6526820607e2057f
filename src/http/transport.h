#ifndef MOLO_HTTP_TRANSPORT_H
#define MOLO_HTTP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/cookies.h"

/* The seam between what a virtual user does and what puts it on the wire. A
 * transport belongs to a shard; a client is one worker's connections. All of it
 * runs on the shard's thread. */
struct loop;
struct transfer;
struct transport;
struct transport_client;
/* A connection that carries bytes of whatever protocol took it over; through
 * TLS, a proxy or a unix socket if the request said so. */
struct transport_stream;

/* Instead of a number of bytes. */
enum { STREAM_NOT_NOW = 0, STREAM_ENDED = -1, STREAM_BROKEN = -2 };

struct transport_config {
    bool insecure; /* do not verify certificates */
    /* The rest is for transport_sim. */
    uint64_t seed;
    nsec_t latency_low, latency_high; /* of an answer: uniform in between */
    double failure_rate; /* of requests that end with FAULT_RESET, 0 to 1 */
};

struct transport_ops {
    const char *name;
    struct transport *(*create)(struct loop *loop,
                                const struct transport_config *config,
                                struct err *err);
    void (*destroy)(struct transport *transport); /* clients are gone */
    /* Cheap: descriptors and memory are taken at the first transfer. */
    struct transport_client *(*client_create)(struct transport *transport);
    /* Closes its connections; its transfers are finished or cancelled. */
    void (*client_destroy)(struct transport_client *client);
    /* Performs one exchange without following redirects, fills in response,
     * fault, timings, sends and bytes, then calls `on_end` (possibly before it
     * returns). */
    void (*start)(struct transport_client *client, struct transfer *transfer,
                  void (*on_end)(struct transfer *transfer));
    /* Stops it at once without calling on_end. Measurements up to here are
     * filled in. */
    void (*cancel)(struct transport_client *client, struct transfer *transfer);
    /* Goes on with a transfer that was paused because nobody took its body, if
     * it was; may call on_end. NULL: it never pauses. */
    void (*resume)(struct transport_client *client, struct transfer *transfer);
    /* Makes a connection for the transfer, of its own, and sends nothing on it;
     * then calls `on_end` (possibly before it returns). Without a fault the
     * timings up to the connection are filled in and transfer->stream is set,
     * to be closed before the client is destroyed. cancel() stops it until
     * then. NULL, with those below: the transport has no streams. */
    void (*connect)(struct transport_client *client, struct transfer *transfer,
                    void (*on_end)(struct transfer *transfer));
    /* Neither waits. Bytes moved, or one of the above. */
    ssize_t (*stream_send)(struct transport_stream *stream, const void *data,
                           size_t size);
    ssize_t (*stream_receive)(struct transport_stream *stream, void *out,
                              size_t size);
    /* Why it broke, in the transport's words. Borrowed. */
    const char *(*stream_error)(const struct transport_stream *stream);
    /* Calls `on_ready` when any of `events` (LOOP_READ, LOOP_WRITE; 0: none)
     * may be possible. Bytes that the transport holds already are not told of:
     * receive until STREAM_NOT_NOW before relying on it. */
    void (*stream_watch)(struct transport_stream *stream, int events,
                         void (*on_ready)(void *data, int events), void *data);
    /* May be called from within on_ready. */
    void (*stream_close)(struct transport_stream *stream);
    /* The client's cookie jar. NULL, both: it has none. */
    void (*each_cookie)(struct transport_client *client, http_cookie_fn *visit,
                        void *data);
    void (*set_cookie)(struct transport_client *client,
                       const struct http_cookie *cookie);
};

/* Every transport starts with this. */
struct transport {
    const struct transport_ops *ops;
};

extern const struct transport_ops transport_curl;
/* No sockets: answers are made up, after a latency, with a rate of failures. It
 * remembers what was stored under a URL; see transport_sim.c. */
extern const struct transport_ops transport_sim;

/* What the linked libcurl can do beyond HTTP/1.1. */
struct transport_abilities {
    bool http2, http3, ntlm;
    char encodings[32]; /* for Accept-Encoding: "gzip, br, zstd" */
};
struct transport_abilities transport_curl_abilities(void);
/* Versions of what the transport links, for `molo version`. */
const char *transport_curl_version(void);

#endif

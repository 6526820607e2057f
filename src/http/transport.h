#ifndef MOLO_HTTP_TRANSPORT_H
#define MOLO_HTTP_TRANSPORT_H

#include <stdbool.h>

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

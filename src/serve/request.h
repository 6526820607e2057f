#ifndef MOLO_SERVE_REQUEST_H
#define MOLO_SERVE_REQUEST_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rng.h"
#include "serve/chats.h"
#include "serve/contest.h"
#include "serve/counts.h"
#include "serve/delays.h"
#include "serve/pages.h"

#define REQUEST_BODY_MAX (10 * 1000 * 1000)

/* What all requests share. */
struct target {
    struct counts *counts;
    struct pages *pages;
    struct contests *contests;
    struct chats *chats;
    struct delays *delays;
    struct websockets *websockets;
    pthread_mutex_t rng_mutex;
    struct rng rng;
};

/* One request, from its first line to its last byte out. Belongs to the server
 * thread of its connection; `delay` to the loop while it is suspended. */
struct request {
    struct target *target;
    struct MHD_Connection *connection;
    const char *method; /* while the handler runs */
    char *path;         /* as it arrived, without origin and query */
    char *query;        /* as it arrived, without the '?'; NULL: none */
    struct buf body;
    size_t body_size; /* as read; more than `body` once it is too large */
    bool begun, counted, answered;
    uint64_t epoch;
    struct delay delay;
};

/* Callbacks of libmicrohttpd; the closure is the target. */
void *
request_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result
request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                  const char *method, const char *version, const char *upload,
                  size_t *upload_size, void **con_cls);
void request_on_completed(void *cls, struct MHD_Connection *connection,
                          void **con_cls, enum MHD_RequestTerminationCode code);

/* Notes the status of an answer that was queued. */
enum MHD_Result request_answered(struct request *request, unsigned status);
/* Queues `response`, which is taken. */
enum MHD_Result request_reply(struct request *request, unsigned status,
                              struct MHD_Response *response);
enum MHD_Result
request_reply_text(struct request *request, unsigned status, const char *fmt,
                   ...) __attribute__((format(printf, 3, 4)));
/* The document is taken. */
enum MHD_Result
request_reply_json(struct request *request, unsigned status, json_t *json);
/* Ends the connection without an answer. */
enum MHD_Result request_drop(struct request *request);

/* Finds and runs the handler of a request that was read to its end; it is run
 * again when the request's delay is over. */
enum MHD_Result handlers_dispatch(struct request *request);
/* Is it left out of the counts? */
bool handlers_is_uncounted(const char *path);
/* GET /echo and the like: the request as a document. */
json_t *echo_to_json(const struct request *request);

#endif

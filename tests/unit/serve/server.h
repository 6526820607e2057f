#ifndef MOLO_TESTS_UNIT_SERVE_SERVER_H
#define MOLO_TESTS_UNIT_SERVE_SERVER_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* The practice target in a process of its own, as serve_wait owns a thread and
 * the signals, and a client for it. */
struct server {
    pid_t pid;
    unsigned port;
};

void server_start(struct server *server);
/* SIGTERM; returns the exit status as of waitpid. */
int server_stop(struct server *server);

struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    struct buf url, sent, received;
    size_t sent_offset;
    /* What came of it. */
    CURLcode code;
    long status;
    long version; /* X-Version; -1: none */
    char allow[64];
};

/* `body` NULL: none. */
void exchange_init(struct exchange *exchange, const struct server *server,
                   const char *method, const char *path, const void *body,
                   size_t body_size);
void exchange_add_header(struct exchange *exchange, const char *header);
void exchange_perform(struct exchange *exchange);
/* All at once, to the end. */
void exchange_perform_all(struct exchange *exchanges, size_t count);
void exchange_finish(struct exchange *exchange);
/* Reads the code of what was performed in a multi of the caller's. */
void exchange_collect(struct exchange *exchange, CURLcode code);

/* One exchange without a body; returns the status. */
long server_get(const struct server *server, const char *path);
/* New reference. */
json_t *server_stats(const struct server *server);
void server_reset_stats(const struct server *server);
/* A count in it; 0: not there. */
int64_t stats_number(const json_t *json, const char *key);
/* Of all counts in it. */
int64_t stats_sum(json_t *json);

#endif

#ifndef MOLO_SERVE_SERVE_H
#define MOLO_SERVE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The practice target of `molo serve`: a small HTTP server on loopback whose
 * counts are exact, so that a client's counts can be compared with them. All
 * functions on the thread that created it; one per process, as it owns SIGINT
 * and SIGTERM meanwhile. */
struct serve_config {
    const char *host; /* NULL: 127.0.0.1 */
    uint16_t port;    /* 0: any */
    int workers;      /* threads; at least 1 */
};

struct serve;
/* Listens and answers from now on, but for delayed answers, which need
 * serve_wait. NULL with `err` (port taken ...). */
struct serve *serve_create(const struct serve_config *config, struct err *err);
uint16_t serve_port(const struct serve *serve);
/* Blocks until SIGINT or SIGTERM. */
void serve_wait(struct serve *serve);
/* Requests in flight are dropped. */
void serve_destroy(struct serve *serve);
/* Of the HTTP server library. */
const char *serve_library_version(void);

#endif

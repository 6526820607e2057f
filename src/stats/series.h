#ifndef MOLO_STATS_SERIES_H
#define MOLO_STATS_SERIES_H

#include <stdint.h>
#include <uthash.h>

#include "base/clock.h"
#include "stats/hist.h"
#include "stats/tags.h"

/* What was measured of one kind of thing under one set of tags. A kind uses the
 * fields that mean something to it and leaves the others 0. */

enum series_kind {
    SERIES_REQUESTS,
    SERIES_RUNS,
    SERIES_CHECKS,
    SERIES_ERRORS,
    SERIES_TRANSACTIONS,
    SERIES_EVENTS,  /* server-sent */
    SERIES_SOCKETS, /* WebSockets */
    SERIES_KINDS,
};

/* A sum of values in units of 1e-9, so that adding up is exact in any order. */
typedef __int128 series_sum;

struct series {
    const struct tag_set *tags;
    uint64_t count;  /* of requests, runs, checks, values ... */
    uint64_t failed; /* of checks and rates: those that were false */
    uint64_t unsent, bytes_sent, bytes_received; /* requests */
    uint64_t messages_sent, messages_received;   /* sockets */
    /* NULL until the first value. */
    struct hist *time;     /* service time, duration; values of a trend; events:
                              since the one before */
    struct hist *response; /* requests: from when they were due to the end;
                              events: the first of a connection; sockets: the
                              handshake */
    struct hist *active;   /* runs: less the time spent waiting; sockets: round
                              trips */
    series_sum sum;        /* counters */
    double last, min, max; /* gauges; nothing if count is 0 */
    nsec_t last_at;
    UT_hash_handle hh;
};

/* Did it happen in runs, and not in fixtures? Metrics mean that unless they ask
 * for another phase. */
bool series_is_in_run(const struct series *row);

/* The row of these tags, which belong to one table for all of a map; NULL if
 * there is none. */
struct series *series_find(struct series *rows, const struct tag_set *tags);
struct series *series_add(struct series **rows, const struct tag_set *tags);
/* Adds up; `table` is the one of `into`. Associative and commutative. */
void series_merge(struct series **into, struct tag_table *table,
                  const struct series *from);
void series_destroy(struct series **rows);

/* The same of one row, whose tags do not matter, and of a gauge only. `into`
 * then is no row of a map: series_finish it. */
void series_merge_row(struct series *into, const struct series *from);
void series_finish(struct series *row);
void series_merge_gauge(struct series *into, const struct series *from);
/* A gauge's value; the latest one is `last`. */
void series_set(struct series *row, double value, nsec_t at);

/* The tag that keeps most rows apart, which is the cause if there are too many;
 * `values` gets how many values it has. NULL: none has any. */
const char *series_widest_tag(const struct series *rows, size_t *values);

#endif

#ifndef MOLO_STATS_SNAPSHOT_H
#define MOLO_STATS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/clock.h"
#include "stats/custom.h"
#include "stats/hist.h"
#include "stats/series.h"

/* Everything measured so far, as data that outputs read and that merges: the
 * snapshots of N shards merged in any order equal the snapshot of one. Owns
 * all it points to. The maps are uthash tables in order of first use. */

/* The built-in trends, in the order of the result JSON. snapshot_trend_name()
 * gives the public name. All are durations, of what happened in runs: what
 * fixtures did is in the counts, and in the series under its phase. */
enum trend {
    TREND_HTTP_REQ_DURATION, /* service time: from send to the last byte */
    TREND_HTTP_REQ_RESPONSE, /* from when it was due; scheduled runs only */
    TREND_HTTP_REQ_DNS,
    TREND_HTTP_REQ_CONNECT,
    TREND_HTTP_REQ_TLS,
    TREND_HTTP_REQ_SEND,
    TREND_HTTP_REQ_WAIT,
    TREND_HTTP_REQ_RECEIVE,
    TREND_RUN_DURATION,
    TREND_RUN_ACTIVE, /* less coordination waits, sleeps and delays */
    TREND_START_LAG,  /* from when a run was due to its start */
    TREND_COORD_WAIT,
    TREND_COORD_ROUND,
    TREND_COORD_SKEW,
    TREND_COORD_RELEASE,
    TREND_COORD_PROPAGATION,
    TREND_COORD_VISIBILITY,
    TREND_COORD_HELD,
    TREND_WS_CONNECTING, /* opening handshake, look-up included */
    TREND_WS_SESSION_DURATION,
    TREND_WS_PING,         /* round trips */
    TREND_SSE_FIRST_EVENT, /* from when its connection was asked for */
    TREND_SSE_EVENT_GAP,   /* between two of a connection, as read */
    TREND_COUNT,
};

enum run_outcome { RUN_OK, RUN_FAILED, RUN_INTERRUPTED };

/* Runs of a scenario by the part that the worker had in a cast. */
struct role_stats {
    char *name;
    uint64_t ok, failed, interrupted;
    UT_hash_handle hh;
};

struct scenario_stats {
    char *name;
    uint64_t ok, failed, interrupted;
    struct role_stats *roles; /* empty: it has no cast */
    UT_hash_handle hh;
};

struct workload_stats {
    char *name;
    uint64_t started, ok, failed, interrupted;
    uint64_t dropped;       /* due, but no worker was free for them */
    struct hist *start_lag; /* how late scheduled runs began; NULL: none */
    UT_hash_handle hh;
};

#define HTTP_STATUS_MAX 1000

/* One row per (method, name). */
struct endpoint_stats {
    char *key; /* "METHOD name" */
    char *method, *name;
    uint64_t count; /* attempts: sent plus unsent */
    uint64_t
        in_runs;     /* of these, what was no fixture's: rates are of them, as
                        the time that they are divided by is that of the runs */
    uint64_t unsent; /* never reached the wire (refused connection ...) */
    uint64_t failed;
    uint64_t bytes_sent, bytes_received;
    uint64_t status[HTTP_STATUS_MAX / 100][100]; /* [status / 100][% 100] */
    struct hist *duration; /* of those that got an answer or failed after send;
                              NULL until the first value */
    UT_hash_handle hh;
};

struct check_stats {
    char *name;
    uint64_t passes, fails;
    UT_hash_handle hh;
};

/* The first occurrence of an error, for whoever looks for its cause. */
struct error_first {
    int64_t worker_id; /* -1: a global fixture */
    int64_t step;
    nsec_t at;   /* since the start of the test */
    char *where; /* "pad.lua:9", or "" */
};

struct error_stats {
    char *key; /* "kind\nmessage" */
    char *kind;
    char *message; /* of the first; errors of coordination that differ only in
                      numbers (of steps, rounds, workers) are one row, and
                      others that do in what has a digit in a URL's path */
    uint64_t count;
    struct error_first first;
    UT_hash_handle hh;
};

/* One row per type and label of coordination objects: a variable and a notifier
 * may have the same name. */
struct coord_stats {
    char *key; /* "type label" */
    char *label;
    char *type; /* "notifier", "variable" ... */
    uint64_t rounds, missed, waits, timeouts, breaks;
    uint64_t contended;       /* of the waits, those not answered at once */
    struct hist *wait;        /* NULL until the first value, like the others */
    struct hist *skew;        /* first -> last arrival of a round */
    struct hist *release;     /* round released -> each worker runs on */
    struct hist *propagation; /* written -> each reader woken */
    struct hist *visibility;  /* writer's last request done -> one_read */
    struct hist *round;       /* written -> last reader done with it */
    struct hist *held;        /* how long a lock or permit was held */
    struct hist *depth;       /* items in a queue: numbers, not times */
    UT_hash_handle hh;
};

struct snapshot {
    uint64_t runs_started, runs_ok, runs_failed, runs_interrupted, runs_dropped;
    uint64_t requests, requests_in_runs, requests_failed, requests_unsent;
    uint64_t bytes_sent, bytes_received;
    uint64_t checks_passed, checks_failed;
    uint64_t ws_messages_sent, ws_messages_received;
    uint64_t sse_events;
    uint64_t errors_dropped; /* occurrences beyond SNAPSHOT_MAX_ERRORS */
    struct hist *trends[TREND_COUNT]; /* NULL until the first value */
    struct scenario_stats *scenarios;
    struct workload_stats *workloads;
    struct endpoint_stats *endpoints;
    struct check_stats *checks;
    struct error_stats *errors;
    struct coord_stats *coords;
    /* By all that tells values apart. */
    struct tag_table *tags;
    struct series *series[SERIES_KINDS];
    struct custom_metric *custom;
    struct buf key; /* of look-ups, so that they need no memory of their own */
};

struct snapshot *snapshot_create(void);
void snapshot_destroy(struct snapshot *snapshot);
void snapshot_merge(struct snapshot *into, const struct snapshot *from);
/* Counts every run that has started and not ended as interrupted. */
void snapshot_give_up_runs(struct snapshot *snapshot);
const char *snapshot_trend_name(enum trend trend);
/* Row of that key, made on first use. The name strings are copied. */
struct scenario_stats *snapshot_scenario(struct snapshot *s, const char *name);
struct workload_stats *snapshot_workload(struct snapshot *s, const char *name);
struct role_stats *
snapshot_role(struct scenario_stats *scenario, const char *role);
struct endpoint_stats *
snapshot_endpoint(struct snapshot *s, const char *method, const char *name);
/* The row if there is one, else NULL. */
const struct scenario_stats *
snapshot_find_scenario(const struct snapshot *s, const char *name);
const struct workload_stats *
snapshot_find_workload(const struct snapshot *s, const char *name);
struct endpoint_stats *
snapshot_find_endpoint(struct snapshot *s, const char *method,
                       const char *name);
struct check_stats *snapshot_check(struct snapshot *s, const char *name);
struct coord_stats *
snapshot_coord(struct snapshot *s, const char *type, const char *label);
/* NULL when SNAPSHOT_MAX_ERRORS distinct errors are already kept (the caller
 * counts errors_dropped). A new row has count 0 and an empty `first`. */
#define SNAPSHOT_MAX_ERRORS 1000
struct error_stats *
snapshot_error(struct snapshot *s, const char *kind, const char *message);

#endif

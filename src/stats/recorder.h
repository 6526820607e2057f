#ifndef MOLO_STATS_RECORDER_H
#define MOLO_STATS_RECORDER_H

#include "stats/snapshot.h"

/* The write side of measurement: what happened, in the words of the one who
 * saw it. One thread (its shard's, or the hub's) writes. Never fails; after the
 * first use of a name, recording allocates nothing.
 *
 * Endpoints beyond RECORDER_MAX_ENDPOINTS distinct names are counted under
 * "other" and reported once as a warning that names the cause. */
#define RECORDER_MAX_ENDPOINTS 1000

struct recorder;

struct recorder *recorder_create(void);
void recorder_destroy(struct recorder *recorder);
/* All since creation; borrowed, valid until the recorder is destroyed. */
const struct snapshot *recorder_snapshot(const struct recorder *recorder);

void recorder_run_start(struct recorder *recorder);
/* `active`: duration less coordination waits, sleeps and delays. Interrupted
 * runs are counted; their cut lengths are not recorded. */
void recorder_run_end(struct recorder *recorder, const char *scenario,
                      enum run_outcome outcome, nsec_t duration, nsec_t active);
/* A run of a scenario with a cast, besides recorder_run_end: by its role. */
void recorder_run_role(struct recorder *recorder, const char *scenario,
                       const char *role, enum run_outcome outcome);
/* A run of the scheduled executor began `lag` after it was due. */
void
recorder_start_lag(struct recorder *recorder, const char *workload, nsec_t lag);
/* A run was due and no worker was free for it: it will never be made. */
void recorder_run_dropped(struct recorder *recorder, const char *workload);

/* What a transport measured of one exchange; lengths of time. A phase that did
 * not take place (reused connection: dns, connect, tls) is negative and is not
 * recorded. */
struct request_sample {
    const char *method, *name;
    int status; /* 0: no answer */
    bool failed;
    unsigned sends; /* 0: never sent; n > 1: n - 1 silent re-sends, which are
                       counted as failed requests of their own */
    uint64_t bytes_sent, bytes_received;
    nsec_t duration; /* from send to the end */
    nsec_t dns, connect, tls, send, wait, receive;
};
void recorder_request(struct recorder *recorder,
                      const struct request_sample *sample);

void recorder_check(struct recorder *recorder, const char *name, bool passed);
/* `first` describes this occurrence; kept when it is the first of its kind and
 * message. Borrowed during the call. */
void recorder_error(struct recorder *recorder, const char *kind,
                    const char *message, const struct error_first *first);

/* Coordination; `type` is the object's ("notifier", "variable" ...), `name` its
 * name: rows are kept by type and label. */
void recorder_coord_wait(struct recorder *recorder, const char *type,
                         const char *name, nsec_t waited);
enum coord_event {
    COORD_ROUND,
    COORD_MISSED,
    COORD_TIMEOUT,
    COORD_BREAK,
    COORD_CONTENDED, /* a wait that could not be answered at once */
};
void recorder_coord_event(struct recorder *recorder, const char *type,
                          const char *name, enum coord_event event);
/* Lengths of time; each also goes into the trend of that name. */
enum coord_time {
    COORD_PROPAGATION, /* from the news to a worker that waited for it */
    COORD_VISIBILITY,  /* from the writer's last request to a reader's
                          one_read */
    COORD_ROUND_TIME,  /* of a whole round */
    COORD_SKEW,        /* from the first to the last arrival of one round */
    COORD_RELEASE,     /* from the release of a round to the moment one of its
                          workers runs on */
    COORD_HELD,        /* how long a lock or a permit was held */
};
void recorder_coord_time(struct recorder *recorder, enum coord_time which,
                         const char *type, const char *name, nsec_t t);
/* Items in a queue, after each put and each get. */
void recorder_coord_depth(struct recorder *recorder, const char *type,
                          const char *name, uint64_t items);

#endif

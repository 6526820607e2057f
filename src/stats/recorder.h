#ifndef MOLO_STATS_RECORDER_H
#define MOLO_STATS_RECORDER_H

#include "stats/snapshot.h"

/* The write side of measurement: what happened, in the words of the one who
 * saw it. One thread (its shard's, or the hub's) writes. Never fails; after the
 * first use of a name, recording allocates nothing.
 *
 * Of each kind of thing (requests, runs, checks, errors, transactions, a
 * metric of the script) RECORDER_MAX_SERIES series are told apart by their
 * tags. What comes later under new tags is counted in one series that has
 * `name` "other" and no tag but its phase; a warning, once for each kind, names
 * the tag that has most values. */
#define RECORDER_MAX_SERIES 1000

struct recorder;

struct recorder *recorder_create(void);
void recorder_destroy(struct recorder *recorder);
/* All since creation; borrowed, valid until the recorder is destroyed. */
const struct snapshot *recorder_snapshot(const struct recorder *recorder);

/* What all that is recorded in one place has in common: whose it is, and tags.
 * The recorder's; lives as long. NULL, which every function takes, is a run of
 * nobody. */
struct recorder_context;

struct recorder_labels {
    const char *workload, *scenario, *role; /* NULL: none */
    const char *phase;                      /* "setup", "run", "teardown" */
    bool scheduled; /* its runs are due at times of their own */
    /* Packed, see tags.h; of two with the same name the later one holds. */
    const char *tags;
    size_t tags_size;
};
/* Made on first use; a look-up after that. */
const struct recorder_context *
recorder_context(struct recorder *recorder,
                 const struct recorder_labels *labels);
/* The same with further tags, which hide those of the same name. */
const struct recorder_context *
recorder_context_with(struct recorder *recorder,
                      const struct recorder_context *context, const char *tags,
                      size_t tags_size);

void recorder_run_start(struct recorder *recorder, const char *workload);
/* `active`: duration less coordination waits, sleeps and delays. Interrupted
 * runs are counted; their cut lengths are not recorded. */
void
recorder_run_end(struct recorder *recorder,
                 const struct recorder_context *context, const char *scenario,
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
    const struct recorder_context *context;
    const char *method, *name;
    int status; /* 0: no answer */
    bool failed;
    bool poll;      /* an attempt of molo.eventually: counted, its times are not
                       recorded */
    unsigned sends; /* 0: never sent; n > 1: n - 1 silent re-sends, which are
                       counted as failed requests of their own, but for: */
    unsigned challenges; /* answered with challenge_status, 401 or 407, as
                            expected: no failures */
    int challenge_status;
    uint64_t bytes_sent, bytes_received;
    nsec_t duration; /* from send to the end */
    nsec_t response; /* from when it was due to the end; recorded of scheduled
                        runs only, and also when nothing was ever sent */
    nsec_t dns, connect, tls, send, wait, receive;
    /* Of no account for what is counted; for whoever observes. */
    int64_t worker_id, step;
    const char *kind; /* why it failed, "timeout"; NULL: it has an answer */
};
void recorder_request(struct recorder *recorder,
                      const struct request_sample *sample);

/* Sees requests and errors one by one, as they are recorded; for outputs that
 * have a line for each. A response time that is not recorded is -1. Called from
 * within recorder_request and recorder_error: must be quick and record nothing.
 * What it is given is borrowed. */
struct recorder_observer {
    void *data;
    void (*on_request)(void *data, const struct request_sample *sample);
    void (*on_error)(void *data, const char *kind, const char *message,
                     const struct error_first *occurrence);
};
/* Functions that are NULL are not called. */
void recorder_observe(struct recorder *recorder,
                      const struct recorder_observer *observer);

void recorder_check(struct recorder *recorder,
                    const struct recorder_context *context, const char *name,
                    bool passed);
/* A part of a run. */
void
recorder_transaction(struct recorder *recorder,
                     const struct recorder_context *context, const char *name,
                     enum run_outcome outcome, nsec_t duration);
/* The metrics of a script are in results even if nothing is added to them. */
void
recorder_define(struct recorder *recorder, const struct custom_metric *metrics);
/* A value, which custom_check has seen, of a metric that a script defines.
 * `metric`: its definition, wherever it belongs. */
void
recorder_custom(struct recorder *recorder,
                const struct recorder_context *context,
                const struct custom_metric *metric, double value, nsec_t at);
/* `first` describes this occurrence; kept when it is the first of its kind and
 * message. Borrowed during the call. */
void recorder_error(struct recorder *recorder,
                    const struct recorder_context *context, const char *kind,
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

#ifndef MOLO_STATS_RECORDER_INTERNAL_H
#define MOLO_STATS_RECORDER_INTERNAL_H

#include "stats/recorder.h"

/* What the files of the recorder share. */

struct recorder_context {
    const struct tag_set *tags; /* the snapshot's */
    const char *phase;
    struct workload_stats *workload; /* the snapshot's; NULL: none */
    bool in_run, scheduled;
    bool crowded; /* there were too many: what it records is "other" */
    char *key;
    UT_hash_handle hh;
};

/* How recording finds its series again: by what was given, before any of it is
 * sorted or compared. */
struct series_ref {
    struct series *series;
    struct endpoint_stats *endpoint; /* of requests; found when first needed */
    char *key;
    UT_hash_handle hh;
};

/* The row of an object that was recorded lately, found again by what was given:
 * most waits are for an object that was waited for before. */
struct coord_ref {
    struct coord_stats *row; /* NULL: none */
    char type[16], name[48];
};
#define COORD_REFS 32

struct recorder {
    struct snapshot *snapshot;
    struct recorder_observer observer;
    struct recorder_context *contexts;
    const struct recorder_context *nobody;
    struct series_ref *refs;
    struct series_ref loose; /* the last one that is not kept */
    struct coord_ref coords[COORD_REFS];
    bool warned[SERIES_KINDS];
    struct buf key; /* of the look-up that goes on */
    struct tag *scratch;
    size_t scratch_size;
};

static inline const struct recorder_context *
recorder_context_or_nobody(const struct recorder *recorder,
                           const struct recorder_context *context)
{
    return context != NULL ? context : recorder->nobody;
}

/* The series under the context's tags and these, which hide them; a value that
 * is NULL stands for no such tag. Of one kind the names come always in the same
 * order. The reference is valid until the next call. */
struct series_ref *
recorder_ref(struct recorder *recorder, enum series_kind kind,
             const struct recorder_context *context, const struct tag *labels,
             size_t count);
struct series *recorder_series(struct recorder *recorder, enum series_kind kind,
                               const struct recorder_context *context,
                               const struct tag *labels, size_t count);
/* The row of endpoints for requests of a series, which is the endpoint's own as
 * long as there are not too many of these, whatever their other tags. */
struct endpoint_stats *
recorder_endpoint(struct recorder *recorder, struct series_ref *ref,
                  const char *method, const char *name);
struct series *
recorder_custom_series(struct recorder *recorder, struct custom_metric *metric,
                       const struct recorder_context *context);
void recorder_finish_series(struct recorder *recorder);

/* A length of time; one that is negative did not take place. */
static inline void
recorder_time(struct hist **slot, nsec_t value)
{
    if (value >= 0)
        hist_record_into(slot, value);
}

static inline void
recorder_trend(struct recorder *recorder, enum trend trend, nsec_t value)
{
    recorder_time(&recorder->snapshot->trends[trend], value);
}

#endif

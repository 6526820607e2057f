#ifndef MOLO_STATS_METRIC_INTERNAL_H
#define MOLO_STATS_METRIC_INTERNAL_H

#include "stats/metric.h"

/* What a metric is made of; between metric.c and metric_value.c. */

struct metric_sum {
    uint64_t hits, total; /* total: of a share */
    bool found;           /* a row that matches the tags exists */
    /* Of a trend: the only one that matches, borrowed; or the sum of several,
     * owned. NULL: none. */
    const struct hist *hist;
    struct hist *own;
};

struct metric {
    const char *name;
    enum metric_kind kind;
    enum metric_unit unit; /* of what is counted or measured */
    unsigned tags;         /* bit 1 << enum metric_tag */
    enum trend trend;      /* of a trend without filter */
    size_t offset;         /* in a row or the snapshot, where `add` reads it */
    /* Adds up what matches the query's tags. */
    void (*add)(const struct metric_query *query, const struct snapshot *s,
                struct metric_sum *sum);
};

void metric_add_requests(const struct metric_query *query,
                         const struct snapshot *s, struct metric_sum *sum);
void
metric_add_failed_requests(const struct metric_query *query,
                           const struct snapshot *s, struct metric_sum *sum);
void
metric_add_request_durations(const struct metric_query *query,
                             const struct snapshot *s, struct metric_sum *sum);
/* The uint64_t at `offset` of each endpoint. */
void metric_add_bytes(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
void metric_add_runs(const struct metric_query *query, const struct snapshot *s,
                     struct metric_sum *sum);
/* The uint64_t at `offset` of the snapshot. */
void metric_add_total(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
void metric_add_trend(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
void metric_add_checks(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum);
void metric_add_errors(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum);
/* The uint64_t, or the struct hist *, at `offset` of each object's row. */
void metric_add_coord_count(const struct metric_query *query,
                            const struct snapshot *s, struct metric_sum *sum);
void metric_add_coord_trend(const struct metric_query *query,
                            const struct snapshot *s, struct metric_sum *sum);

#endif

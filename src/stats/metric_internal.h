#ifndef MOLO_STATS_METRIC_INTERNAL_H
#define MOLO_STATS_METRIC_INTERNAL_H

#include "stats/metric.h"

/* What a metric is made of; between metric.c and metric_value.c. */

/* The tags that molo sets, in the order of metric_tag_names. */
enum metric_tag {
    METRIC_TAG_CHECK,
    METRIC_TAG_FAILED,
    METRIC_TAG_KIND,
    METRIC_TAG_LABEL,
    METRIC_TAG_METHOD,
    METRIC_TAG_NAME,
    METRIC_TAG_PHASE,
    METRIC_TAG_ROLE,
    METRIC_TAG_SCENARIO,
    METRIC_TAG_STATUS,
    METRIC_TAG_TYPE,
    METRIC_TAG_WORKLOAD,
    METRIC_TAG_COUNT,
};
extern const char *const metric_tag_names[METRIC_TAG_COUNT];

struct metric_sum {
    uint64_t hits, total; /* total: of a share */
    bool found;           /* a row that matches the filters exists */
    series_sum sum;       /* of a script's counter */
    struct series gauge;
    const char *missing;
    /* Of a trend: the only one that matches, borrowed; or the sum of several,
     * owned. NULL: none. */
    const struct hist *hist;
    struct hist *own;
};

struct metric {
    const char *name;
    enum metric_kind kind;
    enum metric_unit unit; /* of what is counted or measured */
    unsigned tags; /* bit 1 << enum metric_tag; with that of the phase it also
                      has the tags that scripts set */
    enum trend trend;        /* of a trend without filter */
    enum series_kind series; /* of what has tags of scripts */
    size_t offset;           /* in a row or the snapshot, where `add` reads */
    const struct custom_metric *custom; /* the script's definition, or NULL */
    /* Adds up what matches the filters. */
    void (*add)(const struct metric_query *query, const struct snapshot *s,
                struct metric_sum *sum);
};

/* A metric of molo's own; NULL: there is none of that name. */
const struct metric *metric_find_own(const char *name);
/* "what 'word': did you mean 'x'?", or which there are. */
bool
metric_refuse_word(struct err *err, const char *what, const char *word,
                   const char *which, const char *const *known, size_t count);
size_t metric_own_count(void);
const char *metric_own_name(size_t i);
/* The names of all metrics there are, metric_own_count() first; the caller
 * frees the list. */
const char **metric_names(const struct metric_catalog *catalog, size_t *count);
const struct metric *
metric_catalog_find(const struct metric_catalog *catalog, const char *name);
bool
metric_catalog_has_tag(const struct metric_catalog *catalog, const char *name);

/* Of the series of requests, runs, checks ...: how many there are, how many of
 * them failed; the hist, or uint64_t, at `offset` of each row. */
void metric_add_count(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
void
metric_add_failed_requests(const struct metric_query *query,
                           const struct snapshot *s, struct metric_sum *sum);
void metric_add_checks(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum);
void metric_add_sum(const struct metric_query *query, const struct snapshot *s,
                    struct metric_sum *sum);
void metric_add_times(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
void metric_add_custom(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum);
/* Of the workloads. */
void metric_add_dropped(const struct metric_query *query,
                        const struct snapshot *s, struct metric_sum *sum);
void metric_add_start_lag(const struct metric_query *query,
                          const struct snapshot *s, struct metric_sum *sum);
/* Of one that is kept over all and has no series. */
void metric_add_trend(const struct metric_query *query,
                      const struct snapshot *s, struct metric_sum *sum);
/* The uint64_t, or the struct hist *, at `offset` of each object's row. */
void metric_add_coord_count(const struct metric_query *query,
                            const struct snapshot *s, struct metric_sum *sum);
void metric_add_coord_trend(const struct metric_query *query,
                            const struct snapshot *s, struct metric_sum *sum);

#endif

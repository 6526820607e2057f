#ifndef MOLO_STATS_METRIC_H
#define MOLO_STATS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "stats/snapshot.h"

/* What can be asked of a snapshot by name: the metrics, the tags each can be
 * filtered by, and one figure of one of them. */

enum metric_kind {
    METRIC_COUNTER, /* count; rate: per second */
    METRIC_SHARE,   /* count: those that hit; rate: their share of all */
    METRIC_TREND,   /* percentiles, min, max, mean, count */
    METRIC_GAUGE,   /* last, min, max, count */
};

enum metric_unit {
    METRIC_UNIT_NUMBER,
    METRIC_UNIT_TIME,  /* nanoseconds */
    METRIC_UNIT_SHARE, /* 0 to 1 */
    METRIC_UNIT_BYTES,
    METRIC_UNIT_PER_SECOND,
    METRIC_UNIT_BYTES_PER_SECOND,
};

enum metric_stat {
    METRIC_STAT_PERCENTILE,
    METRIC_STAT_MIN,
    METRIC_STAT_MAX,
    METRIC_STAT_MEAN,
    METRIC_STAT_COUNT,
    METRIC_STAT_RATE,
    METRIC_STAT_LAST,
};

struct metric;

/* The metrics that a script defines, besides those that are always there, and
 * the tags it is known to set. One thread. */
struct metric_catalog;

struct metric_catalog *metric_catalog_create(void);
void metric_catalog_destroy(struct metric_catalog *catalog);
/* Defines a metric, or finds the one that was defined like that before. The
 * catalog's. Errors: the name is no word, is molo's own, or is taken by a
 * metric of another type or unit. */
const struct custom_metric *
metric_catalog_define(struct metric_catalog *catalog, const char *name,
                      enum custom_type type, enum custom_unit unit,
                      struct err *err);
/* All of them, as a uthash table. */
const struct custom_metric *
metric_catalog_definitions(const struct metric_catalog *catalog);
/* A tag that may look like a mistyped one of molo's and is none. */
void metric_catalog_add_tag(struct metric_catalog *catalog, const char *name);

struct metric_filter {
    char *tag, *value;
};

/* One figure: of which metric, of which part of it, which statistic. Zeroed is
 * empty. Owns its filters. */
struct metric_query {
    const struct metric *metric;
    struct metric_filter *filters;
    size_t filter_count;
    enum metric_stat stat;
    double percent; /* of METRIC_STAT_PERCENTILE */
};

/* `unmeasured`: nothing that the query is about was recorded; the number is 0
 * then. `missing`: a tag of the query that nothing of this metric has, whatever
 * the value; the query's, or NULL. */
struct metric_value {
    double number;
    bool unmeasured;
    const char *missing;
};

/* An unknown name is an error with a suggestion. `catalog`: NULL if there is no
 * script; borrowed by what is found. */
const struct metric *
metric_find(const char *name, const struct metric_catalog *catalog,
            struct err *err);
const char *metric_name(const struct metric *metric);
enum metric_kind metric_kind(const struct metric *metric);

/* Adds a filter. Errors: one of molo's tags that this metric does not have, or
 * what looks like one, mistyped; a tag that is set already; a value that cannot
 * occur. */
bool
metric_query_set_tag(struct metric_query *query, const char *tag,
                     const char *value, const struct metric_catalog *catalog,
                     struct err *err);
/* The value of that filter; NULL: it is not set. */
const char *metric_query_tag(const struct metric_query *query, const char *tag);
/* Sets the statistic from its name: p0 to p100 with fractions (p99.9, p(95)),
 * min max mean avg med count rate last. Errors: an unknown one, one that this
 * metric does not have. */
bool metric_query_set_stat(struct metric_query *query, const char *stat,
                           struct err *err);
void metric_query_finish(struct metric_query *query);

/* "p95", "mean": one name for each statistic. */
#define METRIC_STAT_SIZE 32
void metric_query_stat_name(const struct metric_query *query,
                            char out[METRIC_STAT_SIZE]);
enum metric_unit metric_query_unit(const struct metric_query *query);
/* `duration`: of the runs, for rates per second. */
struct metric_value
metric_query_evaluate(const struct metric_query *query,
                      const struct snapshot *snapshot, nsec_t duration);

#endif

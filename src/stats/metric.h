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
};

enum metric_unit {
    METRIC_UNIT_NUMBER,
    METRIC_UNIT_TIME,  /* nanoseconds */
    METRIC_UNIT_SHARE, /* 0 to 1 */
    METRIC_UNIT_BYTES,
    METRIC_UNIT_PER_SECOND,
    METRIC_UNIT_BYTES_PER_SECOND,
};

/* In the order of metric_tag_name(). */
enum metric_tag {
    METRIC_TAG_CHECK,
    METRIC_TAG_KIND,
    METRIC_TAG_METHOD,
    METRIC_TAG_NAME,
    METRIC_TAG_ROLE,
    METRIC_TAG_SCENARIO,
    METRIC_TAG_STATUS,
    METRIC_TAG_TYPE,
    METRIC_TAG_COUNT,
};

enum metric_stat {
    METRIC_STAT_PERCENTILE,
    METRIC_STAT_MIN,
    METRIC_STAT_MAX,
    METRIC_STAT_MEAN,
    METRIC_STAT_COUNT,
    METRIC_STAT_RATE,
};

struct metric;

/* One figure: of which metric, of which part of it, which statistic. Zeroed is
 * empty. Owns its tags; NULL: whatever it is. */
struct metric_query {
    const struct metric *metric;
    char *tags[METRIC_TAG_COUNT];
    enum metric_stat stat;
    double percent; /* of METRIC_STAT_PERCENTILE */
};

/* `unmeasured`: nothing that the query is about was recorded; the number is 0
 * then. */
struct metric_value {
    double number;
    bool unmeasured;
};

/* An unknown name is an error with a suggestion. */
const struct metric *metric_find(const char *name, struct err *err);
const char *metric_name(const struct metric *metric);
enum metric_kind metric_kind(const struct metric *metric);
const char *metric_tag_name(enum metric_tag tag);

/* Sets a filter. Errors: an unknown tag, one that this metric does not have
 * (the message lists those it has), one that is set already, a value that
 * cannot occur. */
bool metric_query_set_tag(struct metric_query *query, const char *tag,
                          const char *value, struct err *err);
/* Sets the statistic from its name: p0 to p100 with fractions (p99.9, p(95)),
 * min max mean avg med count rate. Errors: an unknown one, one that this metric
 * does not have. */
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

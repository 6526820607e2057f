#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "stats/metric_internal.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define TAG(tag) (1U << METRIC_TAG_##tag)
#define ENDPOINT_TAGS (TAG(METHOD) | TAG(NAME))
#define COORD_TAGS (TAG(NAME) | TAG(TYPE))

/* One without a break-down. */
#define PLAIN_TREND(public_name, id)                                           \
    {                                                                          \
        .name = (public_name), .kind = METRIC_TREND, .unit = METRIC_UNIT_TIME, \
        .trend = (id), .add = metric_add_trend                                 \
    }
#define COORD_COUNTER(public_name, field)                                  \
    {                                                                      \
        .name = (public_name), .kind = METRIC_COUNTER, .tags = COORD_TAGS, \
        .offset = offsetof(struct coord_stats, field),                     \
        .add = metric_add_coord_count                                      \
    }
#define COORD_TREND(public_name, field, measured_in)                        \
    {                                                                       \
        .name = (public_name), .kind = METRIC_TREND, .unit = (measured_in), \
        .tags = COORD_TAGS, .offset = offsetof(struct coord_stats, field),  \
        .add = metric_add_coord_trend                                       \
    }

static const struct metric metrics[] = {
    {.name = "http_reqs",
     .kind = METRIC_COUNTER,
     .tags = ENDPOINT_TAGS | TAG(STATUS),
     .add = metric_add_requests},
    {.name = "http_req_failed",
     .kind = METRIC_SHARE,
     .tags = ENDPOINT_TAGS,
     .add = metric_add_failed_requests},
    {.name = "http_req_duration",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = ENDPOINT_TAGS,
     .trend = TREND_HTTP_REQ_DURATION,
     .add = metric_add_request_durations},
    PLAIN_TREND("http_req_dns", TREND_HTTP_REQ_DNS),
    PLAIN_TREND("http_req_connect", TREND_HTTP_REQ_CONNECT),
    PLAIN_TREND("http_req_tls", TREND_HTTP_REQ_TLS),
    PLAIN_TREND("http_req_send", TREND_HTTP_REQ_SEND),
    PLAIN_TREND("http_req_wait", TREND_HTTP_REQ_WAIT),
    PLAIN_TREND("http_req_receive", TREND_HTTP_REQ_RECEIVE),
    {.name = "data_sent",
     .kind = METRIC_COUNTER,
     .unit = METRIC_UNIT_BYTES,
     .tags = ENDPOINT_TAGS,
     .offset = offsetof(struct endpoint_stats, bytes_sent),
     .add = metric_add_bytes},
    {.name = "data_received",
     .kind = METRIC_COUNTER,
     .unit = METRIC_UNIT_BYTES,
     .tags = ENDPOINT_TAGS,
     .offset = offsetof(struct endpoint_stats, bytes_received),
     .add = metric_add_bytes},
    {.name = "runs",
     .kind = METRIC_COUNTER,
     .tags = TAG(SCENARIO) | TAG(ROLE) | TAG(STATUS),
     .add = metric_add_runs},
    PLAIN_TREND("run_duration", TREND_RUN_DURATION),
    PLAIN_TREND("run_active", TREND_RUN_ACTIVE),
    PLAIN_TREND("start_lag", TREND_START_LAG),
    {.name = "dropped_runs",
     .kind = METRIC_COUNTER,
     .offset = offsetof(struct snapshot, runs_dropped),
     .add = metric_add_total},
    {.name = "checks",
     .kind = METRIC_SHARE,
     .tags = TAG(CHECK),
     .add = metric_add_checks},
    {.name = "errors",
     .kind = METRIC_COUNTER,
     .tags = TAG(KIND),
     .add = metric_add_errors},
    COORD_TREND("coord_wait", wait, METRIC_UNIT_TIME),
    COORD_TREND("coord_round", round, METRIC_UNIT_TIME),
    COORD_TREND("coord_skew", skew, METRIC_UNIT_TIME),
    COORD_TREND("coord_release", release, METRIC_UNIT_TIME),
    COORD_TREND("coord_propagation", propagation, METRIC_UNIT_TIME),
    COORD_TREND("coord_visibility", visibility, METRIC_UNIT_TIME),
    COORD_TREND("coord_held", held, METRIC_UNIT_TIME),
    COORD_TREND("coord_depth", depth, METRIC_UNIT_NUMBER),
    COORD_COUNTER("coord_rounds", rounds),
    COORD_COUNTER("coord_missed", missed),
    COORD_COUNTER("coord_contended", contended),
    COORD_COUNTER("coord_timeouts", timeouts),
    COORD_COUNTER("coord_breaks", breaks),
};

static const char *const tag_names[METRIC_TAG_COUNT] = {
    [METRIC_TAG_CHECK] = "check",   [METRIC_TAG_KIND] = "kind",
    [METRIC_TAG_METHOD] = "method", [METRIC_TAG_NAME] = "name",
    [METRIC_TAG_ROLE] = "role",     [METRIC_TAG_SCENARIO] = "scenario",
    [METRIC_TAG_STATUS] = "status", [METRIC_TAG_TYPE] = "type",
};

static const char *const run_states[] = {"ok", "failed", "interrupted"};
static const char *const object_types[] = {"variable",  "notifier", "barrier",
                                           "event",     "lock",     "semaphore",
                                           "condition", "queue",    "limiter"};

/* "what 'word': did you mean 'x'?", or which there are. */
static bool
refuse_word(struct err *err, const char *what, const char *word,
            const char *which, const char *const *known, size_t count)
{
    const char *nearest = str_nearest(word, known, count);
    if (nearest != NULL)
        return err_set(err, "%s '%.60s': did you mean '%s'?", what, word,
                       nearest);
    struct buf list = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
    err_set(err, "%s '%.60s' (%s: %s)", what, word, which, list.data);
    buf_finish(&list);
    return false;
}

const struct metric *
metric_find(const char *name, struct err *err)
{
    const char *names[ARRAY_LENGTH(metrics)];
    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
        names[i] = metrics[i].name;
    }
    refuse_word(err, "unknown metric", name, "there are", names,
                ARRAY_LENGTH(names));
    return NULL;
}

const char *
metric_name(const struct metric *metric)
{
    return metric->name;
}

enum metric_kind
metric_kind(const struct metric *metric)
{
    return metric->kind;
}

const char *
metric_tag_name(enum metric_tag tag)
{
    return tag_names[tag];
}

/* --- tags --- */

static bool
refuse_tag(const struct metric *metric, const char *tag, struct err *err)
{
    const char *names[METRIC_TAG_COUNT];
    size_t count = 0;
    for (int i = 0; i < METRIC_TAG_COUNT; i++) {
        if (metric->tags & (1U << i))
            names[count++] = tag_names[i];
    }
    if (count == 0)
        return err_set(err,
                       "%s cannot be filtered, by '%.60s' or any other tag",
                       metric->name, tag);
    struct buf what = {0};
    buf_printf(&what, "%s cannot be filtered by", metric->name);
    refuse_word(err, what.data, tag, "it can by", names, count);
    buf_finish(&what);
    return false;
}

static bool
is_one_of(const char *word, const char *const *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, known[i]) == 0)
            return true;
    }
    return false;
}

static bool
is_status(const char *value)
{
    if (strlen(value) != 3 || value[0] < '1' || value[0] > '9')
        return false;
    return strcmp(value + 1, "xx") == 0 || strspn(value + 1, "0123456789") == 2;
}

static bool
check_value(const struct metric *metric, int tag, const char *value,
            struct err *err)
{
    if (tag == METRIC_TAG_TYPE &&
        !is_one_of(value, object_types, ARRAY_LENGTH(object_types)))
        return refuse_word(err, "unknown type", value, "there are",
                           object_types, ARRAY_LENGTH(object_types));
    if (tag != METRIC_TAG_STATUS)
        return true;
    if (metric->tags & TAG(SCENARIO))
        return is_one_of(value, run_states, ARRAY_LENGTH(run_states)) ||
               refuse_word(err, "unknown status of runs", value, "there are",
                           run_states, ARRAY_LENGTH(run_states));
    return is_status(value) ||
           err_set(err,
                   "'%.60s' is not a status; write for example status=404 or "
                   "status=5xx",
                   value);
}

bool
metric_query_set_tag(struct metric_query *query, const char *tag,
                     const char *value, struct err *err)
{
    int found = 0;
    while (found < METRIC_TAG_COUNT && strcmp(tag_names[found], tag) != 0)
        found++;
    if (found == METRIC_TAG_COUNT || !(query->metric->tags & (1U << found)))
        return refuse_tag(query->metric, tag, err);
    if (query->tags[found] != NULL)
        return err_set(err, "the tag '%s' is given twice", tag);
    if (!check_value(query->metric, found, value, err))
        return false;
    query->tags[found] = xstrdup(value);
    return true;
}

/* --- statistics --- */

/* "95", "99.9", "(95)". False: not a percentile at all. */
static bool
parse_percent(const char *text, double *percent)
{
    char digits[16];
    size_t size = strlen(text);
    if (size > 2 && text[0] == '(' && text[size - 1] == ')') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof(digits) ||
        strspn(text, "0123456789.") < size)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    char *end;
    *percent = strtod(digits, &end);
    return *end == '\0';
}

#define STATS_OF_TREND "p0 to p100, min, max, mean, med, count"
#define STATS_OF_COUNTER "count, rate"

static bool
refuse_stat(const char *stat, struct err *err)
{
    static const char *const names[] = {"min", "max",   "mean", "avg",
                                        "med", "count", "rate"};
    const char *nearest = str_nearest(stat, names, ARRAY_LENGTH(names));
    if (nearest != NULL)
        return err_set(err, "unknown statistic '%.60s': did you mean '%s'?",
                       stat, nearest);
    return err_set(
        err, "unknown statistic '%.60s' (there are: " STATS_OF_TREND ", rate)",
        stat);
}

static bool
set_percentile(struct metric_query *query, const char *stat, struct err *err)
{
    double percent;
    if (!parse_percent(stat + 1, &percent))
        return refuse_stat(stat, err);
    if (percent > 100) {
        if (strcmp(stat, "p999") == 0)
            return err_set(err, "percentiles are from p0 to p100, not p999: "
                                "did you mean 'p99.9'?");
        return err_set(err, "percentiles are from p0 to p100, not %.60s", stat);
    }
    query->stat = METRIC_STAT_PERCENTILE;
    query->percent = percent;
    return true;
}

static bool
find_stat(struct metric_query *query, const char *stat, struct err *err)
{
    static const struct {
        const char *name;
        enum metric_stat stat;
    } names[] = {
        {"min", METRIC_STAT_MIN},        {"max", METRIC_STAT_MAX},
        {"mean", METRIC_STAT_MEAN},      {"avg", METRIC_STAT_MEAN},
        {"med", METRIC_STAT_PERCENTILE}, {"count", METRIC_STAT_COUNT},
        {"rate", METRIC_STAT_RATE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (strcmp(names[i].name, stat) == 0) {
            query->stat = names[i].stat;
            query->percent = 50;
            return true;
        }
    }
    return stat[0] == 'p' ? set_percentile(query, stat, err)
                          : refuse_stat(stat, err);
}

bool
metric_query_set_stat(struct metric_query *query, const char *stat,
                      struct err *err)
{
    struct metric_query found = *query;
    if (!find_stat(&found, stat, err))
        return false;
    bool trend = query->metric->kind == METRIC_TREND;
    bool fits = found.stat == METRIC_STAT_COUNT ||
                (found.stat == METRIC_STAT_RATE) != trend;
    if (!fits)
        return err_set(err, "%s has no '%.60s' (it has: %s)",
                       query->metric->name, stat,
                       trend ? STATS_OF_TREND : STATS_OF_COUNTER);
    *query = found;
    return true;
}

void
metric_query_finish(struct metric_query *query)
{
    for (size_t i = 0; i < METRIC_TAG_COUNT; i++)
        free(query->tags[i]);
    *query = (struct metric_query){0};
}

void
metric_query_stat_name(const struct metric_query *query,
                       char out[METRIC_STAT_SIZE])
{
    const char *name = "";
    switch (query->stat) {
    case METRIC_STAT_PERCENTILE:
        snprintf(out, METRIC_STAT_SIZE, "p%.12g", query->percent);
        return;
    case METRIC_STAT_MIN:
        name = "min";
        break;
    case METRIC_STAT_MAX:
        name = "max";
        break;
    case METRIC_STAT_MEAN:
        name = "mean";
        break;
    case METRIC_STAT_COUNT:
        name = "count";
        break;
    case METRIC_STAT_RATE:
        name = "rate";
        break;
    }
    snprintf(out, METRIC_STAT_SIZE, "%s", name);
}

enum metric_unit
metric_query_unit(const struct metric_query *query)
{
    const struct metric *metric = query->metric;
    switch (metric->kind) {
    case METRIC_COUNTER:
        if (query->stat == METRIC_STAT_COUNT)
            return metric->unit;
        return metric->unit == METRIC_UNIT_BYTES ? METRIC_UNIT_BYTES_PER_SECOND
                                                 : METRIC_UNIT_PER_SECOND;
    case METRIC_SHARE:
        return query->stat == METRIC_STAT_COUNT ? METRIC_UNIT_NUMBER
                                                : METRIC_UNIT_SHARE;
    case METRIC_TREND:
        break;
    }
    return query->stat == METRIC_STAT_COUNT ? METRIC_UNIT_NUMBER : metric->unit;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "stats/metric_internal.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TAG(tag) (1U << METRIC_TAG_##tag)

static const char *const run_states[] = {"ok", "failed", "interrupted"};
static const char *const object_types[] = {"variable",  "notifier", "barrier",
                                           "event",     "lock",     "semaphore",
                                           "condition", "queue",    "limiter"};

/* --- tags --- */

static bool
refuse_tag(const struct metric *metric, const char *tag, struct err *err)
{
    const char *names[METRIC_TAG_COUNT];
    size_t count = 0;
    for (int i = 0; i < METRIC_TAG_COUNT; i++) {
        if (metric->tags & (1U << i))
            names[count++] = metric_tag_names[i];
    }
    if (count == 0)
        return err_set(err,
                       "%s cannot be filtered, by '%.60s' or any other tag",
                       metric->name, tag);
    struct buf what = {0};
    buf_printf(&what, "%s cannot be filtered by", metric->name);
    metric_refuse_word(err, what.data, tag,
                       metric->tags & TAG(PHASE)
                           ? "it can by tags of your own and"
                           : "it can by",
                       names, count);
    buf_finish(&what);
    return false;
}

/* METRIC_TAG_COUNT: not one of molo's. */
static int
find_tag(const char *tag)
{
    int found = 0;
    while (found < METRIC_TAG_COUNT &&
           strcmp(metric_tag_names[found], tag) != 0)
        found++;
    return found;
}

/* May it be one that the script sets? A mistyped one of molo's would never
 * match anything. */
static bool
is_of_script(const struct metric *metric, const char *tag,
             const struct metric_catalog *catalog)
{
    if (!(metric->tags & TAG(PHASE)))
        return false;
    return metric_catalog_has_tag(catalog, tag) ||
           str_nearest(tag, metric_tag_names, METRIC_TAG_COUNT) == NULL;
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
    static const char *const phases[] = {"setup", "run", "teardown"};
    static const char *const truths[] = {"true", "false"};
    if (tag == METRIC_TAG_TYPE)
        return is_one_of(value, object_types, ARRAY_LENGTH(object_types)) ||
               metric_refuse_word(err, "unknown type", value, "there are",
                                  object_types, ARRAY_LENGTH(object_types));
    if (tag == METRIC_TAG_PHASE)
        return is_one_of(value, phases, ARRAY_LENGTH(phases)) ||
               metric_refuse_word(err, "unknown phase", value, "there are",
                                  phases, ARRAY_LENGTH(phases));
    if (tag == METRIC_TAG_FAILED)
        return is_one_of(value, truths, ARRAY_LENGTH(truths)) ||
               err_set(err, "failed is true or false, not '%.60s'", value);
    if (tag != METRIC_TAG_STATUS)
        return true;
    if (metric->series == SERIES_REQUESTS)
        return is_status(value) ||
               err_set(err,
                       "'%.60s' is not a status; write for example status=404 "
                       "or status=5xx",
                       value);
    return is_one_of(value, run_states, ARRAY_LENGTH(run_states)) ||
           metric_refuse_word(
               err,
               metric->series == SERIES_RUNS ? "unknown status of runs"
                                             : "unknown status of transactions",
               value, "there are", run_states, ARRAY_LENGTH(run_states));
}

const char *
metric_query_tag(const struct metric_query *query, const char *tag)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        if (strcmp(query->filters[i].tag, tag) == 0)
            return query->filters[i].value;
    }
    return NULL;
}

bool
metric_query_set_tag(struct metric_query *query, const char *tag,
                     const char *value, const struct metric_catalog *catalog,
                     struct err *err)
{
    int own = find_tag(tag);
    bool known = own < METRIC_TAG_COUNT
                     ? query->metric->tags & (1U << own)
                     : is_of_script(query->metric, tag, catalog);
    if (!known)
        return refuse_tag(query->metric, tag, err);
    if (metric_query_tag(query, tag) != NULL)
        return err_set(err, "the tag '%s' is given twice", tag);
    if (!check_value(query->metric, own, value, err))
        return false;
    query->filters = xrealloc(query->filters, (query->filter_count + 1) *
                                                  sizeof(query->filters[0]));
    query->filters[query->filter_count++] = (struct metric_filter){
        .tag = xstrdup(tag),
        .value = xstrdup(value),
    };
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
#define STATS_OF_GAUGE "last, min, max, count"

static bool
refuse_stat(const char *stat, struct err *err)
{
    static const char *const names[] = {"min", "max",   "mean", "avg",
                                        "med", "count", "rate", "last"};
    const char *nearest = str_nearest(stat, names, ARRAY_LENGTH(names));
    if (nearest != NULL)
        return err_set(err, "unknown statistic '%.60s': did you mean '%s'?",
                       stat, nearest);
    return err_set(err,
                   "unknown statistic '%.60s' (there are: " STATS_OF_TREND
                   ", rate, last)",
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
        {"rate", METRIC_STAT_RATE},      {"last", METRIC_STAT_LAST},
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

static bool
has_stat(enum metric_kind kind, enum metric_stat stat)
{
    switch (kind) {
    case METRIC_COUNTER:
    case METRIC_SHARE:
        return stat == METRIC_STAT_COUNT || stat == METRIC_STAT_RATE;
    case METRIC_TREND:
        return stat != METRIC_STAT_RATE && stat != METRIC_STAT_LAST;
    case METRIC_GAUGE:
        return stat == METRIC_STAT_LAST || stat == METRIC_STAT_MIN ||
               stat == METRIC_STAT_MAX || stat == METRIC_STAT_COUNT;
    }
    return false;
}

static const char *
stats_of(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
    case METRIC_SHARE:
        return STATS_OF_COUNTER;
    case METRIC_TREND:
        return STATS_OF_TREND;
    case METRIC_GAUGE:
        break;
    }
    return STATS_OF_GAUGE;
}

bool
metric_query_set_stat(struct metric_query *query, const char *stat,
                      struct err *err)
{
    struct metric_query found = *query;
    if (!find_stat(&found, stat, err))
        return false;
    if (!has_stat(query->metric->kind, found.stat))
        return err_set(err, "%s has no '%.60s' (it has: %s)",
                       query->metric->name, stat,
                       stats_of(query->metric->kind));
    *query = found;
    return true;
}

void
metric_query_finish(struct metric_query *query)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        free(query->filters[i].tag);
        free(query->filters[i].value);
    }
    free(query->filters);
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
    case METRIC_STAT_LAST:
        name = "last";
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
    case METRIC_GAUGE:
        break;
    }
    return query->stat == METRIC_STAT_COUNT ? METRIC_UNIT_NUMBER : metric->unit;
}

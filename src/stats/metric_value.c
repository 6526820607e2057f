#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "stats/metric_internal.h"

#define LABEL_SIZE 256

static bool
matches(const struct metric_query *query, enum metric_tag tag, const char *text)
{
    return query->tags[tag] == NULL || strcmp(query->tags[tag], text) == 0;
}

static void
add_hist(struct metric_sum *sum, const struct hist *hist)
{
    if (hist == NULL)
        return;
    if (sum->hist == NULL) {
        sum->hist = hist;
        return;
    }
    if (sum->own == NULL) {
        sum->own = hist_create();
        hist_merge(sum->own, sum->hist);
        sum->hist = sum->own;
    }
    hist_merge(sum->own, hist);
}

static uint64_t
count_at(const void *row, size_t offset)
{
    uint64_t count;
    memcpy(&count, (const char *)row + offset, sizeof(count));
    return count;
}

/* --- requests --- */

static bool
matches_endpoint(const struct metric_query *query,
                 const struct endpoint_stats *row)
{
    const char *method = query->tags[METRIC_TAG_METHOD];
    return (method == NULL || strcasecmp(method, row->method) == 0) &&
           matches(query, METRIC_TAG_NAME, row->name);
}

/* "404" or "4xx", checked when it was set. */
static uint64_t
answers_with(const struct endpoint_stats *row, const char *status)
{
    const uint64_t *class = row->status[status[0] - '0'];
    if (status[1] != 'x')
        return class[(status[1] - '0') * 10 + status[2] - '0'];
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof(row->status[0]) / sizeof(class[0]); i++)
        count += class[i];
    return count;
}

void
metric_add_requests(const struct metric_query *query, const struct snapshot *s,
                    struct metric_sum *sum)
{
    const char *status = query->tags[METRIC_TAG_STATUS];
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        if (!matches_endpoint(query, row))
            continue;
        sum->hits += status != NULL ? answers_with(row, status) : row->count;
        sum->found = true;
    }
}

void
metric_add_failed_requests(const struct metric_query *query,
                           const struct snapshot *s, struct metric_sum *sum)
{
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        if (!matches_endpoint(query, row))
            continue;
        sum->hits += row->failed;
        sum->total += row->count;
        sum->found = true;
    }
}

void
metric_add_request_durations(const struct metric_query *query,
                             const struct snapshot *s, struct metric_sum *sum)
{
    if (query->tags[METRIC_TAG_METHOD] == NULL &&
        query->tags[METRIC_TAG_NAME] == NULL) {
        metric_add_trend(query, s, sum);
        return;
    }
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        if (matches_endpoint(query, row))
            add_hist(sum, row->duration);
    }
}

void
metric_add_bytes(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    for (const struct endpoint_stats *row = s->endpoints; row != NULL;
         row = row->hh.next) {
        if (!matches_endpoint(query, row))
            continue;
        sum->hits += count_at(row, query->metric->offset);
        sum->found = true;
    }
}

/* --- runs --- */

/* Of the status asked for; without one, of those that ended by themselves, as
 * the metric `runs` of the result has it. */
static uint64_t
runs_of(const struct metric_query *query, uint64_t ok, uint64_t failed,
        uint64_t interrupted)
{
    const char *status = query->tags[METRIC_TAG_STATUS];
    if (status == NULL)
        return ok + failed;
    return strcmp(status, "ok") == 0       ? ok
           : strcmp(status, "failed") == 0 ? failed
                                           : interrupted;
}

void
metric_add_runs(const struct metric_query *query, const struct snapshot *s,
                struct metric_sum *sum)
{
    for (const struct scenario_stats *row = s->scenarios; row != NULL;
         row = row->hh.next) {
        if (!matches(query, METRIC_TAG_SCENARIO, row->name))
            continue;
        if (query->tags[METRIC_TAG_ROLE] == NULL) {
            sum->hits += runs_of(query, row->ok, row->failed, row->interrupted);
            sum->found = true;
            continue;
        }
        for (const struct role_stats *role = row->roles; role != NULL;
             role = role->hh.next) {
            if (!matches(query, METRIC_TAG_ROLE, role->name))
                continue;
            sum->hits +=
                runs_of(query, role->ok, role->failed, role->interrupted);
            sum->found = true;
        }
    }
}

/* --- totals --- */

void
metric_add_total(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    sum->hits = count_at(s, query->metric->offset);
    sum->found = true;
}

void
metric_add_trend(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    add_hist(sum, s->trends[query->metric->trend]);
}

/* --- checks and errors --- */

void
metric_add_checks(const struct metric_query *query, const struct snapshot *s,
                  struct metric_sum *sum)
{
    for (const struct check_stats *row = s->checks; row != NULL;
         row = row->hh.next) {
        if (!matches(query, METRIC_TAG_CHECK, row->name))
            continue;
        sum->hits += row->passes;
        sum->total += row->passes + row->fails;
        sum->found = true;
    }
}

void
metric_add_errors(const struct metric_query *query, const struct snapshot *s,
                  struct metric_sum *sum)
{
    for (const struct error_stats *row = s->errors; row != NULL;
         row = row->hh.next) {
        if (matches(query, METRIC_TAG_KIND, row->kind))
            sum->hits += row->count;
    }
    /* That there are none is a result as well. */
    sum->found = true;
    /* Those that found no row have lost their kind. */
    if (query->tags[METRIC_TAG_KIND] == NULL)
        sum->hits += s->errors_dropped;
}

/* --- coordination --- */

/* Rows are kept by label, and scripts know names. */
static bool
matches_object(const struct metric_query *query, const struct coord_stats *row)
{
    const char *name = query->tags[METRIC_TAG_NAME];
    if (name != NULL) {
        char label[LABEL_SIZE];
        str_label(name, label, sizeof(label));
        if (strcmp(label, row->label) != 0)
            return false;
    }
    return matches(query, METRIC_TAG_TYPE, row->type);
}

void
metric_add_coord_count(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum)
{
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next) {
        if (!matches_object(query, row))
            continue;
        sum->hits += count_at(row, query->metric->offset);
        sum->found = true;
    }
}

void
metric_add_coord_trend(const struct metric_query *query,
                       const struct snapshot *s, struct metric_sum *sum)
{
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next) {
        if (!matches_object(query, row))
            continue;
        const struct hist *hist;
        memcpy(&hist, (const char *)row + query->metric->offset, sizeof(hist));
        add_hist(sum, hist);
    }
}

/* --- one figure --- */

static double
trend_figure(const struct metric_query *query, const struct hist *hist)
{
    switch (query->stat) {
    case METRIC_STAT_PERCENTILE:
        return (double)hist_percentile(hist, query->percent);
    case METRIC_STAT_MIN:
        return (double)hist_min(hist);
    case METRIC_STAT_MAX:
        return (double)hist_max(hist);
    case METRIC_STAT_MEAN:
        return hist_mean(hist);
    case METRIC_STAT_COUNT:
    case METRIC_STAT_RATE:
        break;
    }
    return (double)hist_count(hist);
}

static struct metric_value
share_figure(const struct metric_query *query, const struct metric_sum *sum)
{
    struct metric_value value = {.number = (double)sum->hits,
                                 .unmeasured = sum->total == 0};
    if (query->stat == METRIC_STAT_RATE && sum->total > 0)
        value.number /= (double)sum->total;
    return value;
}

static struct metric_value
counter_figure(const struct metric_query *query, const struct metric_sum *sum,
               nsec_t duration)
{
    struct metric_value value = {.number = (double)sum->hits,
                                 .unmeasured = !sum->found};
    if (query->stat == METRIC_STAT_RATE)
        value.number =
            duration > 0 ? value.number / nsec_to_seconds(duration) : 0;
    return value;
}

struct metric_value
metric_query_evaluate(const struct metric_query *query,
                      const struct snapshot *snapshot, nsec_t duration)
{
    struct metric_sum sum = {0};
    struct metric_value value = {.unmeasured = true};
    query->metric->add(query, snapshot, &sum);
    switch (query->metric->kind) {
    case METRIC_COUNTER:
        value = counter_figure(query, &sum, duration);
        break;
    case METRIC_SHARE:
        value = share_figure(query, &sum);
        break;
    case METRIC_TREND:
        if (sum.hist != NULL && hist_count(sum.hist) > 0)
            value =
                (struct metric_value){.number = trend_figure(query, sum.hist)};
        break;
    }
    hist_destroy(sum.own);
    return value;
}

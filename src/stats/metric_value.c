#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "stats/metric_internal.h"

#define LABEL_SIZE 256

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

static const struct hist *
hist_at(const void *row, size_t offset)
{
    const struct hist *hist;
    memcpy(&hist, (const char *)row + offset, sizeof(hist));
    return hist;
}

/* --- series --- */

/* "404" or "4xx", checked when it was set. */
static bool
matches_status(const char *wanted, const char *status)
{
    if (wanted[1] != 'x')
        return strcmp(wanted, status) == 0;
    return wanted[0] == status[0];
}

static bool
matches_filter(const struct metric_query *query,
               const struct metric_filter *filter, const char *value)
{
    if (value == NULL)
        return false;
    if (query->metric->custom == NULL &&
        query->metric->series == SERIES_REQUESTS) {
        if (strcmp(filter->tag, "status") == 0)
            return matches_status(filter->value, value);
        if (strcmp(filter->tag, "method") == 0)
            return strcasecmp(filter->value, value) == 0;
    }
    return strcmp(filter->value, value) == 0;
}

/* `outcome`: whatever came of it, the status too must match. */
static bool
matches(const struct metric_query *query, const struct series *row,
        bool outcome)
{
    if (metric_query_tag(query, "phase") == NULL && !series_is_in_run(row))
        return false;
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct metric_filter *filter = &query->filters[i];
        if (!outcome && (strcmp(filter->tag, "status") == 0 ||
                         strcmp(filter->tag, "failed") == 0))
            continue;
        if (!matches_filter(query, filter, tag_set_get(row->tags, filter->tag)))
            return false;
    }
    return true;
}

/* The next row that matches, from `row` on. */
static const struct series *
next_match(const struct metric_query *query, const struct series *row)
{
    while (row != NULL && !matches(query, row, true))
        row = row->hh.next;
    return row;
}

#define each_match(query, row, rows)                                        \
    for (const struct series *row = next_match(query, rows); (row) != NULL; \
         (row) = next_match(query, (row)->hh.next))

/* A tag that no row has at all is more likely a mistake than a result. */
static void
look_for_tags(const struct metric_query *query, const struct series *rows,
              struct metric_sum *sum)
{
    for (size_t i = 0; rows != NULL && i < query->filter_count; i++) {
        const struct series *row = rows;
        while (row != NULL &&
               tag_set_get(row->tags, query->filters[i].tag) == NULL)
            row = row->hh.next;
        if (row == NULL)
            sum->missing = query->filters[i].tag;
    }
}

static const struct series *
rows_of(const struct metric_query *query, const struct snapshot *s,
        struct metric_sum *sum)
{
    const struct series *rows = s->series[query->metric->series];
    look_for_tags(query, rows, sum);
    return rows;
}

void
metric_add_count(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    /* Without a status, runs and transactions that ended by themselves. */
    bool any = query->metric->series == SERIES_REQUESTS ||
               metric_query_tag(query, "status") != NULL;
    const struct series *rows = rows_of(query, s, sum);
    for (const struct series *row = rows; row != NULL; row = row->hh.next) {
        /* None with this status is a count of 0, and not nothing. */
        sum->found = sum->found || matches(query, row, false);
        if (!matches(query, row, true))
            continue;
        const char *status = any ? NULL : tag_set_get(row->tags, "status");
        if (status == NULL || strcmp(status, "interrupted") != 0)
            sum->hits += row->count;
    }
    /* That there are no errors is a result as well. */
    if (query->metric->series == SERIES_ERRORS)
        sum->found = true;
}

void
metric_add_failed_requests(const struct metric_query *query,
                           const struct snapshot *s, struct metric_sum *sum)
{
    each_match (query, row, rows_of(query, s, sum)) {
        const char *failed = tag_set_get(row->tags, "failed");
        if (failed != NULL && strcmp(failed, "true") == 0)
            sum->hits += row->count;
        sum->total += row->count;
        sum->found = true;
    }
}

void
metric_add_checks(const struct metric_query *query, const struct snapshot *s,
                  struct metric_sum *sum)
{
    each_match (query, row, rows_of(query, s, sum)) {
        sum->hits += row->count - row->failed;
        sum->total += row->count;
        sum->found = true;
    }
}

void
metric_add_sum(const struct metric_query *query, const struct snapshot *s,
               struct metric_sum *sum)
{
    each_match (query, row, rows_of(query, s, sum)) {
        sum->hits += count_at(row, query->metric->offset);
        sum->found = true;
    }
}

void
metric_add_times(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    enum trend trend = query->metric->trend;
    if (query->filter_count == 0 && trend < TREND_COUNT) {
        add_hist(sum, s->trends[trend]);
        return;
    }
    each_match (query, row, rows_of(query, s, sum))
        add_hist(sum, hist_at(row, query->metric->offset));
}

void
metric_add_custom(const struct metric_query *query, const struct snapshot *s,
                  struct metric_sum *sum)
{
    const struct custom_metric *custom =
        custom_find(s->custom, query->metric->name);
    if (custom == NULL)
        return;
    look_for_tags(query, custom->series, sum);
    each_match (query, row, custom->series) {
        sum->hits += row->count - row->failed;
        sum->total += row->count;
        sum->sum += row->sum;
        sum->found = true;
        series_merge_gauge(&sum->gauge, row);
        sum->gauge.count += row->count;
        add_hist(sum, row->time);
    }
}

/* --- workloads --- */

static bool
matches_workload(const struct metric_query *query,
                 const struct workload_stats *row)
{
    const char *workload = metric_query_tag(query, "workload");
    return workload == NULL || strcmp(workload, row->name) == 0;
}

void
metric_add_dropped(const struct metric_query *query, const struct snapshot *s,
                   struct metric_sum *sum)
{
    if (query->filter_count == 0) {
        sum->hits = s->runs_dropped;
        sum->found = true;
        return;
    }
    for (const struct workload_stats *row = s->workloads; row != NULL;
         row = row->hh.next) {
        if (!matches_workload(query, row))
            continue;
        sum->hits += row->dropped;
        sum->found = true;
    }
}

void
metric_add_start_lag(const struct metric_query *query, const struct snapshot *s,
                     struct metric_sum *sum)
{
    for (const struct workload_stats *row = s->workloads; row != NULL;
         row = row->hh.next) {
        if (matches_workload(query, row))
            add_hist(sum, row->start_lag);
    }
}

/* --- totals --- */

void
metric_add_trend(const struct metric_query *query, const struct snapshot *s,
                 struct metric_sum *sum)
{
    add_hist(sum, s->trends[query->metric->trend]);
}

/* --- coordination --- */

/* Rows are kept by label, and scripts know names. */
static bool
matches_object(const struct metric_query *query, const struct coord_stats *row)
{
    const char *type = metric_query_tag(query, "type");
    if (type != NULL && strcmp(type, row->type) != 0)
        return false;
    const char *const names[] = {metric_query_tag(query, "name"),
                                 metric_query_tag(query, "label")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char label[LABEL_SIZE];
        if (names[i] == NULL)
            continue;
        str_label(names[i], label, sizeof(label));
        if (strcmp(label, row->label) != 0)
            return false;
    }
    return true;
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
        add_hist(sum, hist_at(row, query->metric->offset));
    }
}

/* --- one figure --- */

/* What 1 is in the unit of the query, where a script counts or measures. */
static double
unit_scale(const struct metric *metric)
{
    return metric->unit == METRIC_UNIT_TIME ? 1e9 : 1;
}

static double
trend_figure(const struct metric_query *query, const struct hist *hist)
{
    double value = 0;
    switch (query->stat) {
    case METRIC_STAT_PERCENTILE:
        value = (double)hist_percentile(hist, query->percent);
        break;
    case METRIC_STAT_MIN:
        value = (double)hist_min(hist);
        break;
    case METRIC_STAT_MAX:
        value = (double)hist_max(hist);
        break;
    case METRIC_STAT_MEAN:
        value = hist_mean(hist);
        break;
    case METRIC_STAT_COUNT:
    case METRIC_STAT_RATE:
    case METRIC_STAT_LAST:
        return (double)hist_count(hist);
    }
    const struct custom_metric *custom = query->metric->custom;
    return custom != NULL
               ? value / custom_scale(custom->unit) * unit_scale(query->metric)
               : value;
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
    if (query->metric->custom != NULL)
        value.number = (double)sum->sum / 1e9 * unit_scale(query->metric);
    if (query->stat == METRIC_STAT_RATE)
        value.number =
            duration > 0 ? value.number / nsec_to_seconds(duration) : 0;
    return value;
}

static struct metric_value
gauge_figure(const struct metric_query *query, const struct metric_sum *sum)
{
    const struct series *gauge = &sum->gauge;
    if (query->stat == METRIC_STAT_COUNT)
        return (struct metric_value){.number = (double)gauge->count,
                                     .unmeasured = gauge->count == 0};
    double value = query->stat == METRIC_STAT_MIN   ? gauge->min
                   : query->stat == METRIC_STAT_MAX ? gauge->max
                                                    : gauge->last;
    return (struct metric_value){.number = value * unit_scale(query->metric),
                                 .unmeasured = gauge->count == 0};
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
    case METRIC_GAUGE:
        value = gauge_figure(query, &sum);
        break;
    }
    value.missing = sum.missing;
    hist_destroy(sum.own);
    return value;
}

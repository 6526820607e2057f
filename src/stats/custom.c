#define uthash_malloc(size) xmalloc(size)

#include "stats/custom.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A counter's steps of 1e-9 fit a series_sum far beyond this. */
#define LARGEST 1e18
#define SUM_SCALE 1e9

const char *
custom_type_name(enum custom_type type)
{
    switch (type) {
    case CUSTOM_COUNTER:
        return "counter";
    case CUSTOM_GAUGE:
        return "gauge";
    case CUSTOM_RATE:
        return "rate";
    case CUSTOM_TREND:
        break;
    }
    return "trend";
}

const char *
custom_unit_name(enum custom_unit unit)
{
    switch (unit) {
    case CUSTOM_SECONDS:
        return "s";
    case CUSTOM_BYTES:
        return "bytes";
    case CUSTOM_NUMBER:
        break;
    }
    return "";
}

struct custom_metric *
custom_find(struct custom_metric *metrics, const char *name)
{
    struct custom_metric *metric;
    HASH_FIND(hh, metrics, name, strlen(name), metric);
    return metric;
}

struct custom_metric *
custom_add(struct custom_metric **metrics, const char *name,
           enum custom_type type, enum custom_unit unit)
{
    struct custom_metric *metric = custom_find(*metrics, name);
    if (metric != NULL)
        return metric;
    metric = xcalloc(1, sizeof(*metric));
    metric->name = xstrdup(name);
    metric->type = type;
    metric->unit = unit;
    HASH_ADD_KEYPTR(hh, *metrics, metric->name, strlen(metric->name), metric);
    return metric;
}

void
custom_destroy(struct custom_metric **metrics)
{
    struct custom_metric *metric, *next;
    HASH_ITER (hh, *metrics, metric, next) {
        HASH_DEL(*metrics, metric);
        series_destroy(&metric->series);
        free(metric->name);
        free(metric);
    }
}

void
custom_merge(struct custom_metric **into, struct tag_table *table,
             const struct custom_metric *from)
{
    for (const struct custom_metric *metric = from; metric != NULL;
         metric = metric->hh.next) {
        struct custom_metric *sum =
            custom_add(into, metric->name, metric->type, metric->unit);
        series_merge(&sum->series, table, metric->series);
    }
}

double
custom_scale(enum custom_unit unit)
{
    switch (unit) {
    case CUSTOM_SECONDS:
        return 1e9;
    case CUSTOM_BYTES:
        return 1;
    case CUSTOM_NUMBER:
        break;
    }
    return 1e6;
}

bool
custom_check(const struct custom_metric *metric, double value, struct err *err)
{
    const char *type = custom_type_name(metric->type);
    if (!isfinite(value))
        return err_set(err, "%s '%s': %s is no value", type, metric->name,
                       isnan(value) ? "nan (0/0)" : "an infinite number");
    if (fabs(value) > LARGEST)
        return err_set(err, "%s '%s': %g is beyond 1e18", type, metric->name,
                       value);
    if (metric->type == CUSTOM_RATE && value != 0 && value != 1)
        return err_set(err,
                       "rate '%s': expected true or false (or 1 or 0), got %g",
                       metric->name, value);
    if (value < 0 &&
        (metric->type == CUSTOM_COUNTER || metric->type == CUSTOM_TREND))
        return err_set(err, "%s '%s': %g is below 0%s", type, metric->name,
                       value,
                       metric->type == CUSTOM_COUNTER
                           ? ": a counter only grows (a gauge may fall)"
                           : "");
    return true;
}

/* Whole values stay whole. */
static series_sum
in_steps(double value)
{
    double whole = floor(value);
    return (series_sum)whole * (series_sum)SUM_SCALE +
           (series_sum)llround((value - whole) * SUM_SCALE);
}

static nsec_t
in_hist(double value, enum custom_unit unit)
{
    double scaled = value * custom_scale(unit);
    return scaled < (double)INT64_MAX ? (nsec_t)llround(scaled) : INT64_MAX;
}

void
custom_record(const struct custom_metric *metric, struct series *row,
              double value, nsec_t at)
{
    switch (metric->type) {
    case CUSTOM_COUNTER:
        row->sum += in_steps(value);
        break;
    case CUSTOM_GAUGE:
        series_set(row, value, at);
        return;
    case CUSTOM_RATE:
        row->failed += value == 0;
        break;
    case CUSTOM_TREND:
        hist_record_into(&row->time, in_hist(value, metric->unit));
        break;
    }
    row->count++;
}

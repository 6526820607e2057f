#define uthash_malloc(size) xmalloc(size)

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "output/summary.h"
#include "stats/metric.h"

/* Longer lists are left to the result JSON. */
#define MAX_ROWS 30
#define NAME_WIDTH 36

/* --- transactions --- */

struct transaction {
    const char *name;
    uint64_t ok, failed, interrupted;
    struct series sum;
    UT_hash_handle hh;
};

static void
add_transaction(struct transaction **all, const struct series *row)
{
    const char *name = tag_set_get(row->tags, "name");
    const char *status = tag_set_get(row->tags, "status");
    struct transaction *transaction;
    HASH_FIND(hh, *all, name, strlen(name), transaction);
    if (transaction == NULL) {
        transaction = xcalloc(1, sizeof(*transaction));
        transaction->name = name;
        HASH_ADD_KEYPTR(hh, *all, name, strlen(name), transaction);
    }
    if (strcmp(status, "ok") == 0)
        transaction->ok += row->count;
    else if (strcmp(status, "failed") == 0)
        transaction->failed += row->count;
    else
        transaction->interrupted += row->count;
    series_merge_row(&transaction->sum, row);
}

static void
destroy_transactions(struct transaction *all)
{
    struct transaction *transaction, *next;
    HASH_ITER (hh, all, transaction, next) {
        HASH_DEL(all, transaction);
        series_finish(&transaction->sum);
        free(transaction);
    }
}

void
summary_transactions(struct summary *sum)
{
    static const char *const heads[] = {"transaction", "ok",   "failed",
                                        "interrupted", "mean", "p50",
                                        "p95",         "p99",  "max"};
    struct transaction *all = NULL;
    for (const struct series *row = sum->snapshot->series[SERIES_TRANSACTIONS];
         row != NULL; row = row->hh.next) {
        if (series_is_in_run(row))
            add_transaction(&all, row);
    }
    if (all == NULL)
        return;
    size_t count = HASH_COUNT(all), shown = 0;
    struct table *table = table_create(heads, 9, 1);
    for (const struct transaction *row = all; row != NULL && shown < MAX_ROWS;
         row = row->hh.next, shown++) {
        table_add(table, STYLE_PLAIN, "%s",
                  summary_cut(sum, row->name, NAME_WIDTH));
        table_add(table, STYLE_PLAIN, "%" PRIu64, row->ok);
        table_add(table, summary_bad_if(row->failed), "%" PRIu64, row->failed);
        table_add(table, STYLE_PLAIN, "%" PRIu64, row->interrupted);
        summary_add_mean(table, row->sum.time);
        summary_add_percentile(table, row->sum.time, 50);
        summary_add_percentile(table, row->sum.time, 95);
        summary_add_percentile(table, row->sum.time, 99);
        summary_add_percentile(table, row->sum.time, 100);
    }
    summary_finish_table(sum, table, count - shown);
    destroy_transactions(all);
}

/* --- metrics of the script --- */

/* `value` in the unit of the metric. */
static void
format(const struct custom_metric *metric, double value, char *out, size_t size)
{
    switch (metric->unit) {
    case CUSTOM_SECONDS:
        if (value >= 0 && value < 9e9) {
            units_format_duration((nsec_t)(value * 1e9 + 0.5), out, size);
            return;
        }
        snprintf(out, size, "%.4g s", value);
        return;
    case CUSTOM_BYTES:
        if (value >= 0 && value < 1e18) {
            units_format_bytes((uint64_t)(value + 0.5), out, size);
            return;
        }
        snprintf(out, size, "%.4g B", value);
        return;
    case CUSTOM_NUMBER:
        snprintf(out, size, value >= 1e4 ? "%.12g" : "%.4g", value);
        return;
    }
}

static void
append(struct buf *out, const struct custom_metric *metric, const char *name,
       double value)
{
    char text[64];
    format(metric, value, text, sizeof(text));
    buf_printf(out, "%s%s%s%s", out->size > 0 ? "   " : "", name,
               name[0] != '\0' ? " " : "", text);
}

static void
append_trend(struct buf *out, const struct custom_metric *metric,
             const struct hist *hist)
{
    static const struct {
        const char *name;
        double percent;
    } shown[] = {{"p50", 50}, {"p95", 95}, {"p99", 99}, {"max", 100}};
    double scale = custom_scale(metric->unit);
    append(out, metric, "mean", hist_mean(hist) / scale);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        append(out, metric, shown[i].name,
               (double)hist_percentile(hist, shown[i].percent) / scale);
    if (hist_overflow(hist) > 0)
        buf_printf(out, "   above the range: %" PRIu64, hist_overflow(hist));
}

static void
describe(const struct custom_metric *metric, const struct series *sum,
         nsec_t duration, struct buf *out)
{
    if (sum->count == 0) {
        buf_append_str(out, "-");
        return;
    }
    double total = (double)sum->sum / 1e9;
    switch (metric->type) {
    case CUSTOM_COUNTER:
        append(out, metric, "", total);
        buf_printf(out, "   %s",
                   summary_rate((uint64_t)(total + 0.5), duration).s);
        return;
    case CUSTOM_GAUGE:
        append(out, metric, "last", sum->last);
        append(out, metric, "min", sum->min);
        append(out, metric, "max", sum->max);
        return;
    case CUSTOM_RATE:
        buf_printf(out, "%.4g %% of %" PRIu64,
                   100 * (double)(sum->count - sum->failed) /
                       (double)sum->count,
                   sum->count);
        return;
    case CUSTOM_TREND:
        append_trend(out, metric, sum->time);
        return;
    }
}

void
summary_custom(struct summary *sum)
{
    static const char *const heads[] = {"metric", "type", "value"};
    struct custom_metric *all = sum->snapshot->custom;
    if (all == NULL)
        return;
    size_t count = HASH_COUNT(all), shown = 0;
    struct table *table = table_create(heads, 3, 3);
    for (const struct custom_metric *metric = all;
         metric != NULL && shown < MAX_ROWS;
         metric = metric->hh.next, shown++) {
        struct series whole = {0};
        for (const struct series *row = metric->series; row != NULL;
             row = row->hh.next) {
            if (series_is_in_run(row))
                series_merge_row(&whole, row);
        }
        struct buf text = {0};
        describe(metric, &whole, sum->result->duration, &text);
        table_add(table, STYLE_PLAIN, "%s",
                  summary_cut(sum, metric->name, NAME_WIDTH));
        table_add(table, STYLE_PLAIN, "%s", custom_type_name(metric->type));
        table_add(table, STYLE_PLAIN, "%s", text.data);
        buf_finish(&text);
        series_finish(&whole);
    }
    summary_finish_table(sum, table, count - shown);
}

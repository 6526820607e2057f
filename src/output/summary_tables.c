#include "output/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/units.h"
#include "output/text.h"

/* Longer lists are left to the result JSON. */
#define MAX_SCENARIOS 30
#define MAX_ENDPOINTS 30
#define MAX_CHECKS 30
#define MAX_ERRORS 20
#define METHOD_WIDTH 12
#define NAME_WIDTH 36
#define LABEL_WIDTH 24
#define MESSAGE_WIDTH 400

/* The rows with the highest counts first; equal ones in order of first use,
 * which is how the caller fills the list. */
struct ranked {
    uint64_t count;
    size_t place;
    const void *row;
};

static int
compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Sorts only what has to be shortened: otherwise the order of first use tells
 * the story of the scenario. Returns how many to show. */
static size_t
shorten(struct ranked *rows, size_t count, size_t max)
{
    if (count <= max)
        return count;
    qsort(rows, count, sizeof(rows[0]), compare_ranked);
    return max;
}

static void
add_outcomes(struct table *table, const char *name, uint64_t ok,
             uint64_t failed, uint64_t interrupted)
{
    table_add(table, STYLE_PLAIN, "%s", name);
    table_add(table, STYLE_PLAIN, "%" PRIu64, ok + failed + interrupted);
    table_add(table, STYLE_PLAIN, "%" PRIu64, ok);
    table_add(table, summary_bad_if(failed), "%" PRIu64, failed);
    table_add(table, STYLE_PLAIN, "%" PRIu64, interrupted);
}

static void
add_scenario(struct summary *sum, struct table *table,
             const struct scenario_stats *row)
{
    add_outcomes(table, summary_cut(sum, row->name, NAME_WIDTH), row->ok,
                 row->failed, row->interrupted);
    for (const struct role_stats *role = row->roles; role != NULL;
         role = role->hh.next) {
        buf_clear(&sum->text);
        buf_append_str(&sum->text, "  ");
        text_append_cut(&sum->text, role->name, NAME_WIDTH);
        add_outcomes(table, sum->text.data, role->ok, role->failed,
                     role->interrupted);
    }
}

void
summary_scenarios(struct summary *sum)
{
    static const char *const heads[] = {"scenario", "runs", "ok", "failed",
                                        "interrupted"};
    const struct scenario_stats *row = sum->snapshot->scenarios;
    size_t count = HASH_COUNT(row), shown = 0;
    if (count == 0 || (count == 1 && row->roles == NULL))
        return;
    struct table *table = table_create(heads, 5, 1);
    for (; row != NULL && shown < MAX_SCENARIOS; row = row->hh.next, shown++)
        add_scenario(sum, table, row);
    summary_finish_table(sum, table, count - shown);
}

static void
add_endpoint(struct summary *sum, struct table *table,
             const struct endpoint_stats *row)
{
    table_add(table, STYLE_PLAIN, "%s",
              summary_cut(sum, row->method, METHOD_WIDTH));
    table_add(table, STYLE_PLAIN, "%s",
              summary_cut(sum, row->name, NAME_WIDTH));
    table_add(table, STYLE_PLAIN, "%" PRIu64, row->count);
    table_add(table, summary_bad_if(row->failed), "%" PRIu64, row->failed);
    /* Fixtures have counts, and times of their own. */
    table_add(table, STYLE_PLAIN, "%s",
              row->in_runs > 0
                  ? summary_rate(row->in_runs, sum->result->duration).s
                  : "-");
    summary_add_mean(table, row->duration);
    summary_add_percentile(table, row->duration, 50);
    summary_add_percentile(table, row->duration, 95);
    summary_add_percentile(table, row->duration, 99);
    summary_add_percentile(table, row->duration, 100);
}

void
summary_endpoints(struct summary *sum)
{
    static const char *const heads[] = {"method", "endpoint", "count", "failed",
                                        "rate",   "mean",     "p50",   "p95",
                                        "p99",    "max"};
    size_t count = HASH_COUNT(sum->snapshot->endpoints), filled = 0;
    if (count == 0)
        return;
    struct ranked *rows = xcalloc(count, sizeof(rows[0]));
    for (const struct endpoint_stats *row = sum->snapshot->endpoints;
         row != NULL; row = row->hh.next, filled++)
        rows[filled] = (struct ranked){row->count, filled, row};
    size_t shown = shorten(rows, count, MAX_ENDPOINTS);
    struct table *table = table_create(heads, 10, 2);
    for (size_t i = 0; i < shown; i++)
        add_endpoint(sum, table, rows[i].row);
    summary_finish_table(sum, table, count - shown);
    free(rows);
}

static void
add_check(struct summary *sum, struct table *table,
          const struct check_stats *row)
{
    uint64_t total = row->passes + row->fails;
    table_add(table, STYLE_PLAIN, "%s",
              summary_cut(sum, row->name, NAME_WIDTH));
    table_add(table, STYLE_PLAIN, "%" PRIu64, row->passes);
    table_add(table, summary_bad_if(row->fails), "%" PRIu64, row->fails);
    table_add(table, STYLE_PLAIN, "%.3g %%",
              total > 0 ? 100 * (double)row->passes / (double)total : 0);
}

void
summary_checks(struct summary *sum)
{
    static const char *const heads[] = {"check", "passed", "failed", "rate"};
    size_t count = HASH_COUNT(sum->snapshot->checks), filled = 0;
    if (count == 0)
        return;
    struct ranked *rows = xcalloc(count, sizeof(rows[0]));
    for (const struct check_stats *row = sum->snapshot->checks; row != NULL;
         row = row->hh.next, filled++)
        rows[filled] = (struct ranked){row->fails, filled, row};
    size_t shown = shorten(rows, count, MAX_CHECKS);
    struct table *table = table_create(heads, 4, 1);
    for (size_t i = 0; i < shown; i++)
        add_check(sum, table, rows[i].row);
    summary_finish_table(sum, table, count - shown);
    free(rows);
}

static void
print_error(struct summary *sum, const struct error_stats *row)
{
    const struct error_first *first = &row->first;
    char at[32];
    units_format_duration(first->at, at, sizeof(at));
    fprintf(sum->stream, "%6" PRIu64 "  ", row->count);
    fprintf(sum->stream, "%s: ", summary_cut(sum, row->kind, LABEL_WIDTH));
    fprintf(sum->stream, "%s\n", summary_cut(sum, row->message, MESSAGE_WIDTH));
    if (first->worker_id < 0)
        fprintf(sum->stream, "        first: in a global fixture");
    else
        fprintf(sum->stream, "        first: worker %" PRId64 ", step %" PRId64,
                first->worker_id, first->step);
    fprintf(sum->stream, ", after %s", at);
    if (first->where[0] != '\0')
        fprintf(sum->stream, ", at %s", summary_printable(sum, first->where));
    fputc('\n', sum->stream);
}

void
summary_errors(struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    size_t count = HASH_COUNT(s->errors), filled = 0;
    if (count == 0)
        return;
    struct ranked *rows = xcalloc(count, sizeof(rows[0]));
    for (const struct error_stats *row = s->errors; row != NULL;
         row = row->hh.next, filled++)
        rows[filled] = (struct ranked){row->count, filled, row};
    size_t shown = shorten(rows, count, MAX_ERRORS);
    fputc('\n', sum->stream);
    summary_print(sum, STYLE_HEAD, "errors");
    fputc('\n', sum->stream);
    for (size_t i = 0; i < shown; i++)
        print_error(sum, rows[i].row);
    if (count > shown)
        fprintf(sum->stream, "... and %zu more, all in the result JSON\n",
                count - shown);
    if (s->errors_dropped > 0)
        fprintf(sum->stream,
                "... and %" PRIu64 " errors of further kinds, not kept\n",
                s->errors_dropped);
    free(rows);
}

void
summary_thresholds(struct summary *sum)
{
    static const char *const heads[] = {"threshold", "result", "value"};
    const struct result *result = sum->result;
    if (result->threshold_count == 0)
        return;
    struct table *table = table_create(heads, 3, 2);
    for (size_t i = 0; i < result->threshold_count; i++) {
        const struct threshold *threshold = &result->thresholds[i];
        char value[THRESHOLD_VALUE_SIZE];
        threshold_value_text(threshold, value);
        table_add(table, STYLE_PLAIN, "%s",
                  summary_printable(sum, threshold->expression));
        table_add(table, threshold->ok ? STYLE_GOOD : STYLE_BAD, "%s",
                  threshold->aborted ? "FAILED, ended the test"
                  : threshold->ok    ? "ok"
                                     : "FAILED");
        table_add(table, STYLE_PLAIN, "%s", value);
    }
    summary_finish_table(sum, table, 0);
}

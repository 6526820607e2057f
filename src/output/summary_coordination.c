#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "output/summary.h"

/* More objects of one type are left to the result JSON. */
#define MAX_ROWS 30
#define LABEL_WIDTH 24

enum figure {
    FIGURE_COUNT,
    FIGURE_BAD_COUNT, /* better 0 */
    FIGURE_CONTENDED, /* share of the waits */
    FIGURE_P50,
    FIGURE_P99,
    FIGURE_MOST, /* greatest, of numbers */
};

/* Where a wait is the exception, it tells something that it was one. */
static const char *const contended_types[] = {"variable",  "lock",  "semaphore",
                                              "condition", "queue", "limiter"};

#define COUNTER(title, kind, field)                      \
    {                                                    \
        title, kind, offsetof(struct coord_stats, field) \
    }
#define COLUMNS 18
static const struct column {
    const char *head;
    enum figure figure;
    size_t offset; /* of the counter or the histogram */
} columns[COLUMNS] = {
    COUNTER("rounds", FIGURE_COUNT, rounds),
    COUNTER("missed", FIGURE_BAD_COUNT, missed),
    COUNTER("waits", FIGURE_COUNT, waits),
    COUNTER("contended", FIGURE_CONTENDED, contended),
    COUNTER("wait p50", FIGURE_P50, wait),
    COUNTER("wait p99", FIGURE_P99, wait),
    COUNTER("round p99", FIGURE_P99, round),
    COUNTER("skew p50", FIGURE_P50, skew),
    COUNTER("skew p99", FIGURE_P99, skew),
    COUNTER("release p99", FIGURE_P99, release),
    COUNTER("propagation p99", FIGURE_P99, propagation),
    COUNTER("visibility p99", FIGURE_P99, visibility),
    COUNTER("held p50", FIGURE_P50, held),
    COUNTER("held p99", FIGURE_P99, held),
    COUNTER("depth p50", FIGURE_P50, depth),
    COUNTER("depth max", FIGURE_MOST, depth),
    COUNTER("timeouts", FIGURE_BAD_COUNT, timeouts),
    COUNTER("breaks", FIGURE_BAD_COUNT, breaks),
};

static uint64_t
counter_of(const struct column *column, const struct coord_stats *row)
{
    uint64_t count;
    memcpy(&count, (const char *)row + column->offset, sizeof(count));
    return count;
}

static const struct hist *
hist_of(const struct column *column, const struct coord_stats *row)
{
    const struct hist *hist;
    memcpy(&hist, (const char *)row + column->offset, sizeof(hist));
    return hist;
}

static bool
is_contended_type(const char *type)
{
    size_t count = sizeof(contended_types) / sizeof(contended_types[0]);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(contended_types[i], type) == 0)
            return true;
    }
    return false;
}

static bool
has_figure(const struct column *column, const struct coord_stats *row)
{
    switch (column->figure) {
    case FIGURE_COUNT:
    case FIGURE_BAD_COUNT:
        return counter_of(column, row) > 0;
    case FIGURE_CONTENDED:
        return counter_of(column, row) > 0 && is_contended_type(row->type);
    case FIGURE_P50:
    case FIGURE_P99:
    case FIGURE_MOST:
        break;
    }
    /* A barrier's round is its skew. */
    if (column->offset == offsetof(struct coord_stats, round) &&
        strcmp(row->type, "barrier") == 0)
        return false;
    return hist_of(column, row) != NULL;
}

static void
add_number(struct table *table, const struct hist *hist, double percent)
{
    if (hist == NULL)
        table_add(table, STYLE_PLAIN, "-");
    else
        table_add(table, STYLE_PLAIN, "%" PRId64,
                  hist_percentile(hist, percent));
}

static void
add_figure(struct table *table, const struct column *column,
           const struct coord_stats *row)
{
    bool is_number = column->offset == offsetof(struct coord_stats, depth);
    uint64_t count;
    switch (column->figure) {
    case FIGURE_COUNT:
        table_add(table, STYLE_PLAIN, "%" PRIu64, counter_of(column, row));
        break;
    case FIGURE_BAD_COUNT:
        count = counter_of(column, row);
        table_add(table, summary_bad_if(count), "%" PRIu64, count);
        break;
    case FIGURE_CONTENDED:
        table_add(table, STYLE_PLAIN, "%.3g %%",
                  row->waits > 0 ? 100 * (double)counter_of(column, row) /
                                       (double)row->waits
                                 : 0);
        break;
    case FIGURE_P50:
        if (is_number)
            add_number(table, hist_of(column, row), 50);
        else
            summary_add_percentile(table, hist_of(column, row), 50);
        break;
    case FIGURE_P99:
        summary_add_percentile(table, hist_of(column, row), 99);
        break;
    case FIGURE_MOST:
        add_number(table, hist_of(column, row), 100);
        break;
    }
}

/* All objects of one type: they have the same to tell. */
static void
print_type(struct summary *sum, const char *type)
{
    const char *heads[1 + COLUMNS];
    const struct column *used[COLUMNS];
    size_t count = 0, rows = 0;
    char head[4 * LABEL_WIDTH + 1];
    snprintf(head, sizeof(head), "%s", summary_cut(sum, type, LABEL_WIDTH));
    heads[0] = head;
    const struct coord_stats *row;
    for (size_t i = 0; i < COLUMNS; i++) {
        bool any = false;
        for (row = sum->snapshot->coords; row != NULL; row = row->hh.next)
            any |= strcmp(row->type, type) == 0 && has_figure(&columns[i], row);
        if (any) {
            used[count] = &columns[i];
            heads[++count] = columns[i].head;
        }
    }
    struct table *table = table_create(heads, 1 + count, 1);
    for (row = sum->snapshot->coords; row != NULL; row = row->hh.next) {
        if (strcmp(row->type, type) != 0 || ++rows > MAX_ROWS)
            continue;
        table_add(table, STYLE_PLAIN, "%s",
                  summary_cut(sum, row->label, LABEL_WIDTH));
        for (size_t i = 0; i < count; i++)
            add_figure(table, used[i], row);
    }
    summary_finish_table(sum, table, rows > MAX_ROWS ? rows - MAX_ROWS : 0);
}

static bool
is_first_of_type(const struct snapshot *s, const struct coord_stats *row)
{
    const struct coord_stats *first = s->coords;
    while (strcmp(first->type, row->type) != 0)
        first = first->hh.next;
    return first == row;
}

void
summary_coordination(struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    for (const struct coord_stats *row = s->coords; row != NULL;
         row = row->hh.next) {
        if (is_first_of_type(s, row))
            print_type(sum, row->type);
    }
}

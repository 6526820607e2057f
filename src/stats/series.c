#define uthash_malloc(size) xmalloc(size)

#include "stats/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool
series_is_in_run(const struct series *row)
{
    const char *phase = tag_set_get(row->tags, "phase");
    return phase == NULL || strcmp(phase, "run") == 0;
}

struct series *
series_find(struct series *rows, const struct tag_set *tags)
{
    struct series *row;
    HASH_FIND_PTR(rows, &tags, row);
    return row;
}

struct series *
series_add(struct series **rows, const struct tag_set *tags)
{
    struct series *row = series_find(*rows, tags);
    if (row != NULL)
        return row;
    row = xcalloc(1, sizeof(*row));
    row->tags = tags;
    HASH_ADD_PTR(*rows, tags, row);
    return row;
}

void
series_finish(struct series *row)
{
    hist_destroy(row->time);
    hist_destroy(row->response);
    hist_destroy(row->active);
}

void
series_destroy(struct series **rows)
{
    struct series *row, *next;
    HASH_ITER (hh, *rows, row, next) {
        HASH_DEL(*rows, row);
        series_finish(row);
        free(row);
    }
}

/* Of two values from the same moment the greater one is the last, so that the
 * order of merging does not matter. */
static bool
is_later(const struct series *a, const struct series *b)
{
    return a->last_at != b->last_at ? a->last_at > b->last_at
                                    : a->last > b->last;
}

void
series_merge_gauge(struct series *into, const struct series *from)
{
    if (from->count == 0)
        return;
    bool first = into->count == 0;
    if (first || from->min < into->min)
        into->min = from->min;
    if (first || from->max > into->max)
        into->max = from->max;
    if (first || is_later(from, into)) {
        into->last = from->last;
        into->last_at = from->last_at;
    }
}

void
series_merge_row(struct series *into, const struct series *from)
{
    series_merge_gauge(into, from);
    into->count += from->count;
    into->failed += from->failed;
    into->unsent += from->unsent;
    into->bytes_sent += from->bytes_sent;
    into->bytes_received += from->bytes_received;
    into->messages_sent += from->messages_sent;
    into->messages_received += from->messages_received;
    into->sum += from->sum;
    hist_merge_into(&into->time, from->time);
    hist_merge_into(&into->response, from->response);
    hist_merge_into(&into->active, from->active);
}

void
series_merge(struct series **into, struct tag_table *table,
             const struct series *from)
{
    for (const struct series *row = from; row != NULL; row = row->hh.next)
        series_merge_row(series_add(into, tag_table_add(table, row->tags->tags,
                                                        row->tags->count)),
                         row);
}

void
series_set(struct series *row, double value, nsec_t at)
{
    series_merge_gauge(row, &(struct series){
                                .count = 1,
                                .last = value,
                                .min = value,
                                .max = value,
                                .last_at = at,
                            });
    row->count++;
}

/* --- what makes so many of them --- */

static int
compare_tags(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

static struct tag *
collect_tags(const struct series *rows, size_t *count)
{
    *count = 0;
    for (const struct series *row = rows; row != NULL; row = row->hh.next)
        *count += row->tags->count;
    struct tag *all = xcalloc(*count + 1, sizeof(*all));
    size_t filled = 0;
    for (const struct series *row = rows; row != NULL; row = row->hh.next) {
        for (size_t i = 0; i < row->tags->count; i++)
            all[filled++] = row->tags->tags[i];
    }
    qsort(all, *count, sizeof(*all), compare_tags);
    return all;
}

const char *
series_widest_tag(const struct series *rows, size_t *values)
{
    size_t count;
    struct tag *all = collect_tags(rows, &count);
    const char *widest = NULL;
    size_t different = 0;
    *values = 0;
    for (size_t i = 0; i < count; i++) {
        bool same_name = i > 0 && strcmp(all[i].name, all[i - 1].name) == 0;
        if (!same_name)
            different = 0;
        if (!same_name || strcmp(all[i].value, all[i - 1].value) != 0)
            different++;
        if (different > *values) {
            *values = different;
            widest = all[i].name;
        }
    }
    free(all);
    return widest;
}

#include "output/interval_list.h"

#include <stdlib.h>

#include "base/mem.h"

void
interval_list_finish(struct interval_list *list)
{
    free(list->rows);
    *list = (struct interval_list){0};
}

static struct interval_row
join(const struct interval_row *earlier, const struct interval_row *later)
{
    struct interval_row row = {
        .interval = interval_join(&earlier->interval, &later->interval),
        .watched = earlier->watched || later->watched,
    };
    if (earlier->watched && later->watched)
        row.generator = generator_join(&earlier->generator, &later->generator);
    else
        row.generator = later->watched ? later->generator : earlier->generator;
    return row;
}

static void
halve(struct interval_list *list)
{
    for (size_t i = 0; i < list->count / 2; i++)
        list->rows[i] = join(&list->rows[2 * i], &list->rows[2 * i + 1]);
    list->count /= 2;
    list->stride *= 2;
}

void
interval_list_add(struct interval_list *list, const struct interval_row *row)
{
    if (list->rows == NULL) {
        list->rows = xcalloc(INTERVALS_MAX, sizeof(list->rows[0]));
        list->stride = 1;
    }
    if (list->filled > 0) {
        struct interval_row *last = &list->rows[list->count - 1];
        *last = join(last, row);
        list->filled = (list->filled + 1) % list->stride;
        return;
    }
    if (list->count == INTERVALS_MAX)
        halve(list);
    list->rows[list->count++] = *row;
    list->filled = 1 % list->stride;
}

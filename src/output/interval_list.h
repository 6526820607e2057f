#ifndef MOLO_OUTPUT_INTERVAL_LIST_H
#define MOLO_OUTPUT_INTERVAL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "output/generator.h"
#include "stats/interval.h"

/* A test as a series of rows, whatever its length: when INTERVALS_MAX rows are
 * there, neighbours become one, and from then on rows cover twice the time.
 * Every count of every row that was added is in exactly one row. */
#define INTERVALS_MAX 3600

struct interval_row {
    struct interval interval;
    bool watched; /* the generator's part is known */
    struct generator_sample generator;
    /* While the row is handed to outputs: its times. In a list NULL. */
    const struct hist *times;
};

/* Zeroed is empty. */
struct interval_list {
    struct interval_row *rows;
    size_t count;
    unsigned stride; /* rows given for each row kept; 0: none yet */
    unsigned
        filled; /* ... of these, how many the last row has; 0: it is full */
};

void interval_list_finish(struct interval_list *list);
void
interval_list_add(struct interval_list *list, const struct interval_row *row);

#endif

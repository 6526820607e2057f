#ifndef MOLO_OUTPUT_TABLE_H
#define MOLO_OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Text in aligned columns. */

enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_BAD };

/* Terminal codes around text of that style; "" without colour. */
const char *style_begin(enum style style, bool color);
const char *style_end(enum style style, bool color);

struct table;

/* `heads` names `columns` columns, of which the first `left` are aligned to the
 * left, the others to the right. Borrowed during the call. */
struct table *
table_create(const char *const *heads, size_t columns, size_t left);
void table_destroy(struct table *table);
/* Adds the next cell: the rows are filled from left to right. */
void table_add(struct table *table, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The head line and all rows, each ended by a newline. */
void table_write(const struct table *table, FILE *stream, bool color);

#endif

#include "output/table.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "output/text.h"

#define GAP 2

struct cell {
    char *text;
    enum style style;
};

struct table {
    size_t columns, left;
    struct cell *cells;
    size_t count, capacity;
};

const char *
style_begin(enum style style, bool color)
{
    if (!color)
        return "";
    switch (style) {
    case STYLE_PLAIN:
        break;
    case STYLE_HEAD:
        return "\x1b[1m";
    case STYLE_GOOD:
        return "\x1b[32m";
    case STYLE_BAD:
        return "\x1b[31m";
    }
    return "";
}

const char *
style_end(enum style style, bool color)
{
    return color && style != STYLE_PLAIN ? "\x1b[0m" : "";
}

struct table *
table_create(const char *const *heads, size_t columns, size_t left)
{
    struct table *table = xcalloc(1, sizeof(*table));
    table->columns = columns;
    table->left = left;
    for (size_t i = 0; i < columns; i++)
        table_add(table, STYLE_HEAD, "%s", heads[i]);
    return table;
}

void
table_destroy(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

void
table_add(struct table *table, enum style style, const char *fmt, ...)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity > 0 ? table->capacity * 2 : 64;
        table->cells =
            xrealloc(table->cells, table->capacity * sizeof(table->cells[0]));
    }
    va_list args;
    va_start(args, fmt);
    table->cells[table->count++] =
        (struct cell){.text = xvasprintf(fmt, args), .style = style};
    va_end(args);
}

static void
write_cell(const struct cell *cell, size_t width, bool left, bool last,
           FILE *stream, bool color)
{
    int padding = (int)(width - text_width(cell->text));
    if (!left)
        fprintf(stream, "%*s", padding, "");
    fprintf(stream, "%s%s%s", style_begin(cell->style, color), cell->text,
            style_end(cell->style, color));
    if (left && !last)
        fprintf(stream, "%*s", padding, "");
    if (!last)
        fprintf(stream, "%*s", GAP, "");
}

void
table_write(const struct table *table, FILE *stream, bool color)
{
    size_t *widths = xcalloc(table->columns, sizeof(widths[0]));
    for (size_t i = 0; i < table->count; i++) {
        size_t width = text_width(table->cells[i].text);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column == table->columns - 1;
        write_cell(&table->cells[i], widths[column], column < table->left, last,
                   stream, color);
        if (last)
            fputc('\n', stream);
    }
    free(widths);
}

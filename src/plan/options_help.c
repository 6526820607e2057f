#include "plan/options.h"

#include <string.h>

#include "plan/option_table.h"

#define HELP_WIDTH 80
#define HELP_COLUMN 30

/* Breaks between words, so that every line after the first begins at
 * HELP_COLUMN; the first one goes on where `column` says the line is. */
static void
append_wrapped(struct buf *out, const char *text, size_t column)
{
    if (column + 2 > HELP_COLUMN) {
        buf_append_str(out, "\n");
        column = 0;
    }
    buf_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
    column = HELP_COLUMN;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
            buf_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        if (column > HELP_COLUMN) {
            buf_append_str(out, " ");
            column++;
        }
        buf_append(out, text, word);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    buf_append_str(out, "\n");
}

static void
append_option(struct buf *out, const struct option_spec *spec)
{
    size_t start = out->size;
    if (spec->short_name != '\0')
        buf_printf(out, "  -%c, --%s", spec->short_name, spec->name);
    else
        buf_printf(out, "      --%s", spec->name);
    if (!option_is_flag(spec))
        buf_printf(out, " %s", spec->argument);
    append_wrapped(out, spec->help, out->size - start);
}

void
options_help(struct buf *out)
{
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        const struct option_spec *spec = &option_table[i];
        if (i == 0 || spec->group != option_table[i - 1].group)
            buf_printf(out, "%s%s:\n", i > 0 ? "\n" : "",
                       option_group_names[spec->group]);
        append_option(out, spec);
    }
}

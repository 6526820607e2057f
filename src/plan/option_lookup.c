#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "plan/option_table.h"

const struct option_spec *
option_find(const char *name, size_t size)
{
    char dashed[OPTION_SPELLING_SIZE];
    if (size >= sizeof(dashed))
        return NULL;
    for (size_t i = 0; i < size; i++)
        dashed[i] = name[i] == '_' ? '-' : name[i];
    dashed[size] = '\0';
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        const struct option_spec *spec = &option_table[i];
        if (strcmp(spec->name, dashed) == 0 ||
            (spec->hidden != NULL && strcmp(spec->hidden, dashed) == 0))
            return spec;
    }
    return NULL;
}

const struct option_spec *
option_named(const char *name)
{
    return option_find(name, strlen(name));
}

const struct option_spec *
option_find_short(char name)
{
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        const struct option_spec *spec = &option_table[i];
        if (name != '\0' &&
            (spec->short_name == name || spec->hidden_short == name))
            return spec;
    }
    return NULL;
}

void
option_spell(enum option_source source, const char *name,
             char out[OPTION_SPELLING_SIZE])
{
    const char *prefix = "";
    bool upper = false;
    char separator = '_';
    switch (source) {
    case OPTION_DEFAULT:
    case OPTION_COMMAND_LINE:
        prefix = "--";
        separator = '-';
        break;
    case OPTION_CONFIG:
    case OPTION_SCRIPT:
        break;
    case OPTION_ENVIRONMENT:
        prefix = "MOLO_";
        upper = true;
        break;
    }
    snprintf(out, OPTION_SPELLING_SIZE, "%s%s", prefix, name);
    for (char *p = out + strlen(prefix); *p != '\0'; p++) {
        if (*p == '-' || *p == '_')
            *p = separator;
        else if (upper && *p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    }
}

const char *
option_nearest(enum option_source source, const char *name)
{
    const char *names[OPTION_TABLE_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < OPTION_TABLE_SIZE; i++) {
        if (source == OPTION_COMMAND_LINE || !option_table[i].command_line_only)
            names[count++] = option_table[i].name;
    }
    return str_nearest(name, names, count);
}

bool
option_refuse_unknown(enum option_source source, const char *name,
                      struct err *err)
{
    char asked[OPTION_SPELLING_SIZE], wanted[OPTION_SPELLING_SIZE];
    option_spell(source, name, asked);
    const char *nearest = option_nearest(source, name);
    if (nearest == NULL)
        return err_set(err, "unknown option '%s'", asked);
    option_spell(source, nearest, wanted);
    return err_set(err, "unknown option '%s': did you mean '%s'?", asked,
                   wanted);
}

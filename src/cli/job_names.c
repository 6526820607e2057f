#include "cli/job_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/job.h"

static bool
is_taken(const char *label, const struct job *before, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(before[i].label, label) == 0)
            return true;
    }
    return false;
}

char *
job_names_label(const char *name, const struct job *before, size_t count)
{
    const char *slash = strrchr(name, '/');
    char *stem = xstrdup(slash != NULL ? slash + 1 : name);
    size_t size = strlen(stem);
    if (size > 4 && strcmp(stem + size - 4, ".lua") == 0)
        stem[size - 4] = '\0';
    char *label = xstrdup(stem);
    for (size_t number = 2; is_taken(label, before, count); number++) {
        free(label);
        label = xasprintf("%s-%zu", stem, number);
    }
    free(stem);
    return label;
}

char *
job_names_path(const char *path, const char *label)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    if (dot == NULL || dot == path || dot[-1] == '/')
        return xasprintf("%s.%s", path, label);
    return xasprintf("%.*s.%s%s", (int)(dot - path), path, label, dot);
}

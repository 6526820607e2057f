#define uthash_malloc(size) xmalloc(size)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/metric_internal.h"

#define MAX_NAME 64

/* What a metric of a script is to those who ask for figures. */
struct entry {
    struct metric metric;
    struct entry *next;
};

struct metric_catalog {
    struct custom_metric *definitions;
    struct entry *first, **last; /* in the order of definition */
    char **tags;
    size_t tag_count;
};

struct metric_catalog *
metric_catalog_create(void)
{
    struct metric_catalog *catalog = xcalloc(1, sizeof(*catalog));
    catalog->last = &catalog->first;
    return catalog;
}

void
metric_catalog_destroy(struct metric_catalog *catalog)
{
    if (catalog == NULL)
        return;
    while (catalog->first != NULL) {
        struct entry *entry = catalog->first;
        catalog->first = entry->next;
        free(entry);
    }
    for (size_t i = 0; i < catalog->tag_count; i++)
        free(catalog->tags[i]);
    free(catalog->tags);
    custom_destroy(&catalog->definitions);
    free(catalog);
}

static bool
check_name(const char *name, struct err *err)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t size = strlen(name);
    if (size == 0 || strspn(name, word) != size ||
        (name[0] >= '0' && name[0] <= '9'))
        return err_set(err,
                       "'%.80s' is no name for a metric: use letters, digits "
                       "and _, and begin with a letter",
                       name);
    if (size > MAX_NAME)
        return err_set(err,
                       "the name '%.20s...' has %zu bytes: at most %d are "
                       "allowed",
                       name, size, MAX_NAME);
    if (metric_find_own(name) != NULL)
        return err_set(
            err, "'%s' is a metric of molo itself: choose another name", name);
    return true;
}

static enum metric_kind
kind_of(enum custom_type type)
{
    switch (type) {
    case CUSTOM_COUNTER:
        return METRIC_COUNTER;
    case CUSTOM_GAUGE:
        return METRIC_GAUGE;
    case CUSTOM_RATE:
        return METRIC_SHARE;
    case CUSTOM_TREND:
        break;
    }
    return METRIC_TREND;
}

static enum metric_unit
unit_of(enum custom_unit unit)
{
    switch (unit) {
    case CUSTOM_SECONDS:
        return METRIC_UNIT_TIME;
    case CUSTOM_BYTES:
        return METRIC_UNIT_BYTES;
    case CUSTOM_NUMBER:
        break;
    }
    return METRIC_UNIT_NUMBER;
}

static void
describe(const struct custom_metric *metric, char *out, size_t size)
{
    const char *unit = custom_unit_name(metric->unit);
    snprintf(out, size, "%s%s%s", custom_type_name(metric->type),
             unit[0] != '\0' ? " of unit " : "", unit);
}

const struct custom_metric *
metric_catalog_define(struct metric_catalog *catalog, const char *name,
                      enum custom_type type, enum custom_unit unit,
                      struct err *err)
{
    struct custom_metric *metric = custom_find(catalog->definitions, name);
    if (metric != NULL && metric->type == type && metric->unit == unit)
        return metric;
    if (metric != NULL) {
        char old[64], new[64];
        describe(metric, old, sizeof(old));
        describe(&(struct custom_metric){.type = type, .unit = unit}, new,
                 sizeof(new));
        err_set(err, "'%s' is a %s already: it cannot be a %s too", name, old,
                new);
        return NULL;
    }
    if (!check_name(name, err))
        return NULL;
    metric = custom_add(&catalog->definitions, name, type, unit);
    struct entry *entry = xmalloc(sizeof(*entry));
    *entry = (struct entry){
        .metric =
            {
                .name = metric->name,
                .kind = kind_of(type),
                .unit = unit_of(unit),
                .tags = 1U << METRIC_TAG_WORKLOAD | 1U << METRIC_TAG_SCENARIO |
                        1U << METRIC_TAG_ROLE | 1U << METRIC_TAG_PHASE,
                .custom = metric,
                .add = metric_add_custom,
            },
    };
    *catalog->last = entry;
    catalog->last = &entry->next;
    return metric;
}

const struct custom_metric *
metric_catalog_definitions(const struct metric_catalog *catalog)
{
    return catalog->definitions;
}

void
metric_catalog_add_tag(struct metric_catalog *catalog, const char *name)
{
    if (metric_catalog_has_tag(catalog, name))
        return;
    catalog->tags = xrealloc(catalog->tags, (catalog->tag_count + 1) *
                                                sizeof(catalog->tags[0]));
    catalog->tags[catalog->tag_count++] = xstrdup(name);
}

bool
metric_catalog_has_tag(const struct metric_catalog *catalog, const char *name)
{
    for (size_t i = 0; catalog != NULL && i < catalog->tag_count; i++) {
        if (strcmp(catalog->tags[i], name) == 0)
            return true;
    }
    return false;
}

const struct metric *
metric_catalog_find(const struct metric_catalog *catalog, const char *name)
{
    if (catalog == NULL)
        return NULL;
    const struct entry *entry = catalog->first;
    while (entry != NULL && strcmp(entry->metric.name, name) != 0)
        entry = entry->next;
    return entry != NULL ? &entry->metric : NULL;
}

const char **
metric_names(const struct metric_catalog *catalog, size_t *count)
{
    size_t own = metric_own_count(), custom = 0;
    const struct entry *first = catalog != NULL ? catalog->first : NULL;
    for (const struct entry *entry = first; entry != NULL; entry = entry->next)
        custom++;
    const char **names = xcalloc(own + custom, sizeof(*names));
    *count = 0;
    for (size_t i = 0; i < own; i++)
        names[(*count)++] = metric_own_name(i);
    for (const struct entry *entry = first; entry != NULL; entry = entry->next)
        names[(*count)++] = entry->metric.name;
    return names;
}

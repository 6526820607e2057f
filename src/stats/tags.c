#define uthash_malloc(size) xmalloc(size)

#include "stats/tags.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/mem.h"

struct entry {
    struct tag_set set; /* its tags point into `key` */
    char *key;          /* packed, in the order of the tags */
    UT_hash_handle hh;
};

struct tag_table {
    struct entry *entries;
    /* Of a look-up, kept so that one needs no memory of its own. */
    struct tag *sorted;
    size_t capacity;
    struct buf key;
};

const char *
tag_set_get(const struct tag_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->tags[i].name, name) == 0)
            return set->tags[i].value;
    }
    return NULL;
}

struct tag_table *
tag_table_create(void)
{
    return xcalloc(1, sizeof(struct tag_table));
}

void
tag_table_destroy(struct tag_table *table)
{
    if (table == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER (hh, table->entries, entry, next) {
        HASH_DEL(table->entries, entry);
        free((void *)(uintptr_t)entry->set.tags);
        free(entry->key);
        free(entry);
    }
    free(table->sorted);
    buf_finish(&table->key);
    free(table);
}

/* Into table->sorted; returns how many are left. The lists are short, and come
 * nearly sorted. */
static size_t
sort(struct tag_table *table, const struct tag *tags, size_t count)
{
    if (count > table->capacity) {
        table->capacity = 2 * count;
        table->sorted =
            xrealloc(table->sorted, table->capacity * sizeof(struct tag));
    }
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (tags[i].value == NULL)
            continue;
        size_t at = size;
        int order = 1;
        while (at > 0 &&
               (order = strcmp(table->sorted[at - 1].name, tags[i].name)) > 0)
            at--;
        if (at > 0 && order == 0) {
            table->sorted[at - 1] = tags[i];
            continue;
        }
        memmove(&table->sorted[at + 1], &table->sorted[at],
                (size - at) * sizeof(struct tag));
        table->sorted[at] = tags[i];
        size++;
    }
    return size;
}

static struct entry *
find(struct tag_table *table, size_t count)
{
    buf_clear(&table->key);
    for (size_t i = 0; i < count; i++) {
        const struct tag *tag = &table->sorted[i];
        buf_append(&table->key, tag->name, strlen(tag->name) + 1);
        buf_append(&table->key, tag->value, strlen(tag->value) + 1);
    }
    struct entry *entry;
    /* The key of the empty set may not be NULL. */
    const char *key = table->key.data != NULL ? table->key.data : "";
    HASH_FIND(hh, table->entries, key, table->key.size, entry);
    return entry;
}

const struct tag_set *
tag_table_find(struct tag_table *table, const struct tag *tags, size_t count)
{
    const struct entry *entry = find(table, sort(table, tags, count));
    return entry != NULL ? &entry->set : NULL;
}

const struct tag_set *
tag_table_add(struct tag_table *table, const struct tag *tags, size_t count)
{
    size_t left = sort(table, tags, count);
    struct entry *entry = find(table, left);
    if (entry != NULL)
        return &entry->set;
    size_t size = table->key.size;
    char *key = xmalloc(size + 1);
    if (size > 0)
        memcpy(key, table->key.data, size);
    key[size] = '\0';
    struct tag *own = xcalloc(left + 1, sizeof(*own));
    const char *p = key;
    for (size_t i = 0; i < left; i++)
        tags_next(&p, key + size, &own[i]);
    entry = xcalloc(1, sizeof(*entry));
    entry->set = (struct tag_set){.count = left, .tags = own};
    entry->key = key;
    HASH_ADD_KEYPTR(hh, table->entries, entry->key, size, entry);
    return &entry->set;
}

/* --- as they are given --- */

static bool
is_taken(const char *name)
{
    static const char *const taken[] = {
        "workload", "scenario", "role",  "phase", "name",   "method",
        "status",   "failed",   "check", "kind",  "label",  "type",
        "worker",   "step",     "other", "round", "metric",
    };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (strcmp(taken[i], name) == 0)
            return true;
    }
    return false;
}

bool
tag_check(const char *name, const char *value, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char word[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t size = strlen(name);
    if (size == 0 || strspn(name, word) != size || strspn(name, letters) == 0)
        return err_set(err,
                       "'%.80s' is no name for a tag: use letters, digits and "
                       "_, and begin with a letter",
                       name);
    if (size > TAG_NAME_MAX)
        return err_set(err,
                       "the name of the tag '%.20s...' has %zu bytes: at "
                       "most %d are allowed",
                       name, size, TAG_NAME_MAX);
    if (is_taken(name))
        return err_set(err,
                       "the tag '%s' is set by molo itself: choose another "
                       "name",
                       name);
    if (value[0] == '\0')
        return err_set(err, "the tag '%s' has an empty value", name);
    if (strlen(value) > TAG_VALUE_MAX)
        return err_set(err,
                       "the value of the tag '%s' has %zu bytes: at most %d "
                       "are allowed",
                       name, strlen(value), TAG_VALUE_MAX);
    return true;
}

size_t
tags_count(const char *packed, size_t size)
{
    const char *end = size > 0 ? packed + size : packed;
    struct tag tag;
    size_t count = 0;
    while (tags_next(&packed, end, &tag))
        count++;
    return count;
}

bool
tags_next(const char **packed, const char *end, struct tag *tag)
{
    if (*packed == NULL || *packed >= end)
        return false;
    tag->name = *packed;
    tag->value = tag->name + strlen(tag->name) + 1;
    *packed = tag->value + strlen(tag->value) + 1;
    return true;
}

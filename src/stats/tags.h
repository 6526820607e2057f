#ifndef MOLO_STATS_TAGS_H
#define MOLO_STATS_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* What a measured value is told apart by: names with values. A set is
 * immutable and exists once in its table, so that two sets of one table are the
 * same if their addresses are. Owned by the table's thread. */

struct tag {
    const char *name, *value;
};

/* Sorted by name. */
struct tag_set {
    size_t count;
    const struct tag *tags;
};

/* NULL: there is no such tag. */
const char *tag_set_get(const struct tag_set *set, const char *name);

struct tag_table;

struct tag_table *tag_table_create(void);
void tag_table_destroy(struct tag_table *table);
/* The set of these tags; of two with the same name the later one holds, and
 * those without a value (NULL) are left out. `tags` is copied. */
const struct tag_set *
tag_table_add(struct tag_table *table, const struct tag *tags, size_t count);
/* The same without making it: NULL if there is none. */
const struct tag_set *
tag_table_find(struct tag_table *table, const struct tag *tags, size_t count);

/* Tags as scripts, workloads and the command line give them stand behind one
 * another as "name\0value\0". */
#define TAG_NAME_MAX 64
#define TAG_VALUE_MAX 200
/* Refuses what is no word, what is too long, and the names that molo itself
 * sets. */
bool tag_check(const char *name, const char *value, struct err *err);
/* How many there are in the packed text. */
size_t tags_count(const char *packed, size_t size);
/* The next one, and moves on; false at the end. */
bool tags_next(const char **packed, const char *end, struct tag *tag);

#endif

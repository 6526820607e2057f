#ifndef MOLO_SCRIPT_FEED_FILE_H
#define MOLO_SCRIPT_FEED_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/csv.h"
#include "base/err.h"

/* The records of a data file: found, counted and checked when it is opened,
 * read when they are asked for. Knows no Lua. */

enum feed_kind {
    FEED_CSV,
    FEED_JSON,   /* one array of values */
    FEED_NDJSON, /* a value a line */
    FEED_LINES,
};

/* Files up to this size are kept in memory. Of larger ones there are 8 bytes
 * for each record, and the file stays open; an array of JSON is kept whatever
 * its size. */
#define FEED_KEEP_MAX ((size_t)64 << 20)

struct feed_file_config {
    enum feed_kind kind;
    const char *path;
    const char *name; /* the path as messages show it */
    char delimiter;   /* of CSV, like the next two */
    bool header;      /* the first record names the columns */
    size_t columns;   /* that each record has; 0: as many as the first one */
    size_t keep_max;  /* FEED_KEEP_MAX, but for tests */
};

struct feed_file;

/* NULL with `err`: the file cannot be read, a record is not well formed
 * ("users.csv:3: ..."), or there is none. */
struct feed_file *
feed_file_open(const struct feed_file_config *config, struct err *err);
void feed_file_close(struct feed_file *file);

size_t feed_file_count(const struct feed_file *file);
/* That of `header`, or NULL. */
const struct csv_fields *feed_file_header(const struct feed_file *file);

/* Record number `index` (from 0), borrowed until the next is read. NULL with
 * `err`: it can no longer be read. By kind: CSV, JSON and NDJSON, lines. */
const struct csv_fields *
feed_file_csv(struct feed_file *file, size_t index, struct err *err);
const json_t *
feed_file_json(struct feed_file *file, size_t index, struct err *err);
const char *feed_file_line(struct feed_file *file, size_t index, size_t *size,
                           struct err *err);

#endif

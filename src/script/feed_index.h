#ifndef MOLO_SCRIPT_FEED_INDEX_H
#define MOLO_SCRIPT_FEED_INDEX_H

#include <stdint.h>

#include "script/feed_file.h"

/* Where the records of a data file begin: found by going through it once, in
 * pieces, while each record is checked. Reads no files itself. Not for
 * FEED_JSON. */

/* How records of JSON are read. */
#define FEED_JSON_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

struct feed_index {
    enum feed_kind kind;
    const char *name; /* for messages; borrowed until feed_index_end */
    char delimiter;
    size_t columns; /* that each record has; 0: as many as the first one */
    struct csv_fields header;
    uint64_t *begins; /* where the records do */
    size_t count, capacity;
    uint64_t size; /* of what was gone through */

    /* Of the record that the next byte belongs to. */
    uint64_t begin;
    uint64_t line;
    size_t fields;   /* so far */
    struct buf text; /* where it has to be looked at */
    struct csv csv;
    bool header_seen; /* or none is to come */
};

void
feed_index_init(struct feed_index *ix, const struct feed_file_config *config);
void feed_index_finish(struct feed_index *ix);
/* The next piece of the file. False with `err`: a record is not well formed. */
bool feed_index_add(struct feed_index *ix, const char *data, size_t size,
                    struct err *err);
/* There are no more. */
bool feed_index_end(struct feed_index *ix, struct err *err);

#endif

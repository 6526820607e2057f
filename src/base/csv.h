#ifndef MOLO_BASE_CSV_H
#define MOLO_BASE_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Comma-separated values as RFC 4180 has them, byte by byte, so that a file of
 * any size can be read in pieces: fields in quotes may hold delimiters, line
 * breaks and doubled quotes; a record ends with LF, CRLF or the end. Lines with
 * nothing on them are no records. */

/* What one more byte comes to. */
enum csv_event {
    CSV_NOTHING,
    CSV_BYTE,   /* the byte belongs to the field */
    CSV_FIELD,  /* the field is over */
    CSV_RECORD, /* ... and its record too */
    CSV_ERROR,
};

enum csv_state {
    CSV_AT_RECORD, /* before the first byte of one */
    CSV_AT_FIELD,
    CSV_PLAIN,
    CSV_QUOTED,
    CSV_AFTER_QUOTE, /* a second one is a quote, anything else the end */
    CSV_AFTER_CR,
};

struct csv {
    char delimiter;
    enum csv_state state;
    uint64_t line;        /* of the next byte, from 1 */
    uint64_t record_line; /* where this or the last record began */
    uint64_t quote_line;  /* ... and the last field in quotes */
};

/* `line`: what the first byte's is. */
void csv_init(struct csv *csv, char delimiter, uint64_t line);
/* CSV_ERROR comes with `err`, which begins with the line: "3: ...". */
enum csv_event csv_next(struct csv *csv, char byte, struct err *err);
/* There are no more bytes: CSV_RECORD if that ends one, CSV_NOTHING or
 * CSV_ERROR. */
enum csv_event csv_end(struct csv *csv, struct err *err);

/* The fields of one record, one after the other in `text`; field i ends before
 * ends[i]. Zeroed is empty. */
struct csv_fields {
    struct buf text;
    size_t *ends;
    size_t count, capacity;
};

/* Reads the record that `data` begins with, in place of what is in `fields`.
 * False with `err`: it has none, or an error. */
bool csv_read_record(const char *data, size_t size, char delimiter,
                     struct csv_fields *fields, struct err *err);
/* Borrowed from `fields`; no NUL follows it. */
const char *
csv_field(const struct csv_fields *fields, size_t index, size_t *size);
void csv_fields_finish(struct csv_fields *fields);

#endif

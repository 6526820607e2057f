#ifndef MOLO_OUTPUT_REQUEST_FORM_H
#define MOLO_OUTPUT_REQUEST_FORM_H

#include "output/outputs.h"
#include "output/request_queue.h"

/* How a log of requests is written down; inside src/output only. The functions
 * append to `out`. */
struct request_form {
    /* What it keeps from entry to entry; NULL: nothing. */
    void *(*create)(void);
    void (*destroy)(void *data);
    void (*head)(void *data, struct buf *out, const struct result *result);
    void (*entry)(void *data, struct buf *out,
                  const struct request_entry *entry);
    void (*end)(void *data, struct buf *out, const struct outputs_log *log);
};

/* NDJSON. */
extern const struct request_form request_lines;
/* Records of a fixed layout: a third of the size, and read without parsing.
 * docs/internals/outputs.md describes it; all numbers are little-endian. */
extern const struct request_form request_records;

#endif

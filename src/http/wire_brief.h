#ifndef MOLO_HTTP_WIRE_BRIEF_H
#define MOLO_HTTP_WIRE_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* A request and its answer in a line each, for -vv; and what such lines have in
 * common with the whole view (wire_view.h). */
struct transfer;
struct wire_viewer;

/* Logged as they are called. */
void wire_brief_request(const struct transfer *transfer,
                        const struct wire_viewer *viewer);
void wire_brief_answer(const struct transfer *transfer,
                       const struct wire_viewer *viewer, bool aborted);

/* Appends "[w3 s1 #7", and "HTTP/1.1 200 (17 B sent, ...)". */
void wire_brief_append_who(struct buf *out, const struct wire_viewer *viewer,
                           uint64_t number);
void wire_brief_append_outcome(struct buf *out, const struct transfer *transfer,
                               bool aborted);

#endif

#ifndef MOLO_OUTPUT_JSON_LINE_H
#define MOLO_OUTPUT_JSON_LINE_H

#include "base/buf.h"
#include "base/clock.h"

/* JSON objects on one line, written key by key without a tree in between. The
 * keys are plain; what is written begins with ", ". */

/* NULL: nothing. Bytes that are no UTF-8 are replaced. */
void json_line_text(struct buf *out, const char *key, const char *value);
/* The value alone: in seconds, exact to the nanosecond, which a double is not
 * after some months. */
void json_line_append_seconds(struct buf *out, nsec_t t);
void json_line_seconds(struct buf *out, const char *key, nsec_t t);

#endif

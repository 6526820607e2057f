#ifndef MOLO_HUB_OPTIONS_H
#define MOLO_HUB_OPTIONS_H

#include "hub/op.h"

/* Options of handles: whether two handles mean the same object, and the text of
 * what they ask for. */
struct buf;

bool hub_options_agree(enum hub_object_type type, const struct hub_options *a,
                       const struct hub_options *b);
/* "readers = 3", as a script would write it. */
void hub_options_describe(enum hub_object_type type,
                          const struct hub_options *options, struct buf *out);

#endif

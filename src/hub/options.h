#ifndef MOLO_HUB_OPTIONS_H
#define MOLO_HUB_OPTIONS_H

#include "hub/op.h"

/* Options of handles: what they mean where something is left out, whether two
 * handles mean the same object, and the text of what they ask for. */
struct buf;

/* Of a semaphore: at the beginning. */
int64_t hub_options_permits(const struct hub_options *options);
/* How many a limiter lets pass at once: what was asked for, or what it lets
 * pass in a second, at least one. */
double hub_options_burst(const struct hub_options *options);

bool hub_options_agree(enum hub_object_type type, const struct hub_options *a,
                       const struct hub_options *b);
/* "readers = 3", as a script would write it. */
void hub_options_describe(enum hub_object_type type,
                          const struct hub_options *options, struct buf *out);

#endif

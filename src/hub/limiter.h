#ifndef MOLO_HUB_LIMITER_H
#define MOLO_HUB_LIMITER_H

#include "hub/op.h"

/* How many a limiter lets pass at once: what its options say, or what it lets
 * pass in a second, at least one. */
double limiter_burst(const struct hub_options *options);

#endif

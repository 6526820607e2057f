#ifndef MOLO_SCRIPT_PLACE_H
#define MOLO_SCRIPT_PLACE_H

#include <stdbool.h>

#include "base/err.h"

/* Under which tags what a worker does is recorded. */

struct options;
struct scenario;
struct worker;

/* False if a workload has a tag that cannot be one of metrics; the message says
 * where it is described. */
bool place_check(const struct options *options, struct err *err);

/* Sets worker->context for a call of its phase that begins. `scenario`: that is
 * run; NULL: a fixture. */
void place_enter(struct worker *worker, const struct scenario *scenario);

#endif

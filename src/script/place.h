#ifndef MOLO_SCRIPT_PLACE_H
#define MOLO_SCRIPT_PLACE_H

/* Under which tags what a worker does is recorded. */

struct scenario;
struct worker;

/* Sets worker->context for a call of its phase that begins. `scenario`: that is
 * run; NULL: a fixture. */
void place_enter(struct worker *worker, const struct scenario *scenario);

#endif

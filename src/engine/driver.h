#ifndef MOLO_ENGINE_DRIVER_H
#define MOLO_ENGINE_DRIVER_H

#include "engine/engine_internal.h"

/* Takes a test through its phases: SETUP PREPARE RUN DRAIN TEARDOWN. What may
 * end it is told in notices.h and ending.h. Main thread. */

/* Runs the loop until everything has ended. */
void driver_run(struct engine *engine);

/* All shards are ready for the runs; all workers have ended, or a global
 * fixture has. Only noted: the next turn of the loop goes on. */
void driver_on_ready(struct engine *engine);
void driver_on_all_ended(struct engine *engine);

#endif

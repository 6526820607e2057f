#ifndef MOLO_ENGINE_PROGRESS_H
#define MOLO_ENGINE_PROGRESS_H

#include "engine/engine_internal.h"

/* While a test runs: the live view, and samples of the generator's health, on a
 * tick of the loop. Main thread. */

/* The engine's parts exist, the shard too. */
void progress_start(struct engine *engine);
/* Once per turn of the loop. */
void progress_turn(struct engine *engine);
/* The loop has ended: stops the tick and shows where it ended. */
void progress_finish(struct engine *engine);

#endif

#ifndef MOLO_ENGINE_ENDING_H
#define MOLO_ENGINE_ENDING_H

#include "engine/engine_internal.h"

/* How a test ends, whatever ends it: no more runs, patience for those in
 * flight, then `stopped`; on a second signal at once. Main thread. */

/* No run and no worker begins any more. `ended_by` is what the result says,
 * unless something has ended the test before. */
void ending_begin(struct engine *engine, const char *ended_by);
/* The time for runs is over. Shards on threads of their own have a moment to
 * start what was due before that. */
void ending_time_over(struct engine *engine);
/* All of them have. */
void ending_on_caught_up(struct engine *engine);
/* Instead, while nothing of the test has begun: ends the loop. */
void ending_before_setup(struct engine *engine);
/* Gives whoever is left `patience`; a script that does not yield is parked a
 * while later. */
void ending_start_grace(struct engine *engine, nsec_t patience);
/* What teardowns have. */
nsec_t ending_patience(const struct engine *engine);

/* Acts on signals that have come; the callback of signals_create. Also called
 * between the calls of scripts: one that held the loop may have ended because
 * of a signal that the loop has not told of yet. */
void ending_notice_signals(void *engine);
/* The first signal as a cause of the result. Returns its name. */
const char *ending_add_signal(struct engine *engine);
/* Begins to end if the process takes more memory than --max-rss. */
void ending_check_memory(struct engine *engine);

/* Callback of the engine's timer `grace`. */
void ending_on_grace_over(struct timer *timer);

#endif

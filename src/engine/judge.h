#ifndef MOLO_ENGINE_JUDGE_H
#define MOLO_ENGINE_JUDGE_H

#include "engine/engine_internal.h"

/* Whether a test has passed: its thresholds, how many of its runs failed, and
 * whether it came to make any. Main thread. */

/* Reads the thresholds of the options. False with `err`, which says where the
 * one stands that cannot be read. */
bool judge_load(struct engine *engine, struct err *err);
void judge_finish(struct engine *engine);

/* The loop exists. */
void judge_init(struct engine *engine);
/* The runs begin: looks every second whether a threshold is to end the test. */
void judge_start(struct engine *engine);
void judge_stop(struct engine *engine);

/* The verdict over the engine's snapshot, as causes of the result. What the
 * thresholds say the first time, when the last run is over, stands: a global
 * teardown is not measured. */
void judge_result(struct engine *engine);

#endif

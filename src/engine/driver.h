#ifndef MOLO_ENGINE_DRIVER_H
#define MOLO_ENGINE_DRIVER_H

#include "engine/engine_internal.h"

/* Takes a test through its phases: SETUP RUN DRAIN TEARDOWN. What may end it,
 * and in which order it then ends, is here. Main thread. */

/* Runs the loop until everything has ended. */
void driver_run(struct engine *engine);

/* hub_config callbacks; `data` is the engine. */
void driver_on_reply(void *data, const struct hub_reply *reply);
void driver_on_deadlock(void *data, const char *report, bool stop);
void driver_on_round_end(void *data, enum hub_object_type type,
                         const char *name, int64_t step, int64_t round);
/* Writes the timeline. */
void driver_on_history(void *data, const struct hub_event *event);

/* What a shard tells; `data` is the engine. on_ready, on_deserted, on_stage and
 * on_all_ended are NULL: the fleet counts these. */
struct shard_host driver_shard_host(struct engine *engine);
/* All shards are; have. */
void driver_on_ready(struct engine *engine);
void driver_on_all_ended(struct engine *engine);

/* A threshold is to end the test. */
void driver_on_threshold(struct engine *engine);

#endif

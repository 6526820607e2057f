#ifndef MOLO_ENGINE_NOTICES_H
#define MOLO_ENGINE_NOTICES_H

#include "engine/engine_internal.h"

/* What the hub and the shards tell while a test runs: it is passed on, becomes
 * a cause of the result, or begins the end of the test. Main thread. */

/* hub_config callbacks; `data` is the engine. */
void notices_on_reply(void *data, const struct hub_reply *reply);
void notices_on_deadlock(void *data, const char *report, bool stop);
void notices_on_round_end(void *data, enum hub_object_type type,
                          const char *name, int64_t step, int64_t round);
/* Writes the timeline. */
void notices_on_history(void *data, const struct hub_event *event);

/* `data` is the engine. on_ready, on_deserted, on_stage and on_all_ended are
 * NULL: the fleet counts these. */
struct shard_host notices_shard_host(struct engine *engine);

#endif

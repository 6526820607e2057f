#ifndef MOLO_ENGINE_STAGES_H
#define MOLO_ENGINE_STAGES_H

#include <stdint.h>

/* The stages of --single-run on one shard: which is the first that is not over
 * here. When the next one begins is for the engine to say (shard_set_stage),
 * which hears all shards. Internal to the shard. */
struct shard;

/* The crews are there. */
void stages_init(struct shard *shard);
void stages_finish(struct shard *shard);
/* Tells the host if it is another one than was told before. */
void stages_tell(struct shard *shard);
/* A run of the stage is over, or will never be made. */
void stages_turn_over(struct shard *shard, int32_t stage);

#endif

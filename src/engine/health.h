#ifndef MOLO_ENGINE_HEALTH_H
#define MOLO_ENGINE_HEALTH_H

#include "output/result.h"

/* How the generator itself fares: CPU, lag of the loop, memory, descriptors.
 * Sampled on the engine's tick. */
struct health;

struct health *health_create(void);
void health_destroy(struct health *health);
/* `turn`: the longest turn of the loop since the last sample. */
void health_sample(struct health *health, nsec_t turn);
void health_report(const struct health *health, nsec_t duration,
                   struct result_generator *out);

/* Raises the soft descriptor limit to the hard one. Returns it. */
uint64_t health_raise_descriptor_limit(void);

#endif

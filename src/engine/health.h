#ifndef MOLO_ENGINE_HEALTH_H
#define MOLO_ENGINE_HEALTH_H

#include "output/generator.h"
#include "output/result.h"

/* How the generator itself fares: CPU and lag of the loop, memory, descriptors.
 * The loop's thread. Nothing here is of use where time is virtual. */
struct health;
struct loop;

struct health *health_create(void);
void health_destroy(struct health *health);

/* Begins to measure how late the loop comes to what is due. */
void health_start(struct health *health, struct loop *loop);
/* The loop is about to end. */
void health_stop(struct health *health);
/* The next sample begins now. */
void health_begin(struct health *health);
/* What was measured since the last sample; `at` is its end. Lua's part, starts
 * and shortages are left to the caller. */
struct generator_sample health_take(struct health *health, nsec_t at);
/* Of all of it. */
void health_report(const struct health *health, struct result_generator *out);

/* How many cores of the machine nobody used since the last call, of those that
 * this process may run on and, with `used`, did not; 0: not known, or the first
 * call. */
double health_idle_cores(struct health *health, double used);
/* Memory that the process takes now, in bytes; 0: not known. */
uint64_t health_rss(void);
/* Raises the soft descriptor limit to the hard one. Returns it. */
uint64_t health_raise_descriptor_limit(void);

#endif

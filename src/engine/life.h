#ifndef MOLO_ENGINE_LIFE_H
#define MOLO_ENGINE_LIFE_H

#include "engine/shard_internal.h"

/* The life of one worker on its shard, from its start to its end; runs.h has
 * what is between setup and teardown. Internal to the shard. */

/* Tells the hub of a step of its; the worker exists. */
void life_submit(struct member *m, struct hub_op *op);
void life_emit(struct member *m, enum event_type type,
               const struct call_result *result);
void
life_describe_failure(const struct call_result *result, char *out, size_t size);
/* Of its start, or of its delay. */
void life_stop_timer(struct member *m);
/* The test need not wait for it any more before it begins. */
void life_is_ready(struct member *m);

/* It exists from now on: setup fixtures, then runs. */
void life_start(struct member *m);
/* Its start lies behind the end of the test: nobody is to wait for it. */
void life_never(struct member *m);
/* No more runs: teardown fixtures, then the end. `failure`: of the setup that
 * failed, for those who wait for this worker; or NULL. */
void life_go_home(struct member *m, const struct call_result *failure);
/* The workload, or the test, is over: if it is between runs it goes home, if it
 * has not started it never does. */
void life_end_runs(struct member *m);
/* The start, the delay or the wait of a ramp is over. */
void life_on_timer(struct member *m);
/* Something of the run that begins, or a fixture, was answered later. */
void life_on_held(struct member *m);
/* Raises `stopped` in its waits outside the hub; in those of a teardown fixture
 * only if `teardowns`. */
void life_stop_waits(struct member *m, bool teardowns);
/* Takes down what it is in now; its teardowns follow, unless abandoned. */
void life_reset(struct member *m);
bool life_is_in_teardown(const struct member *m);
/* Its fixture or run is over, and nothing it acquired is left. */
void life_call_over(struct member *m, const struct call_result *result);

#endif

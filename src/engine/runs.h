#ifndef MOLO_ENGINE_RUNS_H
#define MOLO_ENGINE_RUNS_H

/* The runs of one worker: asking for the next one, beginning it, what follows
 * on its end. Internal to the shard; life.h has the rest of a worker's life. */

struct call_result;
struct member;

/* The hub's answer to RUN_BEGIN is there. */
void runs_begin_answered(struct member *m);
/* The run whose scenario the picker could not say fails. */
void runs_fail_pick(struct member *m);
/* Its run is over, and nothing it acquired is left. */
void runs_over(struct member *m, const struct call_result *result);
/* It has no run that a ramp down could want to end. */
void runs_forget_leaving(struct member *m);

#endif

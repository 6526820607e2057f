#ifndef MOLO_ENGINE_RUNS_H
#define MOLO_ENGINE_RUNS_H

/* The runs of one worker: asking for the next one, beginning it, what follows
 * on its end. Internal to the shard; life.h has the rest of a worker's life. */

struct call_result;
struct hub_reply;
struct member;

/* It waits for its run: the hub has answered RUN_BEGIN, or an operation of
 * before. The run begins at once if that is called from within the request for
 * it, else in a later turn. */
void runs_on_reply(struct member *m, const struct hub_reply *reply);
/* Goes on after an answer that came later. */
void runs_begin_answered(struct member *m);
/* It waits for its run, and does not get it: it goes home. */
void runs_withdraw(struct member *m);
/* The run whose scenario the picker could not say fails. */
void runs_fail_pick(struct member *m);
/* Its run is over, and nothing it acquired is left. */
void runs_over(struct member *m, const struct call_result *result);
/* It has no run that a ramp down could want to end. */
void runs_forget_leaving(struct member *m);

#endif

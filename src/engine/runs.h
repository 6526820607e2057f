#ifndef MOLO_ENGINE_RUNS_H
#define MOLO_ENGINE_RUNS_H

#include "base/clock.h"
#include "stats/snapshot.h"

/* The runs of one worker: asking for the next one, beginning it, what follows
 * on its end. Internal to the shard; life.h has the rest of a worker's life. */

struct call_result;
struct hub_reply;
struct member;

/* Its next run, if it has one; else its way home. */
void runs_next(struct member *m);
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
/* Counts its run, which ends or is given up. */
void runs_count(const struct member *m, enum run_outcome outcome,
                nsec_t duration, nsec_t active);
/* The time to leave has come for a worker that a ramp down does not want any
 * more, or for its run to be stopped. */
void runs_on_leave(struct member *m);
/* It has no run that a ramp down could want to end. */
void runs_forget_leaving(struct member *m);

#endif

#ifndef MOLO_SCRIPT_LIMIT_H
#define MOLO_SCRIPT_LIMIT_H

#include "loop/timer.h"

/* How long a run may take: the `timeout` of its scenario. When the time is over
 * all tasks of the worker are cancelled; one that does not wait is interrupted
 * by the count hook, again and again until its function is left. Shard thread.
 */

struct lua_State;
struct script;
struct task;
struct worker;

struct limit {
    struct timer timer;
    const char *scenario; /* borrowed; NULL: no limit is in force */
    nsec_t length, deadline;
    bool over;
    char where[128]; /* of what was interrupted, or "" */
};

void limit_init(struct limit *limit, struct worker *worker);
void limit_finish(struct limit *limit);
/* A run begins. */
void limit_begin(struct worker *worker, const char *scenario, nsec_t length);
/* Its function and its tasks are over: what comes now is clean-up, which has a
 * time of its own. `over` stays. */
void limit_end(struct worker *worker);
/* Notices a deadline that the loop has not had the time to notice. */
void limit_check(struct worker *worker);
/* "scenario 'pad': 2 s are over" */
void limit_describe(const struct limit *limit, char *out, size_t size);

/* --- for task.c and the count hook --- */

/* One of its tasks is about to be told, at this place. */
void limit_note_where(struct task *task, const char *where);
/* Called from the count hook of a task that runs on L: raises in it if the time
 * is over, unless it is in its clean-up and has not had the time for that. */
void limit_watch(struct lua_State *L, struct task *task);
/* A task begins its clean-up: it may run for a while. */
void limit_spare(struct task *task);

#endif

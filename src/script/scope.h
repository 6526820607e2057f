#ifndef MOLO_SCRIPT_SCOPE_H
#define MOLO_SCRIPT_SCOPE_H

#include "base/list.h"
#include "loop/timer.h"

/* A part of a task's work that can be cancelled by itself, while the task goes
 * on: what molo.timeout calls, the body of a task group. Scopes of a task nest.
 * Shard thread. */

struct lua_State;
struct task;

enum scope_kind { SCOPE_TIMEOUT, SCOPE_GROUP };

struct scope {
    struct list link;  /* in task->scopes, the innermost last */
    struct task *task; /* NULL: it is over */
    enum scope_kind kind;
    struct timer timer;
    nsec_t length, deadline; /* NSEC_NEVER: none */
    bool due;                /* its cancellation was asked for, ... */
    bool delivered;          /* ... and raised */
    bool resting;            /* scope_rest was called */
    bool failed;             /* group: one of its tasks has */
    int before;              /* cancellations delivered before it began */
    char where[96];          /* of the wait that was cancelled */
};

void scope_begin(struct scope *scope, struct task *task, enum scope_kind kind);
/* From now on the deadline counts; 0: at the next wait. */
void scope_limit(struct scope *scope, nsec_t length);
/* Cancels what the task does inside. */
void scope_cancel(struct scope *scope);
/* Unlinks it. True if its own cancellation was raised and none from outside
 * came with it or after it: then it is the scope's to tell what happened. */
bool scope_end(struct scope *scope);

/* What it limits is over: its own cancellation is not raised any more. True if
 * it was raised, and none from outside as well. It can be ended later. */
bool scope_rest(struct scope *scope);

/* --- for task.c --- */

/* Notices deadlines that the loop has not had time to notice. */
void scopes_check_deadlines(struct task *task);
/* How many cancellations the task was asked for, stop and cancel included, and
 * how many of them it got. They differ: raise one at the next wait. */
int scopes_asked(const struct task *task);
int scopes_delivered(const struct task *task);
/* The outermost scope whose cancellation has not been raised; NULL: none. */
struct scope *scopes_pending(const struct task *task);
/* One raise delivers all of them; `where` is that of the wait. */
void scopes_deliver(struct task *task, const char *where);
/* Its waits end by time: in a molo.timeout, or in clean-up. */
bool scopes_enclose(const struct task *task);
/* The task is over. */
void scopes_finish(struct task *task);

#endif

#ifndef MOLO_SCRIPT_TASK_H
#define MOLO_SCRIPT_TASK_H

#include "loop/loop.h"
#include "loop/timer.h"
#include "script/wait.h"

/* A coroutine of a worker. Shard thread. */

struct lua_State;
struct script;
struct task;
struct worker;

enum task_call_status {
    CALL_OK,
    CALL_FAILED, /* it raised */
    CALL_RESET,  /* it was taken down without an error of its own */
};

struct task {
    struct worker *worker;
    struct lua_State *co;
    uint32_t id;
    struct job ready;
    struct timer timer;   /* of the wait, where it needs one */
    struct timer cleanup; /* after a cancellation: when patience ends */
    struct wait wait;
    struct list scopes; /* struct scope, the innermost last */
    bool running;       /* a call is in progress */
    bool stop_raised;   /* `stopped` was delivered; clean-up is going on */
    bool stop_wanted;   /* raise `stopped` at the next wait */
    bool cancel_asked;  /* task:cancel(), or its group or its run has failed */
    bool cancel_raised; /* `cancelled` was delivered for that */
    bool enclosed;      /* a scope around its group will end its waits */
    bool resetting;     /* `<close>` variables run, nothing may wait */
    bool parked;        /* taken off the processor by the watchdog */
    bool overdue;       /* reset because clean-up took too long */
    bool body_over;     /* its function is */
    bool body_failed;
    bool cleaning;         /* calls what it deferred: is not told to end */
    bool failed_before;    /* ... although it had failed */
    bool no_results;       /* ... and its function returned nothing */
    bool watched;          /* found running when the time of the run was over */
    nsec_t watched_at;     /* in real time */
    nsec_t cleaning_since; /* in real time */
    int defer_ref;         /* list of what was deferred; LUA_NOREF: nothing */
    int error_ref;         /* why it failed, if that was before any `stopped` */
    int updating;          /* depth of update_var callbacks */
    int polling;           /* depth of molo.eventually, ... */
    struct attempt *attempt; /* ... whose innermost attempt keeps checks */
};

void task_init(struct task *task, struct worker *worker, uint32_t id,
               struct lua_State *co);
/* The task must not be running. */
void task_finish(struct task *task);

/* Runs the function and `nargs` arguments on top of the task's stack in a later
 * turn; worker_on_task_done is told when it is over. */
void task_call(struct task *task, int nargs);
/* Marks the wait as over and makes the task ready. Callable from any callback;
 * does nothing if the wait is over already. */
void task_wake(struct task *task);
/* Raises `stopped` in its wait, or in its next one. Then it has TASK_CLEANUP to
 * end, else it is reset. */
void task_stop(struct task *task);
/* The same with `cancelled`, once in the life of a task. */
void task_cancel(struct task *task);
/* Ends the wait it is in, if any, because a cancellation was asked for. */
void task_interrupt(struct task *task);
/* Takes it down now: `<close>` variables run without waiting. */
void task_reset(struct task *task);
/* Starts the time after which the task is reset. */
void task_limit_cleanup(struct task *task);

#define TASK_CLEANUP (5 * NSEC_PER_SEC)
#define TASK_ROOT 0

/* --- for bindings --- */

/* Raises the error object `stopped` and limits the time left for clean-up. */
int task_raise_stopped(struct lua_State *L, struct task *task);
/* The same with another reason, where the worker alone comes to its end. */
int task_raise_end(struct lua_State *L, struct task *task, const char *text);
/* Raises what was asked for: `stopped` before `cancelled`, one from outside
 * before that of a scope, an outer scope's before an inner one's. */
int task_raise_cancellation(struct lua_State *L, struct task *task);
/* Misuse where no task runs: while the file is loaded, in a listener, when the
 * run was taken down. */
struct task *task_check(struct lua_State *L, const char *what);

#endif

#ifndef MOLO_SCRIPT_TASK_H
#define MOLO_SCRIPT_TASK_H

#include "hub/op.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* A coroutine of a worker, and its single wait slot. Everything a script waits
 * for goes through that slot, in four steps: check the arguments, claim, start,
 * yield. Nothing may raise between claim and yield. Shard thread. */

struct lua_State;
struct script;
struct task;
struct worker;

/* What a task waits for. */
struct wait_ops {
    const char *name; /* as the script calls it: "molo.sleep" */
    /* Waiting on other workers: only the hub ends it. */
    bool coordination;
    /* Waiting for tasks of its own, which have their own limits. */
    bool for_tasks;
    /* Counts as time in which the run was not active. */
    bool idle;
    /* Ends the wait early, leaving nothing behind. For coordination waits it
     * only asks: the answer comes as a reply. */
    void (*cancel)(struct task *task);
    /* Frees the results of a wait that is over, when nobody takes them. NULL:
     * there is nothing to free. */
    void (*drop)(struct task *task);
    /* In the continuation, on the task's own stack: pushes the results and
     * returns their number, or raises. */
    int (*finish)(struct lua_State *L, struct task *task);
    /* The same for waits for the hub, when it has granted what was asked for;
     * `finish` is NULL then. */
    int (*granted)(struct lua_State *L, struct task *task);
};

/* The hub's answer, kept until the task runs. Owns `value` and `text`. */
struct wait_reply {
    enum hub_status status;
    struct value *value;
    char *text;
    int64_t round, version, index, number;
    bool broken;
    nsec_t waited, remaining, happened_at;
    int32_t culprit;
};

struct wait {
    const struct wait_ops *ops; /* NULL: not waiting */
    bool done;                  /* over: results may be taken */
    bool submitting;            /* claim made, not yielded yet */
    bool cancelled;             /* task_interrupt has ended it */
    bool idling; /* counts as time in which the run was not active */
    uint32_t seq;
    void *data; /* what it waits for, for ops */
    struct wait_reply reply;
};

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

/* The task that runs now on L. Raises, naming `what` and what to do instead,
 * where nothing can wait: at load time, in listeners, in a user's own
 * coroutine, below a C call that cannot yield. */
struct task *wait_check(struct lua_State *L, const char *what);
/* The same for what never waits and has to happen, such as giving back a lock:
 * a cancellation is left to the next wait. */
struct task *wait_check_brief(struct lua_State *L, const char *what);
/* Takes the slot. */
void wait_claim(struct task *task, const struct wait_ops *ops, void *data);
/* Leaves the C function: `return wait_yield(L, task)`. If the wait is over
 * already it returns the results at once, unless the task has run for 1 ms:
 * then others have their turn first. */
int wait_yield(struct lua_State *L, struct task *task);
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

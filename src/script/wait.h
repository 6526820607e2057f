#ifndef MOLO_SCRIPT_WAIT_H
#define MOLO_SCRIPT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "hub/op.h"

/* The single wait slot of a task. Everything a script waits for goes through
 * it, in four steps: check the arguments, claim, start, yield. Nothing may
 * raise between claim and yield. Shard thread. */

struct lua_State;
struct task;

/* What a task waits for. */
struct wait_ops {
    /* Waiting on other workers: only the hub ends it, and is asked to, when it
     * is to end early. Then `cancel` and `drop` are NULL. */
    bool coordination;
    /* Waiting for tasks of its own, which have their own limits. */
    bool for_tasks;
    /* Counts as time in which the run was not active. */
    bool idle;
    /* Ends the wait early, leaving nothing behind. */
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
    /* Of the operation on an object that it is, for late.h. */
    enum hub_op_type asked;
    int64_t amount;
    struct wait_reply reply;
};

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

/* --- for task.c --- */

/* Ends the wait that the task is in, if any, and lets go of what had come of
 * it: nobody takes it. */
void wait_take_down(struct task *task);
void wait_finish(struct wait *wait);

#endif

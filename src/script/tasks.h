#ifndef MOLO_SCRIPT_TASKS_H
#define MOLO_SCRIPT_TASKS_H

#include "script/task.h"

/* The tasks of a worker beside its root task: from molo.spawn to what they
 * left. They end with the call (run, fixture) that began them, at the latest.
 * Shard thread. */

struct lua_State;
struct scope;
struct worker;

enum task_outcome { TASK_LIVE, TASK_OK, TASK_FAILED, TASK_CANCELLED };

/* What scripts have in their hands: a userdata, whose user value becomes the
 * list of results, or the error. */
struct task_handle {
    struct child *child; /* NULL: it ended */
    int32_t worker_id;
    uint32_t id;
    enum task_outcome outcome;
    uint32_t order; /* of its end, among the tasks of the worker */
};

struct child {
    struct task task;
    struct list link; /* in worker->tasks */
    uint32_t parent;
    struct scope *group; /* NULL: none */
    int co_ref, handle_ref;
    bool ended;    /* kept until the end of the call: it failed, ... */
    bool observed; /* ... and nobody was told, unless this */
    bool held;     /* its parent lets it go on */
    bool let_go;
    bool paused; /* waits for that now */
};

/* Starts a task in a later turn. On the stack of L: the function at `index` and
 * its arguments above, which are taken; pushes the handle. `group` may be NULL.
 */
struct child *tasks_spawn(struct lua_State *L, struct task *parent,
                          struct scope *group, int index);
/* It ended: with lua_resume's status, or was reset. */
void tasks_on_done(struct task *task, int status);
/* What was held at a pause goes on, now or when it gets there. */
void tasks_let_go(struct child *child);
/* Cancels those of a group, or all others than the root (NULL). */
void tasks_cancel(struct worker *worker, const struct scope *group);
/* Those of all groups of this task, and those that they may begin. */
void tasks_cancel_groups(const struct task *owner);
/* All have TASK_CLEANUP from now on, also those that cannot be told yet. */
void tasks_limit_cleanup(struct worker *worker);
/* NULL: there is none of that number. */
struct task *tasks_find(struct worker *worker, uint32_t id);

/* In the coroutine of the root task, after its function: waits for all others,
 * then returns 1, with the stack as it was. */
int tasks_await_all(struct lua_State *L, struct task *root);
/* Waits for the end of that task; one that was stopped may wait again. Returns
 * nothing, perhaps too early; raises only what is asked of the caller. */
int tasks_await(struct lua_State *L, struct task *task, uint32_t id);

/* The group is over; if its tasks are not, because the one that waited for them
 * was taken down, they are cancelled. */
void tasks_leave_group(struct worker *worker, const struct scope *group);
void tasks_stop(struct worker *worker);
/* Takes all of them down. */
void tasks_reset(struct worker *worker);
/* Pushes the error of the first that failed and nobody was told of. */
bool tasks_push_failure(struct worker *worker, struct lua_State *L);
/* The call is over: forgets all of them. */
void tasks_finish(struct worker *worker);

#endif

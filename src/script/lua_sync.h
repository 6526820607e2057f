#ifndef MOLO_SCRIPT_LUA_SYNC_H
#define MOLO_SCRIPT_LUA_SYNC_H

#include <lua.h>

#include "hub/op.h"
#include "script/lua_handle.h"
#include "script/task.h"

/* The way of an operation on a shared object to the hub, and of its answer back
 * to the script. */

/* Submits `op` (its id, step and where are filled in here) for the running task
 * and returns like wait_yield: `finish` pushes the results of a granted
 * operation; everything else raises its error. Takes the reference op->value.
 * Meanwhile wait.data is the handle at index 1, or NULL. */
int
lua_sync_submit(lua_State *L, struct hub_op *op, const struct wait_ops *ops);
/* In the continuation: `granted`, that of the struct wait_ops, for HUB_GRANTED,
 * HUB_MAKE, HUB_ACT and HUB_WOULD_WAIT (it looks at task->wait.reply), else
 * raises. */
int lua_sync_finish(lua_State *L, struct task *task,
                    int (*granted)(lua_State *L, struct task *task));
/* Asks for the coordination wait of the task to end. `given_up`: the task is
 * being taken down. */
void lua_sync_cancel(struct task *task, bool given_up);

/* Gives the hub an operation of this task; its id and step are filled in here.
 * The answer is for the wait that the task is in. Does not raise. */
void lua_sync_post(struct task *task, struct hub_op *op);
/* The same for what has to happen whatever becomes of the task: nobody waits
 * for the answer. A wait of the task is over by now. */
void lua_sync_tell(struct task *task, struct hub_op *op);
/* An operation on that object. */
struct hub_op
lua_sync_op_on(const struct lua_handle *handle, enum hub_op_type type);

/* What every operation on a handle begins with: checks that argument 1 is a
 * handle of that type and that the caller may wait, and fills in what `op`,
 * with its type set, says of the object. `name` is the operation's. Raises a
 * pending cancellation first, unless the operation is one that gives or tells
 * others something: those take effect all the same. */
struct task *lua_sync_check_operation(lua_State *L, enum hub_object_type type,
                                      const char *name, struct hub_op *op);
/* Raises inside the function of update_var. */
void lua_sync_check_not_updating(lua_State *L, const struct task *task,
                                 const char *what);
/* For operations without results. */
extern const struct wait_ops lua_sync_plain_wait;
int lua_sync_grant_nothing(lua_State *L, struct task *task);

/* For attempts, try_*: the result is whether it was granted. */
extern const struct wait_ops lua_sync_attempt_wait;
/* Pushes the value that came with the answer. Who had to wait for it tells how
 * long the news took. */
void lua_sync_push_news(lua_State *L, struct task *task);
/* For questions: results are reply.number, or whether it is not 0. */
extern const struct wait_ops lua_sync_number_wait;
extern const struct wait_ops lua_sync_flag_wait;
/* The struct wait_ops of an operation with results of its own. */
#define LUA_SYNC_WAIT(granted_function)                                   \
    {                                                                     \
        .coordination = true, .idle = true, .granted = (granted_function) \
    }

/* Reads {timeout =, round =} at `index` (none or nil: defaults) into `op`. */
void lua_sync_check_options(lua_State *L, int index, struct hub_op *op,
                            bool takes_round);
/* The same where there are more: `known` are all names that may be given. */
void lua_sync_check_options_of(lua_State *L, int index, struct hub_op *op,
                               const char *const *known, size_t count);
/* A name argument: a non-empty string without NUL. */
const char *lua_sync_check_name(lua_State *L, int index, const char *what);

void lua_sync_open(lua_State *L); /* pushes the function table molo.sync */
void lua_var_open(lua_State *L);  /* pushes the function table molo.var */

#endif

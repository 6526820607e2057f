#ifndef MOLO_SCRIPT_LUA_SYNC_H
#define MOLO_SCRIPT_LUA_SYNC_H

#include <lua.h>

#include "hub/op.h"
#include "script/task.h"

/* Handles on shared objects, and the way an operation goes to the hub and its
 * answer comes back. */

struct lua_handle {
    enum hub_object_type type;
    struct hub_options options;
    char name[]; /* NUL-terminated */
};

/* NULL if the value is no handle. Never raises. */
const struct lua_handle *lua_handle_test(lua_State *L, int index);
void lua_handle_push(lua_State *L, enum hub_object_type type, const char *name,
                     size_t size, struct hub_options options);

/* Submits `op` (its id, step and where are filled in here) for the running task
 * and returns like wait_yield: `finish` pushes the results of a granted
 * operation; everything else raises what coordination.md says. Takes the
 * reference op->value. */
int
lua_sync_submit(lua_State *L, struct hub_op *op, const struct wait_ops *ops);
/* The finish function of struct wait_ops for all of them; `granted` is called
 * for HUB_GRANTED and HUB_MAKE. */
int lua_sync_finish(lua_State *L, struct task *task,
                    int (*granted)(lua_State *L, struct task *task));
void lua_sync_cancel(struct task *task);

/* What every operation on a handle begins with: checks that argument 1 is a
 * handle of that type and that the caller may wait, and fills in what `op` says
 * of the object. `name` is the operation's. */
struct task *lua_sync_check_operation(lua_State *L, enum hub_object_type type,
                                      const char *name, struct hub_op *op);
/* For operations without results. */
extern const struct wait_ops lua_sync_plain_wait;
int lua_sync_finish_nothing(lua_State *L, struct task *task);
/* handle:free(), a method of every type. */
int lua_handle_free(lua_State *L);

/* Reads {timeout =, round =} at `index` (none or nil: defaults) into `op`. */
void lua_sync_check_options(lua_State *L, int index, struct hub_op *op,
                            bool takes_round);
/* A name argument: a non-empty string without NUL. */
const char *lua_sync_check_name(lua_State *L, int index, const char *what);

struct script;
/* Tells the hub what handles were given options at load time. */
void lua_sync_declare(struct script *script);

void lua_sync_open(lua_State *L); /* pushes the function table molo.sync */
void lua_var_open(lua_State *L);  /* pushes the function table molo.var */

#endif

#ifndef MOLO_SCRIPT_LUA_HOLD_H
#define MOLO_SCRIPT_LUA_HOLD_H

#include <lua.h>

#include "hub/op.h"

/* What hold() of a lock, a condition or a semaphore returns: a value for a
 * `<close>` variable that gives back what was acquired. Closing it does not
 * wait and never raises, so it works in a task that is being taken down too. */

struct task;

/* Reads {timeout =, scope =} at `index` into `op`, an acquisition. */
void lua_hold_check_options(lua_State *L, int index, struct hub_op *op);
/* The same for an attempt, which has no timeout. */
void lua_hold_check_scope(lua_State *L, int index, struct hub_op *op);

/* Pushes one for the handle at index 1; `release` gives `amount` back. */
void lua_hold_push(lua_State *L, enum hub_op_type release, int64_t amount);
void lua_hold_open(lua_State *L);

#endif

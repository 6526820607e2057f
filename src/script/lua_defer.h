#ifndef MOLO_SCRIPT_LUA_DEFER_H
#define MOLO_SCRIPT_LUA_DEFER_H

#include <lua.h>

/* `molo.defer`: functions that a task leaves behind, to be called when its own
 * function is over, the last first. */

struct task;

/* molo.defer(fn, ...) */
int lua_defer(lua_State *L);

/* In the coroutine of a task whose function is over; stack: message handler,
 * results or error. Calls what was deferred, which may wait and may defer more;
 * then returns the number of results, which an error may have replaced. Each is
 * called though one fails. */
int lua_defer_run(lua_State *L, struct task *task);
/* The task was taken down: calls what is left without waiting. */
void lua_defer_run_now(struct task *task);

#endif

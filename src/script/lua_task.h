#ifndef MOLO_SCRIPT_LUA_TASK_H
#define MOLO_SCRIPT_LUA_TASK_H

#include <lua.h>

/* Tasks and scopes as Lua sees them; what is made of them for scripts (groups,
 * all, any, hold_task) is lua/molo/task.lua. */
struct child;
struct scope;
struct task;

/* The running task; misuse where `what` cannot be used. */
struct task *lua_task_check(lua_State *L, const char *what);
/* Begins a task of a group (NULL: none) with the function at `index` and the
 * arguments above it; pushes its handle. */
struct child *
lua_task_spawn(lua_State *L, const char *what, struct scope *group, int index);

void lua_task_open(lua_State *L);  /* pushes the function table molo.task */
void lua_scope_open(lua_State *L); /* adds to the table on top of the stack */

#endif

#ifndef MOLO_SCRIPT_LUA_EVENTUALLY_H
#define MOLO_SCRIPT_LUA_EVENTUALLY_H

#include <lua.h>
#include <stdbool.h>

/* What molo.eventually (lua/molo/eventually.lua) needs of a task: while one of
 * its attempts runs, requests are polls and checks are kept back, as only those
 * of the last attempt count. */

struct recorder_context;
struct task;

/* A check of this task: true if an attempt keeps it back. */
bool lua_eventually_keeps(lua_State *L, struct task *task,
                          const struct recorder_context *context,
                          const char *name, bool passed);
/* Adds to the table on top of the stack. */
void lua_eventually_open(lua_State *L);

#endif

#ifndef MOLO_SCRIPT_LUA_UTIL_H
#define MOLO_SCRIPT_LUA_UTIL_H

#include <lua.h>

struct worker;

/* session.rng: the worker's own generator. */
void lua_rng_push(lua_State *L, struct worker *worker);
/* Opens it and makes math.random draw from the worker that runs. */
void lua_rng_open(lua_State *L);
/* Sets `uuid` in the table at the top of the stack. */
void lua_util_open(lua_State *L);

#endif

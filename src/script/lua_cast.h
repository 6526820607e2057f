#ifndef MOLO_SCRIPT_LUA_CAST_H
#define MOLO_SCRIPT_LUA_CAST_H

#include <lua.h>

/* The `cast` option of molo.scenario: roles, their numbers of seats, and a
 * function for each role where there is not one for all. */
struct scenario;

/* Raises misuse unless the value at `index` is a list of {role, seats}. */
void lua_cast_check(lua_State *L, int index, const char *scenario);
/* Raises misuse unless the table at `fns` has a function for every role of the
 * checked cast at `index`, and no other keys. */
void lua_cast_check_functions(lua_State *L, int index, int fns,
                              const char *scenario);
/* Takes over what has been checked. `fns` may be a function. */
void lua_cast_take(lua_State *L, int index, int fns, struct scenario *scenario);

#endif

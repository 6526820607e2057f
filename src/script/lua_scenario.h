#ifndef MOLO_SCRIPT_LUA_SCENARIO_H
#define MOLO_SCRIPT_LUA_SCENARIO_H

#include <lua.h>

/* `molo.scenario`: a scenario and its options, as a file gives them while it is
 * loaded. */

struct scenario;
struct script;

/* molo.scenario(name, [options,] fn) -> fn, which is a function or, with a
 * cast, a table of functions by role. */
int lua_scenario_register(lua_State *L);
/* Frees what it holds. */
void lua_scenario_finish(struct scenario *scenario);

/* --- of lua_register.c --- */

/* The script, while its file is being loaded; else raises misuse of `what`. */
struct script *lua_register_check_loading(lua_State *L, const char *what);
/* Raises unless it is a function of the script. */
void lua_register_check_function(lua_State *L, int index, const char *what);

#endif

#ifndef MOLO_SCRIPT_LUA_WORKLOADS_H
#define MOLO_SCRIPT_LUA_WORKLOADS_H

#include <lua.h>

struct options;

/* Adds `workloads = {...}` of molo.options, the table at `index`, to the
 * options: a map from names, whose order is that of the names, or a list of
 * tables with a `name`. Raises misuse. */
void lua_workloads_options(lua_State *L, int index, struct options *options);

/* Pushes the text of a rate: a number is one per second, "2.5/s"; a string
 * stays as it is. Raises for what is neither. */
const char *lua_workloads_push_rate(lua_State *L, int index, const char *what);

#endif

#ifndef MOLO_SCRIPT_LUA_PARAMS_H
#define MOLO_SCRIPT_LUA_PARAMS_H

#include <lua.h>

/* The `params` option of molo.scenario: which scenarios it makes. */

/* On top of the stack: the value of the option. Replaces it with a list of
 * {"name[param]", value}: those of a list in its order, those of a map in the
 * order of their keys. Raises misuse, naming what is wrong. */
void lua_params_push(lua_State *L, const char *scenario);

#endif

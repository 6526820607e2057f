#ifndef MOLO_SCRIPT_LUA_THRESHOLD_H
#define MOLO_SCRIPT_LUA_THRESHOLD_H

#include <lua.h>

struct options;

/* The value of `thresholds` in molo.options, at `index`: an expression or a
 * list of them, each a string or {expression, abort = true, after = time}.
 * Adds them to `options`; raises on those that cannot be read. */
void lua_threshold_options(lua_State *L, int index, struct options *options);

#endif

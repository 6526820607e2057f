#ifndef MOLO_SCRIPT_LUA_THRESHOLD_H
#define MOLO_SCRIPT_LUA_THRESHOLD_H

#include <lua.h>
#include <stdbool.h>

#include "base/err.h"

struct options;
struct script;

/* The value of `thresholds` in molo.options, at `index`: an expression or a
 * list of them, each a string or {expression, abort = true, after = time}.
 * Adds them to `options`; raises if it is anything else. */
void lua_threshold_options(lua_State *L, int index, struct options *options);
/* Once the file is loaded: are all expressions such as can be read? They may
 * be about metrics that the file defined after them. */
bool lua_threshold_check(struct script *script, const struct options *options,
                         struct err *err);
void lua_threshold_finish(struct script *script);

#endif

#ifndef MOLO_SCRIPT_LUA_PICKER_H
#define MOLO_SCRIPT_LUA_PICKER_H

#include <lua.h>
#include <stdbool.h>

/* `molo.scenario_picker`: a function of the script that says which scenario a
 * worker runs next. It is called between runs, where nothing can wait. */

struct err;
struct script;

/* molo.scenario_picker(fn), fn(worker_id, step) -> name or nil */
int lua_picker_register(lua_State *L);
/* After the file was loaded: refuses what does not go together with one. */
bool lua_picker_check(const struct script *script, struct err *err);

#endif

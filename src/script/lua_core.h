#ifndef MOLO_SCRIPT_LUA_CORE_H
#define MOLO_SCRIPT_LUA_CORE_H

#include <lua.h>

/* What scenarios say while they run: sleep, check, expect, fail, stop, log.
 * Pushes the function table molo.core, to which the other files add theirs. */
void lua_core_open(lua_State *L);

/* session:think(time) or session:think(low, high); the session is checked. */
int lua_core_think(lua_State *L);

/* Registering, while the file is loaded: scenario, fixtures, on, options. Adds
 * to the table on top of the stack. */
void lua_register_open(lua_State *L);

/* Replaces what would break the rules of a run: print, assert, os.exit,
 * coroutine.*, debug.sethook; makes the globals strict. */
void lua_sandbox_open(lua_State *L);

#endif

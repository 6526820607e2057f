#ifndef MOLO_SCRIPT_LUA_NOTIFIER_H
#define MOLO_SCRIPT_LUA_NOTIFIER_H

#include <lauxlib.h>

/* The notifier of scripts. */

/* molo.notifier(name, options) */
int lua_notifier_new(lua_State *L);
extern const luaL_Reg lua_notifier_methods[];

#endif

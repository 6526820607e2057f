#ifndef MOLO_SCRIPT_LUA_LOCK_H
#define MOLO_SCRIPT_LUA_LOCK_H

#include <lua.h>

/* The methods of a lock, which are methods of a condition too. */
int lua_lock_acquire(lua_State *L);
int lua_lock_hold(lua_State *L);
int lua_lock_locked(lua_State *L);
int lua_lock_release(lua_State *L);
int lua_lock_try_acquire(lua_State *L);
int lua_lock_with(lua_State *L);

#endif

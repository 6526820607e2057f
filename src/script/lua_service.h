#ifndef MOLO_SCRIPT_LUA_SERVICE_H
#define MOLO_SCRIPT_LUA_SERVICE_H

#include <lua.h>

/* molo.service(name) -> its base_url; does not wait. */
int lua_service(lua_State *L);

#endif

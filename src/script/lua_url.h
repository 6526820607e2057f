#ifndef MOLO_SCRIPT_LUA_URL_H
#define MOLO_SCRIPT_LUA_URL_H

#include <lua.h>

/* Sets `url` in the table at the top of the stack. */
void lua_url_open(lua_State *L);

#endif

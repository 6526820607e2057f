#ifndef MOLO_SCRIPT_LUA_COOKIES_H
#define MOLO_SCRIPT_LUA_COOKIES_H

#include <lua.h>

/* The cookie jar of a session as Lua sees it. */

/* session:cookies() and session:set_cookie{...} */
int lua_cookies_list(lua_State *L);
int lua_cookies_set(lua_State *L);

#endif

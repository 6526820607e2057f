#ifndef MOLO_SCRIPT_LUA_JSON_H
#define MOLO_SCRIPT_LUA_JSON_H

#include <lua.h>

/* Pushes the table molo.json. */
void lua_json_open(lua_State *L);

#endif

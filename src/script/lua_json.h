#ifndef MOLO_SCRIPT_LUA_JSON_H
#define MOLO_SCRIPT_LUA_JSON_H

#include <lua.h>

/* Pushes the table molo.json. */
/* json.encode(value) -> string */
int lua_json_encode(lua_State *L);

void lua_json_open(lua_State *L);

#endif

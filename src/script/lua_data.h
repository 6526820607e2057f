#ifndef MOLO_SCRIPT_LUA_DATA_H
#define MOLO_SCRIPT_LUA_DATA_H

#include <lua.h>

/* molo.data: makes feeds of files, as their options say. */

void lua_data_open(lua_State *L); /* pushes the table of functions */

#endif

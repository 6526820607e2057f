#ifndef MOLO_SCRIPT_LUA_DATA_H
#define MOLO_SCRIPT_LUA_DATA_H

#include <lua.h>

/* molo.data: records of a file for the runs of all workers. Which record is
 * next is counted in the hub, under a name that scripts do not use. */

void lua_data_open(lua_State *L); /* pushes the table of functions */

#endif

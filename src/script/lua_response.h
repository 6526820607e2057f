#ifndef MOLO_SCRIPT_LUA_RESPONSE_H
#define MOLO_SCRIPT_LUA_RESPONSE_H

#include <lua.h>

/* The response object: numbers in a block, body and raw header lines as Lua
 * strings; headers, timings and JSON are made when a script asks. */

struct transfer;

/* Copies what the transfer got. */
void lua_response_push(lua_State *L, const struct transfer *transfer);
void lua_response_open(lua_State *L);

#endif

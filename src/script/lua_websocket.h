#ifndef MOLO_SCRIPT_LUA_WEBSOCKET_H
#define MOLO_SCRIPT_LUA_WEBSOCKET_H

#include <lua.h>

/* session:websocket and the connection object it returns. A connection belongs
 * to the call (run, fixture) that opened it; all tasks of that may use it. */

struct worker;

/* session:websocket(url, options) */
int lua_websocket_make(lua_State *L);
/* Closes all that are still open; their objects raise from now on. No task
 * waits for any. */
void lua_websocket_end_all(struct worker *worker);
void lua_websocket_open(lua_State *L);

#endif

#ifndef MOLO_SCRIPT_LUA_HTTP_H
#define MOLO_SCRIPT_LUA_HTTP_H

#include <lua.h>

/* session:get and its kin: starting a transfer, recording it, and what the
 * script gets of it: a response or an error object. */

struct script;

/* Adds get, post ... to the table of methods on top of the stack. */
void lua_http_methods(lua_State *L);
/* Frees what requests left for the next ones. */
void lua_http_finish(struct script *script);

#endif

#ifndef MOLO_SCRIPT_LUA_TAGS_H
#define MOLO_SCRIPT_LUA_TAGS_H

#include <lua.h>

/* Tables of tags, as scripts give them: {page = "cart", big = true}. */

struct http_request;
struct recorder_context;

/* Where the running task records, with the tags at `index`, if there are any.
 * Raises. */
const struct recorder_context *lua_tags_context(lua_State *L, int index);
/* The option `tags` of requests and sessions. Raises. */
void lua_tags_option(lua_State *L, struct http_request *request, int index);

#endif

#ifndef MOLO_SCRIPT_LUA_REACH_H
#define MOLO_SCRIPT_LUA_REACH_H

#include <lua.h>

struct http_request;

/* Options that say how a server is reached: rows of lua_shared_options. */

void lua_reach_ca(lua_State *L, struct http_request *request, int index);
void lua_reach_cert(lua_State *L, struct http_request *request, int index);
void lua_reach_key(lua_State *L, struct http_request *request, int index);
void lua_reach_verify(lua_State *L, struct http_request *request, int index);
void lua_reach_proxy(lua_State *L, struct http_request *request, int index);
void
lua_reach_unix_socket(lua_State *L, struct http_request *request, int index);
void
lua_reach_http_version(lua_State *L, struct http_request *request, int index);
void lua_reach_compress(lua_State *L, struct http_request *request, int index);
void
lua_reach_connect_to(lua_State *L, struct http_request *request, int index);
void lua_reach_resolve(lua_State *L, struct http_request *request, int index);

#endif

#ifndef MOLO_SCRIPT_LUA_REQUEST_H
#define MOLO_SCRIPT_LUA_REQUEST_H

#include <lua.h>
#include <stddef.h>

#include "base/err.h"

/* The options of a request, from a Lua table to a transfer: one table row and
 * one function each. */

#define LUA_HTTP_MAX_REDIRECTS 10
#define LUA_MAX_EXPECTED 16

struct session;
struct transfer;

/* Statuses of the option `expect`. */
struct lua_expected {
    int status[LUA_MAX_EXPECTED];
    int count; /* 0: not given, 2xx and 3xx */
};

struct lua_request {
    struct transfer *transfer;
    struct lua_expected *expected;
    const char *url;
    size_t url_size;
    const char *method;
    size_t method_size;
};

/* Sets method and URL. Does not raise. */
bool lua_request_begin(const struct lua_request *request, struct err *err);
/* Applies the option table; to be called protected, because it raises while the
 * transfer is not Lua's. Arguments: a light userdata (struct lua_request), the
 * options. */
int lua_request_apply_options(lua_State *L);

/* The `redirects` option: a number, or false for none. Raises. */
int lua_http_check_redirects(lua_State *L, int index);
/* Raises unless the table at `index` can be headers. */
void lua_http_check_headers(lua_State *L, int index);
/* Makes the headers of the table at `index` defaults of a session. Raises. */
void lua_http_session_headers(lua_State *L, int index, struct session *http);

#endif

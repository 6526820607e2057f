#ifndef MOLO_SCRIPT_LUA_REQUEST_H
#define MOLO_SCRIPT_LUA_REQUEST_H

#include <lua.h>
#include <stddef.h>

#include "base/err.h"

/* The options that only a request has, from a Lua table to a transfer: what it
 * asks for. One table row and one function each. */

struct session;
struct transfer;
struct worker;

struct lua_request {
    struct transfer *transfer;
    struct worker *worker;
    const char *url;
    size_t url_size;
    const char *method;
    size_t method_size;
    lua_State *L; /* while options are applied */
};

/* Raises for what is no string, and for a path with a {name} where the options
 * have no vars to put there. */
void lua_request_check_url(lua_State *L, int url, int options);
/* Sets method and URL. Does not raise. */
bool lua_request_begin(const struct lua_request *request, struct err *err);
/* Applies the option table; to be called protected, because it raises while the
 * transfer is not Lua's. Arguments: a light userdata (struct lua_request), the
 * options. */
int lua_request_apply_options(lua_State *L);

/* True for an option that a request has and a session has not. */
bool lua_request_is_option(const char *name);

#endif

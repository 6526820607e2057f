#ifndef MOLO_SCRIPT_LUA_OPTIONS_H
#define MOLO_SCRIPT_LUA_OPTIONS_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* The options that a request and a session both take: how requests are made,
 * whatever they ask for. A session's are applied to the request that all of its
 * own start as. */

struct http_request;

struct lua_option {
    const char *name;
    /* Raises, having changed nothing but `request`. */
    void (*apply)(lua_State *L, struct http_request *request, int index);
};

#define LUA_SHARED_OPTIONS 20
extern const struct lua_option lua_shared_options[LUA_SHARED_OPTIONS];

/* Applies those that the table at `index` has, in the order of the rows, so
 * that the outcome never depends on the order of a Lua table. Does not look for
 * other keys. Raises. */
void lua_options_apply(lua_State *L, int index, struct http_request *request);
/* Raises unless all of them can be applied; to nothing. */
void lua_options_check(lua_State *L, int index);
/* Raises unless there is a table at `index`. */
void lua_options_check_table(lua_State *L, int index, const char *option);
/* The same for a string that is not empty and has no NUL byte, of which the
 * message says what is `expected`. */
const char *lua_options_check_string(lua_State *L, int index,
                                     const char *option, const char *expected);
bool lua_options_check_boolean(lua_State *L, int index, const char *option);
bool lua_options_is_false(lua_State *L, int index);
void lua_options_set_header(lua_State *L, struct http_request *request,
                            const char *name, const char *value, size_t size);

#endif

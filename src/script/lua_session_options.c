#include <string.h>

#include "http/session.h"
#include "plan/options.h"
#include "script/lua_options.h"
#include "script/lua_request.h"
#include "script/lua_session.h"
#include "script/mlua.h"
#include "script/script_internal.h"

#define MAX_REDIRECTS 10

static void
check_names(lua_State *L, int index)
{
    const char *names[LUA_SHARED_OPTIONS + 1];
    for (size_t i = 0; i < LUA_SHARED_OPTIONS; i++)
        names[i] = lua_shared_options[i].name;
    names[LUA_SHARED_OPTIONS] = "base_url";
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) == LUA_TSTRING &&
            lua_request_is_option(lua_tostring(L, -2)))
            mlua_misuse(L, "'%s' is an option of a request, not of a session",
                        lua_tostring(L, -2));
        lua_pop(L, 1);
    }
    mlua_check_keys(L, index, names, ARRAY_LENGTH(names));
}

void
lua_session_check_options(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    if (!lua_istable(L, index))
        mlua_misuse(L, "session options are a table, got %s",
                    luaL_typename(L, index));
    check_names(L, index);
    if (lua_getfield(L, index, "base_url") != LUA_TNIL &&
        lua_type(L, -1) != LUA_TSTRING)
        mlua_misuse(L, "base_url: expected a string, got %s",
                    luaL_typename(L, -1));
    lua_options_check(L, index);
    lua_settop(L, top);
}

void
lua_session_set_options(lua_State *L, struct session *http, int index)
{
    index = lua_absindex(L, index);
    lua_session_check_options(L, index);
    if (lua_getfield(L, index, "base_url") != LUA_TNIL) {
        struct session_defaults defaults = session_get_defaults(http);
        defaults.base_url = lua_tostring(L, -1);
        session_configure(http, &defaults);
    }
    lua_options_apply(L, index, session_default_request(http));
    lua_settop(L, index);
}

static int
apply_script_defaults(lua_State *L)
{
    struct session *http = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script_of(L)->session_options_ref);
    lua_session_set_options(L, http, -1);
    return 0;
}

static void
set_header_options(const struct options *options, struct session *http)
{
    for (size_t i = 0; i < options->headers.count; i++)
        session_set_header_line(http, options->headers.items[i], NULL);
}

void
lua_session_apply_defaults(struct script *script, struct session *http)
{
    const struct options *options = script->env.options;
    struct session_defaults defaults = {
        .base_url = options->base_url,
        .timeout = options->timeout,
        .max_redirects = MAX_REDIRECTS,
    };
    session_configure(http, &defaults);
    if (script->session_options_ref != LUA_NOREF) {
        /* Checked when the file was loaded; it can only run out of memory. */
        lua_State *L = script->L;
        int top = lua_gettop(L);
        lua_pushcfunction(L, apply_script_defaults);
        lua_pushlightuserdata(L, http);
        lua_pcall(L, 1, 0, 0);
        lua_settop(L, top);
        /* The environment and the command line win over the script. */
        struct session_defaults script_defaults = session_get_defaults(http);
        if (options_source(options, "base-url") <= OPTION_SCRIPT)
            defaults.base_url = script_defaults.base_url;
        if (options_source(options, "timeout") <= OPTION_SCRIPT)
            defaults.timeout = script_defaults.timeout;
        defaults.max_redirects = script_defaults.max_redirects;
        session_configure(http, &defaults);
    }
    set_header_options(options, http);
}

/* session:configure{...} */
int
lua_session_configure(lua_State *L)
{
    lua_session_check(L, 1);
    lua_settop(L, 2);
    lua_pushnil(L);
    if (lua_istable(L, 2) && !lua_next(L, 2))
        mlua_misuse(L, "session:configure: the table is empty: an option "
                       "whose value is nil sets nothing");
    lua_settop(L, 2);
    lua_session_set_options(L, lua_session_http(L, 1), 2);
    return 0;
}

/* session:reset() */
int
lua_session_reset(lua_State *L)
{
    lua_session_check(L, 1);
    struct err err;
    if (!session_reset(lua_session_http(L, 1), &err))
        mlua_misuse(L, "session:reset: %s", err.message);
    return 0;
}

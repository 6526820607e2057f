#include "script/lua_ws_options.h"

#include <string.h>
#include <strings.h>

#include "http/ws_handshake.h"
#include "script/lua_options.h"
#include "script/mlua.h"

#define MAX_MESSAGE ((size_t)16 * 1024 * 1024)
#define MAX_MESSAGES 1000
#define CLOSE_TIMEOUT (5 * NSEC_PER_SEC)

static const char *const own_names[] = {
    "close_timeout", "max_message", "max_messages",
    "ping_interval", "protocols",
};
/* Of those that requests have, those that mean something here. */
static const char *const shared_names[] = {
    "auth",    "bearer",      "ca",
    "cert",    "cookies",     "headers",
    "key",     "connect_to",  "connect_timeout",
    "name",    "proxy",       "query",
    "resolve", "tags",        "timeout",
    "vars",    "unix_socket", "verify",
};
enum {
    OWN_COUNT = ARRAY_LENGTH(own_names),
    SHARED_COUNT = ARRAY_LENGTH(shared_names),
};

static void
add_protocol(lua_State *L, struct lua_ws_options *options, int index)
{
    size_t size = 0;
    const char *name =
        lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : "";
    if (!ws_is_protocol(name, size))
        mlua_misuse(L,
                    "protocols: expected names of subprotocols such as "
                    "{\"chat\", \"superchat\"}, got %s",
                    size == 0 && lua_type(L, index) == LUA_TSTRING
                        ? "an empty one"
                    : size == 0 ? luaL_typename(L, index)
                                : name);
    size_t used = strlen(options->protocols);
    if (used + size + 3 > sizeof(options->protocols))
        mlua_misuse(L, "protocols: too many or too long names");
    if (used > 0)
        strcat(options->protocols, ", ");
    strcat(options->protocols, name);
}

static void
read_protocols(lua_State *L, struct lua_ws_options *options, int index)
{
    if (!lua_istable(L, index)) {
        add_protocol(L, options, index);
        return;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count == 0)
        mlua_misuse(L, "protocols: the list is empty");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_protocol(L, options, lua_gettop(L));
        lua_pop(L, 1);
    }
}

static size_t
read_count(lua_State *L, int index, const char *name, const char *of)
{
    int ok;
    lua_Integer n = lua_tointegerx(L, index, &ok);
    if (!ok || n < 1)
        mlua_misuse(L, "%s: expected a number of %s from 1 on", name, of);
    return (size_t)n;
}

static bool
get(lua_State *L, int table, const char *name)
{
    lua_pushstring(L, name);
    return lua_rawget(L, table) != LUA_TNIL;
}

static void
read_own(lua_State *L, struct lua_ws_options *options)
{
    if (get(L, 3, "protocols"))
        read_protocols(L, options, lua_gettop(L));
    lua_settop(L, 3);
    if (get(L, 3, "max_message"))
        options->max_message = read_count(L, -1, "max_message", "bytes");
    if (get(L, 3, "max_messages"))
        options->max_messages = read_count(L, -1, "max_messages", "messages");
    if (get(L, 3, "close_timeout"))
        options->close_timeout = mlua_check_time(L, -1, "close_timeout");
    lua_settop(L, 3);
    if (get(L, 3, "ping_interval") && !lua_options_is_false(L, -1)) {
        options->ping_interval = mlua_check_time(L, -1, "ping_interval");
        if (options->ping_interval <= 0)
            mlua_misuse(L, "ping_interval: expected a time above 0, or false");
    }
    lua_settop(L, 3);
}

/* A copy of the table without our own options takes its place. */
static void
leave_shared(lua_State *L)
{
    lua_createtable(L, 0, 8);
    for (size_t i = 0; i < SHARED_COUNT; i++)
        if (get(L, 3, shared_names[i]))
            lua_setfield(L, 4, shared_names[i]);
        else
            lua_pop(L, 1);
    lua_replace(L, 3);
}

/* The scheme of the request that opens it. */
static void
translate_url(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        mlua_misuse(L, "session:websocket: expected a URL, got %s",
                    luaL_typename(L, 2));
    size_t size;
    const char *url = lua_tolstring(L, 2, &size);
    bool secure = strncasecmp(url, "wss://", 6) == 0;
    if (!secure && strncasecmp(url, "ws://", 5) != 0)
        return;
    size_t skip = secure ? 6 : 5;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    luaL_addstring(&out, secure ? "https://" : "http://");
    luaL_addlstring(&out, url + skip, size - skip);
    luaL_pushresult(&out);
    lua_replace(L, 2);
}

void
lua_ws_read_arguments(lua_State *L, struct lua_ws_options *options)
{
    *options = (struct lua_ws_options){
        .max_message = MAX_MESSAGE,
        .max_messages = MAX_MESSAGES,
        .close_timeout = CLOSE_TIMEOUT,
    };
    lua_settop(L, 3);
    translate_url(L);
    if (lua_isnil(L, 3))
        return;
    lua_options_check_table(L, 3, "options of a WebSocket");
    const char *known[OWN_COUNT + SHARED_COUNT];
    memcpy(known, own_names, sizeof(own_names));
    memcpy(known + OWN_COUNT, shared_names, sizeof(shared_names));
    mlua_check_keys(L, 3, known, ARRAY_LENGTH(known));
    read_own(L, options);
    leave_shared(L);
}

nsec_t
lua_ws_timeout(lua_State *L, int index, const char *method, nsec_t otherwise,
               const char *more)
{
    const char *known[] = {"timeout", more};
    if (!mlua_check_options(L, index, method, known, more != NULL ? 2 : 1))
        return otherwise;
    lua_pushliteral(L, "timeout");
    nsec_t timeout = otherwise;
    lua_rawget(L, index);
    if (lua_options_is_false(L, -1))
        timeout = NSEC_NEVER;
    else if (!lua_isnil(L, -1))
        timeout = mlua_check_time(L, -1, "timeout");
    lua_pop(L, 1);
    return timeout;
}

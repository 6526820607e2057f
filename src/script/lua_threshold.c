#include "script/lua_threshold.h"

#include <string.h>

#include "plan/options.h"
#include "script/mlua.h"
#include "stats/threshold.h"

#define WHAT "molo.options: thresholds"

static void
add(lua_State *L, struct options *options, struct option_threshold *option)
{
    struct threshold read = {0};
    struct err err;
    if (!threshold_init(&read, option->expression, &err))
        mlua_misuse(L, WHAT ": %s", err.message);
    threshold_finish(&read);
    char where[256];
    mlua_where(L, where, sizeof(where));
    option->where = where;
    options_add_threshold(options, OPTION_SCRIPT, option);
}

static char *
expression_at(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TSTRING)
        mlua_misuse(L,
                    WHAT ": expected an expression such as "
                         "\"http_req_duration:p95 < 300ms\", got %s",
                    luaL_typename(L, index));
    /* Only read: options_add_threshold copies it. */
    return (char *)(uintptr_t)lua_tostring(L, index);
}

static void
check_fields(lua_State *L, int index)
{
    static const char *const known[] = {"abort", "after"};
    lua_pushnil(L);
    while (lua_next(L, index)) {
        struct err err;
        if (lua_type(L, -2) == LUA_TSTRING) {
            const char *key = lua_tostring(L, -2);
            if (strcmp(key, "abort") != 0 && strcmp(key, "after") != 0) {
                mlua_unknown_key(&err, "option", key, known,
                                 ARRAY_LENGTH(known));
                mlua_misuse(L, WHAT ": %s", err.message);
            }
        } else if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != 1) {
            mlua_misuse(L, WHAT ": {expression, abort = true, after = time} "
                                "has one expression");
        }
        lua_pop(L, 1);
    }
}

/* {expression, abort = true, after = time} */
static void
add_table(lua_State *L, int index, struct options *options)
{
    struct option_threshold option = {0};
    check_fields(L, index);
    lua_rawgeti(L, index, 1);
    option.expression = expression_at(L, -1);
    if (lua_getfield(L, index, "abort") != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            mlua_misuse(L, WHAT ": abort must be true or false, got %s",
                        luaL_typename(L, -1));
        option.abort = lua_toboolean(L, -1);
    }
    if (lua_getfield(L, index, "after") != LUA_TNIL) {
        struct err err;
        if (!mlua_to_time(L, -1, &option.after, &err))
            mlua_misuse(L, WHAT ": after: %s", err.message);
        if (!option.abort)
            mlua_misuse(L, WHAT ": after says when abort may end the test: "
                                "add abort = true");
    }
    add(L, options, &option);
}

void
lua_threshold_options(lua_State *L, int index, struct options *options)
{
    int top = lua_gettop(L);
    if (!lua_istable(L, index)) {
        add(L, options,
            &(struct option_threshold){.expression = expression_at(L, index)});
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, top + 1) == LUA_TSTRING)
            mlua_misuse(L,
                        WHAT " is a list: write {{\"...\", %s = ...}} for one "
                             "threshold with '%s'",
                        lua_tostring(L, top + 1), lua_tostring(L, top + 1));
        lua_pop(L, 1);
    }
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, index); i++) {
        lua_rawgeti(L, index, i);
        if (lua_istable(L, -1))
            add_table(L, lua_gettop(L), options);
        else
            add(L, options,
                &(struct option_threshold){.expression = expression_at(L, -1)});
        lua_settop(L, top);
    }
}

#include "script/lua_params.h"

#include <string.h>

#include "script/mlua.h"

/* Longer texts are called by their place. */
#define LABEL_MAX 60

static bool
is_label(const char *text, size_t size)
{
    if (size == 0 || size > LABEL_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

/* Pushes what a value of a list is called: itself, if it is short and plain,
 * else its place. */
static void
push_label(lua_State *L, int index, lua_Integer place)
{
    size_t size;
    if (!lua_istable(L, index)) {
        const char *text = luaL_tolstring(L, index, &size);
        if (is_label(text, size))
            return;
        lua_pop(L, 1);
    }
    lua_pushfstring(L, "%I", (LUAI_UACINT)place);
}

/* Whether it can be copied to the workers; raises where not. */
static void
check_value(lua_State *L, int index)
{
    value_unref(mlua_check_value(L, index));
}

/* Stack: label, value. Appends {"scenario[label]", value} to the list. */
static void
append(lua_State *L, int list, const char *scenario)
{
    check_value(L, -1);
    lua_createtable(L, 2, 0);
    lua_pushfstring(L, "%s[%s]", scenario, lua_tostring(L, -3));
    for (lua_Integer i = luaL_len(L, list); i > 0; i--) {
        lua_rawgeti(L, list, i);
        lua_rawgeti(L, -1, 1);
        if (lua_rawequal(L, -1, -3))
            mlua_misuse(L, "scenario '%s': params has '%s' twice", scenario,
                        lua_tostring(L, -6)); /* label value {} name it its */
        lua_pop(L, 2);
    }
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, list, luaL_len(L, list) + 1);
    lua_pop(L, 2);
}

static void
from_list(lua_State *L, int params, int list, const char *scenario)
{
    lua_Integer count = luaL_len(L, params);
    lua_pushnil(L);
    while (lua_next(L, params)) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1))
            mlua_misuse(L,
                        "scenario '%s': params is either a list of values or "
                        "a table of values by name, not both ('%s')",
                        scenario, luaL_tolstring(L, -1, NULL));
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, params, i);
        push_label(L, lua_gettop(L), i);
        lua_insert(L, -2);
        append(L, list, scenario);
    }
}

static void
sort_keys(lua_State *L, int keys)
{
    lua_Integer count = luaL_len(L, keys);
    for (lua_Integer i = 2; i <= count; i++)
        for (lua_Integer j = i; j > 1; j--) {
            lua_rawgeti(L, keys, j - 1);
            lua_rawgeti(L, keys, j);
            bool in_order =
                strcmp(lua_tostring(L, -2), lua_tostring(L, -1)) <= 0;
            if (!in_order) {
                lua_rawseti(L, keys, j - 1);
                lua_rawseti(L, keys, j);
            } else {
                lua_pop(L, 2);
                break;
            }
        }
}

static void
from_map(lua_State *L, int params, int list, const char *scenario)
{
    lua_newtable(L);
    int keys = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, params)) {
        lua_pop(L, 1);
        size_t size = 0;
        const char *key = NULL;
        if (lua_type(L, -1) == LUA_TSTRING)
            key = lua_tolstring(L, -1, &size);
        if (!key || !is_label(key, size))
            mlua_misuse(L,
                        "scenario '%s': params is either a list of values or "
                        "a table of values by name, a plain text of up to %d "
                        "bytes",
                        scenario, LABEL_MAX);
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, luaL_len(L, keys) + 1);
    }
    sort_keys(L, keys);
    lua_Integer count = luaL_len(L, keys);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, keys, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, params);
        append(L, list, scenario);
    }
    lua_remove(L, keys);
}

void
lua_params_push(lua_State *L, const char *scenario)
{
    int params = lua_gettop(L);
    if (!lua_istable(L, params))
        mlua_misuse(L,
                    "scenario '%s': params must be a list of values or a "
                    "table of values by name, got %s",
                    scenario, luaL_typename(L, params));
    lua_newtable(L);
    int list = lua_gettop(L);
    if (luaL_len(L, params) > 0)
        from_list(L, params, list, scenario);
    else
        from_map(L, params, list, scenario);
    if (luaL_len(L, list) == 0)
        mlua_misuse(L,
                    "scenario '%s': params is empty: there would be no "
                    "scenario",
                    scenario);
    lua_replace(L, params);
}

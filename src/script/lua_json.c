/* JSON: Lua on one side, jansson on the other. */
#include <string.h>

#include "script/mlua.h"

#define MAX_DEPTH 100

static json_t *to_json(lua_State *L, int index, int depth);

/* A table whose keys are exactly 1..n is an array; an empty one an object. */
static bool
is_array(lua_State *L, int index)
{
    lua_Unsigned length = lua_rawlen(L, index);
    if (length == 0)
        return false;
    lua_Unsigned count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        count++;
    }
    return count == length;
}

static json_t *
table_to_json(lua_State *L, int index, int depth)
{
    if (!lua_checkstack(L, 4))
        return NULL;
    if (is_array(L, index)) {
        json_t *array = json_array();
        lua_Integer length = (lua_Integer)lua_rawlen(L, index);
        for (lua_Integer i = 1; i <= length; i++) {
            lua_rawgeti(L, index, i);
            json_t *item = to_json(L, lua_gettop(L), depth + 1);
            lua_pop(L, 1);
            if (!item || json_array_append_new(array, item) != 0) {
                json_decref(array);
                return NULL;
            }
        }
        return array;
    }
    json_t *object = json_object();
    lua_pushnil(L);
    while (lua_next(L, index)) {
        json_t *item = NULL;
        /* jansson's keys end at a NUL byte. */
        if (lua_type(L, -2) == LUA_TSTRING &&
            strlen(lua_tostring(L, -2)) == lua_rawlen(L, -2))
            item = to_json(L, lua_gettop(L), depth + 1);
        if (!item ||
            json_object_set_new(object, lua_tostring(L, -2), item) != 0) {
            lua_pop(L, 2);
            json_decref(object);
            return NULL;
        }
        lua_pop(L, 1);
    }
    return object;
}

/* NULL for what JSON has no form for. Does not raise while it owns JSON. */
static json_t *
to_json(lua_State *L, int index, int depth)
{
    if (depth > MAX_DEPTH)
        return NULL;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            return json_integer(lua_tointeger(L, index));
        return json_real(lua_tonumber(L, index)); /* NULL for NaN, infinity */
    case LUA_TSTRING: {
        size_t size;
        const char *s = lua_tolstring(L, index, &size);
        return json_stringn(s, size); /* NULL unless UTF-8 */
    }
    case LUA_TTABLE:
        return table_to_json(L, index, depth);
    default:
        return NULL;
    }
}

json_t *
mlua_check_json(lua_State *L, int index)
{
    json_t *json = to_json(L, lua_absindex(L, index), 0);
    if (!json)
        mlua_misuse(L, "cannot be written as JSON: only nil, booleans, finite "
                       "numbers, UTF-8 strings and tables of these can, with "
                       "keys that are all strings or exactly 1..n");
    return json;
}

void
mlua_push_json(lua_State *L, const json_t *json)
{
    luaL_checkstack(L, 4, "JSON too deep");
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        lua_createtable(L, 0, (int)json_object_size(json));
        const char *key;
        json_t *item;
        void *iter = json_object_iter((json_t *)(uintptr_t)json);
        while (iter) {
            key = json_object_iter_key(iter);
            item = json_object_iter_value(iter);
            mlua_push_json(L, item);
            lua_setfield(L, -2, key);
            iter = json_object_iter_next((json_t *)(uintptr_t)json, iter);
        }
        return;
    }
    case JSON_ARRAY: {
        size_t count = json_array_size(json);
        lua_createtable(L, (int)count, 0);
        for (size_t i = 0; i < count; i++) {
            mlua_push_json(L, json_array_get(json, i));
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        return;
    }
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(json), json_string_length(json));
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(json));
        return;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(json));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(json));
        return;
    case JSON_NULL:
        lua_pushnil(L);
        return;
    }
}

/* pairs() in an order that is the same in every run. */
#include "script/lua_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "script/mlua.h"
#include "script/script_internal.h"

enum rank { RANK_NUMBER, RANK_STRING, RANK_BOOLEAN, RANK_OTHER };

struct key {
    enum rank rank;
    bool is_integer;
    lua_Integer integer; /* also of a boolean */
    lua_Number number;
    const char *string; /* the table holds it */
    size_t size;
    lua_Integer place; /* in Lua's order, from 1 */
};

static struct key
read_key(lua_State *L, int index, lua_Integer place)
{
    struct key key = {.rank = RANK_OTHER, .place = place};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.rank = RANK_NUMBER;
        key.is_integer = lua_isinteger(L, index);
        key.integer = lua_tointeger(L, index);
        key.number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        key.rank = RANK_STRING;
        key.string = lua_tolstring(L, index, &key.size);
        break;
    case LUA_TBOOLEAN:
        key.rank = RANK_BOOLEAN;
        key.integer = lua_toboolean(L, index);
        break;
    }
    return key;
}

static int
compare_strings(const struct key *a, const struct key *b)
{
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->string, b->string, shorter);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static int
compare(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = (a->rank > b->rank) - (a->rank < b->rank);
    if (order == 0 && a->rank == RANK_STRING)
        order = compare_strings(a, b);
    else if (order == 0 && a->rank == RANK_NUMBER &&
             !(a->is_integer && b->is_integer))
        order = (a->number > b->number) - (a->number < b->number);
    else if (order == 0)
        order = (a->integer > b->integer) - (a->integer < b->integer);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

void
lua_pairs_push_keys(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_Integer count = 0;
    lua_newtable(L);
    int keys = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, ++count);
    }
    if (count < 2)
        return;
    struct key *sorted = xcalloc((size_t)count, sizeof(*sorted));
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, keys, i + 1);
        sorted[i] = read_key(L, -1, i + 1);
        lua_pop(L, 1);
    }
    qsort(sorted, (size_t)count, sizeof(*sorted), compare);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, keys, sorted[i].place);
        lua_rawseti(L, -2, i + 1);
    }
    free(sorted);
    lua_remove(L, keys);
}

/* The value at the top of the stack, the name below it. */
static void
pass_parameter(lua_State *L, const char *what, lua_parameter_fn *put,
               void *data)
{
    int top = lua_gettop(L);
    size_t name_size, value_size;
    const char *name = lua_tolstring(L, top - 1, &name_size);
    switch (lua_type(L, top)) {
    case LUA_TBOOLEAN: {
        const char *word = lua_toboolean(L, top) ? "true" : "false";
        put(data, name, name_size, word, strlen(word));
        return;
    }
    case LUA_TSTRING:
    case LUA_TNUMBER: {
        const char *value = lua_tolstring(L, top, &value_size);
        put(data, name, name_size, value, value_size);
        return;
    }
    default:
        mlua_misuse(L, "%s: '%s' must be a string, number or boolean, got %s",
                    what, name, luaL_typename(L, top));
    }
}

/* The table at the top of the stack, the name below it: what has other keys
 * would not be sent. */
static void
check_is_list(lua_State *L, const char *what, lua_Integer count)
{
    const char *name = lua_tostring(L, -2);
    lua_pushnil(L);
    for (lua_Integer keys = 0; lua_next(L, -2) != 0; keys++) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || keys == count)
            mlua_misuse(L,
                        "%s: '%s' must be a string, number, boolean or a list "
                        "of these, got a table with the key '%s'",
                        what, name, luaL_tolstring(L, -1, NULL));
    }
}

void
lua_pairs_each_parameter(lua_State *L, int index, const char *what,
                         lua_parameter_fn *put, void *data)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: expected a table, got %s", what,
                    luaL_typename(L, index));
    lua_pairs_push_keys(L, index);
    int keys = lua_gettop(L);
    for (lua_Integer at = 1; lua_rawgeti(L, keys, at) != LUA_TNIL; at++) {
        lua_pushvalue(L, -1);
        lua_rawget(L, index);
        if (lua_type(L, -2) != LUA_TSTRING)
            mlua_misuse(L, "%s: names are strings, got a %s", what,
                        luaL_typename(L, -2));
        if (!lua_istable(L, -1)) {
            pass_parameter(L, what, put, data);
            lua_pop(L, 2);
            continue;
        }
        lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
        check_is_list(L, what, count);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_pushvalue(L, -2);
            lua_rawgeti(L, -2, i);
            pass_parameter(L, what, put, data);
            lua_pop(L, 2);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 2); /* the nil and the keys */
}

/* Upvalues: the keys, how many of them are done. */
static int
iterate(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    luaL_checktype(L, 1, LUA_TTABLE);
    do {
        lua_settop(L, 1);
        if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, 2);
        /* What was removed on the way is left out. */
    } while (lua_rawget(L, 1) == LUA_TNIL);
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

static int
finish_pairs(lua_State *L, int status, lua_KContext context)
{
    return 3;
}

/* pairs(t). Upvalues: Lua's own pairs, and next. */
static int
ordered_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, finish_pairs);
        return finish_pairs(L, LUA_OK, 0);
    }
    if (lua_istable(L, 1) && script_of(L)->orders_pairs) {
        lua_pairs_push_keys(L, 1);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, iterate, 2);
    } else {
        lua_pushvalue(L, lua_upvalueindex(2));
    }
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void
lua_pairs_open(lua_State *L)
{
    lua_getglobal(L, "pairs");
    lua_getglobal(L, "next");
    lua_pushcclosure(L, ordered_pairs, 2);
    lua_setglobal(L, "pairs");
}

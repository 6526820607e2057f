#include "script/mlua.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "script/lua_pairs.h"

void
mlua_new_class(lua_State *L, const char *name, const luaL_Reg *methods,
               const luaL_Reg *meta)
{
    luaL_newmetatable(L, name);
    if (meta != NULL)
        luaL_setfuncs(L, meta, 0);
    if (methods != NULL) {
        char what[64];
        snprintf(what, sizeof(what), "%s has no method", strchr(name, '.') + 1);
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
        mlua_be_strict(L, what);
        lua_setfield(L, -2, "__index");
    }
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

const char *
mlua_push_concat(lua_State *L, int first)
{
    int top = lua_gettop(L);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (int i = first; i <= top; i++) {
        if (i > first)
            luaL_addchar(&text, ' ');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    return lua_tostring(L, -1);
}

const char *
mlua_check_text(lua_State *L, int index, const char *what, size_t *size)
{
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
        mlua_misuse(L, "%s must be a string, got %s", what,
                    luaL_typename(L, index));
    return lua_tolstring(L, index, size);
}

lua_Integer
mlua_check_count(lua_State *L, int index, const char *what, lua_Integer lowest,
                 lua_Integer highest)
{
    int ok;
    lua_Integer count = lua_tointegerx(L, index, &ok);
    if (ok && count > highest)
        mlua_misuse(L, "%s: %lld is more than %lld", what, (long long)count,
                    (long long)highest);
    if (!ok || count < lowest)
        mlua_misuse(L, "%s: expected a whole number from %d on, got %s", what,
                    (int)lowest,
                    lua_isstring(L, index) || lua_isboolean(L, index)
                        ? luaL_tolstring(L, index, NULL)
                        : luaL_typename(L, index));
    return count;
}

bool
mlua_to_time(lua_State *L, int index, nsec_t *out, struct err *err)
{
    if (lua_type(L, index) == LUA_TSTRING)
        return units_parse_duration(lua_tostring(L, index), out, err);
    if (lua_type(L, index) != LUA_TNUMBER)
        return err_set(err,
                       "expected a time (seconds or a string such as "
                       "\"250ms\"), got %s",
                       luaL_typename(L, index));
    double seconds = lua_tonumber(L, index);
    if (isnan(seconds) || isinf(seconds))
        return err_set(err, "a time must be a finite number of seconds");
    if (seconds < 0)
        return err_set(err, "a time cannot be negative (got %.14g)", seconds);
    *out = nsec_from_seconds(seconds);
    return true;
}

nsec_t
mlua_check_time(lua_State *L, int index, const char *what)
{
    struct err err;
    nsec_t t = 0;
    if (!mlua_to_time(L, index, &t, &err))
        mlua_misuse(L, "%s: %s", what, err.message);
    return t;
}

bool
mlua_to_range(lua_State *L, int index, nsec_t *low, nsec_t *high,
              struct err *err)
{
    nsec_t from = 0, to = 0;
    if (lua_type(L, index) != LUA_TTABLE) {
        if (!mlua_to_time(L, index, &from, err))
            return false;
        to = from;
    } else {
        index = lua_absindex(L, index);
        lua_rawgeti(L, index, 1);
        lua_rawgeti(L, index, 2);
        bool ok = lua_rawlen(L, index) == 2 &&
                  mlua_to_time(L, -2, &from, err) &&
                  mlua_to_time(L, -1, &to, err);
        lua_pop(L, 2);
        if (!ok)
            return err_set(err, "a range of times is {low, high}");
    }
    if (to < from)
        return err_set(err, "the low end of a range is above its high end");
    *low = from;
    *high = to;
    return true;
}

/* More would be no help. */
#define MAX_LISTED 10

/* ": did you mean 'status'?", else what there is. */
static void
suggest(struct buf *out, const char *name, const char *const *known,
        size_t count)
{
    const char *nearest = str_nearest(name, known, count);
    if (nearest != NULL)
        buf_printf(out, ": did you mean '%s'?", nearest);
    if (nearest != NULL || count > MAX_LISTED)
        return;
    buf_append_str(out, count == 0   ? " (there is none"
                        : count == 1 ? " (there is: "
                                     : " (there are: ");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", known[i]);
    buf_append_str(out, ")");
}

void
mlua_unknown_key(struct err *err, const char *what, const char *key,
                 const char *const *known, size_t count)
{
    struct buf help = {0};
    suggest(&help, key, known, count);
    err_set(err, "unknown %s '%s'%s", what, key, help.data ? help.data : "");
    buf_finish(&help);
}

static void
check_keys(lua_State *L, int index, const char *prefix,
           const char *const *known, size_t count)
{
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            mlua_misuse(L, "%soption names are strings, got a %s", prefix,
                        luaL_typename(L, -1));
        const char *key = lua_tostring(L, -1);
        bool found = false;
        for (size_t i = 0; i < count && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found) {
            struct err err;
            mlua_unknown_key(&err, "option", key, known, count);
            mlua_misuse(L, "%s%s", prefix, err.message);
        }
    }
}

void
mlua_check_keys(lua_State *L, int index, const char *const *known, size_t count)
{
    check_keys(L, index, "", known, count);
}

bool
mlua_check_options(lua_State *L, int index, const char *what,
                   const char *const *known, size_t count)
{
    char prefix[128];
    if (lua_isnoneornil(L, index))
        return false;
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: options must be a table, got %s", what,
                    luaL_typename(L, index));
    snprintf(prefix, sizeof(prefix), "%s: ", what);
    check_keys(L, index, prefix, known, count);
    return true;
}

int
mlua_no_such(lua_State *L, const char *what, int key, int names)
{
    const char *known[64];
    size_t count = 0;
    names = lua_absindex(L, names);
    const char *name = luaL_tolstring(L, key, NULL);
    lua_pairs_push_keys(L, names);
    int keys = lua_gettop(L);
    luaL_checkstack(L, (int)ARRAY_LENGTH(known) + LUA_MINSTACK, NULL);
    for (lua_Integer i = 1;
         count < ARRAY_LENGTH(known) && lua_rawgeti(L, keys, i) != LUA_TNIL;
         i++)
        if (lua_type(L, -1) == LUA_TSTRING &&
            strncmp(lua_tostring(L, -1), "__", 2) != 0) /* Lua's, not ours */
            known[count++] = lua_tostring(L, -1);
    struct buf help = {0};
    suggest(&help, name, known, count);
    lua_pushstring(L, help.data ? help.data : "");
    buf_finish(&help);
    return mlua_misuse(L, "%s '%s'%s", what, name, lua_tostring(L, -1));
}

/* Upvalue: what has no such key. */
static int
no_such_key(lua_State *L)
{
    return mlua_no_such(L, lua_tostring(L, lua_upvalueindex(1)), 2, 1);
}

void
mlua_be_strict(lua_State *L, const char *what)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, what);
    lua_pushcclosure(L, no_such_key, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

#include "script/mlua.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "script/lua_json.h"
#include "script/lua_pairs.h"

static const char error_metatable[] = "molo.error";

/* Bytes of a table that an error shows. */
#define MAX_CONTENT 200

void
mlua_where(lua_State *L, char *out, size_t size)
{
    lua_Debug ar;
    out[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "S", &ar);
        /* Scenario files are "@path"; molo's own modules are "=name". */
        if (ar.source[0] != '@')
            continue;
        lua_getinfo(L, "l", &ar);
        if (ar.currentline <= 0)
            continue;
        snprintf(out, size, "%s:%d", ar.short_src, ar.currentline);
        return;
    }
}

int
mlua_misuse(lua_State *L, const char *fmt, ...)
{
    char where[128];
    mlua_where(L, where, sizeof(where));
    va_list args;
    va_start(args, fmt);
    struct buf text = {0};
    if (where[0])
        buf_printf(&text, "%s: ", where);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    lua_pushlstring(L, text.data, text.size);
    buf_finish(&text);
    return lua_error(L);
}

void
mlua_push_error(lua_State *L, const char *kind, const char *message)
{
    lua_createtable(L, 0, 6);
    lua_pushstring(L, kind);
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    luaL_setmetatable(L, error_metatable);
}

static bool
has_error_metatable(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, error_metatable);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

bool
mlua_is_error(lua_State *L, int index, const char **kind)
{
    index = lua_absindex(L, index);
    if (!has_error_metatable(L, index))
        return false;
    lua_pushliteral(L, "kind");
    lua_rawget(L, index);
    *kind = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "script";
    lua_pop(L, 1); /* still referenced by the table */
    return true;
}

/* Whether a text that begins so begins with a place in a file: that of `here`,
 * or one of Lua. It could also be "127.0.0.1:80: refused". */
static bool
is_file(const char *text, size_t size, const char *here)
{
    const char *colon = strrchr(here, ':');
    if (colon && size == (size_t)(colon - here) &&
        memcmp(text, here, size) == 0)
        return true;
    return size > 4 && memcmp(text + size - 4, ".lua", 4) == 0;
}

/* Splits "pad.lua:9: message" off a string error; returns the message. `where`
 * is the place that runs now, and stays so if the text has none. */
static const char *
split_position(const char *text, char *where, size_t size)
{
    for (const char *colon = strchr(text, ':'); colon;
         colon = strchr(colon + 1, ':')) {
        size_t digits = strspn(colon + 1, "0123456789");
        if (digits == 0 || strncmp(colon + 1 + digits, ": ", 2) != 0)
            continue;
        size_t length = (size_t)(colon - text) + 1 + digits;
        if (length >= size || !is_file(text, (size_t)(colon - text), where))
            return text;
        memcpy(where, text, length);
        where[length] = '\0';
        const char *message = text;
        /* coroutine.wrap puts its own before what has one. */
        while (strncmp(message, where, length) == 0 &&
               strncmp(message + length, ": ", 2) == 0)
            message += length + 2;
        return message;
    }
    return text;
}

static int
call_tostring(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* Of a value whose tostring is its address. */
static const char *
push_content(lua_State *L, int index)
{
    lua_pushcfunction(L, lua_json_encode);
    lua_pushvalue(L, index);
    if (!lua_istable(L, index) || lua_pcall(L, 1, 1, 0) != LUA_OK)
        return lua_pushfstring(L, "(a %s)", luaL_typename(L, index));
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    if (size <= MAX_CONTENT)
        return text;
    size = MAX_CONTENT;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--; /* not within a character */
    lua_pushlstring(L, text, size);
    return lua_pushfstring(L, "%s...", lua_tostring(L, -1));
}

static bool
has_address(lua_State *L, int index)
{
    int type = lua_type(L, index);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TUSERDATA &&
        type != LUA_TTHREAD)
        return false;
    if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

const char *
mlua_push_text(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (has_address(L, index)) {
        int top = lua_gettop(L);
        push_content(L, index);
        lua_insert(L, top + 1);
        lua_settop(L, top + 1);
        return lua_tostring(L, -1);
    }
    lua_pushcfunction(L, call_tostring);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushliteral(L, "(a value whose __tostring fails)");
    }
    return lua_tostring(L, -1);
}

void
mlua_complete_error(lua_State *L)
{
    int top = lua_gettop(L);
    char where[256];
    mlua_where(L, where, sizeof(where));
    if (!has_error_metatable(L, top)) {
        const char *text = mlua_push_text(L, top);
        const char *message = split_position(text, where, sizeof(where));
        mlua_push_error(L, "script", message);
        lua_replace(L, top);
        lua_settop(L, top);
    } else {
        lua_getfield(L, top, "where");
        const char *known = lua_tostring(L, -1);
        if (known && known[0])
            snprintf(where, sizeof(where), "%s", known);
        lua_pop(L, 1);
    }
    lua_pushstring(L, where);
    lua_setfield(L, top, "where");
    /* One that comes from another task keeps where it came from. */
    if (lua_getfield(L, top, "traceback") == LUA_TNIL) {
        luaL_traceback(L, L, NULL, 1);
        lua_setfield(L, top, "traceback");
    }
    lua_settop(L, top);
}

int
mlua_tell_error(lua_State *L)
{
    if (!has_error_metatable(L, 1)) {
        mlua_push_text(L, 1); /* has its place, if it is Lua's or of misuse */
        return 1;
    }
    mlua_complete_error(L);
    lua_getfield(L, 1, "where");
    const char *where = lua_tostring(L, -1);
    const char *text = mlua_push_text(L, 1);
    lua_pushfstring(L, "%s%s%s", where, where[0] ? ": " : "", text);
    return 1;
}

static int
error_tostring(lua_State *L)
{
    lua_getfield(L, 1, "kind");
    lua_getfield(L, 1, "message");
    lua_pushfstring(L, "%s: %s", luaL_tolstring(L, 2, NULL),
                    luaL_tolstring(L, 3, NULL));
    return 1;
}

void
mlua_open_error(lua_State *L)
{
    luaL_newmetatable(L, error_metatable);
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "molo.error");
    lua_setfield(L, -2, "__name");
    lua_pop(L, 1);
}

void
mlua_new_class(lua_State *L, const char *name, const luaL_Reg *methods,
               const luaL_Reg *meta)
{
    luaL_newmetatable(L, name);
    if (meta != NULL)
        luaL_setfuncs(L, meta, 0);
    if (methods != NULL) {
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
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

void
mlua_unknown_key(struct err *err, const char *what, const char *key,
                 const char *const *known, size_t count)
{
    const char *nearest = str_nearest(key, known, count);
    struct buf list = {0};
    buf_append_str(&list, count == 0   ? " (there is none"
                          : count == 1 ? " (there is: "
                                       : " (there are: ");
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
    buf_append_str(&list, ")");
    if (nearest)
        err_set(err, "unknown %s '%s': did you mean '%s'?", what, key, nearest);
    else
        err_set(err, "unknown %s '%s'%s", what, key,
                count <= MAX_LISTED ? list.data : "");
    buf_finish(&list);
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
        if (lua_type(L, -1) == LUA_TSTRING)
            known[count++] = lua_tostring(L, -1);
    const char *nearest = str_nearest(name, known, count);
    if (nearest)
        return mlua_misuse(L, "%s '%s': did you mean '%s'?", what, name,
                           nearest);
    return mlua_misuse(L, "%s '%s'", what, name);
}

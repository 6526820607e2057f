/* Errors: what scripts raise, and what molo makes of it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "script/lua_json.h"
#include "script/mlua.h"

static const char error_metatable[] = "molo.error";

/* Bytes of a table that an error shows. */
#define MAX_CONTENT 200

/* By hand: every operation of coordination has a place, and what printf needs
 * for it was a sixth of all that an operation costs. */
static void
put_place(char *out, const char *file, int line)
{
    size_t size = strlen(file);
    char digits[12], *first = digits + sizeof(digits);
    *--first = '\0';
    for (; line > 0; line /= 10)
        *--first = (char)('0' + line % 10);
    *--first = ':';
    memcpy(out, file, size);
    memcpy(out + size, first, (size_t)(digits + sizeof(digits) - first));
}

void
mlua_where(lua_State *L, char *out, size_t size)
{
    assert(size >= MLUA_WHERE_MIN);
    lua_Debug ar;
    out[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        /* Scenario files are "@path"; molo's own modules are "=name". */
        if (ar.source[0] != '@' || ar.currentline <= 0)
            continue;
        put_place(out, ar.short_src, ar.currentline);
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

void
mlua_push_error_at(lua_State *L, const char *where, const char *kind,
                   const char *message)
{
    mlua_push_error(L, kind, message);
    lua_pushstring(L, where);
    lua_setfield(L, -2, "where");
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

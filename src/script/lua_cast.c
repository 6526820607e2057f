#include "script/lua_cast.h"

#include <string.h>

#include "base/mem.h"
#include "script/mlua.h"
#include "script/script_internal.h"

#define SHAPE "{{\"speaker\", 1}, {\"listener\", 4}}"

/* Pushes the name and the seats of a role, both checked. */
static void
push_role(lua_State *L, int index, lua_Integer i, const char *scenario)
{
    lua_rawgeti(L, index, i);
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) != 2)
        mlua_misuse(L,
                    "scenario '%s': number %d of its cast must be {role, "
                    "number of seats}, got %s",
                    scenario, (int)i,
                    lua_istable(L, -1) ? "another table"
                                       : luaL_typename(L, -1));
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_remove(L, -3);
    if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) == 0)
        mlua_misuse(L,
                    "scenario '%s': a role of its cast must have a name, "
                    "got %s",
                    scenario, luaL_tolstring(L, -2, NULL));
    int ok;
    lua_Integer seats = lua_tointegerx(L, -1, &ok);
    bool is_number = lua_type(L, -1) == LUA_TNUMBER && ok && seats >= 1 &&
                     seats <= INT32_MAX;
    bool is_rest = lua_type(L, -1) == LUA_TSTRING &&
                   strcmp(lua_tostring(L, -1), "rest") == 0;
    const char *name = lua_tostring(L, -2);
    if (!is_number && !is_rest)
        mlua_misuse(L,
                    "scenario '%s': role '%s': the number of seats is a whole "
                    "number from 1 on or \"rest\", got %s",
                    scenario, name, luaL_tolstring(L, -1, NULL));
}

/* On top of the stack: name and seats of role `i`. */
static void
check_against_those_before(lua_State *L, int index, lua_Integer i,
                           const char *scenario)
{
    const char *name = lua_tostring(L, -2);
    bool rest = lua_type(L, -1) == LUA_TSTRING;
    for (lua_Integer j = 1; j < i; j++) {
        push_role(L, index, j, scenario);
        const char *other = lua_tostring(L, -2);
        if (strcmp(other, name) == 0)
            mlua_misuse(L, "scenario '%s': role '%s' is in its cast twice",
                        scenario, name);
        if (rest && lua_type(L, -1) == LUA_TSTRING)
            mlua_misuse(L,
                        "scenario '%s': roles '%s' and '%s' both get the "
                        "\"rest\": one of them needs a number of seats",
                        scenario, other, name);
        lua_pop(L, 2);
    }
}

void
lua_cast_check(lua_State *L, int index, const char *scenario)
{
    int top = lua_gettop(L);
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        mlua_misuse(L,
                    "scenario '%s': cast is a list such as " SHAPE ", got %s",
                    scenario, luaL_typename(L, index));
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 ||
            lua_tointeger(L, -2) > count)
            mlua_misuse(L,
                        "scenario '%s': cast is a list such as " SHAPE
                        ", it has no key '%s'",
                        scenario, luaL_tolstring(L, -2, NULL));
        lua_pop(L, 1);
    }
    if (count == 0)
        mlua_misuse(
            L, "scenario '%s': its cast has no role: list them as in " SHAPE,
            scenario);
    for (lua_Integer i = 1; i <= count; i++) {
        push_role(L, index, i, scenario);
        check_against_those_before(L, index, i, scenario);
        lua_settop(L, top);
    }
}

static bool
has_role(lua_State *L, int index, const char *name)
{
    bool found = false;
    for (lua_Integer i = 1; !found && lua_rawgeti(L, index, i) != LUA_TNIL;
         i++) {
        lua_rawgeti(L, -1, 1);
        found = strcmp(lua_tostring(L, -1), name) == 0;
        lua_pop(L, 2);
    }
    return found;
}

static void
refuse_function(lua_State *L, int index, const char *scenario, const char *name)
{
    const char *roles[16];
    size_t count = lua_rawlen(L, index);
    if (count > ARRAY_LENGTH(roles))
        count = ARRAY_LENGTH(roles);
    luaL_checkstack(L, (int)count + 4, NULL);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
        roles[i] = lua_tostring(L, -1);
    }
    struct err err;
    mlua_unknown_key(&err, "role", name, roles, count);
    mlua_misuse(L, "scenario '%s': a function for an %s", scenario,
                err.message);
}

void
lua_cast_check_functions(lua_State *L, int index, int fns, const char *scenario)
{
    int top = lua_gettop(L);
    index = lua_absindex(L, index);
    fns = lua_absindex(L, fns);
    lua_pushnil(L);
    while (lua_next(L, fns)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            mlua_misuse(L,
                        "scenario '%s': its functions are named by their "
                        "roles, such as {speaker = fn}, got the key '%s'",
                        scenario, luaL_tolstring(L, -2, NULL));
        const char *name = lua_tostring(L, -2);
        if (!has_role(L, index, name))
            refuse_function(L, index, scenario, name);
        if (!lua_isfunction(L, -1))
            mlua_misuse(L,
                        "scenario '%s': role '%s': expected a function, got "
                        "%s",
                        scenario, name, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    for (lua_Integer i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
        lua_rawgeti(L, -1, 1);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, fns) == LUA_TNIL)
            mlua_misuse(L, "scenario '%s': role '%s' has no function", scenario,
                        lua_tostring(L, -2));
        lua_settop(L, top);
    }
    lua_settop(L, top);
}

void
lua_cast_take(lua_State *L, int index, int fns, struct scenario *scenario)
{
    int top = lua_gettop(L);
    size_t count = lua_rawlen(L, index);
    bool by_role = lua_istable(L, fns);
    if (by_role)
        scenario->role_refs = xcalloc(count, sizeof(scenario->role_refs[0]));
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        const char *name = lua_tostring(L, -2);
        cast_add(&scenario->cast, name,
                 lua_type(L, -1) == LUA_TNUMBER ? (int32_t)lua_tointeger(L, -1)
                                                : CAST_REST);
        if (by_role) {
            lua_pushvalue(L, -2);
            lua_rawget(L, fns);
            scenario->role_refs[i] = luaL_ref(L, LUA_REGISTRYINDEX);
        }
        lua_settop(L, top);
    }
}

#include "script/lua_workloads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/option_workload.h"
#include "script/mlua.h"

#define WHAT "molo.options: "

/* The one being read; its messages begin with its name. */
static int
misuse(lua_State *L, const struct option_workload *workload, const char *key,
       const char *expected, int index)
{
    return mlua_misuse(L, WHAT "workload '%s': %s: expected %s, got %s",
                       workload->name, key, expected, luaL_typename(L, index));
}

/* In decimals, as options are written: never 1e-05. */
static const char *
push_number(lua_State *L, int index)
{
    char text[64];
    double number = lua_tonumber(L, index);
    int ok;
    lua_Integer whole = lua_tointegerx(L, index, &ok);
    if (ok)
        return lua_pushfstring(L, "%I", (LUAI_UACINT)whole);
    if (!isfinite(number) || fabs(number) >= 1e15)
        return luaL_tolstring(L, index, NULL);
    for (int decimals = 1; decimals <= 9; decimals++) {
        snprintf(text, sizeof(text), "%.*f", decimals, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return lua_pushstring(L, text);
}

const char *
lua_workloads_push_rate(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        lua_pushvalue(L, index);
        return lua_tostring(L, -1);
    }
    if (lua_type(L, index) != LUA_TNUMBER)
        mlua_misuse(L, WHAT "%s: expected a rate such as \"50/s\", got %s",
                    what, luaL_typename(L, index));
    return lua_pushfstring(L, "%s/s", push_number(L, index));
}

static const char *
push_text(lua_State *L, const struct option_workload *workload, const char *key,
          int index)
{
    if (lua_type(L, index) == LUA_TNUMBER)
        return push_number(L, index);
    size_t size = 0;
    if (lua_type(L, index) != LUA_TSTRING)
        misuse(L, workload, key, "a number or a string", index);
    const char *text = lua_tolstring(L, index, &size);
    if (strlen(text) != size)
        mlua_misuse(L, WHAT "workload '%s': %s has a NUL byte", workload->name,
                    key);
    lua_pushvalue(L, index);
    return text;
}

static void
set(lua_State *L, struct option_workload *workload, const char *key,
    const char *text)
{
    struct err err;
    if (!option_workload_set(workload, key, text, &err))
        mlua_misuse(L, WHAT "%s", err.message);
}

static bool
is(const char *key, enum workload_key which)
{
    return strcmp(key, workload_key_name(which)) == 0;
}

static void
set_stages(lua_State *L, struct option_workload *workload, const char *key,
           int index)
{
    if (!lua_istable(L, index) || lua_rawlen(L, index) == 0)
        misuse(L, workload, key, "a list such as {\"1m:50\", \"30s:0\"}",
               index);
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        if (lua_type(L, -1) != LUA_TSTRING)
            misuse(L, workload, key, "strings such as \"1m:50\"", -1);
        set(L, workload, key, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

/* {low, high} */
static void
set_range(lua_State *L, struct option_workload *workload, const char *key,
          int index)
{
    int top = lua_gettop(L);
    if (lua_rawlen(L, index) != 2)
        mlua_misuse(L, WHAT "workload '%s': %s is a time or {low, high}",
                    workload->name, key);
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    const char *low = push_text(L, workload, key, top + 1);
    const char *high = push_text(L, workload, key, top + 2);
    set(L, workload, key, lua_pushfstring(L, "%s..%s", low, high));
    lua_settop(L, top);
}

static void
set_entry(lua_State *L, struct option_workload *workload, const char *key,
          int value)
{
    struct err err;
    const char *name = lua_tostring(L, value - 1);
    bool ok;
    if (is(key, WORKLOAD_SCENARIOS)) {
        double weight = lua_tonumber(L, value);
        if (lua_type(L, value) != LUA_TNUMBER || !isfinite(weight) ||
            weight < 0)
            mlua_misuse(L,
                        WHAT "workload '%s': scenarios: the weight of '%s' is "
                             "not a number from 0 on",
                        workload->name, name);
        ok = option_workload_set_weight(workload, name, weight, &err);
    } else {
        ok = option_workload_set_pair(workload, key, name,
                                      push_text(L, workload, key, value), &err);
    }
    if (!ok)
        mlua_misuse(L, WHAT "%s", err.message);
}

/* scenarios = {browse = 3, buy = 1}; {"browse", "buy"}: with their weights. */
static void
set_map(lua_State *L, struct option_workload *workload, const char *key,
        int index)
{
    int top = lua_gettop(L);
    if (!lua_istable(L, index))
        misuse(L, workload, key,
               is(key, WORKLOAD_SCENARIOS)
                   ? "a table such as {browse = 3, buy = 1}"
                   : "a table such as {name = \"value\"}",
               index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        struct err err;
        if (lua_type(L, top + 1) == LUA_TSTRING)
            set_entry(L, workload, key, top + 2);
        else if (!is(key, WORKLOAD_SCENARIOS) ||
                 lua_type(L, top + 2) != LUA_TSTRING)
            misuse(L, workload, key, "names as keys", top + 1);
        else if (!option_workload_set_weight(workload, lua_tostring(L, top + 2),
                                             -1, &err))
            mlua_misuse(L, WHAT "%s", err.message);
        lua_settop(L, top + 1);
    }
}

static void
set_key(lua_State *L, struct option_workload *workload, const char *key,
        int index)
{
    int top = lua_gettop(L);
    if (is(key, WORKLOAD_STAGES)) {
        set_stages(L, workload, key, index);
    } else if (is(key, WORKLOAD_SCENARIOS) || is(key, WORKLOAD_ENV) ||
               is(key, WORKLOAD_TAGS)) {
        set_map(L, workload, key, index);
    } else if (is(key, WORKLOAD_DELAY) && lua_istable(L, index)) {
        set_range(L, workload, key, index);
    } else if (is(key, WORKLOAD_RATE) && lua_type(L, index) == LUA_TNUMBER) {
        set(L, workload, key, lua_workloads_push_rate(L, index, key));
    } else {
        /* An unknown key is told as such, whatever its value is. */
        bool text = lua_type(L, index) == LUA_TNUMBER ||
                    lua_type(L, index) == LUA_TSTRING;
        struct err err;
        if (!text && !option_workload_set(workload, key, "", &err) &&
            strstr(err.message, "unknown option") != NULL)
            mlua_misuse(L, WHAT "%s", err.message);
        set(L, workload, key, push_text(L, workload, key, index));
    }
    lua_settop(L, top);
}

/* Reads the table at `index`, whose field "name" is passed over in a list. */
static void
add(lua_State *L, struct options *options, const char *name, int index,
    bool in_list)
{
    int top = lua_gettop(L);
    char where[256];
    struct err err;
    if (!lua_istable(L, index))
        mlua_misuse(L, WHAT "workload '%s': expected a table, got %s", name,
                    luaL_typename(L, index));
    mlua_where(L, where, sizeof(where));
    struct option_workload *workload =
        options_add_workload(options, name, where, &err);
    if (workload == NULL)
        mlua_misuse(L, WHAT "%s", err.message);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, top + 1) != LUA_TSTRING)
            mlua_misuse(L,
                        WHAT "workload '%s': option names are strings, got "
                             "a %s",
                        name, luaL_typename(L, top + 1));
        const char *key = lua_tostring(L, top + 1);
        if (!in_list || strcmp(key, "name") != 0)
            set_key(L, workload, key, top + 2);
        lua_settop(L, top + 1);
    }
    if (!option_workload_check(workload, &err))
        mlua_misuse(L, WHAT "%s", err.message);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tables have no order, and ids of workers must not depend on chance. */
static void
add_map(lua_State *L, int index, struct options *options)
{
    int top = lua_gettop(L);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, top + 1)) {
        if (lua_type(L, top + 1) != LUA_TSTRING)
            mlua_misuse(L, WHAT "workloads is a table of names, or a list of "
                                "tables with a name");
        count++;
    }
    /* As a userdata it goes when reading raises. */
    const char **names = lua_newuserdatauv(L, count * sizeof(names[0]) + 1, 0);
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        names[n++] = lua_tostring(L, -2);
    qsort(names, count, sizeof(names[0]), compare);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, index, names[i]);
        add(L, options, names[i], lua_gettop(L), false);
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
}

static void
add_list(lua_State *L, int index, struct options *options)
{
    int top = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_settop(L, top + 1))
        if (lua_type(L, top + 1) != LUA_TNUMBER)
            mlua_misuse(L, WHAT "workloads has both names and a list");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        if (!lua_istable(L, top + 1) ||
            lua_getfield(L, top + 1, "name") != LUA_TSTRING)
            mlua_misuse(L,
                        WHAT "workload %d of the list needs a name, such as "
                             "{name = \"browse\", ...}",
                        (int)i);
        add(L, options, lua_tostring(L, -1), top + 1, true);
        lua_settop(L, top);
    }
}

void
lua_workloads_options(lua_State *L, int index, struct options *options)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        mlua_misuse(L, WHAT "workloads: expected a table, got %s",
                    luaL_typename(L, index));
    if (!options_begin_workloads(options, OPTION_SCRIPT))
        return;
    if (lua_rawlen(L, index) > 0)
        add_list(L, index, options);
    else
        add_map(L, index, options);
    if (options->workload_count == 0)
        mlua_misuse(L, WHAT "workloads: the table is empty");
}

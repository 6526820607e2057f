/* What a scenario file says while it is loaded. */
#include <string.h>

#include "base/mem.h"
#include "plan/options.h"
#include "script/lua_core.h"
#include "script/lua_picker.h"
#include "script/lua_scenario.h"
#include "script/lua_session.h"
#include "script/lua_threshold.h"
#include "script/lua_workloads.h"
#include "script/mlua.h"
#include "script/script_internal.h"

struct script *
lua_register_check_loading(lua_State *L, const char *what)
{
    struct script *script = script_of(L);
    if (!script->load_options)
        mlua_misuse(L,
                    "%s belongs at the top level of the file: it cannot be "
                    "called once the test runs",
                    what);
    return script;
}

void
lua_register_check_function(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) != LUA_TFUNCTION)
        mlua_misuse(L, "%s: expected a function, got %s", what,
                    luaL_typename(L, index));
}

/* Upvalue 1: the phase. */
static int
register_fixture(lua_State *L)
{
    enum worker_phase phase =
        (enum worker_phase)lua_tointeger(L, lua_upvalueindex(1));
    const char *name = worker_phase_name(phase);
    char what[64];
    snprintf(what, sizeof(what), "molo.%s", name);
    struct script *script = lua_register_check_loading(L, what);
    lua_register_check_function(L, 1, what);
    if (script->fixtures[phase] != LUA_NOREF)
        return mlua_misuse(L, "molo.%s is registered twice: one per file",
                           name);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    script->fixtures[phase] = luaL_ref(L, LUA_REGISTRYINDEX);
    return 1;
}

static void
add_listener(lua_State *L, struct listener_list *list, int fn)
{
    lua_pushvalue(L, fn);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    list->items =
        xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = (struct listener){.ref = ref};
}

/* molo.on(event, fn) */
static int
register_listener(lua_State *L)
{
    struct script *script = lua_register_check_loading(L, "molo.on");
    const char *name = luaL_optstring(L, 1, "");
    lua_register_check_function(L, 2, "molo.on");
    bool found = false;
    for (int type = 0; type < EVENT_TYPES; type++) {
        if (strcmp(name, "*") != 0 &&
            strcmp(name, event_type_name((enum event_type)type)) != 0)
            continue;
        add_listener(L, &script->listeners[type], 2);
        found = true;
    }
    if (!found) {
        const char *names[EVENT_TYPES];
        for (int type = 0; type < EVENT_TYPES; type++)
            names[type] = event_type_name((enum event_type)type);
        struct err err;
        mlua_unknown_key(&err, "event", name, names, EVENT_TYPES);
        return mlua_misuse(L, "molo.on: %s", err.message);
    }
    return 0;
}

/* --- molo.options --- */

static void
set_option(lua_State *L, struct script *script, const char *key, int index)
{
    struct err err;
    const char *text = NULL;
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        text = lua_toboolean(L, index) ? "true" : "false";
        break;
    case LUA_TSTRING:
        text = lua_tostring(L, index);
        break;
    case LUA_TNUMBER:
        if (strcmp(key, "rate") == 0) {
            text = lua_workloads_push_rate(L, index, key);
            break;
        }
        lua_pushvalue(L, index); /* tostring would change a key of lua_next */
        text = lua_tostring(L, -1);
        break;
    default:
        mlua_misuse(L, "molo.options: '%s' cannot be a %s", key,
                    luaL_typename(L, index));
    }
    if (!options_set(script->load_options, OPTION_SCRIPT, key, text, &err))
        mlua_misuse(L, "molo.options: %s", err.message);
}

/* {low, high} */
static void
set_option_range(lua_State *L, struct script *script, const char *key,
                 int index)
{
    if (lua_rawlen(L, index) != 2)
        mlua_misuse(L, "molo.options: '%s' is a time or {low, high}", key);
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    const char *low = luaL_tolstring(L, -2, NULL);
    const char *high = luaL_tolstring(L, -2, NULL);
    lua_pushfstring(L, "%s..%s", low, high);
    set_option(L, script, key, lua_gettop(L));
}

/* In order, which a walk over a table does not promise. */
static void
set_option_stages(lua_State *L, struct script *script, const char *key,
                  int index)
{
    int top = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, index, i) != LUA_TSTRING)
            break;
        set_option(L, script, key, lua_gettop(L));
        lua_pop(L, 1);
    }
    if (count == 0 || lua_gettop(L) > top)
        mlua_misuse(L, "molo.options: '%s' is a list such as {\"1m:50\"}", key);
}

/* {url =, timeout =, every =, status =} */
static void
set_option_precheck(lua_State *L, struct script *script, int index)
{
    static const char *const keys[][2] = {
        {"url", "precheck"},
        {"timeout", "precheck_timeout"},
        {"every", "precheck_every"},
        {"status", "precheck_status"},
    };
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int value = lua_gettop(L);
        const char *name = lua_type(L, value - 1) == LUA_TSTRING
                               ? lua_tostring(L, value - 1)
                               : luaL_tolstring(L, value - 1, NULL);
        const char *key = NULL;
        for (size_t i = 0; i < ARRAY_LENGTH(keys) && !key; i++)
            key = strcmp(name, keys[i][0]) == 0 ? keys[i][1] : NULL;
        if (!key)
            mlua_misuse(L,
                        "molo.options: precheck: unknown option '%s' (there "
                        "are: url, timeout, every, status)",
                        name);
        set_option(L, script, key, value);
        lua_settop(L, value - 1);
    }
}

static bool
takes_table(const char *key)
{
    static const char *const known[] = {
        "env", "header", "only_tag", "out", "scenario", "service", "tag"};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(key, known[i]) == 0)
            return true;
    return false;
}

/* A list is repeated; a map becomes K=V. */
static void
set_option_table(lua_State *L, struct script *script, const char *key,
                 int index)
{
    if (strcmp(key, "delay") == 0) {
        set_option_range(L, script, key, index);
        return;
    }
    if (strcmp(key, "precheck") == 0) {
        set_option_precheck(L, script, index);
        return;
    }
    if (strcmp(key, "stage") == 0) {
        set_option_stages(L, script, key, index);
        return;
    }
    if (!takes_table(key)) {
        /* Misspelt names are told as such. */
        struct err err;
        if (!options_set(script->load_options, OPTION_SCRIPT, key, "", &err) &&
            strncmp(err.message, "unknown", 7) == 0)
            mlua_misuse(L, "molo.options: %s", err.message);
        mlua_misuse(L, "molo.options: '%s' cannot be a table", key);
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int top = lua_gettop(L);
        if (lua_type(L, -2) == LUA_TSTRING) {
            if (lua_istable(L, top))
                mlua_misuse(L, "molo.options: '%s': '%s' cannot be a table",
                            key, lua_tostring(L, top - 1));
            const char *value = luaL_tolstring(L, top, NULL);
            lua_pushfstring(L, "%s%s%s", lua_tostring(L, top - 1),
                            strcmp(key, "header") == 0 ? ": " : "=", value);
            set_option(L, script, key, lua_gettop(L));
        } else {
            set_option(L, script, key, top);
        }
        lua_settop(L, top - 1);
    }
}

/* molo.options{...}: the command line's options with underscores, `session` and
 * `thresholds`. */
static int
register_options(lua_State *L)
{
    struct script *script = lua_register_check_loading(L, "molo.options");
    if (!lua_istable(L, 1))
        return mlua_misuse(L, "molo.options: expected a table, got %s",
                           luaL_typename(L, 1));
    lua_settop(L, 1);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        if (lua_type(L, 2) != LUA_TSTRING)
            return mlua_misuse(L,
                               "molo.options: option names are strings, as in "
                               "{workers = 3}; got a %s",
                               luaL_typename(L, 2));
        const char *key = lua_tostring(L, 2);
        if (script->loads_again && strcmp(key, "session") != 0) {
            lua_settop(L, 2);
            continue;
        }
        if (strcmp(key, "session") == 0) {
            lua_session_check_options(L, 3);
            lua_pushvalue(L, 3);
            luaL_unref(L, LUA_REGISTRYINDEX, script->session_options_ref);
            script->session_options_ref = luaL_ref(L, LUA_REGISTRYINDEX);
        } else if (strcmp(key, "thresholds") == 0 ||
                   strcmp(key, "threshold") == 0) {
            lua_threshold_options(L, 3, script->load_options);
        } else if (strcmp(key, "workloads") == 0) {
            lua_workloads_options(L, 3, script->load_options);
        } else if (lua_istable(L, 3)) {
            set_option_table(L, script, key, 3);
        } else {
            set_option(L, script, key, 3);
        }
        lua_settop(L, 2);
    }
    return 0;
}

static const luaL_Reg register_functions[] = {
    {"on", register_listener},
    {"options", register_options},
    {"scenario", lua_scenario_register},
    {"scenario_picker", lua_picker_register},
    {NULL, NULL},
};

void
lua_register_open(lua_State *L)
{
    luaL_setfuncs(L, register_functions, 0);
    for (int phase = 0; phase < FIXTURE_COUNT; phase++) {
        if (phase == PHASE_RUN)
            continue;
        lua_pushinteger(L, phase);
        lua_pushcclosure(L, register_fixture, 1);
        lua_setfield(L, -2, worker_phase_name((enum worker_phase)phase));
    }
}

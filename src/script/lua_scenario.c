#include "script/lua_scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "script/lua_cast.h"
#include "script/lua_params.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/tags.h"

/* What is being registered, before anything of it is copied: all of it lies on
 * the stack, so that misuse leaves nothing behind. */
struct reading {
    const char *name;
    int options; /* stack index of the table; 0: none were given */
    struct scenario scenario;
};

static void
read_weight(lua_State *L, struct reading *reading)
{
    if (lua_getfield(L, reading->options, "weight") != LUA_TNIL) {
        int ok;
        double weight = lua_tonumberx(L, -1, &ok);
        if (!ok || !(weight >= 0) || isinf(weight))
            mlua_misuse(L, "scenario '%s': weight must be a number from 0 on",
                        reading->name);
        reading->scenario.weight = weight;
    }
    lua_pop(L, 1);
}

static bool
read_range(lua_State *L, const struct reading *reading, const char *key,
           nsec_t *low, nsec_t *high)
{
    struct err err;
    bool given = lua_getfield(L, reading->options, key) != LUA_TNIL;
    if (given && !mlua_to_range(L, -1, low, high, &err))
        mlua_misuse(L, "scenario '%s': %s: %s", reading->name, key,
                    err.message);
    lua_pop(L, 1);
    return given;
}

static void
read_timeout(lua_State *L, struct reading *reading)
{
    struct err err;
    nsec_t *timeout = &reading->scenario.timeout;
    if (lua_getfield(L, reading->options, "timeout") != LUA_TNIL) {
        if (!mlua_to_time(L, -1, timeout, &err))
            mlua_misuse(L, "scenario '%s': timeout: %s", reading->name,
                        err.message);
        if (*timeout == 0)
            mlua_misuse(L,
                        "scenario '%s': timeout: a run cannot end in no time; "
                        "leave it out for no limit",
                        reading->name);
    }
    lua_pop(L, 1);
}

/* A text of the options, which stays alive in their table. */
static const char *
check_word(lua_State *L, int index, const char *scenario, const char *what)
{
    size_t size;
    if (lua_type(L, index) != LUA_TSTRING)
        mlua_misuse(L, "scenario '%s': %s must be a string, got %s", scenario,
                    what, luaL_typename(L, index));
    const char *word = lua_tolstring(L, index, &size);
    if (size == 0 || strlen(word) != size)
        mlua_misuse(L, "scenario '%s': %s is %s", scenario, what,
                    size == 0 ? "empty" : "not text: it has a NUL byte");
    return word;
}

/* Stack: name, value. */
static void
check_metric_tag(lua_State *L, const struct reading *reading)
{
    struct err err;
    lua_pushvalue(L, -1); /* tostring must not change it in the table */
    if (!tag_check(lua_tostring(L, -3), lua_tostring(L, -1), &err))
        mlua_misuse(L, "scenario '%s': tags: %s", reading->name, err.message);
    lua_pop(L, 1);
}

static void
check_tags(lua_State *L, const struct reading *reading)
{
    if (lua_getfield(L, reading->options, "tags") != LUA_TNIL) {
        int table = lua_gettop(L);
        if (!lua_istable(L, table))
            mlua_misuse(L,
                        "scenario '%s': tags is a table such as {\"smoke\", "
                        "service = \"cart\"}, got %s",
                        reading->name, luaL_typename(L, table));
        lua_pushnil(L);
        while (lua_next(L, table)) {
            if (lua_type(L, -2) == LUA_TSTRING) {
                check_word(L, lua_gettop(L) - 1, reading->name,
                           "the name of a tag");
                if (!lua_isstring(L, -1))
                    mlua_misuse(L,
                                "scenario '%s': the value of tag '%s' must be "
                                "a string or a number, got %s",
                                reading->name, lua_tostring(L, -2),
                                luaL_typename(L, -1));
                check_metric_tag(L, reading);
            } else {
                check_word(L, lua_gettop(L), reading->name,
                           "a tag without a value");
            }
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static void
check_options(lua_State *L, struct reading *reading)
{
    static const char *const known[] = {"cast",   "delay", "group",   "pace",
                                        "params", "tags",  "timeout", "weight"};
    int index = reading->options;
    struct scenario *scenario = &reading->scenario;
    if (!lua_istable(L, index))
        mlua_misuse(L, "scenario '%s': options must be a table, got %s%s",
                    reading->name, luaL_typename(L, index),
                    lua_isfunction(L, index) ? " (they come before it)" : "");
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    read_weight(L, reading);
    scenario->has_delay = read_range(L, reading, "delay", &scenario->delay_low,
                                     &scenario->delay_high);
    scenario->has_pace = read_range(L, reading, "pace", &scenario->pace_low,
                                    &scenario->pace_high);
    read_timeout(L, reading);
    if (lua_getfield(L, index, "group") != LUA_TNIL)
        check_word(L, -1, reading->name, "group");
    lua_pop(L, 1);
    check_tags(L, reading);
}

/* Leaves the checked cast on the stack, or nil. */
static void
push_cast(lua_State *L, int fn, const struct reading *reading)
{
    if (!reading->options ||
        lua_getfield(L, reading->options, "cast") == LUA_TNIL) {
        if (reading->options && lua_istable(L, fn))
            mlua_misuse(L,
                        "scenario '%s': functions by role need the roles: "
                        "give it a cast such as {{\"speaker\", 1}, "
                        "{\"listener\", 4}}",
                        reading->name);
        lua_register_check_function(L, fn, "molo.scenario");
        lua_settop(L, fn);
        lua_pushnil(L);
        return;
    }
    lua_cast_check(L, -1, reading->name);
    if (lua_istable(L, fn))
        lua_cast_check_functions(L, -1, fn, reading->name);
    else
        lua_register_check_function(L, fn, "molo.scenario");
}

static void
check_unique(lua_State *L, const struct script *script, const char *name)
{
    for (size_t i = 0; i < script->scenario_count; i++)
        if (strcmp(script->scenarios[i].name, name) == 0)
            mlua_misuse(L,
                        "scenario '%s' is registered twice: names must be "
                        "unique",
                        name);
}

/* --- taking over what has been checked --- */

static void
take_tags(lua_State *L, int options, struct scenario *scenario)
{
    if (lua_getfield(L, options, "tags") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    int table = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pushvalue(L, -1); /* tostring must not change it in the table */
        const char *text = lua_tostring(L, -1);
        if (lua_type(L, -3) == LUA_TSTRING) {
            size_t count = scenario->metric_tag_count++;
            scenario->metric_tags =
                xrealloc(scenario->metric_tags,
                         (count + 1) * sizeof(*scenario->metric_tags));
            scenario->metric_tags[count] = (struct option_pair){
                .key = xstrdup(lua_tostring(L, -3)),
                .value = xstrdup(text),
            };
        } else {
            size_t count = scenario->tag_count++;
            scenario->tags =
                xrealloc(scenario->tags, (count + 1) * sizeof(*scenario->tags));
            scenario->tags[count] = xstrdup(text);
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* Makes one of what was read; `param` may be NULL, and is taken. */
static void
add(lua_State *L, struct script *script, const struct reading *reading, int fn,
    int cast, const char *name, struct value *param)
{
    struct scenario scenario = reading->scenario;
    scenario.name = xstrdup(name);
    scenario.param = param;
    if (strcmp(name, reading->name) != 0)
        scenario.family = xstrdup(reading->name);
    if (lua_istable(L, cast))
        lua_cast_take(L, cast, fn, &scenario);
    if (reading->options) {
        if (lua_getfield(L, reading->options, "group") != LUA_TNIL)
            scenario.group = xstrdup(lua_tostring(L, -1));
        lua_pop(L, 1);
        take_tags(L, reading->options, &scenario);
    }
    lua_pushvalue(L, fn);
    scenario.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    script->scenarios = xrealloc(
        script->scenarios, (script->scenario_count + 1) * sizeof(scenario));
    script->scenarios[script->scenario_count++] = scenario;
}

/* One scenario for each value: its weight is shared among them. */
static void
add_params(lua_State *L, struct script *script, struct reading *reading, int fn,
           int cast)
{
    lua_params_push(L, reading->name); /* list of {name, value} */
    int list = lua_gettop(L);
    lua_Integer count = luaL_len(L, list);
    reading->scenario.weight /= (double)count;
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, list, i);
        lua_rawgeti(L, -1, 1);
        check_unique(L, script, lua_tostring(L, -1));
        lua_pop(L, 2);
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, list, i);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        struct value *value = mlua_check_value(L, -1);
        add(L, script, reading, fn, cast, lua_tostring(L, -2), value);
        lua_settop(L, list);
    }
}

int
lua_scenario_register(lua_State *L)
{
    struct script *script = lua_register_check_loading(L, "molo.scenario");
    lua_sync_check_name(L, 1, "molo.scenario");
    int fn = lua_gettop(L) >= 3 ? 3 : 2;
    lua_settop(L, fn);
    struct reading reading = {
        .name = lua_tostring(L, 1),
        .options = fn == 3 ? 2 : 0,
        .scenario = {.weight = 1},
    };
    check_unique(L, script, reading.name);
    if (reading.options)
        check_options(L, &reading);
    push_cast(L, fn, &reading);
    int cast = lua_gettop(L);
    if (reading.options && lua_getfield(L, 2, "params") != LUA_TNIL)
        add_params(L, script, &reading, fn, cast);
    else
        add(L, script, &reading, fn, cast, reading.name, NULL);
    lua_settop(L, fn);
    return 1;
}

static void
describe_range(struct buf *out, const char *what, nsec_t low, nsec_t high)
{
    char from[32], to[32];
    units_format_duration(low, from, sizeof(from));
    units_format_duration(high, to, sizeof(to));
    buf_printf(out, "   %s %s", what, from);
    if (low != high)
        buf_printf(out, " to %s", to);
}

static void
describe_tags(struct buf *out, const struct scenario *scenario)
{
    if (scenario->tag_count + scenario->metric_tag_count == 0)
        return;
    buf_append_str(out, "   tags");
    for (size_t i = 0; i < scenario->tag_count; i++)
        buf_printf(out, "%s %s", i > 0 ? "," : "", scenario->tags[i]);
    for (size_t i = 0; i < scenario->metric_tag_count; i++)
        buf_printf(out, "%s %s=%s", i + scenario->tag_count > 0 ? "," : "",
                   scenario->metric_tags[i].key,
                   scenario->metric_tags[i].value);
}

void
script_describe_scenario(const struct script *script, size_t i, struct buf *out)
{
    const struct scenario *scenario = &script->scenarios[i];
    buf_printf(out, "weight %.4g", scenario->weight);
    if (scenario->group)
        buf_printf(out, "   group %s", scenario->group);
    describe_tags(out, scenario);
    if (scenario->timeout > 0) {
        char length[32];
        units_format_duration(scenario->timeout, length, sizeof(length));
        buf_printf(out, "   timeout %s", length);
    }
    if (scenario->has_delay)
        describe_range(out, "delay", scenario->delay_low, scenario->delay_high);
    if (scenario->has_pace)
        describe_range(out, "pace", scenario->pace_low, scenario->pace_high);
}

void
lua_scenario_finish(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->tag_count; i++)
        free(scenario->tags[i]);
    for (size_t i = 0; i < scenario->metric_tag_count; i++) {
        free(scenario->metric_tags[i].key);
        free(scenario->metric_tags[i].value);
    }
    free(scenario->tags);
    free(scenario->metric_tags);
    free(scenario->name);
    free(scenario->family);
    free(scenario->group);
    free(scenario->role_refs);
    value_unref(scenario->param);
    cast_finish(&scenario->cast);
}

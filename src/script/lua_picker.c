#include "script/lua_picker.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "plan/options.h"
#include "plan/plan.h"
#include "script/lua_scenario.h"
#include "script/mlua.h"
#include "script/script_internal.h"

int
lua_picker_register(lua_State *L)
{
    struct script *script =
        lua_register_check_loading(L, "molo.scenario_picker");
    lua_register_check_function(L, 1, "molo.scenario_picker");
    if (script->picker_ref != LUA_NOREF)
        return mlua_misuse(L, "molo.scenario_picker is registered twice: one "
                              "per file");
    mlua_where(L, script->picker_where, sizeof(script->picker_where));
    lua_settop(L, 1);
    script->picker_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

bool
lua_picker_check(const struct script *script, struct err *err)
{
    if (script->picker_ref == LUA_NOREF)
        return true;
    for (size_t i = 0; i < script->scenario_count; i++) {
        const struct scenario *scenario = &script->scenarios[i];
        if (scenario->cast.count > 0)
            return err_set(err,
                           "%s: molo.scenario_picker cannot be used with the "
                           "cast of scenario '%s': all workers of a room play "
                           "the same scenario, which the weights choose",
                           script->picker_where, scenario->name);
    }
    return true;
}

bool
script_has_picker(const struct script *script)
{
    return script->picker_ref != LUA_NOREF;
}

/* Weight 0 keeps a scenario from the weights, not from a picker. */
static bool
is_selected(const struct script *script, const struct scenario *scenario)
{
    const struct plan *plan = script->env.plan;
    const struct options *options = script->env.options;
    for (size_t i = 0; i < plan->scenario_count; i++)
        if (strcmp(plan->scenarios[i].name, scenario->name) == 0)
            return true;
    return scenario->weight <= 0 && options->scenarios.count == 0 &&
           options->only_tags.count == 0;
}

static bool
refuse(const struct script *script, const char *name, struct err *err)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < script->scenario_count; i++) {
        const struct scenario *scenario = &script->scenarios[i];
        if (scenario->family && strcmp(scenario->family, name) == 0)
            return err_set(err,
                           "%s: the scenario picker returned '%s', which has "
                           "params: return one of its scenarios, such as '%s'",
                           script->picker_where, name, scenario->name);
        if (count < ARRAY_LENGTH(names))
            names[count++] = scenario->name;
    }
    const char *nearest = str_nearest(name, names, count);
    return err_set(err,
                   "%s: the scenario picker returned '%.80s', which is no "
                   "scenario of this file%s%s%s",
                   script->picker_where, name,
                   nearest ? ": did you mean '" : "", nearest ? nearest : "",
                   nearest ? "'?" : "");
}

static bool
find(const struct script *script, const char *name, size_t *number,
     struct err *err)
{
    for (size_t i = 0; i < script->scenario_count; i++) {
        const struct scenario *scenario = &script->scenarios[i];
        if (strcmp(scenario->name, name) != 0)
            continue;
        if (!is_selected(script, scenario))
            return err_set(err,
                           "%s: the scenario picker returned '%s', which is "
                           "not part of this test (see --scenario and "
                           "--only-tag)",
                           script->picker_where, name);
        *number = i;
        return true;
    }
    return refuse(script, name, err);
}

static int
picker_failed(lua_State *L)
{
    mlua_complete_error(L);
    return 1;
}

static bool
tell_failure(lua_State *L, const struct script *script, struct err *err)
{
    const char *where = "", *text = "", *kind = NULL;
    if (mlua_is_error(L, -1, &kind)) {
        lua_getfield(L, -1, "where");
        where = lua_tostring(L, -1);
        lua_getfield(L, -2, "message");
        text = lua_tostring(L, -1);
    } else {
        text = mlua_push_text(L, -1);
    }
    return err_set(err, "%s: the scenario picker failed: %s",
                   where && where[0] ? where : script->picker_where,
                   text ? text : "it raised no message");
}

static bool
take_answer(lua_State *L, const struct script *script, size_t *number,
            struct err *err)
{
    if (lua_isnil(L, -1)) {
        *number = SIZE_MAX;
        return true;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        return err_set(err,
                       "%s: the scenario picker returned a %s: it returns the "
                       "name of a scenario, or nil for one by weight",
                       script->picker_where, luaL_typename(L, -1));
    return find(script, lua_tostring(L, -1), number, err);
}

bool
script_pick_scenario(struct script *script, struct worker *worker, int64_t step,
                     size_t *number, struct err *err)
{
    lua_State *L = script->L;
    int top = lua_gettop(L);
    script_enter(script);
    struct callback callback = script_begin_callback(script, L);
    script->picking = worker;
    lua_pushcfunction(L, picker_failed);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->picker_ref);
    lua_pushinteger(L, worker->id);
    lua_pushinteger(L, step);
    bool ok = lua_pcall(L, 2, 1, top + 1) == LUA_OK
                  ? take_answer(L, script, number, err)
                  : tell_failure(L, script, err);
    script->picking = NULL;
    script_end_callback(&callback);
    lua_settop(L, top);
    return ok;
}

#include "script/lua_threshold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/options.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/threshold.h"

#define WHAT "molo.options: thresholds"

/* Of molo.options, until the whole file is known. */
struct pending_threshold {
    char *expression, *where;
};

static void
add(lua_State *L, struct options *options, struct option_threshold *option)
{
    struct script *script = script_of(L);
    char where[256];
    mlua_where(L, where, sizeof(where));
    option->where = where;
    options_add_threshold(options, OPTION_SCRIPT, option);
    script->thresholds =
        xrealloc(script->thresholds,
                 (script->threshold_count + 1) * sizeof(script->thresholds[0]));
    script->thresholds[script->threshold_count++] = (struct pending_threshold){
        .expression = xstrdup(option->expression),
        .where = xstrdup(where),
    };
}

static void
add_tags(struct script *script, const struct option_pair *tags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        metric_catalog_add_tag(script->metrics, tags[i].key);
}

bool
lua_threshold_check(struct script *script, const struct options *options,
                    struct err *err)
{
    add_tags(script, options->tags, options->tag_count);
    for (size_t i = 0; i < script->scenario_count; i++)
        add_tags(script, script->scenarios[i].metric_tags,
                 script->scenarios[i].metric_tag_count);
    for (size_t i = 0; i < script->threshold_count; i++) {
        const struct pending_threshold *pending = &script->thresholds[i];
        struct threshold read = {0};
        if (!threshold_init(&read, pending->expression, script->metrics, err))
            return err_prefix(err, "%s: " WHAT, pending->where);
        threshold_finish(&read);
    }
    return true;
}

void
lua_threshold_finish(struct script *script)
{
    for (size_t i = 0; i < script->threshold_count; i++) {
        free(script->thresholds[i].expression);
        free(script->thresholds[i].where);
    }
    free(script->thresholds);
    script->thresholds = NULL;
    script->threshold_count = 0;
}

static char *
expression_at(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TSTRING)
        mlua_misuse(L,
                    WHAT ": expected an expression such as "
                         "\"http_req_duration:p95 < 300ms\", got %s",
                    luaL_typename(L, index));
    /* Only read: options_add_threshold copies it. */
    return (char *)(uintptr_t)lua_tostring(L, index);
}

static void
check_fields(lua_State *L, int index)
{
    static const char *const known[] = {"abort", "after"};
    lua_pushnil(L);
    while (lua_next(L, index)) {
        struct err err;
        if (lua_type(L, -2) == LUA_TSTRING) {
            const char *key = lua_tostring(L, -2);
            if (strcmp(key, "abort") != 0 && strcmp(key, "after") != 0) {
                mlua_unknown_key(&err, "option", key, known,
                                 ARRAY_LENGTH(known));
                mlua_misuse(L, WHAT ": %s", err.message);
            }
        } else if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != 1) {
            mlua_misuse(L, WHAT ": {expression, abort = true, after = time} "
                                "has one expression");
        }
        lua_pop(L, 1);
    }
}

/* {expression, abort = true, after = time} */
static void
add_table(lua_State *L, int index, struct options *options)
{
    struct option_threshold option = {0};
    check_fields(L, index);
    lua_rawgeti(L, index, 1);
    option.expression = expression_at(L, -1);
    if (lua_getfield(L, index, "abort") != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            mlua_misuse(L, WHAT ": abort must be true or false, got %s",
                        luaL_typename(L, -1));
        option.abort = lua_toboolean(L, -1);
    }
    if (lua_getfield(L, index, "after") != LUA_TNIL) {
        struct err err;
        if (!mlua_to_time(L, -1, &option.after, &err))
            mlua_misuse(L, WHAT ": after: %s", err.message);
        if (!option.abort)
            mlua_misuse(L, WHAT ": after says when abort may end the test: "
                                "add abort = true");
    }
    add(L, options, &option);
}

/* A single threshold that is not in a list, or, as other tools have it, a table
 * by metrics. */
static void
refuse_key(lua_State *L, const char *key)
{
    if (strcmp(key, "abort") == 0 || strcmp(key, "after") == 0)
        mlua_misuse(L,
                    WHAT " is a list: write {{\"...\", %s = ...}} for one "
                         "threshold with '%s'",
                    key, key);
    mlua_misuse(L,
                WHAT
                " is a list of expressions such as \"http_req_duration:p95 "
                "< 300ms\", and '%s' is a key",
                key);
}

void
lua_threshold_options(lua_State *L, int index, struct options *options)
{
    int top = lua_gettop(L);
    if (!lua_istable(L, index)) {
        add(L, options,
            &(struct option_threshold){.expression = expression_at(L, index)});
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, top + 1) == LUA_TSTRING)
            refuse_key(L, lua_tostring(L, top + 1));
        lua_pop(L, 1);
    }
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, index); i++) {
        lua_rawgeti(L, index, i);
        if (lua_istable(L, -1))
            add_table(L, lua_gettop(L), options);
        else
            add(L, options,
                &(struct option_threshold){.expression = expression_at(L, -1)});
        lua_settop(L, top);
    }
}

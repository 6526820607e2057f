#include "script/lua_metric.h"

#include <math.h>
#include <string.h>

#include "script/lua_tags.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/metric.h"
#include "stats/recorder.h"

#define METRIC "molo.metric"
#define TRANSACTION "molo.transaction"

/* --- metrics --- */

struct metric_handle {
    const struct custom_metric *metric;
};

static enum custom_unit
check_unit(lua_State *L, int index, const char *what)
{
    static const char *const known[] = {"unit"};
    if (!mlua_check_options(L, index, what, known, ARRAY_LENGTH(known)))
        return CUSTOM_NUMBER;
    if (lua_getfield(L, index, "unit") == LUA_TNIL)
        return CUSTOM_NUMBER;
    const char *unit = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                      : luaL_typename(L, -1);
    if (strcmp(unit, "s") == 0)
        return CUSTOM_SECONDS;
    if (strcmp(unit, "bytes") == 0)
        return CUSTOM_BYTES;
    mlua_misuse(L, "%s: unit is \"s\" or \"bytes\", or none, not '%s'", what,
                unit);
    return CUSTOM_NUMBER;
}

static int
make(lua_State *L, enum custom_type type)
{
    struct script *script = script_of(L);
    char what[32];
    snprintf(what, sizeof(what), "molo.%s", custom_type_name(type));
    if (lua_type(L, 1) != LUA_TSTRING)
        return mlua_misuse(L, "%s: expected a name, got %s", what,
                           luaL_typename(L, 1));
    size_t size;
    const char *name = lua_tolstring(L, 1, &size);
    if (strlen(name) != size)
        return mlua_misuse(L, "%s: the name has a NUL byte", what);
    enum custom_unit unit = check_unit(L, 2, what);
    if (type == CUSTOM_RATE && unit != CUSTOM_NUMBER)
        return mlua_misuse(L, "%s: a share has no unit", what);
    struct err err;
    const struct custom_metric *metric =
        metric_catalog_define(script->metrics, name, type, unit, &err);
    if (metric == NULL)
        return mlua_misuse(L, "%s: %s", what, err.message);
    struct metric_handle *handle = lua_newuserdatauv(L, sizeof(*handle), 0);
    handle->metric = metric;
    luaL_setmetatable(L, METRIC);
    return 1;
}

static int
metric_counter(lua_State *L)
{
    return make(L, CUSTOM_COUNTER);
}

static int
metric_gauge(lua_State *L)
{
    return make(L, CUSTOM_GAUGE);
}

static int
metric_rate(lua_State *L)
{
    return make(L, CUSTOM_RATE);
}

static int
metric_trend(lua_State *L)
{
    return make(L, CUSTOM_TREND);
}

static double
check_value(lua_State *L, const struct custom_metric *metric)
{
    const char *type = custom_type_name(metric->type);
    double value = 0;
    if (lua_isnoneornil(L, 2) && metric->type == CUSTOM_COUNTER)
        value = 1;
    else if (lua_isboolean(L, 2) && metric->type == CUSTOM_RATE)
        value = lua_toboolean(L, 2);
    else if (lua_type(L, 2) == LUA_TNUMBER)
        value = lua_tonumber(L, 2);
    else
        mlua_misuse(L, "%s '%s': expected %s, got %s", type, metric->name,
                    metric->type == CUSTOM_RATE ? "true or false" : "a number",
                    luaL_typename(L, 2));
    struct err err;
    if (!custom_check(metric, value, &err))
        mlua_misuse(L, "%s", err.message);
    return value;
}

/* metric:add(value, tags?) */
static int
metric_add(lua_State *L)
{
    const struct metric_handle *handle = luaL_testudata(L, 1, METRIC);
    if (!handle)
        return mlua_misuse(L, "add: call it on a metric, with a colon: "
                              "carts:add(1)");
    const struct custom_metric *metric = handle->metric;
    struct script *script = script_of(L);
    if (script->load_options || !script->env.plan)
        return mlua_misuse(L, "%s '%s': values are added while a test runs",
                           custom_type_name(metric->type), metric->name);
    double value = check_value(L, metric);
    recorder_custom(script->env.recorder, lua_tags_context(L, 3), metric, value,
                    clock_now());
    return 0;
}

static int
metric_tostring(lua_State *L)
{
    const struct metric_handle *handle = luaL_checkudata(L, 1, METRIC);
    lua_pushfstring(L, "%s '%s'", custom_type_name(handle->metric->type),
                    handle->metric->name);
    return 1;
}

/* --- transactions --- */

/* Runs from its making until it is closed; a user value keeps the name. */
struct transaction {
    const struct recorder_context *context;
    nsec_t began_at;
    bool finished; /* its function returned */
};

/* begin(name, tags?) -> transaction, to be closed */
static int
transaction_begin(lua_State *L)
{
    struct script *script = script_of(L);
    if (script->load_options || !script->env.plan || !script->current)
        return mlua_misuse(L, "molo.transaction is a part of a run: it can "
                              "only be used while a test runs");
    if (lua_type(L, 1) != LUA_TSTRING || lua_rawlen(L, 1) == 0)
        return mlua_misuse(L, "molo.transaction: expected a name, got %s",
                           lua_type(L, 1) == LUA_TSTRING ? "an empty string"
                                                         : luaL_typename(L, 1));
    if (strlen(lua_tostring(L, 1)) != lua_rawlen(L, 1))
        return mlua_misuse(L, "molo.transaction: the name has a NUL byte");
    const struct recorder_context *context = lua_tags_context(L, 2);
    struct transaction *t = lua_newuserdatauv(L, sizeof(*t), 1);
    *t = (struct transaction){.context = context, .began_at = clock_now()};
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, TRANSACTION);
    return 1;
}

/* finish(transaction, ...) -> ...: its function returned these. */
static int
transaction_finish(lua_State *L)
{
    struct transaction *t = luaL_checkudata(L, 1, TRANSACTION);
    t->finished = true;
    return lua_gettop(L) - 1;
}

static enum run_outcome
outcome_of(lua_State *L, const struct transaction *t)
{
    const char *kind;
    if (t->finished)
        return RUN_OK;
    /* A coroutine that is taken down closes without an error. */
    if (lua_isnoneornil(L, 2))
        return RUN_INTERRUPTED;
    if (mlua_is_error(L, 2, &kind) &&
        (strcmp(kind, "stopped") == 0 || strcmp(kind, "cancelled") == 0))
        return RUN_INTERRUPTED;
    return RUN_FAILED;
}

static int
transaction_close(lua_State *L)
{
    const struct transaction *t = luaL_checkudata(L, 1, TRANSACTION);
    lua_getiuservalue(L, 1, 1);
    recorder_transaction(script_of(L)->env.recorder, t->context,
                         lua_tostring(L, -1), outcome_of(L, t),
                         clock_now() - t->began_at);
    return 0;
}

/* --- opening --- */

static const luaL_Reg metric_functions[] = {
    {"begin", transaction_begin},
    {"counter", metric_counter},
    {"finish", transaction_finish},
    {"gauge", metric_gauge},
    {"rate", metric_rate},
    {"trend", metric_trend},
    {NULL, NULL},
};

static const luaL_Reg metric_methods[] = {
    {"add", metric_add},
    {NULL, NULL},
};
static const luaL_Reg metric_meta[] = {
    {"__tostring", metric_tostring},
    {NULL, NULL},
};
static const luaL_Reg transaction_meta[] = {
    {"__close", transaction_close},
    {NULL, NULL},
};

void
lua_metric_open(lua_State *L)
{
    mlua_new_class(L, METRIC, metric_methods, metric_meta);
    mlua_new_class(L, TRANSACTION, NULL, transaction_meta);
    luaL_newlib(L, metric_functions);
}

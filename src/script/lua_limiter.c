/* molo.limiter */
#include "script/lua_sync.h"
#include "script/mlua.h"

/* limiter:take(n?, {timeout}) */
static int
limiter_take(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_LIMITER_TAKE, .amount = 1};
    lua_sync_check_operation(L, HUB_LIMITER, "take", &op);
    /* take({timeout = 1}) takes one. */
    int options = lua_istable(L, 2) ? 2 : 3;
    if (options == 3 && !lua_isnoneornil(L, 2))
        op.amount = mlua_check_count(L, 2, "take", 1, INT64_MAX);
    lua_sync_check_options(L, options, &op, false);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* A number within the bounds, or 0 if the field is not there. */
static double
check_number(lua_State *L, int index, const char *field, double min, double max)
{
    double number = 0;
    if (lua_getfield(L, index, field) != LUA_TNIL) {
        number = lua_tonumber(L, -1);
        if (lua_type(L, -1) != LUA_TNUMBER ||
            !(number >= min && number <= max)) {
            char bounds[64];
            snprintf(bounds, sizeof(bounds), "from %g to %g", min, max);
            mlua_misuse(L, "%s: expected a number %s, got %s", field, bounds,
                        luaL_tolstring(L, -1, NULL));
        }
    }
    lua_pop(L, 1);
    return number;
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"burst", "rate"};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    struct hub_options options = {
        .given = true,
        .rate = check_number(L, index, "rate", HUB_MIN_RATE, HUB_MAX_RATE),
        .burst = check_number(L, index, "burst", 1, HUB_MAX_BURST),
    };
    if (options.rate > 0)
        return options;
    if (options.burst > 0)
        mlua_misuse(L, "burst: give the rate too, {rate = ..., burst = ...}");
    return (struct hub_options){0};
}

static const luaL_Reg lua_limiter_methods[] = {
    {"free", lua_handle_free},
    {"take", limiter_take},
    {NULL, NULL},
};

const struct lua_handle_type lua_limiter_type = {
    .type = HUB_LIMITER,
    .check_options = check_options,
    .methods = lua_limiter_methods,
};

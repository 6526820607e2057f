/* session.rng, math.random, molo.uuid. */
#include "script/lua_util.h"

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char rng_metatable[] = "molo.rng";

/* The generator that draws now: of the worker that runs, else the shard's. */
static struct rng *
current_rng(lua_State *L)
{
    struct script *script = script_of(L);
    if (script->picking)
        return &script->picking->rng;
    return script->current ? &script->current->worker->rng : &script->load_rng;
}

void
lua_rng_push(lua_State *L, struct worker *worker)
{
    /* One object serves all: it draws from whoever runs. */
    luaL_getmetatable(L, rng_metatable);
    lua_getfield(L, -1, "instance");
    lua_remove(L, -2);
}

static void
check_rng(lua_State *L)
{
    if (!luaL_testudata(L, 1, rng_metatable))
        mlua_misuse(L, "call it on session.rng, with a colon: "
                       "session.rng:int(1, 6)");
}

/* rng:int(low, high) */
static int
rng_method_int(lua_State *L)
{
    check_rng(L);
    int are[2];
    lua_Integer low = lua_tointegerx(L, 2, &are[0]);
    lua_Integer high = lua_tointegerx(L, 3, &are[1]);
    if (!are[0] || !are[1])
        return mlua_misuse(L, "rng:int: expected two whole numbers, low and "
                              "high");
    if (low > high)
        return mlua_misuse(L, "rng:int: the range is empty (%lld to %lld)",
                           (long long)low, (long long)high);
    lua_pushinteger(L, rng_int(current_rng(L), low, high));
    return 1;
}

/* rng:float(low, high): [0, 1) without arguments */
static int
rng_method_float(lua_State *L)
{
    check_rng(L);
    int are[2] = {1, 1};
    double low = lua_isnoneornil(L, 2) ? 0 : lua_tonumberx(L, 2, &are[0]);
    double high = lua_isnoneornil(L, 3) ? 1 : lua_tonumberx(L, 3, &are[1]);
    if (!are[0] || !are[1])
        return mlua_misuse(L, "rng:float: expected two numbers, low and high");
    lua_pushnumber(L, low + (high - low) * rng_double(current_rng(L)));
    return 1;
}

static lua_Integer
check_list(lua_State *L, const char *what)
{
    check_rng(L);
    if (!lua_istable(L, 2))
        mlua_misuse(L, "%s: expected a list, got %s", what,
                    luaL_typename(L, 2));
    return luaL_len(L, 2);
}

/* rng:pick(list) */
static int
rng_method_pick(lua_State *L)
{
    lua_Integer count = check_list(L, "rng:pick");
    if (count == 0)
        return mlua_misuse(L, "rng:pick: the list is empty");
    lua_geti(L, 2, rng_int(current_rng(L), 1, count));
    return 1;
}

/* rng:shuffle(list): in place; returns it (Fisher-Yates) */
static int
rng_method_shuffle(lua_State *L)
{
    for (lua_Integer i = check_list(L, "rng:shuffle"); i > 1; i--) {
        lua_Integer j = rng_int(current_rng(L), 1, i);
        lua_geti(L, 2, i);
        lua_geti(L, 2, j);
        lua_seti(L, 2, i);
        lua_seti(L, 2, j);
    }
    lua_settop(L, 2);
    return 1;
}

/* rng:exponential(mean) */
static int
rng_method_exponential(lua_State *L)
{
    check_rng(L);
    double mean = lua_tonumber(L, 2);
    if (!(mean > 0))
        return mlua_misuse(L, "rng:exponential: the mean must be above 0");
    lua_pushnumber(L, -mean * log1p(-rng_double(current_rng(L))));
    return 1;
}

/* math.random with Lua's arguments */
static int
math_random(lua_State *L)
{
    struct rng *rng = current_rng(L);
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, rng_double(rng));
        return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)rng_next(rng));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    lua_pushinteger(L, rng_int(rng, low, high));
    return 1;
}

static int
math_randomseed(lua_State *L)
{
    return mlua_misuse(L, "math.randomseed: the seed of a test is --seed, so "
                          "that a run can be repeated");
}

/* molo.uuid() -> string: version 4 of RFC 9562, from the generator that draws
 * now, so that a seed repeats it. */
static int
util_uuid(lua_State *L)
{
    struct rng *rng = current_rng(L);
    uint64_t high = rng_next(rng), low = rng_next(rng);
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);    /* version */
    low = (low & (UINT64_MAX >> 2)) | (UINT64_C(0x2) << 62); /* variant */
    char text[37];
    snprintf(text, sizeof(text), "%08x-%04x-%04x-%04x-%012llx",
             (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
             (unsigned)(high & 0xffff), (unsigned)(low >> 48),
             (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    lua_pushlstring(L, text, sizeof(text) - 1);
    return 1;
}

static const luaL_Reg rng_methods[] = {
    {"exponential", rng_method_exponential},
    {"float", rng_method_float},
    {"int", rng_method_int},
    {"pick", rng_method_pick},
    {"shuffle", rng_method_shuffle},
    {NULL, NULL},
};

static const luaL_Reg util_functions[] = {
    {"uuid", util_uuid},
    {NULL, NULL},
};

void
lua_util_open(lua_State *L)
{
    luaL_setfuncs(L, util_functions, 0);
}

void
lua_rng_open(lua_State *L)
{
    mlua_new_class(L, rng_metatable, rng_methods, NULL);
    luaL_getmetatable(L, rng_metatable);
    lua_newuserdatauv(L, 0, 0);
    luaL_setmetatable(L, rng_metatable);
    lua_setfield(L, -2, "instance");
    lua_pop(L, 1);
    lua_getglobal(L, "math");
    lua_pushcfunction(L, math_random);
    lua_setfield(L, -2, "random");
    lua_pushcfunction(L, math_randomseed);
    lua_setfield(L, -2, "randomseed");
    lua_pop(L, 1);
}

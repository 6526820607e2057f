#include "script/lua_eventually.h"

#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

static const char attempt_metatable[] = "molo.attempt";

/* One attempt; its user value is the list of its checks: name, passed,
 * context, name ... */
struct attempt {
    struct task *task; /* NULL: it is over */
    struct attempt *outer;
};

bool
lua_eventually_keeps(lua_State *L, struct task *task,
                     const struct recorder_context *context, const char *name,
                     bool passed)
{
    if (!task || !task->attempt)
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, task->attempt);
    lua_getiuservalue(L, -1, 1);
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, count + 1);
    lua_pushboolean(L, passed);
    lua_rawseti(L, -2, count + 2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)context);
    lua_rawseti(L, -2, count + 3);
    lua_pop(L, 2);
    return true;
}

static void
forget(lua_State *L, struct attempt *attempt)
{
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, attempt);
}

/* attempt_begin() -> attempt, to be closed */
static int
attempt_begin(lua_State *L)
{
    struct task *task = wait_check(L, "molo.eventually");
    struct attempt *attempt = lua_newuserdatauv(L, sizeof(*attempt), 1);
    *attempt = (struct attempt){0};
    luaL_setmetatable(L, attempt_metatable);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, attempt);
    *attempt = (struct attempt){.task = task, .outer = task->attempt};
    task->attempt = attempt;
    task->polling++;
    return 1;
}

static int
attempt_close(lua_State *L)
{
    struct attempt *attempt = luaL_checkudata(L, 1, attempt_metatable);
    struct task *task = attempt->task;
    if (!task)
        return 0;
    attempt->task = NULL;
    task->attempt = attempt->outer;
    task->polling--;
    forget(L, attempt);
    return 0;
}

/* attempt_count(attempt): it was the last one, its checks are what counts. */
static int
attempt_count(lua_State *L)
{
    luaL_checkudata(L, 1, attempt_metatable);
    struct script *script = script_of(L);
    struct task *task = script->current;
    lua_getiuservalue(L, 1, 1);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i < count; i += 3) {
        lua_rawgeti(L, 2, i);
        lua_rawgeti(L, 2, i + 1);
        lua_rawgeti(L, 2, i + 2);
        const char *name = lua_tostring(L, -3);
        bool passed = lua_toboolean(L, -2);
        const struct recorder_context *context = lua_touserdata(L, -1);
        if (!lua_eventually_keeps(L, task, context, name, passed))
            recorder_check(script->env.recorder, context, name, passed);
        lua_pop(L, 3);
    }
    return 0;
}

static const luaL_Reg attempt_functions[] = {
    {"attempt_begin", attempt_begin},
    {"attempt_count", attempt_count},
    {NULL, NULL},
};
static const luaL_Reg attempt_meta[] = {
    {"__close", attempt_close},
    {NULL, NULL},
};

void
lua_eventually_open(lua_State *L)
{
    mlua_new_class(L, attempt_metatable, NULL, attempt_meta);
    luaL_setfuncs(L, attempt_functions, 0);
}

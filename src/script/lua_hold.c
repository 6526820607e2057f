#include "script/lua_hold.h"

#include <string.h>

#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char hold_metatable[] = "molo.hold";

/* Its user value is the handle. */
struct lua_hold {
    enum hub_op_type release;
    int64_t amount;
    bool released;
};

/* --- options of what acquires --- */

static void
check_scope(lua_State *L, int index, struct hub_op *op)
{
    if (!lua_istable(L, index) || lua_getfield(L, index, "scope") == LUA_TNIL)
        return;
    const char *scope =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    op->worker_scope = strcmp(scope, "worker") == 0;
    if (!op->worker_scope && strcmp(scope, "run") != 0)
        mlua_misuse(L, "scope: expected \"run\" or \"worker\"");
}

void
lua_hold_check_options(lua_State *L, int index, struct hub_op *op)
{
    static const char *const known[] = {"timeout", "scope"};
    lua_sync_check_options_of(L, index, op, known, ARRAY_LENGTH(known));
    check_scope(L, index, op);
}

void
lua_hold_check_scope(lua_State *L, int index, struct hub_op *op)
{
    static const char *const known[] = {"scope"};
    lua_sync_check_options_of(L, index, op, known, ARRAY_LENGTH(known));
    check_scope(L, index, op);
}

/* --- giving it back --- */

static struct lua_hold *
check_hold(lua_State *L)
{
    struct lua_hold *hold = luaL_testudata(L, 1, hold_metatable);
    if (!hold)
        mlua_misuse(L, "release: call it on what hold() returned, with a "
                       "colon: held:release()");
    return hold;
}

static int
grant_release(lua_State *L, struct task *task)
{
    struct lua_hold *hold = lua_touserdata(L, 2);
    hold->released = true;
    return 0;
}

static const struct wait_ops release_wait = LUA_SYNC_WAIT(grant_release);

/* hold:release() */
static int
hold_release(lua_State *L)
{
    const struct lua_hold *hold = check_hold(L);
    if (hold->released)
        return 0;
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_insert(L, 1); /* handle, hold */
    struct hub_op op = {.type = hold->release, .amount = hold->amount};
    lua_sync_check_operation(L, lua_handle_test(L, 1)->type, "release", &op);
    return lua_sync_submit(L, &op, &release_wait);
}

/* Nobody waits for the answer. Where the task does not hold it any more,
 * because it was stopped or released it itself, there is nothing to do. */
static int
hold_close(lua_State *L)
{
    struct lua_hold *hold = lua_touserdata(L, 1);
    struct task *task = script_of(L)->current;
    if (hold->released || !task)
        return 0;
    hold->released = true;
    lua_getiuservalue(L, 1, 1);
    struct hub_op op = lua_sync_op_on(lua_handle_test(L, -1), hold->release);
    op.amount = hold->amount;
    lua_sync_tell(task, &op);
    return 0;
}

static int
hold_tostring(lua_State *L)
{
    const struct lua_hold *hold = lua_touserdata(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushfstring(L, "%s of %s",
                    hold->released ? "a released hold" : "a hold",
                    luaL_tolstring(L, -1, NULL));
    return 1;
}

void
lua_hold_push(lua_State *L, enum hub_op_type release, int64_t amount)
{
    struct lua_hold *hold = lua_newuserdatauv(L, sizeof(*hold), 1);
    *hold = (struct lua_hold){.release = release, .amount = amount};
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, hold_metatable);
}

static const luaL_Reg hold_methods[] = {
    {"release", hold_release},
    {NULL, NULL},
};
static const luaL_Reg hold_meta[] = {
    {"__close", hold_close},
    {"__tostring", hold_tostring},
    {NULL, NULL},
};

void
lua_hold_open(lua_State *L)
{
    mlua_new_class(L, hold_metatable, hold_methods, hold_meta);
}

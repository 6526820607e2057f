/* molo.lock */
#include "script/lua_lock.h"

#include "script/lua_hold.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static struct hub_op
new_op(lua_State *L, enum hub_op_type type, const char *name)
{
    const struct lua_handle *handle = lua_handle_test(L, 1);
    struct hub_op op = {.type = type};
    struct task *task = lua_sync_check_operation(
        L, handle && handle->type == HUB_CONDITION ? HUB_CONDITION : HUB_LOCK,
        name, &op);
    if (type == HUB_OP_LOCK_ACQUIRE)
        task->worker->acquired = true;
    return op;
}

/* lock:acquire({timeout, scope}) */
int
lua_lock_acquire(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_ACQUIRE, "acquire");
    lua_hold_check_options(L, 2, &op);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* lock:try_acquire({scope}) -> boolean */
int
lua_lock_try_acquire(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_ACQUIRE, "try_acquire");
    lua_hold_check_scope(L, 2, &op);
    op.attempt = true;
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_attempt_wait);
}

/* lock:release() */
int
lua_lock_release(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_RELEASE, "release");
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* lock:locked() -> boolean */
int
lua_lock_locked(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_STATE, "locked");
    return lua_sync_submit(L, &op, &lua_sync_flag_wait);
}

/* --- held for a while --- */

static int
grant_hold(lua_State *L, struct task *task)
{
    lua_hold_push(L, HUB_OP_LOCK_RELEASE, 0);
    return 1;
}

static const struct wait_ops hold_wait = LUA_SYNC_WAIT(grant_hold);

/* lock:hold({timeout, scope}) -> value for a `<close>` variable */
int
lua_lock_hold(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_ACQUIRE, "hold");
    lua_hold_check_options(L, 2, &op);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &hold_wait);
}

/* On the stack: lock, function, hold, what the function returned. */
static int
on_returned(lua_State *L, int status, lua_KContext context)
{
    return lua_gettop(L) - 3;
}

/* The hold is closed when this function is left, in whatever way. */
static int
grant_with(lua_State *L, struct task *task)
{
    lua_hold_push(L, HUB_OP_LOCK_RELEASE, 0);
    lua_toclose(L, 3);
    lua_pushvalue(L, 2);
    lua_callk(L, 0, LUA_MULTRET, 0, on_returned);
    return on_returned(L, LUA_OK, 0);
}

static const struct wait_ops with_wait = LUA_SYNC_WAIT(grant_with);

/* lock:with(fn, {timeout}) -> results of fn */
int
lua_lock_with(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_LOCK_ACQUIRE, "with");
    if (!lua_isfunction(L, 2))
        return mlua_misuse(L, "with: expected a function, got %s",
                           luaL_typename(L, 2));
    lua_sync_check_options(L, 3, &op, false);
    lua_settop(L, 2);
    return lua_sync_submit(L, &op, &with_wait);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    mlua_check_keys(L, index, NULL, 0);
    return (struct hub_options){0};
}

static const luaL_Reg lua_lock_methods[] = {
    {"acquire", lua_lock_acquire}, {"free", lua_handle_free},
    {"hold", lua_lock_hold},       {"locked", lua_lock_locked},
    {"release", lua_lock_release}, {"try_acquire", lua_lock_try_acquire},
    {"with", lua_lock_with},       {NULL, NULL},
};

const struct lua_handle_type lua_lock_type = {
    .type = HUB_LOCK,
    .check_options = check_options,
    .methods = lua_lock_methods,
};

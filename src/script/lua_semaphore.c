/* molo.semaphore */
#include "script/lua_hold.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* name(n?, options?): options are at the index after what is left on the stack.
 */
static struct hub_op
new_op(lua_State *L, enum hub_op_type type, const char *name)
{
    struct hub_op op = {.type = type};
    struct task *task = lua_sync_check_operation(L, HUB_SEMAPHORE, name, &op);
    if (type == HUB_OP_SEMAPHORE_ACQUIRE)
        task->worker->acquired = true;
    if (lua_istable(L, 2)) {
        lua_pushnil(L);
        lua_insert(L, 2);
    }
    op.amount =
        lua_isnoneornil(L, 2) ? 1 : mlua_check_count(L, 2, name, 1, INT64_MAX);
    return op;
}

/* semaphore:acquire(n?, {timeout, scope}) */
static int
semaphore_acquire(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_SEMAPHORE_ACQUIRE, "acquire");
    lua_hold_check_options(L, 3, &op);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* semaphore:try_acquire(n?, {scope}) -> boolean */
static int
semaphore_try_acquire(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_SEMAPHORE_ACQUIRE, "try_acquire");
    lua_hold_check_scope(L, 3, &op);
    op.attempt = true;
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_attempt_wait);
}

/* semaphore:release(n?) */
static int
semaphore_release(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_SEMAPHORE_RELEASE, "release");
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* On the stack: semaphore, number of permits. */
static int
grant_hold(lua_State *L, struct task *task)
{
    lua_hold_push(L, HUB_OP_SEMAPHORE_RELEASE, lua_tointeger(L, 2));
    return 1;
}

static const struct wait_ops hold_wait = LUA_SYNC_WAIT(grant_hold);

/* semaphore:hold(n?, {timeout, scope}) -> value for a `<close>` variable */
static int
semaphore_hold(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_SEMAPHORE_ACQUIRE, "hold");
    lua_hold_check_options(L, 3, &op);
    lua_settop(L, 1);
    lua_pushinteger(L, op.amount);
    return lua_sync_submit(L, &op, &hold_wait);
}

/* semaphore:available() -> permits that nobody has */
static int
semaphore_available(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_SEMAPHORE_STATE};
    lua_sync_check_operation(L, HUB_SEMAPHORE, "available", &op);
    return lua_sync_submit(L, &op, &lua_sync_number_wait);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"permits", "owned"};
    struct hub_options options = {0};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "owned") != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            mlua_misuse(L, "owned: expected true or false");
        options.unowned = !lua_toboolean(L, -1);
        options.given = true;
    }
    if (lua_getfield(L, index, "permits") != LUA_TNIL) {
        /* Without owners there may be none to begin with. */
        options.permits = mlua_check_count(L, -1, "permits",
                                           options.unowned ? 0 : 1, INT64_MAX);
        if (options.permits == 0)
            options.permits = HUB_NO_PERMITS;
        options.given = true;
    }
    lua_pop(L, 2);
    return options;
}

static const luaL_Reg lua_semaphore_methods[] = {
    {"acquire", semaphore_acquire},
    {"available", semaphore_available},
    {"free", lua_handle_free},
    {"hold", semaphore_hold},
    {"release", semaphore_release},
    {"try_acquire", semaphore_try_acquire},
    {NULL, NULL},
};

const struct lua_handle_type lua_semaphore_type = {
    .type = HUB_SEMAPHORE,
    .check_options = check_options,
    .methods = lua_semaphore_methods,
};

/* molo.condition */
#include "script/lua_lock.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* condition:wait({timeout}) */
static int
condition_wait(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_CONDITION_WAIT};
    lua_sync_check_operation(L, HUB_CONDITION, "wait", &op);
    lua_sync_check_options(L, 2, &op, false);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* --- until a predicate holds --- */

/* On the stack of all of these: condition, predicate, options, what is left of
 * the timeout in nanoseconds (0: it has not begun, or there is none). */
enum { CONDITION = 1, PREDICATE, OPTIONS, LEFT, WAIT_FOR_ARGUMENTS = LEFT };

static int on_judged(lua_State *L, int status, lua_KContext context);

static int
judge(lua_State *L)
{
    lua_settop(L, WAIT_FOR_ARGUMENTS);
    lua_pushvalue(L, PREDICATE);
    lua_callk(L, 0, 1, 0, on_judged);
    return on_judged(L, LUA_OK, 0);
}

static int
grant_notified(lua_State *L, struct task *task)
{
    lua_pushinteger(L, task->wait.reply.remaining);
    lua_replace(L, LEFT);
    return judge(L);
}

static const struct wait_ops notified_wait = LUA_SYNC_WAIT(grant_notified);

static int
on_judged(lua_State *L, int status, lua_KContext context)
{
    if (lua_toboolean(L, -1))
        return 1;
    struct hub_op op = {.type = HUB_OP_CONDITION_WAIT};
    lua_sync_check_operation(L, HUB_CONDITION, "wait_for", &op);
    lua_sync_check_options(L, OPTIONS, &op, false);
    op.remaining = lua_tointeger(L, LEFT);
    return lua_sync_submit(L, &op, &notified_wait);
}

/* condition:wait_for(predicate, {timeout}) -> what the predicate returned */
static int
condition_wait_for(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_CONDITION_WAIT};
    lua_sync_check_operation(L, HUB_CONDITION, "wait_for", &op);
    if (!lua_isfunction(L, PREDICATE))
        return mlua_misuse(L, "wait_for: expected a function, got %s",
                           luaL_typename(L, PREDICATE));
    lua_sync_check_options(L, OPTIONS, &op, false);
    lua_settop(L, OPTIONS);
    lua_pushinteger(L, 0);
    return judge(L);
}

/* --- the other side --- */

static int
notify(lua_State *L, const char *name, bool all)
{
    struct hub_op op = {.type = HUB_OP_CONDITION_NOTIFY};
    lua_sync_check_operation(L, HUB_CONDITION, name, &op);
    if (!all)
        op.amount = lua_isnoneornil(L, 2)
                        ? 1
                        : mlua_check_count(L, 2, "notify", 1, INT64_MAX);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* condition:notify(n?) */
static int
condition_notify(lua_State *L)
{
    return notify(L, "notify", false);
}

/* condition:notify_all() */
static int
condition_notify_all(lua_State *L)
{
    return notify(L, "notify_all", true);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"lock"};
    struct hub_options options = {.lock_room = HUB_SAME_ROOM};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "lock") != LUA_TNIL) {
        const struct lua_handle *handle = lua_handle_test(L, -1);
        options.given = true;
        if (handle && handle->type == HUB_LOCK) {
            options.lock = handle->name;
            options.lock_room = handle->room;
        } else if (lua_type(L, -1) == LUA_TSTRING) {
            options.lock = lua_sync_check_name(L, lua_gettop(L), "lock");
        } else {
            mlua_misuse(L, "lock: expected a lock or the name of one, got %s",
                        luaL_tolstring(L, -1, NULL));
        }
    }
    lua_pop(L, 1);
    return options;
}

static const luaL_Reg lua_condition_methods[] = {
    {"acquire", lua_lock_acquire}, {"free", lua_handle_free},
    {"hold", lua_lock_hold},       {"locked", lua_lock_locked},
    {"notify", condition_notify},  {"notify_all", condition_notify_all},
    {"release", lua_lock_release}, {"try_acquire", lua_lock_try_acquire},
    {"wait", condition_wait},      {"wait_for", condition_wait_for},
    {"with", lua_lock_with},       {NULL, NULL},
};

const struct lua_handle_type lua_condition_type = {
    .type = HUB_CONDITION,
    .check_options = check_options,
    .methods = lua_condition_methods,
};

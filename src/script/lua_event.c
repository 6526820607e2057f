/* molo.event */
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static int
grant_value(lua_State *L, struct task *task)
{
    lua_sync_push_news(L, task);
    return 1;
}

static const struct wait_ops event_wait_ops = LUA_SYNC_WAIT(grant_value);

/* event:set(value?) */
static int
event_set(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_EVENT_SET};
    lua_sync_check_operation(L, HUB_EVENT, "set", &op);
    lua_settop(L, 2);
    op.value = mlua_check_value(L, 2);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* event:clear() */
static int
event_clear(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_EVENT_CLEAR};
    lua_sync_check_operation(L, HUB_EVENT, "clear", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* event:is_set() -> boolean */
static int
event_is_set(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_EVENT_STATE};
    lua_sync_check_operation(L, HUB_EVENT, "is_set", &op);
    return lua_sync_submit(L, &op, &lua_sync_flag_wait);
}

/* event:wait({timeout}) -> value */
static int
event_wait(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_EVENT_WAIT};
    lua_sync_check_operation(L, HUB_EVENT, "wait", &op);
    lua_sync_check_options(L, 2, &op, false);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &event_wait_ops);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    mlua_check_keys(L, index, NULL, 0);
    return (struct hub_options){0};
}

static const luaL_Reg lua_event_methods[] = {
    {"clear", event_clear}, {"free", lua_handle_free}, {"is_set", event_is_set},
    {"set", event_set},     {"wait", event_wait},      {NULL, NULL},
};

const struct lua_handle_type lua_event_type = {
    .type = HUB_EVENT,
    .check_options = check_options,
    .methods = lua_event_methods,
};

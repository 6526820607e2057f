/* molo.queue */
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* The next item, or nil from a queue that is closed and empty. */
static int
grant_item(lua_State *L, struct task *task)
{
    mlua_push_value(L, task->wait.reply.value);
    return 1;
}

static int
finish_get(lua_State *L, struct task *task)
{
    if (task->wait.reply.status == HUB_CLOSED)
        return grant_item(L, task);
    return lua_sync_finish(L, task, grant_item);
}

/* Whether get would have returned at once, and what. */
static int
grant_try_get(lua_State *L, struct task *task)
{
    bool ok = task->wait.reply.status != HUB_WOULD_WAIT;
    lua_pushboolean(L, ok);
    if (!ok)
        return 1;
    return 1 + grant_item(L, task);
}

static int
finish_try_get(lua_State *L, struct task *task)
{
    if (task->wait.reply.status == HUB_CLOSED)
        return grant_try_get(L, task);
    return lua_sync_finish(L, task, grant_try_get);
}

static const struct wait_ops get_ops = {
    .coordination = true,
    .idle = true,
    .finish = finish_get,
};

static const struct wait_ops try_get_ops = {
    .coordination = true,
    .idle = true,
    .finish = finish_try_get,
};

/* queue:put(value, {timeout}) */
static int
queue_put(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_PUT};
    lua_sync_check_operation(L, HUB_QUEUE, "put", &op);
    lua_sync_check_options(L, 3, &op, false);
    lua_settop(L, 2);
    op.value = mlua_check_value(L, 2);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* queue:try_put(value) -> boolean */
static int
queue_try_put(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_PUT, .attempt = true};
    lua_sync_check_operation(L, HUB_QUEUE, "try_put", &op);
    lua_settop(L, 2);
    op.value = mlua_check_value(L, 2);
    return lua_sync_submit(L, &op, &lua_sync_attempt_wait);
}

/* queue:get({timeout}) -> value */
static int
queue_get(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_GET};
    lua_sync_check_operation(L, HUB_QUEUE, "get", &op);
    lua_sync_check_options(L, 2, &op, false);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &get_ops);
}

/* queue:try_get() -> boolean, value */
static int
queue_try_get(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_GET, .attempt = true};
    lua_sync_check_operation(L, HUB_QUEUE, "try_get", &op);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &try_get_ops);
}

/* queue:done() */
static int
queue_done(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_DONE};
    lua_sync_check_operation(L, HUB_QUEUE, "done", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* queue:join({timeout}) */
static int
queue_join(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_JOIN};
    lua_sync_check_operation(L, HUB_QUEUE, "join", &op);
    lua_sync_check_options(L, 2, &op, false);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* queue:close() */
static int
queue_close(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_CLOSE};
    lua_sync_check_operation(L, HUB_QUEUE, "close", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* queue:size() -> integer */
static int
queue_size(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_QUEUE_STATE};
    lua_sync_check_operation(L, HUB_QUEUE, "size", &op);
    return lua_sync_submit(L, &op, &lua_sync_number_wait);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"capacity"};
    struct hub_options options = {0};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "capacity") != LUA_TNIL) {
        int ok;
        lua_Integer capacity = lua_tointegerx(L, -1, &ok);
        if (!ok || capacity < 0)
            mlua_misuse(L, "capacity: expected a whole number, 0 for a "
                           "rendezvous; none for a queue without bounds");
        options = (struct hub_options){
            .given = true,
            .bounded = true,
            .capacity = capacity,
        };
    }
    lua_pop(L, 1);
    return options;
}

static const luaL_Reg lua_queue_methods[] = {
    {"close", queue_close},     {"done", queue_done},
    {"free", lua_handle_free},  {"get", queue_get},
    {"join", queue_join},       {"put", queue_put},
    {"size", queue_size},       {"try_get", queue_try_get},
    {"try_put", queue_try_put}, {NULL, NULL},
};

const struct lua_handle_type lua_queue_type = {
    .type = HUB_QUEUE,
    .check_options = check_options,
    .methods = lua_queue_methods,
};

/* molo.notifier */
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* value, round */
static int
grant_news(lua_State *L, struct task *task)
{
    lua_sync_push_news(L, task);
    lua_pushinteger(L, task->wait.reply.round);
    return 2;
}

static const struct wait_ops news_wait = LUA_SYNC_WAIT(grant_news);

/* notifier:written(value, {round}) */
static int
notifier_written(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_NOTIFIER_WRITTEN};
    struct task *task =
        lua_sync_check_operation(L, HUB_NOTIFIER, "written", &op);
    static const char *const known[] = {"round"};
    lua_sync_check_options_of(L, 3, &op, known, ARRAY_LENGTH(known));
    op.done_at = worker_last_done_at(task->worker);
    lua_settop(L, 2);
    op.value = mlua_check_value(L, 2);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* notifier:wait_for_writer({timeout, round}) */
static int
notifier_wait_for_writer(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_NOTIFIER_WAIT_WRITER};
    lua_sync_check_operation(L, HUB_NOTIFIER, "wait_for_writer", &op);
    lua_sync_check_options(L, 2, &op, true);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &news_wait);
}

/* notifier:one_read() */
static int
notifier_one_read(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_NOTIFIER_ONE_READ};
    lua_sync_check_operation(L, HUB_NOTIFIER, "one_read", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* notifier:wait_for_readers({timeout, round}) */
static int
notifier_wait_for_readers(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_NOTIFIER_WAIT_READERS};
    lua_sync_check_operation(L, HUB_NOTIFIER, "wait_for_readers", &op);
    lua_sync_check_options(L, 2, &op, true);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"readers"};
    struct hub_options options = {0};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "readers") != LUA_TNIL) {
        options = (struct hub_options){
            .given = true,
            .readers =
                (int32_t)mlua_check_count(L, -1, "readers", 1, INT32_MAX),
        };
    }
    lua_pop(L, 1);
    return options;
}

static const luaL_Reg lua_notifier_methods[] = {
    {"free", lua_handle_free},
    {"one_read", notifier_one_read},
    {"wait_for_readers", notifier_wait_for_readers},
    {"wait_for_writer", notifier_wait_for_writer},
    {"written", notifier_written},
    {NULL, NULL},
};

const struct lua_handle_type lua_notifier_type = {
    .type = HUB_NOTIFIER,
    .check_options = check_options,
    .methods = lua_notifier_methods,
};

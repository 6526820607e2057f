#include "script/lua_notifier.h"

#include <string.h>

#include "base/mem.h"
#include "http/session.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

/* value, round. A reader that had to wait tells how long the news took. */
static int
grant_news(lua_State *L, struct task *task)
{
    const struct wait_reply *reply = &task->wait.reply;
    const struct lua_handle *handle = lua_handle_test(L, 1);
    if (reply->happened_at > 0 && handle)
        recorder_coord_propagation(task->worker->script->env.recorder,
                                   hub_object_type_name(handle->type),
                                   handle->name,
                                   clock_now() - reply->happened_at);
    mlua_push_value(L, reply->value);
    lua_pushinteger(L, reply->round);
    return 2;
}

static int
finish_news(lua_State *L, struct task *task)
{
    return lua_sync_finish(L, task, grant_news);
}

static const struct wait_ops news_wait = {
    .name = "wait_for_writer",
    .coordination = true,
    .idle = true,
    .cancel = lua_sync_cancel,
    .finish = finish_news,
};

/* notifier:written(value, {round}) */
static int
notifier_written(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_NOTIFIER_WRITTEN};
    struct task *task =
        lua_sync_check_operation(L, HUB_NOTIFIER, "written", &op);
    lua_sync_check_options(L, 3, &op, true);
    op.timeout = HUB_TIMEOUT_DEFAULT;
    if (task->worker->http)
        op.done_at = session_last_done_at(task->worker->http);
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

/* notifier:wait_for_readers({timeout}) */
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
check_notifier_options(lua_State *L, int index)
{
    static const char *const known[] = {"readers"};
    struct hub_options options = {0};
    if (lua_isnoneornil(L, index))
        return options;
    if (!lua_istable(L, index))
        mlua_misuse(L,
                    "notifier: options are a table such as {readers = 3}, got "
                    "%s",
                    luaL_typename(L, index));
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "readers") != LUA_TNIL) {
        int ok;
        lua_Integer readers = lua_tointegerx(L, -1, &ok);
        if (!ok || readers < 1 || readers > INT32_MAX)
            mlua_misuse(L, "readers: expected a whole number from 1 on");
        options = (struct hub_options){true, (int32_t)readers};
    }
    lua_pop(L, 1);
    return options;
}

/* At load time there is no hub yet: it is told when the test begins. */
static void
declare_later(lua_State *L, const char *name, struct hub_options options)
{
    struct script *script = script_of(L);
    for (size_t i = 0; i < script->declaration_count; i++) {
        const struct declaration *known = &script->declarations[i];
        if (strcmp(known->name, name) != 0)
            continue;
        if (known->options.readers != options.readers)
            mlua_misuse(L,
                        "notifier '%s' has other options: it was made with "
                        "readers = %d, not %d",
                        name, (int)known->options.readers,
                        (int)options.readers);
        return;
    }
    script->declarations =
        xrealloc(script->declarations, (script->declaration_count + 1) *
                                           sizeof(*script->declarations));
    script->declarations[script->declaration_count++] = (struct declaration){
        .type = HUB_NOTIFIER,
        .name = xstrdup(name),
        .options = options,
    };
}

static int
grant_handle(lua_State *L, struct task *task)
{
    size_t size;
    const char *name = lua_tolstring(L, 1, &size);
    lua_handle_push(L, HUB_NOTIFIER, name, size, check_notifier_options(L, 2));
    return 1;
}

static int
finish_handle(lua_State *L, struct task *task)
{
    return lua_sync_finish(L, task, grant_handle);
}

static const struct wait_ops declare_wait = {
    .name = "molo.notifier",
    .coordination = true,
    .cancel = lua_sync_cancel,
    .finish = finish_handle,
};

/* molo.notifier(name, {readers}): a handle. */
int
lua_notifier_new(lua_State *L)
{
    const char *name = lua_sync_check_name(L, 1, "notifier");
    struct hub_op op = {
        .type = HUB_OP_DECLARE,
        .object = HUB_NOTIFIER,
        .name = name,
        .options = check_notifier_options(L, 2),
    };
    if (op.options.given && !script_of(L)->load_options) {
        wait_check(L, "molo.notifier with options");
        lua_settop(L, 2);
        return lua_sync_submit(L, &op, &declare_wait);
    }
    if (op.options.given)
        declare_later(L, name, op.options);
    lua_handle_push(L, HUB_NOTIFIER, name, strlen(name), op.options);
    return 1;
}

const luaL_Reg lua_notifier_methods[] = {
    {"free", lua_handle_free},
    {"one_read", notifier_one_read},
    {"wait_for_readers", notifier_wait_for_readers},
    {"wait_for_writer", notifier_wait_for_writer},
    {"written", notifier_written},
    {NULL, NULL},
};

/* molo.barrier */
#include <string.h>

#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

static void
record_release(lua_State *L, const struct task *task)
{
    const struct lua_handle *handle = lua_handle_test(L, 1);
    nsec_t released_at = task->wait.reply.happened_at;
    if (handle && released_at > 0)
        recorder_coord_time(task->worker->script->env.recorder, COORD_RELEASE,
                            hub_object_type_name(HUB_BARRIER), handle->name,
                            clock_now() - released_at);
}

static struct hub_op
new_op(lua_State *L, enum hub_op_type type, const char *name)
{
    struct hub_op op = {.type = type};
    lua_sync_check_operation(L, HUB_BARRIER, name, &op);
    return op;
}

/* --- the action --- */

static int grant_wait(lua_State *L, struct task *task);

static const struct wait_ops meeting_wait = LUA_SYNC_WAIT(grant_wait);

/* The hub is told when the action is over. Until then nothing may raise: the
 * others wait for it, also when the test is being stopped. The error is on top
 * of the stack, and is raised here as it is. */
static int
tell_failure(lua_State *L, struct task *task)
{
    struct hub_op op =
        lua_sync_op_on(lua_handle_test(L, 1), HUB_OP_BARRIER_ACTED);
    op.failed = true;
    const char *kind = "";
    op.given_up =
        mlua_is_error(L, -1, &kind) &&
        (strcmp(kind, "stopped") == 0 || strcmp(kind, "cancelled") == 0);
    op.text = mlua_push_text(L, -1);
    lua_sync_tell(task, &op);
    lua_pop(L, 1);
    return lua_error(L);
}

static int
on_acted(lua_State *L, int status, lua_KContext context)
{
    if (status != LUA_OK && status != LUA_YIELD)
        return tell_failure(L, (struct task *)context);
    struct hub_op op =
        lua_sync_op_on(lua_handle_test(L, 1), HUB_OP_BARRIER_ACTED);
    return lua_sync_submit(L, &op, &meeting_wait);
}

/* --- wait and exchange --- */

/* index, round */
static int
push_place(lua_State *L, const struct task *task)
{
    record_release(L, task);
    lua_pushinteger(L, task->wait.reply.index);
    lua_pushinteger(L, task->wait.reply.round);
    return 2;
}

/* The action is at index 2. */
static int
grant_wait(lua_State *L, struct task *task)
{
    if (task->wait.reply.status != HUB_ACT)
        return push_place(L, task);
    lua_settop(L, 2);
    int status = lua_pcallk(L, 0, 0, 0, (lua_KContext)task, on_acted);
    return on_acted(L, status, (lua_KContext)task);
}

/* barrier:wait({action, timeout, round}) */
static int
barrier_wait(lua_State *L)
{
    static const char *const known[] = {"action", "timeout", "round"};
    struct hub_op op = new_op(L, HUB_OP_BARRIER_WAIT, "wait");
    lua_sync_check_options_of(L, 2, &op, known, ARRAY_LENGTH(known));
    lua_settop(L, 2);
    if (lua_istable(L, 2) && lua_getfield(L, 2, "action") != LUA_TNIL) {
        if (!lua_isfunction(L, -1))
            return mlua_misuse(L, "action: expected a function, got %s",
                               luaL_typename(L, -1));
        op.has_action = true;
        lua_replace(L, 2);
    }
    lua_settop(L, 2);
    return lua_sync_submit(L, &op, &meeting_wait);
}

/* values, index, round */
static int
grant_exchange(lua_State *L, struct task *task)
{
    mlua_push_value(L, task->wait.reply.value);
    return 1 + push_place(L, task);
}

static const struct wait_ops exchange_wait = LUA_SYNC_WAIT(grant_exchange);

/* barrier:exchange(value, {timeout, round}) */
static int
barrier_exchange(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_WAIT, "exchange");
    lua_sync_check_options(L, 3, &op, true);
    lua_settop(L, 2);
    op.exchange = true;
    op.value = mlua_check_value(L, 2);
    lua_settop(L, 1);
    return lua_sync_submit(L, &op, &exchange_wait);
}

/* --- the rest --- */

/* barrier:abort() */
static int
barrier_abort(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_ABORT, "abort");
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* barrier:reset() */
static int
barrier_reset(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_RESET, "reset");
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

static int
grant_parties(lua_State *L, struct task *task)
{
    lua_pushinteger(L, task->wait.reply.index);
    return 1;
}

static int
grant_broken(lua_State *L, struct task *task)
{
    lua_pushboolean(L, task->wait.reply.broken);
    return 1;
}

static const struct wait_ops parties_wait = LUA_SYNC_WAIT(grant_parties);
static const struct wait_ops broken_wait = LUA_SYNC_WAIT(grant_broken);

/* barrier:parties() */
static int
barrier_parties(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_STATE, "parties");
    return lua_sync_submit(L, &op, &parties_wait);
}

/* barrier:waiting() */
static int
barrier_waiting(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_STATE, "waiting");
    return lua_sync_submit(L, &op, &lua_sync_number_wait);
}

/* barrier:broken() */
static int
barrier_broken(lua_State *L)
{
    struct hub_op op = new_op(L, HUB_OP_BARRIER_STATE, "broken");
    return lua_sync_submit(L, &op, &broken_wait);
}

static struct hub_options
check_options(lua_State *L, int index)
{
    static const char *const known[] = {"parties", "on_leave"};
    struct hub_options options = {0};
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    if (lua_getfield(L, index, "parties") != LUA_TNIL) {
        options.parties =
            (int32_t)mlua_check_count(L, -1, "parties", 1, INT32_MAX);
        options.given = true;
    }
    if (lua_getfield(L, index, "on_leave") != LUA_TNIL) {
        const char *choice =
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        options.shrink = strcmp(choice, "shrink") == 0;
        if (!options.shrink && strcmp(choice, "break") != 0)
            mlua_misuse(L, "on_leave: expected \"break\" or \"shrink\"");
        options.given = true;
    }
    lua_pop(L, 2);
    return options;
}

static const luaL_Reg lua_barrier_methods[] = {
    {"abort", barrier_abort},
    {"broken", barrier_broken},
    {"exchange", barrier_exchange},
    {"free", lua_handle_free},
    {"parties", barrier_parties},
    {"reset", barrier_reset},
    {"wait", barrier_wait},
    {"waiting", barrier_waiting},
    {NULL, NULL},
};

const struct lua_handle_type lua_barrier_type = {
    .type = HUB_BARRIER,
    .check_options = check_options,
    .methods = lua_barrier_methods,
};

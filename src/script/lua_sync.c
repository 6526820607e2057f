#include "script/lua_sync.h"

#include <string.h>

#include "script/lua_hold.h"
#include "script/mlua.h"
#include "script/scope.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

static const struct lua_handle *
check_handle(lua_State *L, enum hub_object_type type, const char *operation)
{
    const struct lua_handle *handle = lua_handle_test(L, 1);
    if (!handle)
        mlua_misuse(L, "%s: call it on a handle, with a colon: pad:%s(...)",
                    operation, operation);
    if (handle->type != type)
        mlua_misuse(L, "%s: '%s' is %s %s, not %s %s", operation, handle->name,
                    hub_object_type_article(handle->type),
                    hub_object_type_name(handle->type),
                    hub_object_type_article(type), hub_object_type_name(type));
    return handle;
}

const char *
lua_sync_check_name(lua_State *L, int index, const char *what)
{
    size_t size;
    if (lua_type(L, index) != LUA_TSTRING)
        mlua_misuse(L, "%s: expected a name, got %s", what,
                    luaL_typename(L, index));
    const char *name = lua_tolstring(L, index, &size);
    if (size == 0 || strlen(name) != size)
        mlua_misuse(L, "%s: a name is not empty and has no NUL byte", what);
    return name;
}

void
lua_sync_check_options_of(lua_State *L, int index, struct hub_op *op,
                          const char *const *known, size_t count)
{
    op->timeout = HUB_TIMEOUT_DEFAULT;
    if (lua_isnoneornil(L, index))
        return;
    if (!lua_istable(L, index))
        mlua_misuse(L, "options are a table such as {timeout = 5}, got %s",
                    luaL_typename(L, index));
    mlua_check_keys(L, index, known, count);
    if (lua_getfield(L, index, "timeout") != LUA_TNIL) {
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
            op->timeout = HUB_TIMEOUT_NONE;
        else
            op->timeout = mlua_check_time(L, -1, "timeout");
    }
    if (lua_getfield(L, index, "round") != LUA_TNIL)
        op->round = mlua_check_count(L, -1, "round", 1, INT64_MAX);
}

void
lua_sync_check_options(lua_State *L, int index, struct hub_op *op,
                       bool takes_round)
{
    static const char *const known[] = {"timeout", "round"};
    lua_sync_check_options_of(L, index, op, known, takes_round ? 2 : 1);
}

/* --- operations --- */

struct hub_op
lua_sync_op_on(const struct lua_handle *handle, enum hub_op_type type)
{
    return (struct hub_op){
        .type = type,
        .object = handle->type,
        .room = handle->room,
        .name = handle->name,
        .options = handle->options,
        .timeout = HUB_TIMEOUT_DEFAULT,
    };
}

void
lua_sync_post(struct task *task, struct hub_op *op)
{
    const struct worker *worker = task->worker;
    struct hub_port *port = worker->script->env.port;
    op->id = (struct hub_id){worker->id, task->id, task->wait.seq};
    op->step = worker->step;
    port->submit(port, op);
}

void
lua_sync_tell(struct task *task, struct hub_op *op)
{
    task->wait.seq++;
    lua_sync_post(task, op);
}

int
lua_sync_submit(lua_State *L, struct hub_op *op, const struct wait_ops *ops)
{
    struct task *task = script_of(L)->current;
    char where[96];
    mlua_where(L, where, sizeof(where));
    /* A handle outlives the wait: it is on the task's stack. */
    wait_claim(task, ops, (void *)(uintptr_t)lua_handle_test(L, 1));
    task->wait.asked = op->type;
    task->wait.amount = op->amount;
    op->enclosed = scopes_enclose(task);
    op->where = where;
    lua_sync_post(task, op);
    value_unref(op->value);
    return wait_yield(L, task);
}

void
lua_sync_cancel(struct task *task, bool given_up)
{
    lua_sync_post(task, &(struct hub_op){
                            .type = HUB_OP_CANCEL,
                            .given_up = given_up,
                        });
}

static const char *
kind_of(enum hub_status status)
{
    switch (status) {
    case HUB_TIMEOUT:
        return "timeout";
    case HUB_BROKEN:
        return "broken";
    case HUB_EXHAUSTED:
        return "exhausted";
    case HUB_DEADLOCK:
        return "deadlock";
    case HUB_CANCELLED:
        return "cancelled";
    case HUB_CLOSED:
        return "closed";
    case HUB_LEAKED:
        return "leaked";
    case HUB_GRANTED:
    case HUB_MAKE:
    case HUB_ACT:
    case HUB_WOULD_WAIT:
    case HUB_MISUSE:
    case HUB_STOPPED:
    case HUB_FAILED:
        break;
    }
    return "script";
}

/* The error of another worker's factory: its kind, a line break, its message;
 * see lua/molo/var.lua. */
static void
push_factory_error(lua_State *L, const char *text)
{
    const char *end = strchr(text, '\n');
    if (!end) {
        mlua_push_error(L, "script", text);
        return;
    }
    lua_pushlstring(L, text, (size_t)(end - text));
    mlua_push_error(L, lua_tostring(L, -1), end + 1);
    lua_remove(L, -2);
}

int
lua_sync_finish(lua_State *L, struct task *task,
                int (*granted)(lua_State *L, struct task *task))
{
    const struct wait_reply *reply = &task->wait.reply;
    const char *text = reply->text ? reply->text : "";
    switch (reply->status) {
    case HUB_GRANTED:
    case HUB_MAKE:
    case HUB_ACT:
    case HUB_WOULD_WAIT:
        return granted(L, task);
    case HUB_MISUSE:
        return mlua_misuse(L, "%s", text);
    case HUB_STOPPED:
        return task_raise_stopped(L, task);
    case HUB_CANCELLED:
        if (task->wait.cancelled)
            return task_raise_cancellation(L, task);
        break;
    case HUB_TIMEOUT:
    case HUB_BROKEN:
    case HUB_EXHAUSTED:
    case HUB_DEADLOCK:
    case HUB_FAILED:
    case HUB_CLOSED:
    case HUB_LEAKED:
        break;
    }
    if (reply->status == HUB_FAILED)
        push_factory_error(L, text);
    else
        mlua_push_error(L, kind_of(reply->status), text);
    /* Argument 1 of every operation is a handle or the name of a variable. */
    const struct lua_handle *handle = lua_handle_test(L, 1);
    lua_pushstring(L, handle ? handle->name : lua_tostring(L, 1));
    lua_setfield(L, -2, "name");
    if (reply->status == HUB_TIMEOUT) {
        lua_pushnumber(L, nsec_to_seconds(reply->waited));
        lua_setfield(L, -2, "waited");
    }
    if (reply->culprit != HUB_GLOBAL) {
        lua_pushinteger(L, reply->culprit);
        lua_setfield(L, -2, "worker_id");
    }
    return lua_error(L);
}

void
lua_sync_check_not_updating(lua_State *L, const struct task *task,
                            const char *what)
{
    if (task->updating > 0)
        mlua_misuse(L,
                    "%s cannot be used inside the function of update_var: "
                    "others wait for the variable meanwhile",
                    what);
}

/* Never waits, and others may be waiting for it. */
static bool
is_brief(enum hub_op_type type)
{
    static const bool brief[] = {
        [HUB_OP_NOTIFIER_WRITTEN] = true, [HUB_OP_NOTIFIER_ONE_READ] = true,
        [HUB_OP_BARRIER_ABORT] = true,    [HUB_OP_BARRIER_RESET] = true,
        [HUB_OP_EVENT_SET] = true,        [HUB_OP_EVENT_CLEAR] = true,
        [HUB_OP_LOCK_RELEASE] = true,     [HUB_OP_SEMAPHORE_RELEASE] = true,
        [HUB_OP_CONDITION_NOTIFY] = true, [HUB_OP_QUEUE_DONE] = true,
        [HUB_OP_QUEUE_CLOSE] = true,
    };
    return type < ARRAY_LENGTH(brief) && brief[type];
}

struct task *
lua_sync_check_operation(lua_State *L, enum hub_object_type type,
                         const char *name, struct hub_op *op)
{
    const struct lua_handle *handle = check_handle(L, type, name);
    struct task *task =
        is_brief(op->type) ? wait_check_brief(L, name) : wait_check(L, name);
    lua_sync_check_not_updating(L, task, name);
    op->object = type;
    op->name = handle->name;
    op->room = handle->room;
    op->options = handle->options;
    op->timeout = HUB_TIMEOUT_DEFAULT;
    return task;
}

int
lua_sync_grant_nothing(lua_State *L, struct task *task)
{
    return 0;
}

const struct wait_ops lua_sync_plain_wait =
    LUA_SYNC_WAIT(lua_sync_grant_nothing);

static int
grant_attempt(lua_State *L, struct task *task)
{
    lua_pushboolean(L, task->wait.reply.status == HUB_GRANTED);
    return 1;
}

const struct wait_ops lua_sync_attempt_wait = LUA_SYNC_WAIT(grant_attempt);

void
lua_sync_push_news(lua_State *L, struct task *task)
{
    const struct wait_reply *reply = &task->wait.reply;
    const struct lua_handle *handle = lua_handle_test(L, 1);
    if (reply->happened_at > 0 && handle)
        recorder_coord_time(task->worker->script->env.recorder,
                            COORD_PROPAGATION,
                            hub_object_type_name(handle->type), handle->name,
                            clock_now() - reply->happened_at);
    mlua_push_value(L, reply->value);
}

static int
grant_number(lua_State *L, struct task *task)
{
    lua_pushinteger(L, task->wait.reply.number);
    return 1;
}

const struct wait_ops lua_sync_number_wait = LUA_SYNC_WAIT(grant_number);

static int
grant_flag(lua_State *L, struct task *task)
{
    lua_pushboolean(L, task->wait.reply.number != 0);
    return 1;
}

const struct wait_ops lua_sync_flag_wait = LUA_SYNC_WAIT(grant_flag);

void
lua_sync_open(lua_State *L)
{
    lua_newtable(L);
    lua_handle_open(L);
    lua_hold_open(L);
}

#include "script/lua_task.h"

#include <lauxlib.h>

#include "script/lua_identity.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/tasks.h"

static const char task_metatable[] = "molo.task";

static struct task_handle *
check_handle(lua_State *L, const char *method)
{
    struct task_handle *handle = luaL_testudata(L, 1, task_metatable);
    if (!handle)
        mlua_misuse(L, "%s: call it on a task, with a colon: task:%s()", method,
                    method);
    return handle;
}

struct task *
lua_task_check(lua_State *L, const char *what)
{
    struct task *task = task_check(L, what);
    lua_sync_check_not_updating(L, task, what);
    return task;
}

static void
check_same_worker(lua_State *L, const struct task_handle *handle,
                  const struct task *task, const char *what)
{
    if (handle->worker_id != task->worker->id)
        mlua_misuse(L, "%s: this task belongs to worker %d, not to worker %d",
                    what, (int)handle->worker_id, (int)task->worker->id);
}

/* --- beginning --- */

struct child *
lua_task_spawn(lua_State *L, const char *what, struct scope *group, int index)
{
    struct task *task = lua_task_check(L, what);
    if (lua_type(L, index) != LUA_TFUNCTION)
        mlua_misuse(L, "%s: expected a function, got %s", what,
                    luaL_typename(L, index));
    if (task->stop_wanted || task->stop_raised)
        task_raise_stopped(L, task);
    return tasks_spawn(L, task, group, index);
}

/* task.spawn(fn, ...) -> task */
static int
task_spawn(lua_State *L)
{
    lua_task_spawn(L, "molo.spawn", NULL, 1);
    return 1;
}

/* task.spawn_held(fn, ...) -> task: goes on after its pause when the task that
 * called this says so, or ends. */
static int
task_spawn_held(lua_State *L)
{
    lua_task_spawn(L, "molo.hold_task", NULL, 1)->held = true;
    return 1;
}

/* --- waiting for the end --- */

/* The results of the task at index 1, or its error. */
static int
push_outcome(lua_State *L)
{
    struct task_handle *handle = lua_touserdata(L, 1);
    if (handle->child)
        handle->child->observed = true;
    lua_getiuservalue(L, 1, 1);
    if (handle->outcome != TASK_OK)
        return lua_error(L);
    lua_getfield(L, -1, "n");
    int count = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    luaL_checkstack(L, count, "too many results of a task");
    int list = lua_gettop(L);
    for (int i = 1; i <= count; i++)
        lua_rawgeti(L, list, i);
    return count;
}

static int
grant_join(lua_State *L, struct task *task)
{
    return push_outcome(L);
}

static int
grant_paused(lua_State *L, struct task *task)
{
    if (task->wait.reply.number == 0)
        push_outcome(L); /* raises its error */
    lua_pushboolean(L, task->wait.reply.number != 0);
    return 1;
}

static const struct wait_ops join_wait = LUA_SYNC_WAIT(grant_join);
static const struct wait_ops paused_wait = LUA_SYNC_WAIT(grant_paused);

static int
join(lua_State *L, const struct task_handle *handle, nsec_t timeout,
     const struct wait_ops *ops)
{
    return lua_sync_submit(L,
                           &(struct hub_op){
                               .type = HUB_OP_TASK_JOIN,
                               .other = handle->id,
                               .or_paused = ops == &paused_wait,
                               .timeout = timeout,
                           },
                           ops);
}

/* task:join({timeout}) -> results. Without a timeout it takes what it takes:
 * what the task waits for has timeouts of its own. */
static int
task_join(lua_State *L)
{
    const struct task_handle *handle = check_handle(L, "join");
    struct task *task = lua_task_check(L, "task:join");
    struct hub_op op = {0};
    check_same_worker(L, handle, task, "task:join");
    lua_sync_check_options(L, 2, &op, false);
    if (handle->id == task->id)
        return mlua_misuse(L, "task:join: a task cannot wait for its own end");
    lua_settop(L, 1);
    if (handle->outcome != TASK_LIVE)
        return push_outcome(L);
    wait_check(L, "task:join");
    if (op.timeout == HUB_TIMEOUT_DEFAULT)
        op.timeout = HUB_TIMEOUT_NONE;
    return join(L, handle, op.timeout, &join_wait);
}

/* task.join_held(task, until_pause, timeout): true when it pauses. Its results
 * when it has ended, or only false if its pause was waited for. */
static int
task_join_held(lua_State *L)
{
    const struct task_handle *handle = lua_touserdata(L, 1);
    bool until_pause = lua_toboolean(L, 2);
    struct hub_op op = {0};
    lua_sync_check_options(L, 3, &op, false);
    lua_settop(L, 1);
    if (handle->outcome != TASK_LIVE) {
        int count = push_outcome(L);
        if (!until_pause)
            return count;
        lua_pushboolean(L, false);
        return 1;
    }
    wait_check(L, "molo.hold_task");
    return join(L, handle, op.timeout, until_pause ? &paused_wait : &join_wait);
}

/* task.check_limit(options): misuse if the timeout is none. */
static int
task_check_limit(lua_State *L)
{
    struct hub_op op = {0};
    lua_sync_check_options(L, 1, &op, false);
    wait_check(L, "molo.hold_task");
    return 0;
}

/* task.await(task): until it has ended, or something is asked of the caller;
 * raises only the latter. */
static int
task_await(lua_State *L)
{
    const struct task_handle *handle = lua_touserdata(L, 1);
    if (handle->outcome != TASK_LIVE)
        return 0;
    return tasks_await(L, wait_check(L, "the end of a group"), handle->id);
}

/* --- its end --- */

/* task:cancel() */
static int
task_method_cancel(lua_State *L)
{
    const struct task_handle *handle = check_handle(L, "cancel");
    struct task *task = task_check(L, "task:cancel");
    check_same_worker(L, handle, task, "task:cancel");
    if (handle->outcome == TASK_LIVE)
        task_cancel(&handle->child->task);
    return 0;
}

/* task:done() -> boolean */
static int
task_done(lua_State *L)
{
    lua_pushboolean(L, check_handle(L, "done")->outcome != TASK_LIVE);
    return 1;
}

/* task.outcome(task) -> "ok", "failed" or "cancelled"; error, order. Nothing
 * while it lives. */
static int
task_outcome(lua_State *L)
{
    static const char *const names[] = {
        [TASK_OK] = "ok",
        [TASK_FAILED] = "failed",
        [TASK_CANCELLED] = "cancelled",
    };
    const struct task_handle *handle = lua_touserdata(L, 1);
    if (handle->outcome == TASK_LIVE)
        return 0;
    lua_pushstring(L, names[handle->outcome]);
    if (handle->outcome == TASK_OK)
        lua_pushnil(L);
    else
        lua_getiuservalue(L, 1, 1);
    lua_pushinteger(L, handle->order);
    return 3;
}

/* --- holding --- */

static int
finish_pause(lua_State *L, struct task *task)
{
    container_of(task, struct child, task)->paused = false;
    return lua_sync_finish(L, task, lua_sync_grant_nothing);
}

static const struct wait_ops pause_wait = {
    .coordination = true,
    .idle = true,
    .finish = finish_pause,
};

/* task.pause(): in a held task, until it is let go. */
static int
task_pause(lua_State *L)
{
    struct task *task = lua_task_check(L, "pause()");
    struct child *child = NULL;
    if (task->id != TASK_ROOT)
        child = container_of(task, struct child, task);
    if (!child || !child->held)
        return mlua_misuse(L, "pause() can only be called by the task that "
                              "molo.hold_task has started");
    wait_check(L, "pause()");
    lua_settop(L, 0);
    if (child->let_go)
        return 0;
    child->paused = true;
    return lua_sync_submit(L,
                           &(struct hub_op){
                               .type = HUB_OP_TASK_PAUSE,
                               .timeout = HUB_TIMEOUT_NONE,
                           },
                           &pause_wait);
}

/* task.let_go(task): does not wait. */
static int
task_let_go(lua_State *L)
{
    const struct task_handle *handle = lua_touserdata(L, 1);
    if (handle->outcome == TASK_LIVE)
        tasks_let_go(handle->child);
    return 0;
}

/* --- errors --- */

/* task.complete(err) -> error object, with traceback: a message handler */
static int
task_complete(lua_State *L)
{
    lua_settop(L, 1);
    mlua_complete_error(L);
    return 1;
}

/* task.failure(kind, message) -> error object with the caller's line */
static int
task_failure(lua_State *L)
{
    char where[128];
    mlua_where(L, where, sizeof(where));
    mlua_push_error_at(L, where, luaL_checkstring(L, 1),
                       luaL_checkstring(L, 2));
    return 1;
}

static int
task_tostring(lua_State *L)
{
    const struct task_handle *handle = check_handle(L, "tostring");
    lua_pushfstring(L, "task %d of worker %d", (int)handle->id,
                    (int)handle->worker_id);
    return 1;
}

static const luaL_Reg task_meta[] = {
    {"__tostring", task_tostring},
    {NULL, NULL},
};
static const luaL_Reg task_functions[] = {
    {"await", task_await},           {"check_limit", task_check_limit},
    {"complete", task_complete},     {"failure", task_failure},
    {"join_held", task_join_held},   {"let_go", task_let_go},
    {"outcome", task_outcome},       {"pause", task_pause},
    {"session", lua_identity_make},  {"spawn", task_spawn},
    {"spawn_held", task_spawn_held}, {NULL, NULL},
};
static const luaL_Reg task_methods[] = {
    {"cancel", task_method_cancel},
    {"done", task_done},
    {"join", task_join},
    {NULL, NULL},
};
void
lua_task_open(lua_State *L)
{
    mlua_new_class(L, task_metatable, task_methods, task_meta);
    luaL_newlib(L, task_functions);
    lua_scope_open(L);
}

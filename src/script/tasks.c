#include "script/tasks.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hub/op.h"
#include "script/limit.h"
#include "script/lua_defer.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/scope.h"
#include "script/script_internal.h"
#include "script/state.h"

static struct child *
of_link(struct list *link)
{
    return container_of(link, struct child, link);
}

static struct task_handle *
handle_of(const struct child *child)
{
    lua_State *L = child->task.worker->script->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, child->handle_ref);
    struct task_handle *handle = lua_touserdata(L, -1);
    lua_pop(L, 1); /* the registry keeps it */
    return handle;
}

/* --- the beginning --- */

static void
push_handle(lua_State *L, struct child *child)
{
    struct task_handle *handle = lua_newuserdatauv(L, sizeof(*handle), 1);
    *handle = (struct task_handle){
        .child = child,
        .worker_id = child->task.worker->id,
        .id = child->task.id,
    };
    luaL_setmetatable(L, "molo.task");
    lua_pushvalue(L, -1);
    child->handle_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

struct child *
tasks_spawn(lua_State *L, struct task *parent, struct scope *group, int index)
{
    struct worker *worker = parent->worker;
    int nargs = lua_gettop(L) - index;
    lua_State *co = lua_newthread(L);
    if (!lua_checkstack(co, nargs + LUA_MINSTACK))
        luaL_error(L, "too many arguments of a task");
    lua_insert(L, index);
    lua_xmove(L, co, nargs + 1);
    state_mark_task(co);
    struct child *child = xmalloc(sizeof(*child));
    *child = (struct child){.parent = parent->id, .group = group};
    child->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    task_init(&child->task, worker, ++worker->last_task, co);
    push_handle(L, child);
    list_append(&worker->tasks, &child->link);
    worker->live_tasks++;
    child->observed = group != NULL;
    child->task.enclosed = group && scopes_enclose(group->task);
    lua_sync_post(&child->task, &(struct hub_op){
                                    .type = HUB_OP_TASK_BEGIN,
                                    .other = parent->id,
                                });
    task_call(&child->task, nargs);
    child->task.polling = parent->polling;
    return child;
}

/* --- the end --- */

static void
forget(struct child *child)
{
    lua_State *L = child->task.worker->script->L;
    handle_of(child)->child = NULL;
    list_remove(&child->link);
    luaL_unref(L, LUA_REGISTRYINDEX, child->task.error_ref);
    task_finish(&child->task);
    luaL_unref(L, LUA_REGISTRYINDEX, child->handle_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, child->co_ref);
    free(child);
}

static void
push_results(lua_State *co)
{
    int count = lua_gettop(co);
    lua_createtable(co, count, 1);
    lua_insert(co, 1);
    lua_pushinteger(co, count);
    lua_setfield(co, 1, "n");
    for (int i = count; i > 0; i--)
        lua_rawseti(co, 1, i);
}

/* Pushes why it ended otherwise than by returning. */
static void
push_error(struct task *task)
{
    lua_State *co = task->co;
    if (task->error_ref != LUA_NOREF) {
        lua_rawgeti(co, LUA_REGISTRYINDEX, task->error_ref);
    } else if (lua_gettop(co) == 0) {
        mlua_push_error(co, task->stop_raised ? "stopped" : "cancelled",
                        "the task did not end in time and was taken down");
    }
}

static enum task_outcome
failure_of(const struct task *task, lua_State *L)
{
    const char *kind;
    if (task->cancel_asked && mlua_is_error(L, -1, &kind) &&
        strcmp(kind, "cancelled") == 0)
        return TASK_CANCELLED;
    return TASK_FAILED;
}

/* Leaves on the stack of the task what it ended with. */
static enum task_outcome
take_outcome(struct task *task, int status)
{
    lua_checkstack(task->co, LUA_MINSTACK);
    if (status == LUA_OK && !task->body_failed) {
        push_results(task->co);
        return TASK_OK;
    }
    push_error(task);
    return failure_of(task, task->co);
}

/* The error on top is that of a cancelled task, to which a group may have
 * attached what failed meanwhile: pushes the first of it. */
static bool
push_attached(lua_State *L)
{
    int top = lua_gettop(L);
    if (lua_istable(L, top) && lua_getfield(L, top, "errors") == LUA_TTABLE &&
        lua_rawgeti(L, -1, 1) != LUA_TNIL) {
        lua_replace(L, top + 1);
        return true;
    }
    lua_settop(L, top);
    return false;
}

static bool
has_attached(lua_State *L)
{
    bool has = push_attached(L);
    lua_pop(L, has);
    return has;
}

static void
on_task_failed(struct child *child)
{
    struct scope *group = child->group;
    if (!group || !group->task || group->failed)
        return;
    group->failed = true;
    tasks_cancel(child->task.worker, group);
    scope_cancel(group);
}

static void
adopt(struct worker *worker, const struct child *gone)
{
    list_for_each (it, &worker->tasks)
        if (of_link(it)->parent == gone->task.id)
            of_link(it)->parent = gone->parent;
}

/* Who does not wait in the hub looks again at every end. */
static void
wake_outside(struct task *task)
{
    if (task->wait.ops && task->wait.ops->for_tasks &&
        !task->wait.ops->coordination)
        task_wake(task);
}

static void
wake_all_outside(struct worker *worker)
{
    wake_outside(&worker->task);
    list_for_each (it, &worker->tasks)
        wake_outside(&of_link(it)->task);
}

void
tasks_let_go(struct child *child)
{
    if (!child->held || child->let_go)
        return;
    child->let_go = true;
    if (child->ended || !child->paused)
        return;
    /* Nobody awaits the reply: no wait has the number 0. */
    const struct worker *worker = child->task.worker;
    worker->script->env.port->submit(worker->script->env.port,
                                     &(struct hub_op){
                                         .type = HUB_OP_TASK_RESUME,
                                         .id = {worker->id, child->task.id, 0},
                                         .step = worker->step,
                                         .other = child->task.id,
                                     });
}

/* All that this task holds. */
static void
let_go_held_by(struct worker *worker, uint32_t holder)
{
    list_for_each (it, &worker->tasks)
        if (of_link(it)->parent == holder)
            tasks_let_go(of_link(it));
}

void
tasks_on_done(struct task *task, int status)
{
    struct child *child = container_of(task, struct child, task);
    struct worker *worker = task->worker;
    struct task_handle *handle = handle_of(child);
    handle->outcome = take_outcome(task, status);
    handle->order = ++worker->last_end;
    lua_State *co = task->co;
    bool to_be_told = handle->outcome == TASK_FAILED ||
                      (handle->outcome == TASK_CANCELLED && has_attached(co));
    lua_rawgeti(co, LUA_REGISTRYINDEX, child->handle_ref);
    lua_insert(co, -2);
    lua_setiuservalue(co, -2, 1);
    lua_settop(co, 0);
    if (task->stop_raised)
        worker->was_stopped = true;
    child->ended = true;
    worker_end_task(worker);
    bool ok = handle->outcome == TASK_OK;
    if (handle->outcome == TASK_FAILED)
        on_task_failed(child);
    let_go_held_by(worker, task->id);
    adopt(worker, child);
    lua_sync_post(task, &(struct hub_op){
                            .type = HUB_OP_TASK_END,
                            .other = child->parent,
                            .failed = !ok,
                        });
    wake_all_outside(worker);
    if (!to_be_told || child->observed)
        forget(child);
}

void
tasks_cancel(struct worker *worker, const struct scope *group)
{
    list_for_each (it, &worker->tasks)
        if (!of_link(it)->ended && (!group || of_link(it)->group == group))
            task_cancel(&of_link(it)->task);
}

void
tasks_cancel_groups(const struct task *owner)
{
    list_for_each (it, &owner->worker->tasks) {
        struct child *child = of_link(it);
        if (child->ended || !child->group || child->group->task != owner)
            continue;
        child->group->failed = true;
        task_cancel(&child->task);
    }
}

void
tasks_limit_cleanup(struct worker *worker)
{
    list_for_each (it, &worker->tasks)
        if (!of_link(it)->ended)
            task_limit_cleanup(&of_link(it)->task);
}

struct task *
tasks_find(struct worker *worker, uint32_t id)
{
    if (id == TASK_ROOT)
        return &worker->task;
    list_for_each (it, &worker->tasks)
        if (of_link(it)->task.id == id && !of_link(it)->ended)
            return &of_link(it)->task;
    return NULL;
}

/* --- waiting for them --- */

static void
cancel_nothing(struct task *task)
{
}

/* Claims the slot and waits for the end of task `id`: in the hub, so that a
 * deadlock is seen, unless the hub has told this worker to stop waiting. */
static int
await(lua_State *L, struct task *task, uint32_t id,
      const struct wait_ops *in_hub, const struct wait_ops *outside)
{
    if (task->stop_raised) {
        wait_claim(task, outside, NULL);
        return wait_yield(L, task);
    }
    char where[96];
    mlua_where(L, where, sizeof(where));
    wait_claim(task, in_hub, NULL);
    lua_sync_post(task, &(struct hub_op){
                            .type = HUB_OP_TASK_JOIN,
                            .other = id,
                            .timeout = HUB_TIMEOUT_NONE,
                            .enclosed = scopes_enclose(task),
                            .where = where,
                        });
    return wait_yield(L, task);
}

static int
finish_outside(lua_State *L, struct task *task)
{
    return 0;
}

static const struct wait_ops await_wait = {
    .coordination = true,
    .for_tasks = true,
    .idle = true,
    .granted = lua_sync_grant_nothing,
};
static const struct wait_ops outside_wait = {
    .for_tasks = true,
    .idle = true,
    .cancel = cancel_nothing,
    .finish = finish_outside,
};

int
tasks_await(lua_State *L, struct task *task, uint32_t id)
{
    return await(L, task, id, &await_wait, &outside_wait);
}

/* --- the end of the call --- */

static struct child *
first_live(struct worker *worker)
{
    list_for_each (it, &worker->tasks)
        if (!of_link(it)->ended)
            return of_link(it);
    return NULL;
}

/* Its function is over: an error takes the place of its result. */
static void
fail_root(lua_State *L, struct task *root, const char *kind)
{
    if (root->body_failed)
        return;
    const char *text = root->wait.reply.text;
    mlua_push_error(L, kind, text ? text : "");
    lua_replace(L, 2);
    root->body_failed = true;
}

static int
finish_await_all(lua_State *L, struct task *root)
{
    enum hub_status status = root->wait.reply.status;
    if (status == HUB_STOPPED || status == HUB_CANCELLED) {
        root->stop_wanted = false;
        root->stop_raised = true;
        task_limit_cleanup(root);
    } else if (status == HUB_DEADLOCK) {
        fail_root(L, root, "deadlock");
    }
    return tasks_await_all(L, root);
}

static const struct wait_ops await_all_wait = {
    .coordination = true,
    .for_tasks = true,
    .idle = true,
    .finish = finish_await_all,
};
static const struct wait_ops outside_all_wait = {
    .for_tasks = true,
    .idle = true,
    .cancel = cancel_nothing,
    .finish = tasks_await_all,
};

int
tasks_await_all(lua_State *L, struct task *root)
{
    struct worker *worker = root->worker;
    let_go_held_by(worker, TASK_ROOT);
    if (root->body_failed && !root->cleaning)
        tasks_cancel(worker, NULL);
    if (root->stop_raised)
        worker_stop(worker);
    const struct child *child = first_live(worker);
    if (!child) {
        limit_end(worker);
        return root->defer_ref == LUA_NOREF ? 1 : lua_defer_run(L, root);
    }
    return await(L, root, child->task.id, &await_all_wait, &outside_all_wait);
}

void
tasks_stop(struct worker *worker)
{
    list_for_each (it, &worker->tasks)
        task_stop(&of_link(it)->task);
}

void
tasks_reset(struct worker *worker)
{
    list_for_each (it, &worker->tasks)
        task_reset(&of_link(it)->task);
}

void
tasks_leave_group(struct worker *worker, const struct scope *group)
{
    list_for_each (it, &worker->tasks) {
        struct child *child = of_link(it);
        if (child->group != group)
            continue;
        child->group = NULL;
        if (!child->ended)
            task_cancel(&child->task);
    }
}

bool
tasks_push_failure(struct worker *worker, lua_State *L)
{
    list_for_each (it, &worker->tasks) {
        struct child *child = of_link(it);
        if (child->ended && !child->observed &&
            child->task.error_ref != LUA_NOREF) {
            lua_rawgeti(L, LUA_REGISTRYINDEX, child->task.error_ref);
            if (handle_of(child)->outcome == TASK_CANCELLED && push_attached(L))
                lua_remove(L, -2);
            return true;
        }
    }
    return false;
}

void
tasks_finish(struct worker *worker)
{
    list_for_each (it, &worker->tasks)
        forget(of_link(it));
}

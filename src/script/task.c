#include "script/task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/limit.h"
#include "script/lua_defer.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/scope.h"
#include "script/script_internal.h"
#include "script/state.h"
#include "script/tasks.h"
#include "script/worker.h"

/* Whether the error to be remembered is a cancellation: no reason to fail by
 * itself, when more follows. */
static bool
remembers_cancellation(lua_State *L, const struct task *task)
{
    const char *kind;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->error_ref);
    bool is = mlua_is_error(L, -1, &kind) && strcmp(kind, "cancelled") == 0;
    lua_pop(L, 1);
    return is;
}

static int
message_handler(lua_State *L)
{
    struct task *task = script_of(L)->current;
    mlua_complete_error(L);
    /* What `<close>` variables raise while the test is being stopped, or the
     * task is taken down, must not hide why the run failed before. */
    if (task->stop_raised || task->resetting || task->failed_before)
        return 1;
    if (task->error_ref == LUA_NOREF) {
        lua_pushvalue(L, -1);
        task->error_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    } else if (remembers_cancellation(L, task)) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, LUA_REGISTRYINDEX, task->error_ref);
    }
    return 1;
}

static int
body_done(lua_State *L, int status, lua_KContext context)
{
    struct task *task = (struct task *)context;
    task->body_failed = status != LUA_OK && status != LUA_YIELD;
    task->body_over = true;
    if (status == LUA_ERRMEM)
        memory_complete_error(L, task);
    if (task->id != TASK_ROOT)
        return task->defer_ref == LUA_NOREF ? lua_gettop(L) - 1
                                            : lua_defer_run(L, task);
    lua_settop(L, 2);
    return tasks_await_all(L, task);
}

/* The whole of a call runs under one protected call inside the coroutine, so
 * that `<close>` variables run, and may wait, when it fails. */
static int
body(lua_State *L)
{
    struct task *task = script_of(L)->current;
    int nargs = lua_gettop(L) - 1;
    lua_pushcfunction(L, message_handler);
    lua_insert(L, 1);
    int status =
        lua_pcallk(L, nargs, LUA_MULTRET, 1, (lua_KContext)task, body_done);
    return body_done(L, status, (lua_KContext)task);
}

/* The only place that resumes a coroutine of molo's. */
static void
task_resume(struct task *task, int nargs)
{
    struct script *script = task->worker->script;
    script_enter(script);
    script->current = task;
    int nresults = 0;
    int status = lua_resume(task->co, script->L, nargs, &nresults);
    script->current = NULL;
    if (status == LUA_YIELD) {
        lua_pop(task->co, nresults);
        if (task->parked) {
            task->worker->task.parked = true;
            worker_reset(task->worker);
        }
        return;
    }
    task->running = false;
    timer_stop(&task->cleanup);
    worker_on_task_done(task, status);
}

static void
on_ready(struct job *job)
{
    struct task *task = container_of(job, struct task, ready);
    /* The first resume of a call finds its function and arguments on the
     * stack, every other one nothing: continuations push the results. */
    int nargs = 0;
    if (lua_status(task->co) == LUA_OK)
        nargs = lua_gettop(task->co) - 1;
    task_resume(task, nargs);
}

static void
on_cleanup_over(struct timer *timer)
{
    struct task *task = container_of(timer, struct task, cleanup);
    if (!task->running)
        return;
    /* Those it waits for were told to end after it was, or are told now. */
    if (task->wait.ops && task->wait.ops->for_tasks) {
        tasks_cancel_groups(task);
        if (task->id == TASK_ROOT && task->body_over) {
            tasks_cancel(task->worker, NULL);
            tasks_limit_cleanup(task->worker);
        }
        timer_start(timer, nsec_add(clock_now(), TASK_CLEANUP / 50));
        return;
    }
    task->overdue = true;
    task_reset(task);
}

static void
on_timer(struct timer *timer)
{
    task_wake(container_of(timer, struct task, timer));
}

void
task_init(struct task *task, struct worker *worker, uint32_t id, lua_State *co)
{
    *task = (struct task){
        .worker = worker,
        .id = id,
        .co = co,
        .defer_ref = LUA_NOREF,
        .error_ref = LUA_NOREF,
    };
    list_init(&task->scopes);
    job_init(&task->ready, on_ready);
    timer_init(&task->timer, worker->script->env.loop, on_timer);
    timer_init(&task->cleanup, worker->script->env.loop, on_cleanup_over);
}

void
task_finish(struct task *task)
{
    loop_unpost(task->worker->script->env.loop, &task->ready);
    timer_stop(&task->timer);
    timer_stop(&task->cleanup);
    scopes_finish(task);
    luaL_unref(task->worker->script->L, LUA_REGISTRYINDEX, task->defer_ref);
    wait_finish(&task->wait);
}

void
task_call(struct task *task, int nargs)
{
    task->running = true;
    task->stop_raised = false;
    task->stop_wanted = false;
    task->cancel_asked = false;
    task->cancel_raised = false;
    task->resetting = false;
    task->parked = false;
    task->overdue = false;
    task->body_over = false;
    task->body_failed = false;
    task->cleaning = false;
    task->failed_before = false;
    task->no_results = false;
    task->watched = false;
    task->updating = 0;
    task->polling = 0;
    task->attempt = NULL;
    state_watch_closely(task->co, false);
    lua_pushcfunction(task->co, body);
    lua_insert(task->co, -(nargs + 2));
    loop_post(task->worker->script->env.loop, &task->ready);
}

void
task_wake(struct task *task)
{
    struct wait *wait = &task->wait;
    if (!wait->ops || wait->done)
        return;
    wait->done = true;
    if (!wait->submitting)
        loop_post(task->worker->script->env.loop, &task->ready);
}

void
task_limit_cleanup(struct task *task)
{
    if (!timer_is_armed(&task->cleanup))
        timer_start(&task->cleanup, nsec_add(clock_now(), TASK_CLEANUP));
}

void
task_interrupt(struct task *task)
{
    struct wait *wait = &task->wait;
    if (!wait->ops || wait->done || wait->cancelled)
        return;
    wait->cancelled = true;
    if (wait->ops->coordination) {
        lua_sync_cancel(task, false); /* its answer wakes the task */
        return;
    }
    wait->ops->cancel(task);
    task_wake(task);
}

void
task_stop(struct task *task)
{
    if (!task->running || task->stop_raised || task->stop_wanted)
        return;
    if (task->cleaning) {
        task_limit_cleanup(task);
        return;
    }
    if (task->cancel_raised)
        return; /* its clean-up goes on, and is limited already */
    task->stop_wanted = true;
    task_interrupt(task);
}

void
task_cancel(struct task *task)
{
    if (!task->running || task->cancel_asked)
        return;
    if (task->cleaning) {
        task_limit_cleanup(task);
        return;
    }
    if (task->stop_raised || task->stop_wanted)
        return; /* asked for more already */
    task->cancel_asked = true;
    task_interrupt(task);
}

void
task_reset(struct task *task)
{
    struct worker *worker = task->worker;
    struct script *script = worker->script;
    if (!task->running)
        return;
    wait_take_down(task);
    loop_unpost(script->env.loop, &task->ready);
    timer_stop(&task->cleanup);
    task->resetting = true;
    struct task *before = script->current;
    script_enter(script);
    script->current = task;
    lua_resetthread(task->co);
    lua_settop(task->co, 0);
    lua_defer_run_now(task);
    script->current = before;
    scopes_finish(task);
    task->resetting = false;
    task->running = false;
    worker_on_task_done(task, LUA_ERRRUN);
}

int
task_raise_stopped(lua_State *L, struct task *task)
{
    return task_raise_end(L, task, "the test is ending");
}

int
task_raise_end(lua_State *L, struct task *task, const char *text)
{
    char where[96];
    mlua_where(L, where, sizeof(where));
    task->stop_wanted = false;
    task->stop_raised = true;
    task->cancel_raised = task->cancel_asked;
    scopes_deliver(task, where);
    task_limit_cleanup(task);
    mlua_push_error(L, "stopped", text);
    return lua_error(L);
}

static void
describe_cancellation(const struct task *task, const struct scope *scope,
                      char *out, size_t size)
{
    const char *text = "another task of the group has failed";
    if (!scope && task->worker->limit.over) {
        limit_describe(&task->worker->limit, out, size);
        return;
    }
    if (!scope)
        text = "the task was cancelled";
    else if (scope->kind == SCOPE_TIMEOUT)
        text = "the time of molo.timeout is over";
    snprintf(out, size, "%s", text);
}

int
task_raise_cancellation(lua_State *L, struct task *task)
{
    if (task->stop_wanted)
        return task_raise_stopped(L, task);
    char where[96];
    mlua_where(L, where, sizeof(where));
    const struct scope *scope = NULL;
    if (task->cancel_asked && !task->cancel_raised)
        task->cancel_raised = true;
    else
        scope = scopes_pending(task);
    char text[256];
    describe_cancellation(task, scope, text, sizeof(text));
    limit_note_where(task, where);
    mlua_push_error_at(L, where, "cancelled", text);
    scopes_deliver(task, where);
    task_limit_cleanup(task);
    return lua_error(L);
}

struct task *
task_check(lua_State *L, const char *what)
{
    struct script *script = script_of(L);
    struct task *task = script->current;
    if (script->in_listener)
        mlua_misuse(L,
                    "%s cannot be used in a listener: listeners may not wait; "
                    "note what happened and act on it in the scenario",
                    what);
    if (script->picking)
        mlua_misuse(L,
                    "%s cannot be used in the scenario picker: it is called "
                    "between runs and may not wait; decide by what "
                    "molo.now, math.random and its arguments say",
                    what);
    if (!task)
        mlua_misuse(L,
                    "%s cannot be used while the file is being loaded: move it "
                    "into a scenario or a fixture",
                    what);
    if (task->resetting)
        mlua_misuse(L,
                    "%s: this run is over and was taken down; nothing can wait "
                    "any more",
                    what);
    return task;
}

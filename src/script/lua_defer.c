#include "script/lua_defer.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "script/limit.h"
#include "script/lua_task.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/tasks.h"
#include "stats/recorder.h"

int
lua_defer(lua_State *L)
{
    struct task *task = lua_task_check(L, "molo.defer");
    if (lua_type(L, 1) != LUA_TFUNCTION)
        return mlua_misuse(L, "molo.defer: expected a function, got %s",
                           luaL_typename(L, 1));
    int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    for (int i = count; i > 0; i--)
        lua_rawseti(L, 1, i);
    if (task->defer_ref == LUA_NOREF) {
        lua_newtable(L);
        task->defer_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->defer_ref);
    lua_insert(L, 1);
    lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    return 0;
}

/* Takes the last entry off; pushes its function and arguments and returns how
 * many arguments there are, or -1. */
static int
pop_entry(lua_State *L, struct task *task)
{
    if (task->defer_ref == LUA_NOREF)
        return -1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->defer_ref);
    int list = lua_gettop(L);
    lua_Integer last = (lua_Integer)lua_rawlen(L, list);
    if (last == 0) {
        lua_pop(L, 1);
        luaL_unref(L, LUA_REGISTRYINDEX, task->defer_ref);
        task->defer_ref = LUA_NOREF;
        return -1;
    }
    lua_rawgeti(L, list, last);
    lua_pushnil(L);
    lua_rawseti(L, list, last);
    int entry = list + 1;
    lua_getfield(L, entry, "n");
    int count = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    luaL_checkstack(L, count, "too many arguments of molo.defer");
    for (int i = 1; i <= count; i++)
        lua_rawgeti(L, entry, i);
    lua_remove(L, entry);
    lua_remove(L, list);
    return count - 1;
}

static const char *
field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    const char *text =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    lua_pop(L, 1); /* the table keeps it */
    return text;
}

/* What the run does not end with, because it has failed before. The error
 * object is on top. */
static void
report(lua_State *L, const struct task *task)
{
    const struct worker *worker = task->worker;
    const struct script *script = worker->script;
    int index = lua_gettop(L);
    const char *kind = "script";
    if (!mlua_is_error(L, index, &kind))
        return;
    char message[512];
    snprintf(message, sizeof(message), "defer: %s", field(L, index, "message"));
    const char *where = field(L, index, "where");
    recorder_error(script->env.recorder, worker->context, kind, message,
                   &(struct error_first){
                       .worker_id = worker->id,
                       .step = worker->step,
                       .at = clock_now() - script->started_at,
                       .where = (char *)(uintptr_t)where,
                   });
    log_print(LOG_VERBOSE,
              "worker %d, step %lld: %s%s%s: %s (the run had failed before)",
              (int)worker->id, (long long)worker->step, where,
              where[0] ? ": " : "", kind, message);
}

/* Nothing went wrong: the end of the test left no time for it. */
static bool
is_of_the_end(lua_State *L, const struct task *task)
{
    const char *kind;
    return (task->stop_raised || task->stop_wanted) &&
           mlua_is_error(L, -1, &kind) && strcmp(kind, "stopped") == 0;
}

/* One has been called. Leaves on the stack what it found there. */
static void
take_outcome(lua_State *L, struct task *task, int status)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return;
    if (status == LUA_ERRMEM)
        memory_complete_error(L, task);
    if (is_of_the_end(L, task)) {
        lua_pop(L, 1);
    } else if (task->failed_before) {
        report(L, task);
        lua_pop(L, 1);
    } else {
        /* In place of the results. */
        lua_replace(L, 2);
        lua_settop(L, 2);
        task->body_failed = true;
    }
}

static int call_next(lua_State *L, struct task *task);

static int
on_called(lua_State *L, int status, lua_KContext context)
{
    struct task *task = (struct task *)context;
    take_outcome(L, task, status);
    return call_next(L, task);
}

static bool
has_failed(lua_State *L, struct task *task)
{
    if (task->body_failed || task->error_ref != LUA_NOREF)
        return true;
    if (task->id != TASK_ROOT || !tasks_push_failure(task->worker, L))
        return false;
    task->error_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

static int
call_next(lua_State *L, struct task *task)
{
    int nargs;
    /* With no result there is no place 2 for an error. */
    if (lua_gettop(L) < 2 && task->defer_ref != LUA_NOREF &&
        !task->no_results) {
        lua_pushnil(L);
        task->no_results = true;
    }
    while ((nargs = pop_entry(L, task)) >= 0) {
        task->failed_before = has_failed(L, task);
        /* Each has a moment of its own, but there may be no end of them. */
        if (clock_real_now() - task->cleaning_since < TASK_CLEANUP)
            limit_spare(task);
        int status = lua_pcallk(L, nargs, 0, 1, (lua_KContext)task, on_called);
        take_outcome(L, task, status);
    }
    if (task->id == TASK_ROOT)
        return tasks_await_all(L, task); /* they may have begun some */
    if (task->no_results && !task->body_failed)
        return 0;
    return lua_gettop(L) - 1;
}

/* From here on it is not told to end any more, but has not for ever. */
static void
begin(struct task *task)
{
    task->cleaning = true;
    task->cleaning_since = clock_real_now();
    if (task->worker->limit.over)
        timer_start(&task->cleanup, nsec_add(clock_now(), TASK_CLEANUP));
    else if (task->stop_wanted || task->stop_raised || task->cancel_asked)
        task_limit_cleanup(task);
}

int
lua_defer_run(lua_State *L, struct task *task)
{
    if (!task->cleaning)
        begin(task);
    return call_next(L, task);
}

static int
on_error(lua_State *L)
{
    mlua_complete_error(L);
    return 1;
}

void
lua_defer_run_now(struct task *task)
{
    lua_State *co = task->co;
    if (task->defer_ref == LUA_NOREF || !lua_checkstack(co, LUA_MINSTACK))
        return;
    lua_pushcfunction(co, on_error);
    int handler = lua_gettop(co);
    int nargs;
    while ((nargs = pop_entry(co, task)) >= 0) {
        script_enter(task->worker->script);
        if (lua_pcall(co, nargs, 0, handler) != LUA_OK)
            report(co, task);
        lua_settop(co, handler);
    }
    lua_settop(co, handler - 1);
}

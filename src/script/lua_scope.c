/* Scopes as Lua sees them: userdata that are to be closed. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "script/lua_task.h"
#include "script/mlua.h"
#include "script/scope.h"
#include "script/script_internal.h"
#include "script/tasks.h"

static const char scope_metatable[] = "molo.scope";

static struct scope *
push_scope(lua_State *L, struct task *task, enum scope_kind kind)
{
    struct scope *scope = lua_newuserdatauv(L, sizeof(*scope), 0);
    scope_begin(scope, task, kind);
    luaL_setmetatable(L, scope_metatable);
    return scope;
}

/* task.timeout_scope(time), to be closed */
static int
scope_timeout(lua_State *L)
{
    nsec_t length = mlua_check_time(L, 1, "molo.timeout");
    struct task *task = wait_check(L, "molo.timeout");
    scope_limit(push_scope(L, task, SCOPE_TIMEOUT), length);
    return 1;
}

/* task.group_scope(), to be closed */
static int
scope_group(lua_State *L)
{
    lua_task_check(L, "a task group");
    push_scope(L, wait_check(L, "a task group"), SCOPE_GROUP);
    return 1;
}

/* task.group_spawn(scope, fn, ...) -> task */
static int
group_spawn(lua_State *L)
{
    struct scope *group = luaL_checkudata(L, 1, scope_metatable);
    struct task *task = lua_task_check(L, "group:spawn");
    if (!group->task)
        return mlua_misuse(L, "group:spawn: this group has ended");
    if (group->task->worker != task->worker)
        return mlua_misuse(L, "group:spawn: this group belongs to worker %d",
                           (int)group->task->worker->id);
    struct child *child = lua_task_spawn(L, "group:spawn", group, 2);
    if (group->failed)
        task_cancel(&child->task);
    return 1;
}

/* task.group_cancel(scope): all its tasks, and those that may come. */
static int
group_cancel(lua_State *L)
{
    struct scope *group = lua_touserdata(L, 1);
    if (!group->task)
        return 0;
    group->failed = true;
    tasks_cancel(group->task->worker, group);
    return 0;
}

/* task.group_body_over(scope) -> own, order: whether what cancelled the body
 * was the group itself; how many tasks had ended. */
static int
group_body_over(lua_State *L)
{
    struct scope *group = lua_touserdata(L, 1);
    lua_pushboolean(L, group->task && scope_rest(group));
    lua_pushinteger(L, group->task ? (lua_Integer)group->task->worker->last_end
                                   : 0);
    return 2;
}

static void
push_timeout(lua_State *L, const struct scope *scope)
{
    char length[32], message[96];
    units_format_duration(scope->length, length, sizeof(length));
    snprintf(message, sizeof(message), "molo.timeout: %s are over", length);
    mlua_push_error_at(L, scope->where, "timeout", message);
}

/* __close(scope, err): the cancellation of a timeout becomes an error of that
 * kind here, and keeps its traceback. */
static int
scope_close(lua_State *L)
{
    struct scope *scope = luaL_checkudata(L, 1, scope_metatable);
    struct task *task = scope->task;
    if (!scope_end(scope) || scope->kind != SCOPE_TIMEOUT || task->resetting)
        return 0;
    const char *kind = "cancelled";
    if (!lua_isnoneornil(L, 2) &&
        (!mlua_is_error(L, 2, &kind) || strcmp(kind, "cancelled") != 0))
        return 0;
    push_timeout(L, scope);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "traceback");
        lua_setfield(L, -2, "traceback");
        lua_getfield(L, 2, "errors"); /* of a group inside */
        lua_setfield(L, -2, "errors");
    }
    return lua_error(L);
}

static int
scope_collect(lua_State *L)
{
    scope_end(luaL_checkudata(L, 1, scope_metatable));
    return 0;
}

static const luaL_Reg scope_functions[] = {
    {"group_body_over", group_body_over}, {"group_cancel", group_cancel},
    {"group_scope", scope_group},         {"group_spawn", group_spawn},
    {"timeout_scope", scope_timeout},     {NULL, NULL},
};
static const luaL_Reg scope_meta[] = {
    {"__close", scope_close},
    {"__gc", scope_collect},
    {NULL, NULL},
};

void
lua_scope_open(lua_State *L)
{
    mlua_new_class(L, scope_metatable, NULL, scope_meta);
    luaL_setfuncs(L, scope_functions, 0);
}

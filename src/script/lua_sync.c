#include "script/lua_sync.h"

#include <string.h>

#include "script/lua_notifier.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char handle_metatable[] = "molo.handle";

/* --- handles --- */

const struct lua_handle *
lua_handle_test(lua_State *L, int index)
{
    return luaL_testudata(L, index, handle_metatable);
}

void
lua_handle_push(lua_State *L, enum hub_object_type type, const char *name,
                size_t size, struct hub_options options)
{
    struct lua_handle *handle =
        lua_newuserdatauv(L, sizeof(*handle) + size + 1, 0);
    handle->type = type;
    handle->options = options;
    memcpy(handle->name, name, size);
    handle->name[size] = '\0';
    luaL_setmetatable(L, handle_metatable);
}

static const struct lua_handle *
check_handle(lua_State *L, enum hub_object_type type, const char *operation)
{
    const struct lua_handle *handle = lua_handle_test(L, 1);
    if (!handle)
        mlua_misuse(L, "%s: call it on a handle, with a colon: pad:%s(...)",
                    operation, operation);
    if (handle->type != type)
        mlua_misuse(L, "%s: '%s' is a %s, not a %s", operation, handle->name,
                    hub_object_type_name(handle->type),
                    hub_object_type_name(type));
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
lua_sync_check_options(lua_State *L, int index, struct hub_op *op,
                       bool takes_round)
{
    static const char *const known[] = {"timeout", "round"};
    op->timeout = HUB_TIMEOUT_DEFAULT;
    if (lua_isnoneornil(L, index))
        return;
    if (!lua_istable(L, index))
        mlua_misuse(L, "options are a table such as {timeout = 5}, got %s",
                    luaL_typename(L, index));
    mlua_check_keys(L, index, known, takes_round ? 2 : 1);
    if (lua_getfield(L, index, "timeout") != LUA_TNIL) {
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
            op->timeout = HUB_TIMEOUT_NONE;
        else
            op->timeout = mlua_check_time(L, -1, "timeout");
    }
    if (takes_round && lua_getfield(L, index, "round") != LUA_TNIL) {
        int ok;
        op->round = lua_tointegerx(L, -1, &ok);
        if (!ok || op->round < 1)
            mlua_misuse(L, "round: expected a whole number from 1 on");
    }
}

/* --- operations --- */

int
lua_sync_submit(lua_State *L, struct hub_op *op, const struct wait_ops *ops)
{
    struct task *task = script_of(L)->current;
    struct worker *worker = task->worker;
    char where[96];
    mlua_where(L, where, sizeof(where));
    wait_claim(task, ops, NULL);
    op->id = (struct hub_id){
        .worker = worker->id,
        .task = task->id,
        .seq = task->wait.seq,
    };
    op->step = worker->step;
    op->where = where;
    worker->script->env.port->submit(worker->script->env.port, op);
    value_unref(op->value);
    return wait_yield(L, task);
}

void
lua_sync_cancel(struct task *task)
{
    struct worker *worker = task->worker;
    worker->script->env.port->submit(
        worker->script->env.port,
        &(struct hub_op){
            .type = HUB_OP_CANCEL,
            .id = {worker->id, task->id, task->wait.seq},
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
    case HUB_GRANTED:
    case HUB_MAKE:
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
        return granted(L, task);
    case HUB_MISUSE:
        return mlua_misuse(L, "%s", text);
    case HUB_STOPPED:
        return task_raise_stopped(L, task);
    case HUB_CANCELLED:
        if (task->wait.stopped)
            return task_raise_stopped(L, task);
        break;
    case HUB_TIMEOUT:
    case HUB_BROKEN:
    case HUB_EXHAUSTED:
    case HUB_DEADLOCK:
    case HUB_FAILED:
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

struct task *
lua_sync_check_operation(lua_State *L, enum hub_object_type type,
                         const char *name, struct hub_op *op)
{
    const struct lua_handle *handle = check_handle(L, type, name);
    struct task *task = wait_check(L, name);
    if (task->updating > 0)
        mlua_misuse(L,
                    "%s cannot be used inside the function of update_var: "
                    "others wait for the variable meanwhile",
                    name);
    op->object = type;
    op->name = handle->name;
    op->options = handle->options;
    op->timeout = HUB_TIMEOUT_DEFAULT;
    return task;
}

static int
grant_nothing(lua_State *L, struct task *task)
{
    return 0;
}

int
lua_sync_finish_nothing(lua_State *L, struct task *task)
{
    return lua_sync_finish(L, task, grant_nothing);
}

const struct wait_ops lua_sync_plain_wait = {
    .name = "a coordination operation",
    .coordination = true,
    .idle = true,
    .cancel = lua_sync_cancel,
    .finish = lua_sync_finish_nothing,
};
/* --- handles as Lua sees them --- */

/* handle:free() */
int
lua_handle_free(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_FREE};
    const struct lua_handle *handle = lua_handle_test(L, 1);
    if (!handle)
        return mlua_misuse(L, "free: call it on a handle, with a colon");
    lua_sync_check_operation(L, handle->type, "free", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

static int
handle_tostring(lua_State *L)
{
    const struct lua_handle *handle = lua_touserdata(L, 1);
    lua_pushfstring(L, "%s '%s'", hub_object_type_name(handle->type),
                    handle->name);
    return 1;
}

static int
handle_equal(lua_State *L)
{
    const struct lua_handle *a = lua_handle_test(L, 1);
    const struct lua_handle *b = lua_handle_test(L, 2);
    lua_pushboolean(L, a && b && a->type == b->type &&
                           strcmp(a->name, b->name) == 0);
    return 1;
}

void
lua_sync_declare(struct script *script)
{
    for (size_t i = 0; i < script->declaration_count; i++) {
        const struct declaration *d = &script->declarations[i];
        script->env.port->submit(script->env.port, &(struct hub_op){
                                                       .type = HUB_OP_DECLARE,
                                                       .id.worker = HUB_GLOBAL,
                                                       .object = d->type,
                                                       .name = d->name,
                                                       .options = d->options,
                                                   });
    }
}

/* The constructor a value is, for get_var(name, molo.notifier). */
static int
sync_is_constructor(lua_State *L)
{
    lua_pushboolean(L, lua_tocfunction(L, 1) == lua_notifier_new);
    return 1;
}

static const luaL_Reg sync_functions[] = {
    {"is_constructor", sync_is_constructor},
    {"notifier", lua_notifier_new},
    {NULL, NULL},
};
static const luaL_Reg handle_meta[] = {
    {"__eq", handle_equal},
    {"__tostring", handle_tostring},
    {NULL, NULL},
};
static const luaL_Reg *const methods_of[HUB_OBJECT_TYPES] = {
    [HUB_NOTIFIER] = lua_notifier_methods,
};

/* Upvalues: a table of methods per object type. */
static int
handle_index(lua_State *L)
{
    const struct lua_handle *handle = lua_touserdata(L, 1);
    lua_rawgeti(L, lua_upvalueindex(1), (lua_Integer)handle->type);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return mlua_misuse(L, "a %s has no operation '%s'",
                           hub_object_type_name(handle->type),
                           luaL_tolstring(L, 2, NULL));
    return 1;
}

void
lua_sync_open(lua_State *L)
{
    luaL_newmetatable(L, handle_metatable);
    luaL_setfuncs(L, handle_meta, 0);
    lua_newtable(L);
    for (int type = 0; type < HUB_OBJECT_TYPES; type++) {
        if (!methods_of[type])
            continue;
        lua_newtable(L);
        luaL_setfuncs(L, methods_of[type], 0);
        lua_rawseti(L, -2, type);
    }
    lua_pushcclosure(L, handle_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, sync_functions);
}

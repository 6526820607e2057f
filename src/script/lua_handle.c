#include "script/lua_handle.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "hub/options.h"
#include "script/lua_room.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char handle_metatable[] = "molo.handle";

static const struct lua_handle_type *const types[HUB_OBJECT_TYPES] = {
    [HUB_NOTIFIER] = &lua_notifier_type,
    [HUB_BARRIER] = &lua_barrier_type,
    [HUB_EVENT] = &lua_event_type,
    [HUB_LOCK] = &lua_lock_type,
    [HUB_SEMAPHORE] = &lua_semaphore_type,
    [HUB_CONDITION] = &lua_condition_type,
    [HUB_QUEUE] = &lua_queue_type,
    [HUB_LIMITER] = &lua_limiter_type,
};

const struct lua_handle *
lua_handle_test(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    /* Several times in each operation: luaL_testudata would look its name up.
     */
    bool is = lua_topointer(L, -1) == script_of(L)->handle_class;
    lua_pop(L, 1);
    return is ? lua_touserdata(L, index) : NULL;
}

void
lua_handle_push(lua_State *L, enum hub_object_type type, int32_t room,
                const char *name, const struct hub_options *options)
{
    size_t name_size = strlen(name) + 1;
    size_t lock_size = options->lock ? strlen(options->lock) + 1 : 0;
    struct lua_handle *handle =
        lua_newuserdatauv(L, sizeof(*handle) + name_size + lock_size, 0);
    handle->type = type;
    handle->room = room;
    handle->options = *options;
    memcpy(handle->name, name, name_size);
    if (options->lock)
        handle->options.lock =
            memcpy(handle->name + name_size, options->lock, lock_size);
    luaL_setmetatable(L, handle_metatable);
}

/* --- making one --- */

static struct hub_options
check_options(lua_State *L, int index, enum hub_object_type type)
{
    if (lua_isnoneornil(L, index))
        return (struct hub_options){0};
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: options are a table, got %s",
                    hub_object_type_name(type), luaL_typename(L, index));
    return types[type]->check_options(L, index);
}

static void
append_declaration(struct script *script, const struct declaration *d)
{
    script->declarations =
        xrealloc(script->declarations, (script->declaration_count + 1) *
                                           sizeof(*script->declarations));
    struct declaration *copy =
        &script->declarations[script->declaration_count++];
    *copy = *d;
    copy->name = xstrdup(d->name);
    if (d->options.lock)
        copy->options.lock = xstrdup(d->options.lock);
}

/* At load time there is no hub yet: it is told when the test begins. */
static void
declare_later(lua_State *L, enum hub_object_type type, char *name,
              const struct hub_options *options)
{
    struct script *script = script_of(L);
    for (size_t i = 0; i < script->declaration_count; i++) {
        const struct declaration *known = &script->declarations[i];
        if (strcmp(known->name, name) != 0)
            continue;
        if (known->type != type)
            mlua_misuse(L, "'%s' is %s %s already, not %s %s", name,
                        hub_object_type_article(known->type),
                        hub_object_type_name(known->type),
                        hub_object_type_article(type),
                        hub_object_type_name(type));
        if (hub_options_agree(type, &known->options, options))
            return;
        struct buf there = {0}, asked = {0};
        hub_options_describe(type, &known->options, &there);
        hub_options_describe(type, options, &asked);
        lua_pushfstring(L, "{%s} and is now asked for with {%s}",
                        there.data ? there.data : "",
                        asked.data ? asked.data : "");
        buf_finish(&there);
        buf_finish(&asked);
        mlua_misuse(L, "%s '%s' was made with %s", hub_object_type_name(type),
                    name, lua_tostring(L, -1));
    }
    append_declaration(script, &(struct declaration){
                                   .type = type,
                                   .name = name,
                                   .options = *options,
                               });
}

static int
push_new(lua_State *L, enum hub_object_type type, int32_t room)
{
    struct hub_options options = check_options(L, 2, type);
    lua_handle_push(L, type, room, lua_tostring(L, 1), &options);
    return 1;
}

/* On the stack: name, options, type, room. */
static int
grant_handle(lua_State *L, struct task *task)
{
    return push_new(L, (enum hub_object_type)lua_tointeger(L, 3),
                    (int32_t)lua_tointeger(L, 4));
}

static const struct wait_ops declare_wait = {
    .coordination = true,
    .granted = grant_handle,
};

int
lua_handle_make(lua_State *L, enum hub_object_type type, int32_t room)
{
    const char *type_name = hub_object_type_name(type);
    lua_settop(L, 2);
    struct hub_op op = {
        .type = HUB_OP_DECLARE,
        .object = type,
        .room = room,
        .name = lua_sync_check_name(L, 1, type_name),
        .options = check_options(L, 2, type),
    };
    if (!op.options.given)
        return push_new(L, type, room);
    if (script_of(L)->load_options) {
        declare_later(L, type, (char *)(uintptr_t)op.name, &op.options);
        return push_new(L, type, room);
    }
    lua_pushfstring(L, "molo.%s with options", type_name);
    wait_check(L, lua_tostring(L, -1));
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)type);
    lua_pushinteger(L, room);
    return lua_sync_submit(L, &op, &declare_wait);
}

/* Upvalue: the type. */
static int
handle_new(lua_State *L)
{
    return lua_handle_make(
        L, (enum hub_object_type)lua_tointeger(L, lua_upvalueindex(1)),
        HUB_NO_ROOM);
}

/* construct(constructor, room, name, options): the same in a room; `room` is
 * false for none. */
static int
construct(lua_State *L)
{
    lua_settop(L, 4);
    lua_getupvalue(L, 1, 1);
    enum hub_object_type type = (enum hub_object_type)lua_tointeger(L, -1);
    int32_t room = lua_room_check(L, 2, "get_var");
    lua_pop(L, 1);
    lua_rotate(L, 1, 2);
    lua_pop(L, 2);
    return lua_handle_make(L, type, room);
}

/* The constructor a value is, for get_var(name, molo.notifier). */
static int
is_constructor(lua_State *L)
{
    lua_pushboolean(L, lua_tocfunction(L, 1) == handle_new);
    return 1;
}

void
lua_handle_declare(struct script *script)
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

/* --- as Lua sees them --- */

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
    if (handle->room != HUB_NO_ROOM) {
        lua_pushfstring(L, " (room %d)", (int)handle->room - 1);
        lua_concat(L, 2);
    }
    return 1;
}

static int
handle_equal(lua_State *L)
{
    const struct lua_handle *a = lua_handle_test(L, 1);
    const struct lua_handle *b = lua_handle_test(L, 2);
    lua_pushboolean(L, a && b && a->type == b->type && a->room == b->room &&
                           strcmp(a->name, b->name) == 0);
    return 1;
}

/* Upvalue: a table of methods per object type. */
static int
handle_index(lua_State *L)
{
    const struct lua_handle *handle = lua_touserdata(L, 1);
    lua_rawgeti(L, lua_upvalueindex(1), (lua_Integer)handle->type);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL)
        return 1;
    char what[64];
    snprintf(what, sizeof(what), "%s %s has no operation",
             hub_object_type_article(handle->type),
             hub_object_type_name(handle->type));
    return mlua_no_such(L, what, 2, 3);
}

static const luaL_Reg handle_functions[] = {
    {"construct", construct},
    {"is_constructor", is_constructor},
    {NULL, NULL},
};
static const luaL_Reg handle_meta[] = {
    {"__eq", handle_equal},
    {"__tostring", handle_tostring},
    {NULL, NULL},
};

void
lua_handle_open(lua_State *L)
{
    luaL_setfuncs(L, handle_functions, 0);
    for (int type = 0; type < HUB_OBJECT_TYPES; type++) {
        if (!types[type])
            continue;
        lua_pushinteger(L, type);
        lua_pushcclosure(L, handle_new, 1);
        lua_setfield(L, -2, hub_object_type_name(types[type]->type));
    }
    mlua_new_class(L, handle_metatable, NULL, handle_meta);
    luaL_getmetatable(L, handle_metatable);
    script_of(L)->handle_class = lua_topointer(L, -1);
    lua_newtable(L);
    for (int type = 0; type < HUB_OBJECT_TYPES; type++) {
        if (!types[type])
            continue;
        lua_newtable(L);
        luaL_setfuncs(L, types[type]->methods, 0);
        lua_rawseti(L, -2, type);
    }
    lua_pushcclosure(L, handle_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

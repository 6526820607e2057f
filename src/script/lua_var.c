/* Shared variables. What runs functions of the script around these (factories,
 * update functions, predicates) is lua/molo/var.lua. */
#include "hub/op.h"
#include "script/lua_room.h"
#include "script/lua_sync.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* Checks that the caller may use variables, and names the variable: arguments 1
 * and 2 of all functions here are its name and its room, or false. */
static struct task *
check_variable(lua_State *L, const char *what, struct hub_op *op)
{
    struct task *task = wait_check(L, what);
    lua_sync_check_not_updating(L, task, what);
    op->object = HUB_VARIABLE;
    /* First: called without the colon, everything else is shifted. */
    op->room = lua_room_check(L, 2, what);
    op->name = lua_sync_check_name(L, 1, what);
    op->timeout = HUB_TIMEOUT_DEFAULT;
    return task;
}

static int
grant_value(lua_State *L, struct task *task)
{
    mlua_push_value(L, task->wait.reply.value);
    return 1;
}

/* must_make, value */
static int
grant_or_make(lua_State *L, struct task *task)
{
    const struct wait_reply *reply = &task->wait.reply;
    lua_pushboolean(L, reply->status == HUB_MAKE);
    mlua_push_value(L, reply->value);
    return 2;
}

static int
grant_lock(lua_State *L, struct task *task)
{
    task->updating++;
    mlua_push_value(L, task->wait.reply.value);
    return 1;
}

/* value, version, seconds left of the timeout (nil: none) */
static int
grant_change(lua_State *L, struct task *task)
{
    const struct wait_reply *reply = &task->wait.reply;
    mlua_push_value(L, reply->value);
    lua_pushinteger(L, reply->version);
    if (reply->remaining == 0)
        lua_pushnil(L);
    else
        lua_pushnumber(L, nsec_to_seconds(reply->remaining));
    return 3;
}

static const struct wait_ops value_wait = LUA_SYNC_WAIT(grant_value);
static const struct wait_ops or_make_wait = LUA_SYNC_WAIT(grant_or_make);
static const struct wait_ops lock_wait = LUA_SYNC_WAIT(grant_lock);
static const struct wait_ops change_wait = LUA_SYNC_WAIT(grant_change);

/* var.get(name, room) */
static int
var_get(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_GET};
    check_variable(L, "get_var", &op);
    return lua_sync_submit(L, &op, &value_wait);
}

/* var.get_or_make(name, room, options) -> must_make, value */
static int
var_get_or_make(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_GET_OR_MAKE};
    check_variable(L, "get_var", &op);
    lua_sync_check_options(L, 3, &op, false);
    return lua_sync_submit(L, &op, &or_make_wait);
}

/* var.made(name, room, value) -> what is stored now */
static int
var_made(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_MADE, .has_value = true};
    check_variable(L, "get_var", &op);
    op.value = mlua_check_value(L, 3);
    return lua_sync_submit(L, &op, &value_wait);
}

/* var.make_failed(name, room, kind and message, given_up): does not wait,
 * because it also runs while the test is being stopped. */
static int
var_make_failed(lua_State *L)
{
    lua_sync_tell(script_of(L)->current,
                  &(struct hub_op){
                      .type = HUB_OP_VAR_MAKE_FAILED,
                      .object = HUB_VARIABLE,
                      .name = luaL_checkstring(L, 1),
                      .room = lua_room_check(L, 2, "get_var"),
                      .text = luaL_checkstring(L, 3),
                      .given_up = lua_toboolean(L, 4),
                  });
    return 0;
}

/* var.set(name, room, value) */
static int
var_set(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_SET, .has_value = true};
    check_variable(L, "set_var", &op);
    op.value = mlua_check_value(L, 3);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* var.del(name, room) */
static int
var_del(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_DELETE};
    check_variable(L, "del_var", &op);
    return lua_sync_submit(L, &op, &lua_sync_plain_wait);
}

/* var.add(name, room, number) -> sum */
static int
var_add(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_ADD, .has_value = true};
    check_variable(L, "add_var", &op);
    if (lua_type(L, 3) != LUA_TNUMBER)
        return mlua_misuse(L, "add_var: expected a number to add, got %s",
                           luaL_typename(L, 3));
    op.value = mlua_check_value(L, 3);
    return lua_sync_submit(L, &op, &value_wait);
}

/* var.lock(name, room, fn, options) -> value, for fn. Until unlock, no
 * coordination. */
static int
var_lock(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_LOCK};
    check_variable(L, "update_var", &op);
    if (!lua_isfunction(L, 3))
        return mlua_misuse(L, "update_var: expected a function, got %s",
                           luaL_typename(L, 3));
    lua_sync_check_options(L, 4, &op, false);
    return lua_sync_submit(L, &op, &lock_wait);
}

/* var.unlock(name, room, store, value): does not wait. */
static int
var_unlock(lua_State *L)
{
    struct task *task = script_of(L)->current;
    bool store = lua_toboolean(L, 3);
    struct value *value = store ? mlua_check_value(L, 4) : NULL;
    if (task->updating > 0)
        task->updating--;
    lua_sync_tell(task, &(struct hub_op){
                            .type = HUB_OP_VAR_UNLOCK,
                            .object = HUB_VARIABLE,
                            .name = luaL_checkstring(L, 1),
                            .room = lua_room_check(L, 2, "update_var"),
                            .has_value = store,
                            .value = value,
                        });
    value_unref(value);
    return 0;
}

/* var.wait(name, room, options, value): until it equals value; none: non-nil.
 */
static int
var_wait(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_WAIT};
    check_variable(L, "wait_var", &op);
    lua_sync_check_options(L, 3, &op, false);
    op.has_value = lua_gettop(L) >= 4;
    op.value = mlua_check_value(L, 4);
    return lua_sync_submit(L, &op, &value_wait);
}

/* var.wait_change(name, room, options, version, left) -> value, version, left
 */
static int
var_wait_change(lua_State *L)
{
    struct hub_op op = {.type = HUB_OP_VAR_WAIT_CHANGE};
    check_variable(L, "wait_var", &op);
    lua_sync_check_options(L, 3, &op, false);
    op.version = luaL_checkinteger(L, 4);
    if (!lua_isnoneornil(L, 5))
        op.remaining = nsec_from_seconds(luaL_checknumber(L, 5));
    return lua_sync_submit(L, &op, &change_wait);
}

static const luaL_Reg var_functions[] = {
    {"add", var_add},
    {"del", var_del},
    {"get", var_get},
    {"get_or_make", var_get_or_make},
    {"lock", var_lock},
    {"made", var_made},
    {"make_failed", var_make_failed},
    {"set", var_set},
    {"unlock", var_unlock},
    {"wait", var_wait},
    {"wait_change", var_wait_change},
    {NULL, NULL},
};

void
lua_var_open(lua_State *L)
{
    luaL_newlib(L, var_functions);
}

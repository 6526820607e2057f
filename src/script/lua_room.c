#include "script/lua_room.h"

#include <lauxlib.h>
#include <string.h>

#include "plan/plan.h"
#include "script/lua_handle.h"
#include "script/mlua.h"
#include "script/worker.h"

static const char room_metatable[] = "molo.room";

struct room {
    int32_t id; /* from 0, as scripts count */
    int32_t size;
};

void
lua_room_push(lua_State *L, struct worker *worker)
{
    if (worker->room < 0) {
        lua_pushnil(L);
        return;
    }
    if (worker->room_ref == LUA_NOREF) {
        struct room *room = lua_newuserdatauv(L, sizeof(*room), 0);
        *room = (struct room){
            .id = worker->room,
            .size = worker->workload->room_size,
        };
        luaL_setmetatable(L, room_metatable);
        worker->room_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->room_ref);
}

/* As the hub counts it. */
static int32_t
check_room(lua_State *L, int index, const char *what)
{
    const struct room *room = luaL_testudata(L, index, room_metatable);
    if (!room)
        return mlua_misuse(L,
                           "%s: call it on the room, with a colon: "
                           "session.room:%s(...)",
                           what, what);
    return room->id + 1;
}

int32_t
lua_room_check(lua_State *L, int index, const char *what)
{
    if (lua_isboolean(L, index) && !lua_toboolean(L, index))
        return HUB_NO_ROOM;
    return check_room(L, index, what);
}

/* room:notifier(name, options) and alike. Upvalue: the type. */
static int
room_new(lua_State *L)
{
    enum hub_object_type type =
        (enum hub_object_type)lua_tointeger(L, lua_upvalueindex(1));
    int32_t room = check_room(L, 1, hub_object_type_name(type));
    lua_remove(L, 1);
    return lua_handle_make(L, type, room);
}

/* Upvalue: the methods. */
static int
room_index(lua_State *L)
{
    const struct room *room = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "id") == 0)
        lua_pushinteger(L, room->id);
    else if (strcmp(key, "size") == 0)
        lua_pushinteger(L, room->size);
    else
        return mlua_no_such(L, "a room has no", 2, lua_upvalueindex(1));
    return 1;
}

static int
room_newindex(lua_State *L)
{
    return mlua_misuse(L, "a room cannot be assigned to: use "
                          "session.room:set_var(name, value)");
}

static int
room_equal(lua_State *L)
{
    const struct room *a = luaL_testudata(L, 1, room_metatable);
    const struct room *b = luaL_testudata(L, 2, room_metatable);
    lua_pushboolean(L, a && b && a->id == b->id);
    return 1;
}

static int
room_tostring(lua_State *L)
{
    const struct room *room = luaL_checkudata(L, 1, room_metatable);
    lua_pushfstring(L, "room %d", (int)room->id);
    return 1;
}

static const luaL_Reg room_meta[] = {
    {"__eq", room_equal},
    {"__newindex", room_newindex},
    {"__tostring", room_tostring},
    {NULL, NULL},
};

void
lua_room_open(lua_State *L)
{
    lua_newtable(L);
    for (int type = HUB_NOTIFIER; type <= HUB_LIMITER; type++) {
        lua_pushinteger(L, type);
        lua_pushcclosure(L, room_new, 1);
        lua_setfield(L, -2, hub_object_type_name((enum hub_object_type)type));
    }
    mlua_new_class(L, room_metatable, NULL, room_meta);
    luaL_getmetatable(L, room_metatable);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, room_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

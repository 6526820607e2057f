#ifndef MOLO_SCRIPT_LUA_ROOM_H
#define MOLO_SCRIPT_LUA_ROOM_H

#include <lua.h>
#include <stdint.h>

/* session.room: the room a worker plays in, and the way to names that are
 * private to it. */
struct worker;

/* Pushes it, or nil. */
void lua_room_push(lua_State *L, struct worker *worker);
/* The room at `index` as the hub counts it; `false` is HUB_NO_ROOM. Raises
 * misuse of `what` for anything else. */
int32_t lua_room_check(lua_State *L, int index, const char *what);

/* Pushes the table of its methods: Lua modules add to it. */
void lua_room_open(lua_State *L);

#endif

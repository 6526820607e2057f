#ifndef MOLO_SCRIPT_LUA_EVENTS_H
#define MOLO_SCRIPT_LUA_EVENTS_H

#include <lua.h>

/* Server-sent events out of the pieces in which they arrive, and their counts:
 * what session:events in lua/molo/events.lua is made of. Nothing in it waits.
 */

/* Pushes the table of functions. */
void lua_events_open(lua_State *L);

#endif

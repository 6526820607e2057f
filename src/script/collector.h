#ifndef MOLO_SCRIPT_COLLECTOR_H
#define MOLO_SCRIPT_COLLECTOR_H

#include <lua.h>
#include <stdint.h>

/* Watches Lua's garbage collector from outside: Lua tells neither when it
 * collects nor how long that takes. */

/* Counts in *cycles, which must live as long as the state, each collection from
 * now on that has come to its end. */
void collector_watch(lua_State *L, uint64_t *cycles);
/* Bytes of all Lua values that are not collected yet. */
uint64_t collector_memory(lua_State *L);

#endif

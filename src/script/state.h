#ifndef MOLO_SCRIPT_STATE_H
#define MOLO_SCRIPT_STATE_H

#include <lua.h>
#include <stdbool.h>

/* The Lua state of a shard: libraries, molo's modules, sandbox, and the count
 * hook through which a script that never yields can be parked. */
struct script;

lua_State *state_create(struct script *script);

/* Coroutines of molo's own, which scripts may not resume. Neither raises. */
void state_mark_task(lua_State *co);
bool state_is_task(lua_State *co);

#endif

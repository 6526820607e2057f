#ifndef MOLO_SCRIPT_STATE_H
#define MOLO_SCRIPT_STATE_H

#include <lua.h>

/* The Lua state of a shard: libraries, molo's modules, sandbox, and the count
 * hook through which a script that never yields can be parked. */
struct script;

lua_State *state_create(struct script *script);

#endif

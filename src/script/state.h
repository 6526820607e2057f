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
/* Whether the count hook looks at every instruction of that coroutine. */
void state_watch_closely(lua_State *co, bool closely);
bool state_is_task(lua_State *co);

#endif

#ifndef MOLO_SCRIPT_UPVALUES_H
#define MOLO_SCRIPT_UPVALUES_H

#include <lua.h>

/* Locals of the file that global_setup assigns would be known to one shard
 * only: what they were before the call is compared with what they are after. */

/* Notes the upvalues of the function on top of the stack, and leaves it. */
void upvalues_remember(lua_State *L);
/* Raises, naming the local, if an upvalue of the function that the registry
 * holds under `ref` is another value than when it was noted. */
void upvalues_check(lua_State *L, int ref);

#endif

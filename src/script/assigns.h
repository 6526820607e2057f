#ifndef MOLO_SCRIPT_ASSIGNS_H
#define MOLO_SCRIPT_ASSIGNS_H

#include <lua.h>
#include <stddef.h>

/* Where a function assigns locals of what stands around it. Such a local exists
 * once per Lua state, so what one shard's workers count in it others never
 * see. */

struct assign {
    const char *name; /* of the local; the function's, borrowed */
    int line;
};

/* By line, then in the order in which the function names its upvalues. */
struct assigns {
    struct assign *items;
    size_t count;
};

/* Looks through the function on top of the stack, which stays there, and the
 * functions written in it. Finds nothing in functions of C, without debug
 * information, or where Lua's compiled form is not the one known. Never
 * raises. The result needs assigns_finish. */
struct assigns assigns_find(lua_State *L);
void assigns_finish(struct assigns *assigns);

#endif

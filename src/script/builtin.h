#ifndef MOLO_SCRIPT_BUILTIN_H
#define MOLO_SCRIPT_BUILTIN_H

#include <lua.h>

/* The modules written in Lua (lua/), embedded at build time. */
struct builtin_module {
    const char *name; /* "molo", "molo.var" */
    const char *source;
    size_t size;
};
extern const struct builtin_module builtin_modules[];
extern const size_t builtin_module_count;

/* Loads them, with the C table on top of the stack as their "molo.core", and
 * pops it. Scripts can require "molo" and none of the others: those do not
 * check what they are given. */
void builtin_open(lua_State *L);

#endif

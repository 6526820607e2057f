#include "script/collector.h"

#include <lauxlib.h>

struct sentinel {
    uint64_t *cycles;
};

/* Nothing refers to the sentinel, so every collection finalizes it, and this
 * brings it back for the next one. */
static int
on_collected(lua_State *L)
{
    struct sentinel *sentinel = lua_touserdata(L, 1);
    (*sentinel->cycles)++;
    lua_getmetatable(L, 1);
    lua_setmetatable(L, 1);
    return 0;
}

void
collector_watch(lua_State *L, uint64_t *cycles)
{
    struct sentinel *sentinel = lua_newuserdatauv(L, sizeof(*sentinel), 0);
    sentinel->cycles = cycles;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, on_collected);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

uint64_t
collector_memory(lua_State *L)
{
    return (uint64_t)lua_gc(L, LUA_GCCOUNT) * 1024 +
           (uint64_t)lua_gc(L, LUA_GCCOUNTB);
}

#include "script/upvalues.h"

#include "script/mlua.h"

/* Where the registry keeps them. */
static const char key;

void
upvalues_remember(lua_State *L)
{
    int fn = lua_gettop(L);
    lua_newtable(L);
    for (int i = 1; lua_getupvalue(L, fn, i); i++)
        lua_rawseti(L, fn + 1, i);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

void
upvalues_check(lua_State *L, int ref)
{
    int fn = lua_gettop(L) + 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    const char *name;
    for (int i = 1; (name = lua_getupvalue(L, fn, i)); i++) {
        lua_rawgeti(L, fn + 1, i);
        if (!lua_rawequal(L, -1, -2))
            mlua_misuse(L,
                        "global_setup assigned '%s', a local of the file: not "
                        "all workers would see it; return it instead, and it "
                        "becomes session.data",
                        name);
        lua_pop(L, 2);
    }
    lua_settop(L, fn - 1);
}

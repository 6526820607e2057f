#include "script/builtin.h"

#include <stdio.h>

#include "script/mlua.h"

/* Upvalue 1: the number of the module. */
static int
load_builtin(lua_State *L)
{
    const struct builtin_module *module =
        &builtin_modules[lua_tointeger(L, lua_upvalueindex(1))];
    char chunk[64];
    snprintf(chunk, sizeof(chunk), "=%s", module->name);
    if (luaL_loadbufferx(L, module->source, module->size, chunk, "t") != LUA_OK)
        return lua_error(L);
    lua_pushstring(L, module->name);
    lua_call(L, 1, 1);
    return 1;
}

void
builtin_open(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_insert(L, -2);
    lua_setfield(L, -2, "molo.core");
    lua_pop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (size_t i = 0; i < builtin_module_count; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, load_builtin, 1);
        lua_setfield(L, -2, builtin_modules[i].name);
    }
    lua_pop(L, 1);
}

#include "script/builtin.h"

#include <stdio.h>
#include <string.h>

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

static void
set_in_registry(lua_State *L, const char *table, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, table);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static void
hide(lua_State *L, const char *name)
{
    if (strcmp(name, "molo") == 0)
        return;
    lua_pushnil(L);
    set_in_registry(L, LUA_LOADED_TABLE, name);
    lua_pushnil(L);
    set_in_registry(L, LUA_PRELOAD_TABLE, name);
}

void
builtin_open(lua_State *L)
{
    set_in_registry(L, LUA_LOADED_TABLE, "molo.core");
    for (size_t i = 0; i < builtin_module_count; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, load_builtin, 1);
        set_in_registry(L, LUA_PRELOAD_TABLE, builtin_modules[i].name);
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "molo");
    lua_call(L, 1, 0);
    hide(L, "molo.core");
    for (size_t i = 0; i < builtin_module_count; i++)
        hide(L, builtin_modules[i].name);
}

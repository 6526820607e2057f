#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "fuzz.h"
#include "script/lua_json.h"

/* The body of an answer, read as JSON and written again. */

const unsigned fuzz_default_runs = 40000;

static lua_State *L;

void
fuzz_setup(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_json_open(L);
}

void
fuzz_finish(void)
{
    lua_close(L);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    lua_getfield(L, 1, "decode");
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
        lua_getfield(L, 1, "encode");
        lua_insert(L, -2);
        /* Not all that can be read can be written (nan in a number is one);
         * then there is a message. */
        if (lua_pcall(L, 1, 1, 0) != LUA_OK)
            FUZZ_CHECK(lua_tostring(L, -1) != NULL);
    } else {
        FUZZ_CHECK(luaL_tolstring(L, -1, NULL) != NULL);
    }
    lua_settop(L, 1);
    return 0;
}

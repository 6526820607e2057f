/* What of Lua's own library would break the rules of a run is replaced. */
#include <string.h>

#include "base/log.h"
#include "script/lua_core.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/state.h"

/* print(...): stdout belongs to the result. */
static int
sandbox_print(lua_State *L)
{
    log_print(LOG_INFO, "%s", mlua_push_concat(L, 1));
    return 0;
}

/* assert(condition, message): raises `check`, which is counted as what it is.
 */
static int
sandbox_assert(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    if (!lua_isnoneornil(L, 2) && !lua_isstring(L, 2)) {
        lua_settop(L, 2);
        return lua_error(L);
    }
    const char *message = lua_tostring(L, 2);
    char where[128];
    mlua_where(L, where, sizeof(where));
    mlua_push_error_at(L, where, "check",
                       message ? message : "assertion failed!");
    return lua_error(L);
}

static int
sandbox_exit(lua_State *L)
{
    return mlua_misuse(L, "os.exit would lose the results: use molo.stop, "
                          "molo.abort or molo.fail");
}

static int
sandbox_sethook(lua_State *L)
{
    return mlua_misuse(L, "debug.sethook is not available: the hook belongs to "
                          "the watchdog");
}

static int
sandbox_yield(lua_State *L)
{
    struct task *task = script_of(L)->current;
    if (task && task->co == L)
        return mlua_misuse(L, "coroutine.yield: nobody resumes a scenario but "
                              "molo; to let others run use molo.sleep(0)");
    return lua_yield(L, lua_gettop(L));
}

/* Upvalue 1: the original. */
static int
sandbox_not_of_molo(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    if (co && state_is_task(co))
        return mlua_misuse(L, "this coroutine is a task of molo's: it cannot "
                              "be resumed or closed; use task:join() and "
                              "task:cancel()");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* The last of package.searchers: none has found the module. Lua's own text
 * lists twenty files. */
static int
no_module(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    if (strncmp(name, "molo.", strlen("molo.")) == 0)
        return mlua_misuse(L,
                           "there is no module '%s': all of molo comes with "
                           "require \"molo\"",
                           name);
    const char *file = luaL_gsub(L, name, ".", "/");
    return mlua_misuse(L,
                       "module '%s' not found: there is neither %s.lua nor "
                       "%s/init.lua beside the scenario file, or where Lua "
                       "looks",
                       name, file, file);
}

static void
add_searcher(lua_State *L, lua_CFunction fn)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    lua_pushcfunction(L, fn);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
}

static void
replace(lua_State *L, const char *library, const char *name, lua_CFunction fn)
{
    lua_getglobal(L, library);
    lua_pushcfunction(L, fn);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static void
guard(lua_State *L, const char *name)
{
    lua_getglobal(L, "coroutine");
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, sandbox_not_of_molo, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static int
undeclared_read(lua_State *L)
{
    const char *name = luaL_tolstring(L, 2, NULL);
    if (strcmp(name, "molo") == 0)
        return mlua_misuse(L, "'molo' is not defined: begin the file with "
                              "local molo = require \"molo\"");
    return mlua_misuse(L,
                       "'%s' is not defined: declare it with local, or keep "
                       "what a worker remembers in session.state and what all "
                       "share with molo.set_var",
                       name);
}

static int
undeclared_write(lua_State *L)
{
    return mlua_misuse(L,
                       "assignment to undeclared global '%s': declare it with "
                       "local, or keep what a worker remembers in "
                       "session.state and what all share with molo.set_var",
                       luaL_tolstring(L, 2, NULL));
}

void
lua_sandbox_open(lua_State *L)
{
    lua_register(L, "print", sandbox_print);
    lua_register(L, "assert", sandbox_assert);
    replace(L, "os", "exit", sandbox_exit);
    replace(L, "debug", "sethook", sandbox_sethook);
    replace(L, "coroutine", "yield", sandbox_yield);
    guard(L, "resume");
    guard(L, "close");
    add_searcher(L, no_module);
    lua_pushglobaltable(L);
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, undeclared_read);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, undeclared_write);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

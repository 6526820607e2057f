#include "script/lua_service.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "plan/options.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* Pushes the name of the variable that sets it: "MOLO_SERVICE_USER_API". */
static const char *
push_variable(lua_State *L, const char *name)
{
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "MOLO_SERVICE_");
    for (; *name != '\0'; name++)
        luaL_addchar(&text,
                     *name == '-' ? '_' : (char)toupper((unsigned char)*name));
    luaL_pushresult(&text);
    return lua_tostring(L, -1);
}

static int
refuse(lua_State *L, const struct options *options, const char *name)
{
    const char *known[64];
    size_t count = 0;
    while (count < options->service_count && count < ARRAY_LENGTH(known)) {
        known[count] = options->services[count].key;
        count++;
    }
    const char *nearest = str_nearest(name, known, count);
    if (nearest != NULL)
        return mlua_misuse(
            L, "molo.service: unknown service '%s': did you mean '%s'?", name,
            nearest);
    return mlua_misuse(L,
                       "molo.service: unknown service '%s': give its address "
                       "under services in the config file, with --service "
                       "%s=URL, or in %s",
                       name, name, push_variable(L, name));
}

int
lua_service(lua_State *L)
{
    const struct script *script = script_of(L);
    const struct options *options =
        script->load_options ? script->load_options : script->env.options;
    if (lua_type(L, 1) != LUA_TSTRING)
        return mlua_misuse(L, "molo.service: expected a name, got %s",
                           luaL_typename(L, 1));
    const char *name = lua_tostring(L, 1);
    const char *url = options_service(options, name);
    if (url == NULL)
        return refuse(L, options, name);
    lua_pushstring(L, url);
    return 1;
}

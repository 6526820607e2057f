#include "script/lua_cookies.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "http/session.h"
#include "http/uri.h"
#include "script/lua_options.h"
#include "script/lua_session.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static void
put_text(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text) + 1);
}

/* Into memory that is the script's: to Lua it goes when the jar is let go. */
static void
copy_cookie(void *data, const struct http_cookie *cookie)
{
    struct buf *out = data;
    buf_printf(out, "%c%c%c%" PRId64, cookie->subdomains ? 'y' : 'n',
               cookie->secure ? 'y' : 'n', cookie->http_only ? 'y' : 'n',
               cookie->expires);
    buf_append(out, "", 1);
    put_text(out, cookie->name);
    put_text(out, cookie->value);
    put_text(out, cookie->domain);
    put_text(out, cookie->path);
}

static void
push_flag(lua_State *L, const char *name, char flag)
{
    lua_pushboolean(L, flag == 'y');
    lua_setfield(L, -2, name);
}

/* session:cookies() -> list */
int
lua_cookies_list(lua_State *L)
{
    static const char *const texts[] = {"name", "value", "domain", "path"};
    lua_session_check(L, 1);
    struct buf *all = &script_of(L)->scratch;
    buf_clear(all);
    session_each_cookie(lua_session_http(L, 1), copy_cookie, all);
    lua_newtable(L);
    size_t pos = 0;
    for (lua_Integer i = 1; pos < all->size; i++) {
        const char *flags = all->data + pos;
        lua_createtable(L, 0, 8);
        push_flag(L, "subdomains", flags[0]);
        push_flag(L, "secure", flags[1]);
        push_flag(L, "http_only", flags[2]);
        int64_t expires = strtoll(flags + 3, NULL, 10);
        if (expires != 0) {
            lua_pushinteger(L, expires);
            lua_setfield(L, -2, "expires");
        }
        pos += strlen(flags) + 1;
        for (size_t t = 0; t < ARRAY_LENGTH(texts); t++) {
            lua_pushstring(L, all->data + pos);
            lua_setfield(L, -2, texts[t]);
            pos += strlen(all->data + pos) + 1;
        }
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* Pushes the field; NULL if it is not there. */
static const char *
text_field(lua_State *L, const char *name, size_t *size)
{
    if (lua_getfield(L, 2, name) == LUA_TNIL)
        return NULL;
    if (lua_type(L, -1) != LUA_TSTRING)
        mlua_misuse(L, "session:set_cookie: %s: expected a string, got %s",
                    name, luaL_typename(L, -1));
    return lua_tolstring(L, -1, size);
}

static bool
flag_field(lua_State *L, const char *name)
{
    if (lua_getfield(L, 2, name) != LUA_TNIL && !lua_isboolean(L, -1))
        mlua_misuse(L, "session:set_cookie: %s: expected true or false, got %s",
                    name, luaL_typename(L, -1));
    return lua_toboolean(L, -1);
}

static int64_t
expires_field(lua_State *L)
{
    if (lua_getfield(L, 2, "expires") == LUA_TNIL)
        return 0;
    int ok;
    lua_Integer expires = lua_tointegerx(L, -1, &ok);
    if (!ok || expires < 1)
        mlua_misuse(L, "session:set_cookie: expires: expected a whole number "
                       "of seconds since 1970");
    return expires;
}

/* Pushes the host of base_url. */
static const char *
push_base_host(lua_State *L, const struct session *http)
{
    const char *base_url = session_base_url(http);
    struct uri uri;
    struct err err;
    if (base_url == NULL || !uri_parse(base_url, strlen(base_url), &uri, &err))
        mlua_misuse(L, "session:set_cookie: give a domain, as there is no "
                       "base_url to take it from");
    return lua_pushlstring(L, uri.host.data, uri.host.size);
}

/* session:set_cookie{name = ..., value = ...} */
int
lua_cookies_set(lua_State *L)
{
    static const char *const known[] = {"domain",     "expires", "http_only",
                                        "name",       "path",    "secure",
                                        "subdomains", "value"};
    lua_session_check(L, 1);
    lua_settop(L, 2);
    if (!lua_istable(L, 2))
        mlua_misuse(L,
                    "session:set_cookie: expected {name = ..., value = ...}, "
                    "got %s",
                    luaL_typename(L, 2));
    mlua_check_keys(L, 2, known, ARRAY_LENGTH(known));
    struct session *http = lua_session_http(L, 1);
    size_t name_size = 0, value_size = 0, domain_size = 0, path_size = 1;
    const char *name = text_field(L, "name", &name_size);
    const char *value = text_field(L, "value", &value_size);
    const char *domain = text_field(L, "domain", &domain_size);
    const char *path = text_field(L, "path", &path_size);
    if (name == NULL || value == NULL)
        mlua_misuse(L, "session:set_cookie: a cookie has a name and a value");
    struct err err;
    if (!http_check_cookie(name, name_size, value, value_size, &err))
        mlua_misuse(L, "session:set_cookie: %s", err.message);
    if (domain == NULL) {
        domain = push_base_host(L, http);
        domain_size = strlen(domain);
    }
    if (domain[0] == '.') {
        domain++;
        domain_size--;
    }
    if (!uri_check_host(domain, domain_size, &err))
        mlua_misuse(L, "session:set_cookie: domain: %s", err.message);
    if (path == NULL)
        path = "/";
    if (path[0] != '/' || !http_check_cookie("path", 4, path, path_size, &err))
        mlua_misuse(L, "session:set_cookie: path: expected one that begins "
                       "with a '/', without ';' and control characters");
    session_set_cookie(http, &(struct http_cookie){
                                 .name = name,
                                 .value = value,
                                 .domain = domain,
                                 .path = path,
                                 .subdomains = flag_field(L, "subdomains"),
                                 .secure = flag_field(L, "secure"),
                                 .http_only = flag_field(L, "http_only"),
                                 .expires = expires_field(L),
                             });
    return 0;
}

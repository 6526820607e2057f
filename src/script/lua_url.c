/* molo.url */
#include "script/lua_url.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "http/uri.h"
#include "script/lua_pairs.h"
#include "script/mlua.h"

static const char buffer_metatable[] = "molo.buffer";

/* Pushes a buffer that Lua frees, whatever is raised while it is filled. */
static struct buf *
push_buffer(lua_State *L)
{
    struct buf *buf = lua_newuserdatauv(L, sizeof(*buf), 0);
    *buf = (struct buf){0};
    buf_append(buf, NULL, 0);
    luaL_setmetatable(L, buffer_metatable);
    return buf;
}

static int
buffer_gc(lua_State *L)
{
    buf_finish(luaL_checkudata(L, 1, buffer_metatable));
    return 0;
}

/* Pushes what is in it; the memory need not wait for the collector. */
static int
push_result(lua_State *L, struct buf *buf)
{
    lua_pushlstring(L, buf->data, buf->size);
    buf_finish(buf);
    return 1;
}

/* --- parse --- */

static void
push_unescaped(lua_State *L, struct uri_part part, bool plus)
{
    struct buf text = {0};
    uri_unescape(&text, part.data, part.size, plus);
    lua_pushlstring(L, text.data, text.size);
    buf_finish(&text);
}

/* Scheme and host: their case means nothing. */
static void
set_lower(lua_State *L, const char *name, struct uri_part part)
{
    if (!part.data)
        return;
    luaL_Buffer lower;
    char *out = luaL_buffinitsize(L, &lower, part.size);
    for (size_t i = 0; i < part.size; i++) {
        unsigned char c = (unsigned char)part.data[i];
        out[i] = c < 0x80 ? (char)tolower(c) : (char)c;
    }
    luaL_pushresultsize(&lower, part.size);
    lua_setfield(L, -2, name);
}

static void
set_unescaped(lua_State *L, const char *name, struct uri_part part)
{
    if (!part.data)
        return;
    push_unescaped(L, part, false);
    lua_setfield(L, -2, name);
}

static void
set_path(lua_State *L, struct uri_part path)
{
    struct buf text = {0};
    uri_escape(&text, path.data, path.size, URI_PATH);
    lua_pushlstring(L, text.data, text.size);
    buf_finish(&text);
    lua_setfield(L, -2, "path");
}

/* t[name] = value, at the top of the stack: t, name, value. A name that comes
 * again makes a list. Pops name and value. */
static void
add_value(lua_State *L)
{
    int table = lua_gettop(L) - 2;
    lua_pushvalue(L, -2);
    switch (lua_rawget(L, table)) {
    case LUA_TNIL:
        lua_pop(L, 1);
        lua_rawset(L, table);
        return;
    case LUA_TTABLE:
        lua_insert(L, -2); /* t, name, list, value */
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_pop(L, 2);
        return;
    default: /* t, name, value, the first one */
        lua_createtable(L, 2, 0);
        lua_insert(L, -3); /* t, name, list, value, the first one */
        lua_rawseti(L, -3, 1);
        lua_rawseti(L, -2, 2);
        lua_rawset(L, table);
        return;
    }
}

static void
set_query(lua_State *L, struct uri_part query)
{
    lua_newtable(L);
    const char *p = query.data ? query.data : "", *end = p + query.size;
    while (p < end) {
        const char *next = memchr(p, '&', (size_t)(end - p));
        next = next ? next : end;
        const char *equals = memchr(p, '=', (size_t)(next - p));
        const char *name_end = equals ? equals : next;
        const char *value = equals ? equals + 1 : next;
        if (next > p) {
            push_unescaped(L, (struct uri_part){p, (size_t)(name_end - p)},
                           true);
            push_unescaped(L, (struct uri_part){value, (size_t)(next - value)},
                           true);
            add_value(L);
        }
        p = next < end ? next + 1 : end;
    }
    lua_setfield(L, -2, "query");
}

/* url.parse(text) -> table */
static int
lua_url_parse(lua_State *L)
{
    size_t size;
    const char *text =
        mlua_check_text(L, 1, "molo.url.parse: the argument", &size);
    struct uri uri;
    struct err err;
    if (!uri_parse(text, size, &uri, &err))
        return mlua_misuse(L, "molo.url.parse: %s", err.message);
    lua_createtable(L, 0, 8);
    set_lower(L, "scheme", uri.scheme);
    set_unescaped(L, "user", uri.user);
    set_unescaped(L, "password", uri.password);
    set_lower(L, "host", uri.host);
    if (uri.port) {
        lua_pushinteger(L, uri.port);
        lua_setfield(L, -2, "port");
    }
    set_path(L, uri.path);
    set_query(L, uri.query);
    set_unescaped(L, "fragment", uri.fragment);
    return 1;
}

/* --- build --- */

static void
append_parameter(void *data, const char *name, size_t name_size,
                 const char *value, size_t value_size)
{
    struct buf *out = data;
    if (out->size > 0)
        buf_append(out, "&", 1);
    uri_escape(out, name, name_size, URI_UNRESERVED);
    buf_append(out, "=", 1);
    uri_escape(out, value, value_size, URI_UNRESERVED);
}

/* Pushes field `name` of the table at 1; `data` is NULL when it is absent. */
static struct uri_part
get_text(lua_State *L, const char *name)
{
    struct uri_part part = {0};
    lua_pushstring(L, name);
    if (lua_rawget(L, 1) == LUA_TNIL)
        return part;
    if (lua_type(L, -1) != LUA_TSTRING)
        mlua_misuse(L, "molo.url.build: %s must be a string, got %s", name,
                    luaL_typename(L, -1));
    part.data = lua_tolstring(L, -1, &part.size);
    return part;
}

static int
get_port(lua_State *L)
{
    lua_pushliteral(L, "port");
    if (lua_rawget(L, 1) == LUA_TNIL)
        return 0;
    int ok;
    lua_Integer port = lua_tointegerx(L, -1, &ok);
    if (!ok || port < 1 || port > 65535)
        mlua_misuse(L, "molo.url.build: port must be a number, 1 to 65535");
    return (int)port;
}

static void
append_authority(lua_State *L, struct buf *out, const struct uri *uri)
{
    buf_append_str(out, "//");
    if (uri->user.data)
        uri_escape(out, uri->user.data, uri->user.size, URI_UNRESERVED);
    if (uri->password.data) {
        buf_append(out, ":", 1);
        uri_escape(out, uri->password.data, uri->password.size, URI_UNRESERVED);
    }
    if (uri->user.data)
        buf_append(out, "@", 1);
    struct uri_part host = uri->host;
    if (host.size >= 2 && host.data[0] == '[' &&
        host.data[host.size - 1] == ']')
        host = (struct uri_part){host.data + 1, host.size - 2};
    struct err err;
    if (!uri_check_host(host.data, host.size, &err))
        mlua_misuse(L, "molo.url.build: %s", err.message);
    bool ipv6 = host.size > 0 && memchr(host.data, ':', host.size);
    buf_append_str(out, ipv6 ? "[" : "");
    buf_append(out, host.data, host.size);
    buf_append_str(out, ipv6 ? "]" : "");
    if (uri->port)
        buf_printf(out, ":%d", uri->port);
}

static void
check_scheme(lua_State *L, const struct uri *uri)
{
    struct err err;
    if (!uri_check_scheme(uri->scheme.data, uri->scheme.size, &err))
        mlua_misuse(L, "molo.url.build: %s", err.message);
    if (uri->host.size == 0 &&
        uri_scheme_needs_host(uri->scheme.data, uri->scheme.size))
        mlua_misuse(L, "molo.url.build: '%s' needs a host", uri->scheme.data);
}

/* What would be read as another part, when the parts stand together. */
static void
check_together(lua_State *L, const struct uri *uri)
{
    const char *path = uri->path.data ? uri->path.data : "";
    if (!uri->host.data && (uri->user.data || uri->port))
        mlua_misuse(L, "molo.url.build: %s needs a host",
                    uri->port ? "port" : "user");
    if (uri->password.data && !uri->user.data)
        mlua_misuse(L, "molo.url.build: password needs a user");
    if (uri->host.data && path[0] && path[0] != '/')
        mlua_misuse(L,
                    "molo.url.build: behind a host the path '%s' must "
                    "begin with '/'",
                    path);
    if (!uri->host.data && path[0] == '/' && path[1] == '/')
        mlua_misuse(L,
                    "molo.url.build: without a host the path '%s' cannot "
                    "begin with '//'",
                    path);
    if (!uri->scheme.data && !uri->host.data &&
        path[strcspn(path, ":/")] == ':')
        mlua_misuse(L,
                    "molo.url.build: without a scheme the path '%s' would "
                    "be read as one: put './' before it",
                    path);
}

static void
append_part(lua_State *L, struct buf *out, const char *name,
            struct uri_part part, enum uri_place place)
{
    struct err err;
    if (!uri_check_escapes(part.data, part.size, &err))
        mlua_misuse(L, "molo.url.build: %s: %s", name, err.message);
    uri_escape(out, part.data, part.size, place);
}

static void
append_query(lua_State *L, struct buf *out)
{
    lua_pushliteral(L, "query");
    if (lua_rawget(L, 1) == LUA_TSTRING) {
        struct uri_part query;
        query.data = lua_tolstring(L, -1, &query.size);
        buf_append(out, "?", 1);
        append_part(L, out, "query", query, URI_QUERY);
    } else if (lua_type(L, -1) != LUA_TNIL) {
        struct buf *pairs = push_buffer(L);
        lua_pairs_each_parameter(L, -2, "molo.url.build: query",
                                 append_parameter, pairs);
        if (pairs->size > 0)
            buf_append(out, "?", 1);
        buf_append(out, pairs->data, pairs->size);
    }
}

/* url.build(table) -> text */
static int
lua_url_build(lua_State *L)
{
    static const char *const known[] = {"scheme", "user",    "password",
                                        "host",   "port",    "path",
                                        "query",  "fragment"};
    if (!lua_istable(L, 1))
        return mlua_misuse(L, "molo.url.build: expected a table, got %s",
                           luaL_typename(L, 1));
    lua_settop(L, 1);
    mlua_check_keys(L, 1, known, ARRAY_LENGTH(known));
    luaL_checkstack(L, 30, "molo.url.build");
    struct uri uri = {.port = get_port(L)};
    uri.scheme = get_text(L, "scheme");
    uri.user = get_text(L, "user");
    uri.password = get_text(L, "password");
    uri.host = get_text(L, "host");
    uri.path = get_text(L, "path");
    uri.fragment = get_text(L, "fragment");
    check_together(L, &uri);

    struct buf *out = push_buffer(L);
    if (uri.scheme.data) {
        check_scheme(L, &uri);
        buf_append(out, uri.scheme.data, uri.scheme.size);
        buf_append(out, ":", 1);
    }
    if (uri.host.data)
        append_authority(L, out, &uri);
    if (uri.path.data)
        append_part(L, out, "path", uri.path, URI_PATH);
    append_query(L, out);
    if (uri.fragment.data) {
        buf_append(out, "#", 1);
        uri_escape(out, uri.fragment.data, uri.fragment.size, URI_UNRESERVED);
    }
    return push_result(L, out);
}

/* --- the rest --- */

/* url.escape(text) -> text */
static int
lua_url_escape(lua_State *L)
{
    size_t size;
    const char *text =
        mlua_check_text(L, 1, "molo.url.escape: the argument", &size);
    struct buf out = {0};
    uri_escape(&out, text, size, URI_UNRESERVED);
    return push_result(L, &out);
}

/* url.unescape(text) -> text */
static int
lua_url_unescape(lua_State *L)
{
    size_t size;
    const char *text =
        mlua_check_text(L, 1, "molo.url.unescape: the argument", &size);
    struct err err;
    if (!uri_check_escapes(text, size, &err))
        return mlua_misuse(L, "molo.url.unescape: %s", err.message);
    push_unescaped(L, (struct uri_part){text, size}, false);
    return 1;
}

/* url.query(table) -> text */
static int
lua_url_query(lua_State *L)
{
    lua_settop(L, 1);
    struct buf *out = push_buffer(L);
    lua_pairs_each_parameter(L, 1, "molo.url.query", append_parameter, out);
    return push_result(L, out);
}

static const luaL_Reg buffer_meta[] = {
    {"__gc", buffer_gc},
    {NULL, NULL},
};
static const luaL_Reg url_functions[] = {
    {"build", lua_url_build},       {"escape", lua_url_escape},
    {"parse", lua_url_parse},       {"query", lua_url_query},
    {"unescape", lua_url_unescape}, {NULL, NULL},
};

void
lua_url_open(lua_State *L)
{
    mlua_new_class(L, buffer_metatable, NULL, buffer_meta);
    luaL_newlib(L, url_functions);
    lua_setfield(L, -2, "url");
}

#include "script/lua_response.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http/transfer.h"
#include "script/mlua.h"

static const char response_metatable[] = "molo.response";
static const char headers_metatable[] = "molo.headers";

struct response {
    int status, http_version, redirects;
    bool truncated;
    struct transfer_timings timings;
    uint64_t bytes_sent, bytes_received;
    size_t url_size, headers_size, history_size;
    char text[]; /* URL, raw header lines, transfer.history */
};
/* User values of a response. The headers object is made on demand. */
enum { SLOT_BODY = 1, SLOT_HEADERS, SLOT_COUNT = SLOT_HEADERS };

void
lua_response_push(lua_State *L, const struct transfer *transfer)
{
    const struct http_response *got = &transfer->response;
    const struct buf *url = &transfer->request.url;
    struct response *r = lua_newuserdatauv(
        L, sizeof(*r) + url->size + got->headers.size + transfer->history.size,
        SLOT_COUNT);
    *r = (struct response){
        .status = got->status,
        .http_version = got->http_version,
        .redirects = transfer->redirects_followed,
        .truncated = transfer->truncated,
        .timings = transfer->timings,
        .bytes_sent = transfer->bytes_sent,
        .bytes_received = transfer->bytes_received,
        .url_size = url->size,
        .headers_size = got->headers.size,
        .history_size = transfer->history.size,
    };
    memcpy(r->text, url->data, url->size);
    if (got->headers.size > 0)
        memcpy(r->text + url->size, got->headers.data, got->headers.size);
    if (transfer->history.size > 0)
        memcpy(r->text + url->size + got->headers.size, transfer->history.data,
               transfer->history.size);
    luaL_setmetatable(L, response_metatable);
    bool keeps = got->body.data != NULL && !transfer->request.streams;
    lua_pushlstring(L, keeps ? got->body.data : "", keeps ? got->body.size : 0);
    lua_setiuservalue(L, -2, SLOT_BODY);
}

/* --- headers --- */

static void
push_lower(lua_State *L, const char *text, size_t size)
{
    luaL_Buffer lower;
    char *out = luaL_buffinitsize(L, &lower, size);
    for (size_t i = 0; i < size; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    luaL_pushresultsize(&lower, size);
}

/* {lower-case name = {value, ...}} and the list of these names in their order,
 * in user value 1 of a headers object. */
static void
parse_headers(lua_State *L, const char *lines, size_t size)
{
    lua_newtable(L);
    size_t pos = 0, name_size, value_size;
    const char *name, *value;
    while (http_header_next(lines, size, &pos, &name, &name_size, &value,
                            &value_size)) {
        push_lower(L, name, name_size);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            lua_rawseti(L, -3, (lua_Integer)lua_rawlen(L, -3) + 1);
            lua_newtable(L);
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, -5);
        }
        lua_pushlstring(L, value, value_size);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_pop(L, 2);
    }
}

/* headers:all(name): every value of that name, in order. */
static int
headers_all(lua_State *L)
{
    if (luaL_testudata(L, 1, headers_metatable) == NULL)
        return mlua_misuse(L, "all: call it on the headers of a response, with "
                              "a colon: response.headers:all(name)");
    size_t size;
    const char *name = mlua_check_text(L, 2, "headers:all: the name", &size);
    lua_settop(L, 2);
    lua_newtable(L); /* 3: the result */
    lua_getiuservalue(L, 1, 1);
    push_lower(L, name, size);
    lua_Integer count =
        lua_rawget(L, 4) == LUA_TNIL ? 0 : (lua_Integer)lua_rawlen(L, 5);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 5, i);
        lua_rawseti(L, 3, i);
    }
    lua_settop(L, 3);
    return 1;
}

/* The first value of that name, in any case; nil if there is none. */
static int
headers_index(lua_State *L)
{
    luaL_checkudata(L, 1, headers_metatable);
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    size_t size;
    const char *name = lua_tolstring(L, 2, &size);
    lua_getiuservalue(L, 1, 1);
    push_lower(L, name, size);
    if (lua_rawget(L, 3) != LUA_TNIL) {
        lua_rawgeti(L, -1, 1);
        return 1;
    }
    if (strcmp(name, "all") == 0) {
        lua_pushcfunction(L, headers_all);
        return 1;
    }
    return 0;
}

/* Upvalues: what was parsed, how many names are done. */
static int
next_header(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(2));
    if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
        return 1;
    lua_pushvalue(L, -1);
    lua_rawget(L, lua_upvalueindex(1));
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    return 2;
}

/* pairs(headers): lower-case names and first values, as they came. */
static int
headers_pairs(lua_State *L)
{
    luaL_checkudata(L, 1, headers_metatable);
    lua_getiuservalue(L, 1, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_header, 2);
    return 1;
}

static void
push_headers(lua_State *L, int response, const struct response *r)
{
    if (lua_getiuservalue(L, response, SLOT_HEADERS) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 1);
    parse_headers(L, r->text + r->url_size, r->headers_size);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, headers_metatable);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, response, SLOT_HEADERS);
}

/* --- the response --- */

static void
set_seconds(lua_State *L, const char *name, nsec_t t)
{
    if (t < 0)
        return;
    lua_pushnumber(L, nsec_to_seconds(t));
    lua_setfield(L, -2, name);
}

static void
push_timings(lua_State *L, const struct transfer_timings *t)
{
    lua_createtable(L, 0, 6);
    set_seconds(L, "dns", t->dns);
    set_seconds(L, "connect", t->connect);
    set_seconds(L, "tls", t->tls);
    set_seconds(L, "send", t->send);
    set_seconds(L, "wait", t->wait);
    set_seconds(L, "receive", t->receive);
}

/* The redirects that were followed: {{status = 302, url = ...}, ...} */
static void
push_history(lua_State *L, const struct response *r)
{
    const char *entry = r->text + r->url_size + r->headers_size;
    const char *end = entry + r->history_size;
    lua_createtable(L, r->redirects, 0);
    for (lua_Integer i = 1; entry < end; i++) {
        char *url;
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, strtol(entry, &url, 10));
        lua_setfield(L, -2, "status");
        lua_pushstring(L, url + 1);
        lua_setfield(L, -2, "url");
        lua_rawseti(L, -2, i);
        entry += strlen(entry) + 1;
    }
}

/* response:json() */
static int
response_json(lua_State *L)
{
    const struct response *r = luaL_testudata(L, 1, response_metatable);
    if (r == NULL)
        return mlua_misuse(L, "json: call it on a response, with a colon: "
                              "response:json()");
    lua_getiuservalue(L, 1, SLOT_BODY);
    size_t size;
    const char *body = lua_tolstring(L, -1, &size);
    struct err err;
    json_t *json = mlua_read_json(body, size, &err);
    if (!json) {
        char message[256];
        snprintf(message, sizeof(message),
                 "the body is not JSON (status %d): %.200s", r->status,
                 err.message);
        mlua_push_error(L, "decode", message);
        return lua_error(L);
    }
    mlua_take_json(L, json);
    return 1;
}

enum field {
    FIELD_STATUS,
    FIELD_OK,
    FIELD_BODY,
    FIELD_HEADERS,
    FIELD_URL,
    FIELD_HTTP_VERSION,
    FIELD_ELAPSED,
    FIELD_TIMINGS,
    FIELD_BYTES_SENT,
    FIELD_BYTES_RECEIVED,
    FIELD_REDIRECTS,
    FIELD_HISTORY,
    FIELD_JSON,
    FIELD_TRUNCATED,
    FIELD_COUNT,
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_STATUS] = "status",
    [FIELD_OK] = "ok",
    [FIELD_BODY] = "body",
    [FIELD_HEADERS] = "headers",
    [FIELD_URL] = "url",
    [FIELD_HTTP_VERSION] = "http_version",
    [FIELD_ELAPSED] = "elapsed",
    [FIELD_TIMINGS] = "timings",
    [FIELD_BYTES_SENT] = "bytes_sent",
    [FIELD_BYTES_RECEIVED] = "bytes_received",
    [FIELD_REDIRECTS] = "redirects",
    [FIELD_HISTORY] = "history",
    [FIELD_JSON] = "json",
    [FIELD_TRUNCATED] = "truncated",
};

static void
push_http_version(lua_State *L, int version)
{
    if (version % 10 == 0 && version >= 20)
        lua_pushfstring(L, "%d", version / 10);
    else
        lua_pushfstring(L, "%d.%d", version / 10, version % 10);
}

/* Upvalue 1: field names to numbers. */
static int
response_index(lua_State *L)
{
    const struct response *r = luaL_checkudata(L, 1, response_metatable);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL)
        return mlua_no_such(L, "a response has no field", 2,
                            lua_upvalueindex(1));
    switch ((enum field)lua_tointeger(L, -1)) {
    case FIELD_STATUS:
        lua_pushinteger(L, r->status);
        return 1;
    case FIELD_OK:
        lua_pushboolean(L, r->status >= 200 && r->status < 400);
        return 1;
    case FIELD_BODY:
        lua_getiuservalue(L, 1, SLOT_BODY);
        return 1;
    case FIELD_HEADERS:
        push_headers(L, 1, r);
        return 1;
    case FIELD_URL:
        lua_pushlstring(L, r->text, r->url_size);
        return 1;
    case FIELD_HTTP_VERSION:
        push_http_version(L, r->http_version);
        return 1;
    case FIELD_ELAPSED:
        lua_pushnumber(L, nsec_to_seconds(r->timings.elapsed));
        return 1;
    case FIELD_TIMINGS:
        push_timings(L, &r->timings);
        return 1;
    case FIELD_BYTES_SENT:
        lua_pushinteger(L, (lua_Integer)r->bytes_sent);
        return 1;
    case FIELD_BYTES_RECEIVED:
        lua_pushinteger(L, (lua_Integer)r->bytes_received);
        return 1;
    case FIELD_REDIRECTS:
        lua_pushinteger(L, r->redirects);
        return 1;
    case FIELD_HISTORY:
        push_history(L, r);
        return 1;
    case FIELD_JSON:
        lua_pushcfunction(L, response_json);
        return 1;
    case FIELD_TRUNCATED:
        lua_pushboolean(L, r->truncated);
        return 1;
    case FIELD_COUNT:
        break;
    }
    return 0;
}

static int
response_tostring(lua_State *L)
{
    const struct response *r = luaL_checkudata(L, 1, response_metatable);
    lua_pushlstring(L, r->text, r->url_size);
    lua_pushfstring(L, "response %d of %s", r->status, lua_tostring(L, -1));
    return 1;
}

static int
response_newindex(lua_State *L)
{
    return mlua_misuse(L, "a response cannot be changed: keep what is yours in "
                          "a local or in session.state");
}

static const luaL_Reg response_meta[] = {
    {"__newindex", response_newindex},
    {"__tostring", response_tostring},
    {NULL, NULL},
};
static const luaL_Reg headers_meta[] = {
    {"__index", headers_index},
    {"__newindex", response_newindex},
    {"__pairs", headers_pairs},
    {NULL, NULL},
};

void
lua_response_open(lua_State *L)
{
    mlua_new_class(L, headers_metatable, NULL, headers_meta);
    mlua_new_class(L, response_metatable, NULL, response_meta);
    luaL_getmetatable(L, response_metatable);
    lua_createtable(L, 0, FIELD_COUNT);
    for (int i = 0; i < FIELD_COUNT; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, field_names[i]);
    }
    lua_pushcclosure(L, response_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

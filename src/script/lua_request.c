#include "script/lua_request.h"

#include <stdlib.h>
#include <string.h>

#include "http/session.h"
#include "http/uri.h"
#include "script/lua_pairs.h"
#include "script/mlua.h"

static void
check_header(lua_State *L, int key, int value, const char **name,
             size_t *name_size, const char **text, size_t *text_size)
{
    if (lua_type(L, key) != LUA_TSTRING)
        mlua_misuse(L, "headers: names are strings, got a %s",
                    luaL_typename(L, key));
    if (lua_type(L, value) != LUA_TSTRING && lua_type(L, value) != LUA_TNUMBER)
        mlua_misuse(L, "header '%s': expected a string, got %s",
                    lua_tostring(L, key), luaL_typename(L, value));
    *name = lua_tolstring(L, key, name_size);
    *text = lua_tolstring(L, value, text_size);
}

static void
check_table(lua_State *L, int index, const char *option)
{
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: expected a table, got %s", option,
                    luaL_typename(L, index));
}

static void
set_header(lua_State *L, struct lua_request *r, const char *name,
           const char *value)
{
    struct err err;
    if (!http_request_has_header(&r->transfer->request, name) &&
        !http_request_set_header(&r->transfer->request, name, strlen(name),
                                 value, strlen(value), &err))
        mlua_misuse(L, "%s", err.message);
}

static void
set_headers(lua_State *L, int index, struct http_request *request)
{
    check_table(L, index, "headers");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        const char *name, *value;
        size_t name_size, value_size;
        int top = lua_gettop(L);
        check_header(L, top - 1, top, &name, &name_size, &value, &value_size);
        struct err err;
        if (!http_request_set_header(request, name, name_size, value,
                                     value_size, &err))
            mlua_misuse(L, "%s", err.message);
        lua_pop(L, 1);
    }
}

static void
option_headers(lua_State *L, struct lua_request *r, int index)
{
    set_headers(L, index, &r->transfer->request);
}

static void
put_query(void *data, const char *key, size_t key_size, const char *value,
          size_t value_size)
{
    struct lua_request *r = data;
    http_request_add_query(&r->transfer->request, key, key_size, value,
                           value_size);
}

static void
option_query(lua_State *L, struct lua_request *r, int index)
{
    lua_pairs_each_parameter(L, index, "query", put_query, r);
}

static void
put_form(void *data, const char *key, size_t key_size, const char *value,
         size_t value_size)
{
    struct lua_request *r = data;
    struct buf *body = &r->transfer->request.body;
    if (body->size > 0)
        buf_append(body, "&", 1);
    uri_escape(body, key, key_size, URI_UNRESERVED);
    buf_append(body, "=", 1);
    uri_escape(body, value, value_size, URI_UNRESERVED);
}

static void
check_one_body(lua_State *L, struct lua_request *r)
{
    if (r->transfer->request.has_body)
        mlua_misuse(L, "give only one of body, json and form");
}

static void
option_form(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    http_request_set_body(&r->transfer->request, "", 0);
    lua_pairs_each_parameter(L, index, "form", put_form, r);
    set_header(L, r, "Content-Type", "application/x-www-form-urlencoded");
}

static void
option_body(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
        mlua_misuse(L,
                    "body: expected a string, got %s; for tables use json "
                    "or form",
                    luaL_typename(L, index));
    size_t size;
    const char *data = lua_tolstring(L, index, &size);
    http_request_set_body(&r->transfer->request, data, size);
}

static void
option_json(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    json_t *json = mlua_check_json(L, index);
    char *text =
        json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    json_decref(json);
    http_request_set_body(&r->transfer->request, text, strlen(text));
    free(text);
    set_header(L, r, "Content-Type", "application/json");
}

static void
option_timeout(lua_State *L, struct lua_request *r, int index)
{
    nsec_t timeout = mlua_check_time(L, index, "timeout");
    if (timeout == 0)
        mlua_misuse(L, "timeout: must be above 0");
    r->transfer->request.timeout = timeout;
}

static void
option_name(lua_State *L, struct lua_request *r, int index)
{
    if (lua_type(L, index) != LUA_TSTRING || lua_rawlen(L, index) == 0)
        mlua_misuse(L, "name: expected a non-empty string");
    size_t size;
    const char *name = lua_tolstring(L, index, &size);
    buf_clear(&r->transfer->request.name);
    buf_append(&r->transfer->request.name, name, size);
}

static void
add_expected(lua_State *L, struct lua_request *r, int index)
{
    int ok;
    lua_Integer status = lua_tointegerx(L, index, &ok);
    if (!ok || status < 100 || status > 999)
        mlua_misuse(L, "expect: expected a status (100 to 999) or a list of "
                       "them");
    struct lua_expected *expected = r->expected;
    if (expected->count == LUA_MAX_EXPECTED)
        mlua_misuse(L, "expect: at most %d statuses", LUA_MAX_EXPECTED);
    expected->status[expected->count++] = (int)status;
}

static void
option_expect(lua_State *L, struct lua_request *r, int index)
{
    if (!lua_istable(L, index)) {
        add_expected(L, r, index);
        return;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count == 0)
        mlua_misuse(L, "expect: the list is empty");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_expected(L, r, -1);
        lua_pop(L, 1);
    }
}

int
lua_http_check_redirects(lua_State *L, int index)
{
    if (lua_isboolean(L, index) && !lua_toboolean(L, index))
        return 0;
    int ok;
    lua_Integer n = lua_tointegerx(L, index, &ok);
    if (!ok || n < 0 || n > 1000)
        mlua_misuse(L, "redirects: expected a number up to 1000, or false");
    return (int)n;
}

static void
option_redirects(lua_State *L, struct lua_request *r, int index)
{
    r->transfer->request.max_redirects = lua_http_check_redirects(L, index);
}

struct request_option {
    const char *name;
    void (*apply)(lua_State *L, struct lua_request *r, int index);
};
static const struct request_option request_options[] = {
    {"body", option_body},       {"expect", option_expect},
    {"form", option_form},       {"headers", option_headers},
    {"json", option_json},       {"name", option_name},
    {"query", option_query},     {"redirects", option_redirects},
    {"timeout", option_timeout},
};

bool
lua_request_begin(const struct lua_request *r, struct err *err)
{
    struct http_request *request = &r->transfer->request;
    return http_request_set_method(request, r->method, r->method_size, err) &&
           http_request_set_url(request, session_base_url(r->transfer->session),
                                r->url, r->url_size, err);
}

/* Options are applied in the order of the rows above, so that the outcome never
 * depends on the order of a Lua table. */
int
lua_request_apply_options(lua_State *L)
{
    struct lua_request *r = lua_touserdata(L, 1);
    check_table(L, 2, "options of a request");
    const char *names[ARRAY_LENGTH(request_options)];
    for (size_t i = 0; i < ARRAY_LENGTH(request_options); i++)
        names[i] = request_options[i].name;
    mlua_check_keys(L, 2, names, ARRAY_LENGTH(names));
    for (size_t i = 0; i < ARRAY_LENGTH(request_options); i++) {
        lua_pushstring(L, names[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            request_options[i].apply(L, r, 3);
        lua_settop(L, 2);
    }
    return 0;
}

/* Arguments: a light userdata (struct http_request), the table. */
static int
try_headers(lua_State *L)
{
    set_headers(L, 2, lua_touserdata(L, 1));
    return 0;
}

void
lua_http_check_headers(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    struct http_request scratch = {0};
    lua_pushcfunction(L, try_headers);
    lua_pushlightuserdata(L, &scratch);
    lua_pushvalue(L, index);
    int status = lua_pcall(L, 2, 0, 0);
    http_request_finish(&scratch);
    if (status != LUA_OK)
        lua_error(L);
}

void
lua_http_session_headers(lua_State *L, int index, struct session *http)
{
    check_table(L, index, "headers");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        const char *name, *value;
        size_t name_size, value_size;
        int top = lua_gettop(L);
        check_header(L, top - 1, top, &name, &name_size, &value, &value_size);
        struct err err;
        if (!session_set_header(http, name, name_size, value, value_size, &err))
            mlua_misuse(L, "%s", err.message);
        lua_pop(L, 1);
    }
}

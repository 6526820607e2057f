#include "script/lua_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http/session.h"
#include "http/uri.h"
#include "script/lua_files.h"
#include "script/lua_options.h"
#include "script/lua_pairs.h"
#include "script/mlua.h"
#include "script/script_internal.h"

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
        mlua_misuse(L, "give only one of body, json and form (with files)");
}

static void
option_form(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    lua_pushliteral(L, "files");
    if (lua_rawget(L, 2) != LUA_TNIL)
        return; /* carries them, too */
    http_request_set_body(&r->transfer->request, "", 0);
    lua_pairs_each_parameter(L, index, "form", put_form, r);
    set_header(L, r, "Content-Type", "application/x-www-form-urlencoded");
}

static void
option_body(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    if (lua_istable(L, index)) {
        lua_files_set_body(L, r, index);
        return;
    }
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
        mlua_misuse(L,
                    "body: expected a string or {path = ...}, got %s; for "
                    "tables use json or form",
                    luaL_typename(L, index));
    size_t size;
    const char *data = lua_tolstring(L, index, &size);
    http_request_set_body(&r->transfer->request, data, size);
}

static void
option_json(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    char *text = mlua_write_json(L, index);
    http_request_set_body(&r->transfer->request, text, strlen(text));
    free(text);
    set_header(L, r, "Content-Type", "application/json");
}

static void
option_files(lua_State *L, struct lua_request *r, int index)
{
    check_one_body(L, r);
    lua_files_set_parts(L, r, index);
}

/* lua_stream.c calls it. */
static void
option_sink(lua_State *L, struct lua_request *r, int index)
{
    if (!lua_isfunction(L, index))
        mlua_misuse(L, "sink: expected a function, got %s",
                    luaL_typename(L, index));
}

/* lua/molo/events.lua takes it out. */
static void
option_reconnect(lua_State *L, struct lua_request *r, int index)
{
    mlua_misuse(L, "reconnect is an option of session:events alone");
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
put_cookie(void *data, const char *name, size_t name_size, const char *value,
           size_t value_size)
{
    struct lua_request *r = data;
    struct err err;
    if (!http_request_add_cookie(&r->transfer->request, name, name_size, value,
                                 value_size, &err))
        mlua_misuse(r->L, "cookies: %s", err.message);
}

static void
option_cookies(lua_State *L, struct lua_request *r, int index)
{
    lua_pairs_each_parameter(L, index, "cookies", put_cookie, r);
}

/* --- the variables of a URL --- */

/* "{name}" at `text`: the name's length, 0 if there is none. */
static size_t
variable_at(const char *text, size_t size)
{
    const char *end =
        size > 2 && text[0] == '{' ? memchr(text, '}', size) : NULL;
    return end != NULL ? (size_t)(end - text) - 1 : 0;
}

static bool
url_has_variable(const struct lua_request *r, const char *name, size_t size)
{
    for (size_t i = 0; i < r->url_size; i++)
        if (variable_at(r->url + i, r->url_size - i) == size &&
            memcmp(r->url + i + 1, name, size) == 0)
            return true;
    return false;
}

static void
check_vars(lua_State *L, const struct lua_request *r, int index)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            mlua_misuse(L, "vars: names are strings, got a %s",
                        luaL_typename(L, -2));
        size_t size;
        const char *name = lua_tolstring(L, -2, &size);
        if (!url_has_variable(r, name, size))
            mlua_misuse(L, "vars: there is no {%s} in the URL '%.200s'", name,
                        r->url);
        if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
            mlua_misuse(L, "vars: '%s': expected a string or a number, got %s",
                        name, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
}

/* All values are there and are text. */
static void
expand(lua_State *L, const struct lua_request *r, int index, struct buf *out)
{
    for (size_t i = 0; i < r->url_size;) {
        size_t size = variable_at(r->url + i, r->url_size - i);
        if (size == 0) {
            buf_append(out, r->url + i++, 1);
            continue;
        }
        lua_pushlstring(L, r->url + i + 1, size);
        lua_rawget(L, index);
        size_t value_size;
        const char *value = lua_tolstring(L, -1, &value_size);
        uri_escape(out, value, value_size, URI_UNRESERVED);
        lua_pop(L, 1);
        i += size + 2;
    }
}

/* The template without its values is the label, so that all of them count as
 * one. */
static void
option_vars(lua_State *L, struct lua_request *r, int index)
{
    lua_options_check_table(L, index, "vars");
    check_vars(L, r, index);
    for (size_t i = 0; i < r->url_size; i++) {
        size_t size = variable_at(r->url + i, r->url_size - i);
        if (size == 0)
            continue;
        lua_pushlstring(L, r->url + i + 1, size);
        if (lua_rawget(L, index) == LUA_TNIL)
            mlua_misuse(L, "vars: '%.*s' of the URL '%.200s' is missing",
                        (int)size, r->url + i + 1, r->url);
        lua_pop(L, 1);
    }
    struct http_request *request = &r->transfer->request;
    size_t label_size;
    const char *label = http_request_label(request, &label_size);
    buf_append(&request->name, label, label_size);
    struct buf *url = &script_of(L)->scratch;
    buf_clear(url);
    expand(L, r, index, url);
    struct err err;
    bool ok =
        http_request_set_url(request, session_base_url(r->transfer->session),
                             url->data, url->size, &err);
    if (!ok)
        mlua_misuse(L, "%s", err.message);
}

/* Bytes of "name" in "{name}" at `text`, a name being what one would write as a
 * key of vars; 0: it is something else. */
static size_t
name_at(const char *text, size_t size)
{
    size_t name_size = variable_at(text, size);
    for (size_t i = 0; i < name_size; i++)
        if (!isalnum((unsigned char)text[i + 1]) && text[i + 1] != '_')
            return 0;
    return name_size;
}

void
lua_request_check_url(lua_State *L, int url, int options)
{
    if (lua_type(L, url) != LUA_TSTRING)
        mlua_misuse(L, "expected a URL, got %s", luaL_typename(L, url));
    const char *text = lua_tostring(L, url);
    /* Behind the path it may be JSON, or GraphQL. */
    size_t size = strcspn(text, "?#");
    if (memchr(text, '{', size) == NULL)
        return;
    if (lua_istable(L, options)) {
        bool given = lua_getfield(L, options, "vars") != LUA_TNIL;
        lua_pop(L, 1);
        if (given)
            return;
    }
    for (size_t i = 0; i < size; i++) {
        int name_size = (int)name_at(text + i, size - i);
        const char *name = text + i + 1;
        if (name_size > 0)
            mlua_misuse(L,
                        "the URL '%.200s' has {%.*s} and no vars to put there: "
                        "give vars = {%.*s = ...}, or write %%7B for a '{'",
                        text, name_size, name, name_size, name);
    }
}

struct request_option {
    const char *name;
    void (*apply)(lua_State *L, struct lua_request *r, int index);
};
/* Applied in this order, after those that a session has, too. */
static const struct request_option request_options[] = {
    {"vars", option_vars},       {"query", option_query},
    {"body", option_body},       {"form", option_form},
    {"json", option_json},       {"name", option_name},
    {"cookies", option_cookies}, {"files", option_files},
    {"sink", option_sink},       {"reconnect", option_reconnect},
};

bool
lua_request_begin(const struct lua_request *r, struct err *err)
{
    struct http_request *request = &r->transfer->request;
    return http_request_set_method(request, r->method, r->method_size, err) &&
           http_request_set_url(request, session_base_url(r->transfer->session),
                                r->url, r->url_size, err);
}

static void
check_names(lua_State *L)
{
    enum { OWN = ARRAY_LENGTH(request_options) };
    const char *names[OWN + LUA_SHARED_OPTIONS];
    for (size_t i = 0; i < OWN; i++)
        names[i] = request_options[i].name;
    for (size_t i = 0; i < LUA_SHARED_OPTIONS; i++)
        names[OWN + i] = lua_shared_options[i].name;
    mlua_check_keys(L, 2, names, ARRAY_LENGTH(names));
}

int
lua_request_apply_options(lua_State *L)
{
    struct lua_request *r = lua_touserdata(L, 1);
    r->L = L;
    if (lua_type(L, 2) == LUA_TSTRING)
        mlua_misuse(L, "options of a request: expected a table, got string; a "
                       "body is given as {body = ...}");
    lua_options_check_table(L, 2, "options of a request");
    check_names(L);
    lua_options_apply(L, 2, &r->transfer->request);
    for (size_t i = 0; i < ARRAY_LENGTH(request_options); i++) {
        lua_pushstring(L, request_options[i].name);
        if (lua_rawget(L, 2) != LUA_TNIL)
            request_options[i].apply(L, r, 3);
        lua_settop(L, 2);
    }
    return 0;
}

bool
lua_request_is_option(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(request_options); i++)
        if (strcmp(request_options[i].name, name) == 0)
            return true;
    return false;
}

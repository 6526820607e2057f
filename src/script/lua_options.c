#include "script/lua_options.h"

#include <string.h>

#include "base/base64.h"
#include "base/str.h"
#include "http/request.h"
#include "http/transport.h"
#include "script/lua_reach.h"
#include "script/lua_tags.h"
#include "script/mlua.h"

void
lua_options_check_table(lua_State *L, int index, const char *option)
{
    if (!lua_istable(L, index))
        mlua_misuse(L, "%s: expected a table, got %s", option,
                    luaL_typename(L, index));
}

bool
lua_options_is_false(lua_State *L, int index)
{
    return lua_isboolean(L, index) && !lua_toboolean(L, index);
}

/* A string without NUL, not empty. */
const char *
lua_options_check_string(lua_State *L, int index, const char *option,
                         const char *expected)
{
    size_t size = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING
                           ? lua_tolstring(L, index, &size)
                           : NULL;
    if (size == 0 || strlen(text) != size)
        mlua_misuse(L, "%s: expected %s, got %s", option, expected,
                    text == NULL ? luaL_typename(L, index)
                    : size == 0  ? "an empty string"
                                 : "a string with a NUL byte");
    return text;
}

bool
lua_options_check_boolean(lua_State *L, int index, const char *option)
{
    if (!lua_isboolean(L, index))
        mlua_misuse(L, "%s: expected true or false, got %s", option,
                    luaL_typename(L, index));
    return lua_toboolean(L, index);
}

static void
option_headers(lua_State *L, struct http_request *request, int index)
{
    lua_options_check_table(L, index, "headers");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int value = lua_gettop(L), key = value - 1;
        if (lua_type(L, key) != LUA_TSTRING)
            mlua_misuse(L, "headers: names are strings, got a %s",
                        luaL_typename(L, key));
        if (lua_type(L, value) != LUA_TSTRING &&
            lua_type(L, value) != LUA_TNUMBER)
            mlua_misuse(L, "header '%s': expected a string, got %s",
                        lua_tostring(L, key), luaL_typename(L, value));
        size_t name_size, size;
        const char *name = lua_tolstring(L, key, &name_size);
        const char *text = lua_tolstring(L, value, &size);
        struct err err;
        if (!http_request_set_header(request, name, name_size, text, size,
                                     &err))
            mlua_misuse(L, "%s", err.message);
        lua_settop(L, key);
    }
}

/* --- limits --- */

static void
option_timeout(lua_State *L, struct http_request *request, int index)
{
    nsec_t timeout = mlua_check_time(L, index, "timeout");
    if (timeout == 0)
        mlua_misuse(L, "timeout: must be above 0");
    request->timeout = timeout;
}

static void
option_connect_timeout(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        request->connect_timeout = NSEC_NEVER;
        return;
    }
    nsec_t timeout = mlua_check_time(L, index, "connect_timeout");
    if (timeout == 0)
        mlua_misuse(L, "connect_timeout: must be above 0");
    request->connect_timeout = timeout;
}

static void
option_redirects(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        request->max_redirects = 0;
        return;
    }
    int ok;
    lua_Integer n = lua_tointegerx(L, index, &ok);
    if (!ok || n < 0 || n > 1000)
        mlua_misuse(L, "redirects: expected a number up to 1000, or false");
    request->max_redirects = (int)n;
}

static void
option_max_body(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        request->max_body = 0;
        return;
    }
    int ok;
    lua_Integer size = lua_tointegerx(L, index, &ok);
    if (!ok || size < 1)
        mlua_misuse(L, "max_body: expected a number of bytes from 1 on, or "
                       "false");
    request->max_body = (size_t)size;
}

static void
option_discard(lua_State *L, struct http_request *request, int index)
{
    request->discard = lua_options_check_boolean(L, index, "discard");
}

/* --- what is expected --- */

static void
add_expected(lua_State *L, struct http_expected *expected, int index)
{
    int ok = 0;
    lua_Integer status = 0;
    const char *text =
        lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
    if (text != NULL && strlen(text) == 3 && text[0] >= '1' && text[0] <= '9' &&
        strcmp(text + 1, "xx") == 0) {
        status = text[0] - '0';
    } else {
        status = lua_tointegerx(L, index, &ok);
        if (!ok || status < 100 || status > 999)
            mlua_misuse(L, "expect: expected a status (100 to 999), a class "
                           "such as \"2xx\", or a list of these");
    }
    if (expected->count == HTTP_MAX_EXPECTED)
        mlua_misuse(L, "expect: at most %d statuses", HTTP_MAX_EXPECTED);
    expected->status[expected->count++] = (int)status;
}

static void
option_expect(lua_State *L, struct http_request *request, int index)
{
    struct http_expected *expected = &request->expected;
    expected->count = 0;
    if (lua_options_is_false(L, index))
        return;
    if (!lua_istable(L, index)) {
        add_expected(L, expected, index);
        return;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    if (count == 0)
        mlua_misuse(L, "expect: the list is empty");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        add_expected(L, expected, -1);
        lua_pop(L, 1);
    }
}

/* --- who we are --- */

void
lua_options_set_header(lua_State *L, struct http_request *request,
                       const char *name, const char *value, size_t size)
{
    struct err err;
    if (!http_request_set_header(request, name, strlen(name), value, size,
                                 &err))
        mlua_misuse(L, "%s", err.message);
}

static void
forget_credentials(struct http_request *request)
{
    static const char name[] = "Authorization";
    http_request_remove_header(request, name, strlen(name));
    http_settings_forget_user(&request->settings);
}

static void
option_bearer(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        forget_credentials(request);
        return;
    }
    const char *token =
        lua_options_check_string(L, index, "bearer", "a token (a string)");
    for (const char *c = token; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            mlua_misuse(L,
                        "bearer: the token has a byte 0x%02x in it, which "
                        "is no part of one",
                        (unsigned char)*c);
    forget_credentials(request);
    const char *value = lua_pushfstring(L, "Bearer %s", token);
    lua_options_set_header(L, request, "Authorization", value, strlen(value));
    lua_pop(L, 1);
}

static const char *
auth_field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    size_t size = 0;
    const char *text =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
    if (text == NULL)
        mlua_misuse(L, "auth: %s: expected a string, got %s", name,
                    luaL_typename(L, -1));
    if (str_has_ctl_break(text, size))
        mlua_misuse(L, "auth: %s has a line break or NUL byte in it", name);
    return text;
}

static void
set_basic(lua_State *L, struct http_request *request, const char *user,
          const char *password)
{
    if (strchr(user, ':') != NULL)
        mlua_misuse(L, "auth: user has a ':' in it, which scheme basic cannot "
                       "tell from the password");
    const char *pair = lua_pushfstring(L, "%s:%s", user, password);
    struct buf value = {0};
    buf_append_str(&value, "Basic ");
    base64_encode(pair, strlen(pair), &value);
    /* Raises for nothing that base64 can contain. */
    lua_options_set_header(L, request, "Authorization", value.data, value.size);
    buf_finish(&value);
}

static void
option_auth(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        forget_credentials(request);
        return;
    }
    static const char *const known[] = {"user", "password", "scheme"};
    static const char *const schemes[] = {"basic", "digest", "ntlm"};
    int top = lua_gettop(L);
    if (!lua_istable(L, index))
        mlua_misuse(L, "auth: expected {user = ..., password = ...}, got %s",
                    luaL_typename(L, index));
    mlua_check_keys(L, index, known, ARRAY_LENGTH(known));
    const char *user = auth_field(L, index, "user");
    const char *password = auth_field(L, index, "password");
    size_t scheme = 0;
    if (lua_getfield(L, index, "scheme") != LUA_TNIL) {
        const char *text = lua_tostring(L, -1);
        while (scheme < ARRAY_LENGTH(schemes) &&
               (text == NULL || strcmp(text, schemes[scheme]) != 0))
            scheme++;
    }
    if (scheme == ARRAY_LENGTH(schemes))
        mlua_misuse(L, "auth: scheme: expected \"basic\", \"digest\" or "
                       "\"ntlm\"");
    enum http_auth auth = scheme == 1   ? AUTH_DIGEST
                          : scheme == 2 ? AUTH_NTLM
                                        : AUTH_NONE;
    if (auth == AUTH_NTLM && !transport_curl_abilities().ntlm)
        mlua_misuse(L, "auth: the libcurl in use has no ntlm");
    forget_credentials(request);
    if (auth == AUTH_NONE) {
        set_basic(L, request, user, password);
    } else {
        struct http_settings *settings = http_settings_edit(&request->settings);
        settings->auth = auth;
        http_settings_set_text(settings, SETTING_USER, user);
        http_settings_set_text(settings, SETTING_PASSWORD, password);
    }
    lua_settop(L, top);
}

/* Headers first: what sets one of them is more special. */
const struct lua_option lua_shared_options[LUA_SHARED_OPTIONS] = {
    {"headers", option_headers},
    {"auth", option_auth},
    {"bearer", option_bearer},
    {"ca", lua_reach_ca},
    {"cert", lua_reach_cert},
    {"compress", lua_reach_compress},
    {"connect_timeout", option_connect_timeout},
    {"connect_to", lua_reach_connect_to},
    {"discard", option_discard},
    {"expect", option_expect},
    {"http_version", lua_reach_http_version},
    {"key", lua_reach_key},
    {"max_body", option_max_body},
    {"proxy", lua_reach_proxy},
    {"redirects", option_redirects},
    {"resolve", lua_reach_resolve},
    {"tags", lua_tags_option},
    {"timeout", option_timeout},
    {"unix_socket", lua_reach_unix_socket},
    {"verify", lua_reach_verify},
};

void
lua_options_apply(lua_State *L, int index, struct http_request *request)
{
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    for (size_t i = 0; i < LUA_SHARED_OPTIONS; i++) {
        lua_pushstring(L, lua_shared_options[i].name);
        if (lua_rawget(L, index) != LUA_TNIL)
            lua_shared_options[i].apply(L, request, top + 1);
        lua_settop(L, top);
    }
}

/* Arguments: a light userdata (struct http_request), the table. */
static int
try_options(lua_State *L)
{
    lua_options_apply(L, 2, lua_touserdata(L, 1));
    return 0;
}

void
lua_options_check(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    struct http_request scratch = {0};
    lua_pushcfunction(L, try_options);
    lua_pushlightuserdata(L, &scratch);
    lua_pushvalue(L, index);
    int status = lua_pcall(L, 2, 0, 0);
    http_request_finish(&scratch);
    if (status != LUA_OK)
        lua_error(L);
}

#include "script/lua_reach.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/request.h"
#include "http/transport.h"
#include "http/uri.h"
#include "script/lua_options.h"
#include "script/lua_pairs.h"
#include "script/mlua.h"

static void
set_text(struct http_request *request, enum http_text_setting which,
         const char *text)
{
    http_settings_set_text(http_settings_edit(&request->settings), which, text);
}

static void
set_file(lua_State *L, struct http_request *request, int index,
         const char *option, enum http_text_setting which)
{
    const char *path = NULL;
    if (!lua_options_is_false(L, index)) {
        path = lua_options_check_string(L, index, option,
                                        "the path of a PEM file");
        if (access(path, R_OK) != 0)
            mlua_misuse(L, "%s: cannot read '%s': %s", option, path,
                        strerror(errno));
    }
    set_text(request, which, path);
}

void
lua_reach_ca(lua_State *L, struct http_request *request, int index)
{
    set_file(L, request, index, "ca", SETTING_CA);
}

void
lua_reach_cert(lua_State *L, struct http_request *request, int index)
{
    set_file(L, request, index, "cert", SETTING_CERT);
}

void
lua_reach_key(lua_State *L, struct http_request *request, int index)
{
    set_file(L, request, index, "key", SETTING_KEY);
}

void
lua_reach_verify(lua_State *L, struct http_request *request, int index)
{
    bool on = lua_options_check_boolean(L, index, "verify");
    http_settings_edit(&request->settings)->verify =
        on ? VERIFY_ON : VERIFY_OFF;
}

void
lua_reach_proxy(lua_State *L, struct http_request *request, int index)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    if (lua_options_is_false(L, index)) {
        set_text(request, SETTING_PROXY, NULL);
        return;
    }
    const char *url = lua_options_check_string(L, index, "proxy", "a URL");
    struct uri uri;
    struct err err;
    if (!uri_parse(url, strlen(url), &uri, &err))
        mlua_misuse(L, "proxy: %s", err.message);
    bool known = false;
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
        known = known ||
                (uri.scheme.size == strlen(schemes[i]) &&
                 memcmp(uri.scheme.data, schemes[i], uri.scheme.size) == 0);
    if (!known || uri.host.size == 0)
        mlua_misuse(L,
                    "proxy: expected a URL such as http://HOST:PORT or "
                    "socks5://HOST:PORT, got '%s'",
                    url);
    set_text(request, SETTING_PROXY, url);
}

void
lua_reach_unix_socket(lua_State *L, struct http_request *request, int index)
{
    if (lua_options_is_false(L, index)) {
        set_text(request, SETTING_UNIX_SOCKET, NULL);
        return;
    }
    size_t limit = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    const char *path = lua_options_check_string(L, index, "unix_socket",
                                                "the path of a socket");
    if (strlen(path) > limit)
        mlua_misuse(L, "unix_socket: the path is longer than %d bytes",
                    (int)limit);
    set_text(request, SETTING_UNIX_SOCKET, path);
}

void
lua_reach_http_version(lua_State *L, struct http_request *request, int index)
{
    static const struct {
        const char *name;
        enum http_protocol protocol;
    } rows[] = {
        {"1.1", PROTOCOL_1_1},
        {"2", PROTOCOL_ANY},
        {"2-prior-knowledge", PROTOCOL_2_DIRECT},
        {"3", PROTOCOL_3},
    };
    const char *text =
        lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    size_t row = 0;
    while (row < ARRAY_LENGTH(rows) && strcmp(text, rows[row].name) != 0)
        row++;
    if (row == ARRAY_LENGTH(rows))
        mlua_misuse(L, "http_version: expected \"1.1\", \"2\", "
                       "\"2-prior-knowledge\" or \"3\"");
    struct transport_abilities abilities = transport_curl_abilities();
    enum http_protocol protocol = rows[row].protocol;
    if ((protocol == PROTOCOL_3 && !abilities.http3) ||
        (text[0] == '2' && !abilities.http2))
        mlua_misuse(L, "http_version: the libcurl in use has no HTTP/%c",
                    text[0]);
    http_settings_edit(&request->settings)->protocol = protocol;
}

static bool
is_listed(const char *list, const char *word, size_t size)
{
    for (const char *c = list; *c != '\0';) {
        size_t length = strcspn(c, ", ");
        if (length == size && memcmp(c, word, size) == 0)
            return true;
        c += length + strspn(c + length, ", ");
    }
    return false;
}

void
lua_reach_compress(lua_State *L, struct http_request *request, int index)
{
    static const char name[] = "Accept-Encoding";
    if (lua_options_is_false(L, index)) {
        http_request_remove_header(request, name, strlen(name));
        return;
    }
    struct transport_abilities abilities = transport_curl_abilities();
    const char *wanted = abilities.encodings;
    if (!lua_isboolean(L, index)) {
        wanted = lua_options_check_string(
            L, index, "compress",
            "true, false or encodings such as \"gzip, br\"");
        for (const char *c = wanted; *c != '\0';) {
            size_t size = strcspn(c, ", ");
            if (!is_listed(abilities.encodings, c, size))
                mlua_misuse(L,
                            "compress: the libcurl in use cannot decode "
                            "'%.*s': it has %s",
                            (int)size, c, abilities.encodings);
            c += size + strspn(c + size, ", ");
        }
    }
    lua_options_set_header(L, request, name, wanted, strlen(wanted));
}

struct destinations {
    lua_State *L;
    struct http_request *request;
    const char *option;
    bool has_port; /* of what is connected to */
};

/* "HOST:PORT"; `port` gets the offset of the port, 0 for none. */
static bool
split_port(const char *text, size_t size, size_t *port)
{
    const char *colon = memrchr(text, ':', size);
    const char *bracket = memrchr(text, ']', size);
    bool has = colon != NULL && (bracket == NULL || colon > bracket);
    if (!has || colon == text || colon + 1 == text + size)
        return false;
    for (const char *c = colon + 1; c < text + size; c++)
        if (*c < '0' || *c > '9')
            return false;
    *port = (size_t)(colon + 1 - text);
    return true;
}

static bool
is_clean(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] == 0x7f || text[i] == '/')
            return false;
    return size > 0;
}

static void
add_destination(void *data, const char *key, size_t key_size, const char *value,
                size_t value_size)
{
    const struct destinations *d = data;
    size_t port, ignored;
    if (!is_clean(key, key_size) || !split_port(key, key_size, &port))
        mlua_misuse(d->L, "%s: expected \"HOST:PORT\" as key, got '%s'",
                    d->option, key);
    if (!is_clean(value, value_size) ||
        (d->has_port && !split_port(value, value_size, &ignored)))
        mlua_misuse(d->L, "%s: expected %s for '%s', got '%s'", d->option,
                    d->has_port ? "\"HOST:PORT\"" : "an address", key, value);
    /* In front, as the first that fits is taken: the option of a call comes
     * after that of its session. */
    struct buf *lines = &http_settings_edit(&d->request->settings)->connect_to;
    struct buf old = *lines;
    *lines = (struct buf){0};
    bool bare6 = !d->has_port && value[0] != '[' &&
                 memchr(value, ':', value_size) != NULL;
    if (d->has_port)
        buf_printf(lines, "%s:%s", key, value);
    else
        buf_printf(lines, bare6 ? "%s:[%s]:%s" : "%s:%s:%s", key, value,
                   key + port);
    buf_append(lines, "", 1);
    if (old.size > 0)
        buf_append(lines, old.data, old.size);
    buf_finish(&old);
}

static bool
forget_destinations(lua_State *L, struct http_request *request, int index)
{
    if (!lua_options_is_false(L, index))
        return false;
    buf_clear(&http_settings_edit(&request->settings)->connect_to);
    return true;
}

void
lua_reach_connect_to(lua_State *L, struct http_request *request, int index)
{
    if (forget_destinations(L, request, index))
        return;
    struct destinations d = {L, request, "connect_to", true};
    lua_options_check_table(L, index, d.option);
    lua_pairs_each_parameter(L, index, d.option, add_destination, &d);
}

void
lua_reach_resolve(lua_State *L, struct http_request *request, int index)
{
    if (forget_destinations(L, request, index))
        return;
    struct destinations d = {L, request, "resolve", false};
    lua_options_check_table(L, index, d.option);
    lua_pairs_each_parameter(L, index, d.option, add_destination, &d);
}

#include "script/lua_websocket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "http/session.h"
#include "http/websocket.h"
#include "http/ws_handshake.h"
#include "script/lua_http.h"
#include "script/lua_session.h"
#include "script/lua_ws_internal.h"
#include "script/lua_ws_options.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char websocket_metatable[] = "molo.websocket";

/* --- life --- */

static void
end(struct lua_websocket *own)
{
    lua_State *L = own->worker->script->L;
    assert(list_empty(&own->waiters));
    if (own->ws != NULL) {
        websocket_abort(own->ws);
        lua_ws_record(own);
        websocket_destroy(own->ws);
    }
    if (own->transfer != NULL)
        lua_http_release(own->transfer);
    ws_message_destroy(own->pushed);
    list_remove(&own->link);
    *own->object = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, own->ref);
    free(own->name);
    free(own->url);
    free(own);
}

void
lua_websocket_end_all(struct worker *worker)
{
    list_for_each (it, &worker->websockets)
        end(container_of(it, struct lua_websocket, link));
}

static struct lua_websocket *
make(lua_State *L, struct worker *worker, struct transfer *transfer)
{
    struct lua_websocket *own = xmalloc(sizeof(*own));
    size_t size;
    const char *label = http_request_label(&transfer->request, &size);
    const char *url = transfer->request.url.data;
    *own = (struct lua_websocket){
        .worker = worker,
        .transfer = transfer,
        .name = xstrndup(label, size),
        .url = xasprintf("ws%s", url + strlen("http")),
        .context = lua_http_context(transfer),
        .timeout = transfer->request.timeout,
        .object = lua_newuserdatauv(L, sizeof(own), 0),
    };
    *own->object = own;
    luaL_setmetatable(L, websocket_metatable);
    own->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    list_init(&own->waiters);
    list_init(&own->link);
    list_append(&worker->websockets, &own->link);
    return own;
}

/* --- errors --- */

int
lua_ws_raise(lua_State *L, const struct lua_websocket *own, const char *kind,
             int code, const char *fmt, ...)
{
    char text[400], message[800];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    snprintf(message, sizeof(message), "WebSocket %.300s: %s", own->url, text);
    mlua_push_error(L, kind, message);
    lua_pushstring(L, own->url);
    lua_setfield(L, -2, "url");
    if (code != 0) {
        lua_pushinteger(L, code);
        lua_setfield(L, -2, "code");
    }
    return lua_error(L);
}

int
lua_ws_raise_end(lua_State *L, const struct lua_websocket *own)
{
    const struct websocket_end *ended = websocket_end(own->ws);
    if (ended == NULL)
        return lua_ws_raise(L, own, "closed", 0, "it is being closed");
    if (ended->fault == FAULT_NONE)
        return lua_ws_raise(L, own, "closed", ended->code,
                            "it was closed (%d%s%s)", ended->code,
                            ended->text[0] != '\0' ? " " : "", ended->text);
    return lua_ws_raise(L, own, transfer_fault_name(ended->fault), ended->code,
                        "%s", ended->text);
}

int
lua_ws_raise_late(lua_State *L, const struct lua_websocket *own,
                  const char *what, nsec_t timeout)
{
    char limit[32];
    units_format_duration(timeout, limit, sizeof(limit));
    return lua_ws_raise(L, own, "timeout", 0, "%s within %s", what, limit);
}

/* --- opening --- */

static void
cancel_opening(struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    lua_ws_end_wait(waiter);
    task->wait.data = NULL;
    end(own);
}

static int
finish_opening(lua_State *L, struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    lua_ws_end_wait(waiter);
    if (websocket_opened_at(own->ws) != 0) {
        lua_http_release(own->transfer);
        own->transfer = NULL;
        lua_rawgeti(L, LUA_REGISTRYINDEX, own->ref);
        return 1;
    }
    /* Until the error is there it is the worker's: Lua may have no room. */
    lua_http_push_error(L, own->transfer);
    end(own);
    return lua_error(L);
}

static const struct wait_ops opening_wait = {
    .cancel = cancel_opening,
    .drop = cancel_opening,
    .finish = finish_opening,
};

/* What a handshake cannot carry, wherever it was set. Raises. */
static void
check_request(lua_State *L, struct transfer *transfer)
{
    const struct http_settings *settings = transfer->request.settings;
    struct err err;
    if (settings != NULL && settings->auth != AUTH_NONE)
        err_set(&err, "auth: a WebSocket has no scheme digest or ntlm, only "
                      "basic; or use bearer");
    else if (ws_check_headers(&transfer->request, &err))
        return;
    lua_http_release(transfer);
    mlua_misuse(L, "%s", err.message);
}

int
lua_websocket_make(lua_State *L)
{
    struct worker *worker = lua_session_check(L, 1);
    struct task *task = wait_check(L, "opening a WebSocket");
    struct lua_ws_options options;
    lua_ws_read_arguments(L, &options);
    struct transfer *transfer = lua_http_begin(L, task, "GET", strlen("GET"));
    check_request(L, transfer);
    transfer->request.expected = (struct http_expected){.status = {101}, 1};
    struct lua_websocket *own = make(L, worker, transfer);
    own->close_timeout = options.close_timeout;
    struct waiter *waiter =
        lua_ws_begin_wait(own, task, FOR_OPENING, &opening_wait, NSEC_NEVER);
    lua_http_announce(transfer);
    own->ws = websocket_open(worker->script->env.loop, transfer,
                             &(struct websocket_config){
                                 .protocols = options.protocols[0] != '\0'
                                                  ? options.protocols
                                                  : NULL,
                                 .max_message = options.max_message,
                                 .max_messages = options.max_messages,
                                 .ping_interval = options.ping_interval,
                             },
                             lua_ws_on_change, own);
    lua_ws_record(own);
    return lua_ws_yield(L, waiter);
}

/* --- methods --- */

struct lua_websocket *
lua_ws_check(lua_State *L)
{
    struct lua_websocket **object = luaL_testudata(L, 1, websocket_metatable);
    if (object == NULL)
        mlua_misuse(L, "expected the WebSocket as first argument: call it as "
                       "ws:send(...), with a colon");
    struct lua_websocket *own = *object;
    if (own == NULL)
        mlua_misuse(L, "this WebSocket has ended with the run that opened it");
    const struct task *current = script_of(L)->current;
    if (current != NULL && current->worker != own->worker)
        mlua_misuse(L,
                    "this WebSocket belongs to worker %d: each worker opens "
                    "its own",
                    (int)own->worker->id);
    return own;
}

/* --- closing --- */

static int
push_end(lua_State *L, const struct lua_websocket *own)
{
    const struct websocket_end *ended = websocket_end(own->ws);
    lua_pushinteger(L, ended != NULL ? ended->code : WS_CODE_ABNORMAL);
    lua_pushstring(L, ended != NULL ? ended->text : "");
    return 2;
}

static int
finish_closing(lua_State *L, struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    lua_ws_end_wait(waiter);
    return push_end(L, own);
}

static const struct wait_ops closing_wait = {
    .cancel = lua_ws_drop_wait,
    .drop = lua_ws_drop_wait,
    .finish = finish_closing,
};

static void
begin_closing(struct lua_websocket *own, int code, const char *reason,
              size_t size)
{
    websocket_close(own->ws, code, reason, size,
                    nsec_add(clock_now(), own->close_timeout));
}

/* ws:close(code, reason) -> code, reason */
static int
websocket_method_close(lua_State *L)
{
    struct lua_websocket *own = lua_ws_check(L);
    struct task *task = wait_check(L, "ws:close");
    lua_Integer code = WS_CODE_NORMAL;
    if (!lua_isnoneornil(L, 2)) {
        int ok;
        code = lua_tointegerx(L, 2, &ok);
        if (!ok || code > 4999 || !ws_is_close_code((int)code))
            return mlua_misuse(L, "ws:close: expected a code that may be sent: "
                                  "1000 to 1003, 1007 to 1014, 3000 to 4999");
    }
    size_t size = 0;
    const char *reason = "";
    if (!lua_isnoneornil(L, 3))
        reason = mlua_check_text(L, 3, "ws:close: the reason", &size);
    if (size > WS_REASON_MAX || !ws_is_utf8(reason, size))
        return mlua_misuse(L,
                           "ws:close: the reason has to be UTF-8 of at most "
                           "%d bytes",
                           WS_REASON_MAX);
    struct waiter *waiter =
        lua_ws_begin_wait(own, task, FOR_CLOSE, &closing_wait, NSEC_NEVER);
    begin_closing(own, (int)code, reason, size);
    return lua_ws_yield(L, waiter);
}

/* ws:closed() -> false, or code and reason of the end */
static int
websocket_method_closed(lua_State *L)
{
    struct lua_websocket *own = lua_ws_check(L);
    if (websocket_end(own->ws) != NULL)
        return push_end(L, own);
    lua_pushboolean(L, 0);
    return 1;
}

/* ws:protocol() -> the subprotocol the server chose, or nil */
static int
websocket_method_protocol(lua_State *L)
{
    const char *protocol = websocket_protocol(lua_ws_check(L)->ws);
    if (protocol[0] != '\0')
        lua_pushstring(L, protocol);
    else
        lua_pushnil(L);
    return 1;
}

/* Does not wait: where a run is being taken down nothing can. The loop sees to
 * the rest of the closing handshake, up to the end of the run. */
static int
websocket_leave(lua_State *L)
{
    struct lua_websocket **object = luaL_checkudata(L, 1, websocket_metatable);
    bool failed = !lua_isnoneornil(L, 2);
    if (*object != NULL && websocket_opened_at((*object)->ws) != 0)
        begin_closing(*object, failed ? WS_CODE_GOING_AWAY : WS_CODE_NORMAL, "",
                      0);
    return 0;
}

static int
websocket_tostring(lua_State *L)
{
    struct lua_websocket **object = luaL_checkudata(L, 1, websocket_metatable);
    if (*object != NULL)
        lua_pushfstring(L, "WebSocket %s", (*object)->url);
    else
        lua_pushliteral(L, "WebSocket (ended)");
    return 1;
}

static const luaL_Reg websocket_methods[] = {
    {"close", websocket_method_close},
    {"closed", websocket_method_closed},
    {"messages", lua_ws_messages},
    {"ping", lua_ws_ping},
    {"protocol", websocket_method_protocol},
    {"receive", lua_ws_receive},
    {"receive_json", lua_ws_receive_json},
    {"send", lua_ws_send},
    {"send_json", lua_ws_send_json},
    {NULL, NULL},
};
static const luaL_Reg websocket_meta[] = {
    {"__close", websocket_leave},
    {"__tostring", websocket_tostring},
    {NULL, NULL},
};

void
lua_websocket_open(lua_State *L)
{
    mlua_new_class(L, websocket_metatable, websocket_methods, websocket_meta);
}

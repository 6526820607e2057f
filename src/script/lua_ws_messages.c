/* What goes over a WebSocket: messages and pings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/ws_handshake.h"
#include "script/lua_options.h"
#include "script/lua_ws_internal.h"
#include "script/lua_ws_options.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder_ws.h"

static int
finish_sending(lua_State *L, struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    bool sent = websocket_is_sent(own->ws, waiter->mark);
    nsec_t timeout = waiter->timeout;
    lua_ws_end_wait(waiter);
    if (sent)
        return 0;
    if (websocket_state(own->ws) == WEBSOCKET_CLOSED)
        return lua_ws_raise_end(L, own);
    return lua_ws_raise_late(L, own, "the server did not take the message",
                             timeout);
}

static const struct wait_ops sending_wait = {
    .cancel = lua_ws_drop_wait,
    .drop = lua_ws_drop_wait,
    .finish = finish_sending,
};

static struct waiter *
begin_sending(struct lua_websocket *own, struct task *task,
              enum ws_opcode opcode, const char *data, size_t size,
              nsec_t timeout)
{
    struct waiter *waiter =
        lua_ws_begin_wait(own, task, FOR_SENDING, &sending_wait, timeout);
    /* The connection may change, and be looked at, before there is a mark. */
    waiter->mark = UINT64_MAX;
    waiter->mark = websocket_send(own->ws, opcode, data, size);
    return waiter;
}

static bool
is_binary(lua_State *L, int options)
{
    if (lua_isnoneornil(L, options))
        return false;
    bool binary = lua_getfield(L, options, "binary") != LUA_TNIL &&
                  lua_options_check_boolean(L, -1, "binary");
    lua_pop(L, 1);
    return binary;
}

/* ws:send(data, options) */
int
lua_ws_send(lua_State *L)
{
    struct lua_websocket *own = lua_ws_check(L);
    struct task *task = wait_check(L, "ws:send");
    size_t size;
    if (lua_istable(L, 2))
        return mlua_misuse(L, "ws:send: the message must be a string, got "
                              "table; for tables use ws:send_json");
    const char *data = mlua_check_text(L, 2, "ws:send: the message", &size);
    nsec_t timeout = lua_ws_timeout(L, 3, "ws:send", own->timeout, "binary");
    bool binary = is_binary(L, 3);
    if (!binary && !ws_is_utf8(data, size))
        return mlua_misuse(L, "ws:send: the text is not UTF-8; to send bytes "
                              "write ws:send(data, {binary = true})");
    if (websocket_state(own->ws) != WEBSOCKET_OPEN)
        return lua_ws_raise_end(L, own);
    return lua_ws_yield(L,
                        begin_sending(own, task, binary ? WS_BINARY : WS_TEXT,
                                      data, size, timeout));
}

/* ws:send_json(value, options) */
int
lua_ws_send_json(lua_State *L)
{
    struct lua_websocket *own = lua_ws_check(L);
    struct task *task = wait_check(L, "ws:send_json");
    luaL_checkany(L, 2);
    nsec_t timeout = lua_ws_timeout(L, 3, "ws:send_json", own->timeout, NULL);
    if (websocket_state(own->ws) != WEBSOCKET_OPEN)
        return lua_ws_raise_end(L, own);
    char *text = mlua_write_json(L, 2);
    struct waiter *waiter =
        begin_sending(own, task, WS_TEXT, text, strlen(text), timeout);
    free(text);
    return lua_ws_yield(L, waiter);
}

/* --- receiving --- */

/* The message, to be destroyed; NULL: code and reason of an end in order were
 * pushed. Raises what else there may be. */
static struct ws_message *
take_result(lua_State *L, struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    struct ws_message *message = waiter->message;
    nsec_t timeout = waiter->timeout;
    if (message == NULL)
        message = websocket_take(own->ws);
    lua_ws_end_wait(waiter);
    if (message != NULL)
        return message;
    const struct websocket_end *ended = websocket_end(own->ws);
    if (ended == NULL) {
        lua_ws_raise_late(L, own, "no message came", timeout);
        return NULL; /* not reached, as below: it raises */
    }
    if (ended->fault != FAULT_NONE)
        lua_ws_raise_end(L, own);
    lua_pushnil(L);
    lua_pushinteger(L, ended->code);
    lua_pushstring(L, ended->text);
    return NULL;
}

static int
finish_receiving(lua_State *L, struct task *task)
{
    struct lua_websocket *own = ((struct waiter *)task->wait.data)->own;
    struct ws_message *message = take_result(L, task);
    if (message == NULL)
        return 3;
    /* Lua may have no room for it: then it goes with the next one. */
    ws_message_destroy(own->pushed);
    own->pushed = message;
    lua_pushlstring(L, message->data, message->size);
    lua_pushstring(L, message->opcode == WS_TEXT ? "text" : "binary");
    ws_message_destroy(message);
    own->pushed = NULL;
    return 2;
}

static int
finish_receiving_json(lua_State *L, struct task *task)
{
    struct lua_websocket *own = ((struct waiter *)task->wait.data)->own;
    struct ws_message *message = take_result(L, task);
    if (message == NULL)
        return 3;
    struct err err;
    json_t *json = mlua_read_json(message->data, message->size, &err);
    ws_message_destroy(message);
    if (json == NULL)
        return lua_ws_raise(L, own, "decode", 0, "the message is not JSON: %s",
                            err.message);
    mlua_take_json(L, json);
    return 1;
}

static const struct wait_ops receiving_wait = {
    .cancel = lua_ws_drop_wait,
    .drop = lua_ws_drop_wait,
    .finish = finish_receiving,
};
static const struct wait_ops receiving_json_wait = {
    .cancel = lua_ws_drop_wait,
    .drop = lua_ws_drop_wait,
    .finish = finish_receiving_json,
};

static int
receive(lua_State *L, struct lua_websocket *own, const char *method,
        nsec_t timeout, const struct wait_ops *ops)
{
    struct task *task = wait_check(L, method);
    return lua_ws_yield(
        L, lua_ws_begin_wait(own, task, FOR_MESSAGE, ops, timeout));
}

/* ws:receive(options) */
int
lua_ws_receive(lua_State *L)
{
    static const char method[] = "ws:receive";
    struct lua_websocket *own = lua_ws_check(L);
    return receive(L, own, method,
                   lua_ws_timeout(L, 2, method, own->timeout, NULL),
                   &receiving_wait);
}

/* ws:receive_json(options) */
int
lua_ws_receive_json(lua_State *L)
{
    static const char method[] = "ws:receive_json";
    struct lua_websocket *own = lua_ws_check(L);
    return receive(L, own, method,
                   lua_ws_timeout(L, 2, method, own->timeout, NULL),
                   &receiving_json_wait);
}

/* Upvalue 1: the timeout in nanoseconds. Called with the object. */
static int
next_message(lua_State *L)
{
    lua_settop(L, 1);
    return receive(L, lua_ws_check(L), "ws:messages",
                   lua_tointeger(L, lua_upvalueindex(1)), &receiving_wait);
}

/* for data, kind in ws:messages(options) do */
int
lua_ws_messages(lua_State *L)
{
    lua_ws_check(L);
    lua_pushinteger(L, lua_ws_timeout(L, 2, "ws:messages", NSEC_NEVER, NULL));
    lua_pushcclosure(L, next_message, 1);
    lua_pushvalue(L, 1);
    return 2;
}

/* --- pings --- */

static int
finish_ping(lua_State *L, struct task *task)
{
    struct waiter *waiter = task->wait.data;
    struct lua_websocket *own = waiter->own;
    nsec_t took = websocket_round_trip(own->ws, waiter->mark);
    nsec_t timeout = waiter->timeout;
    websocket_forget_ping(own->ws, waiter->mark);
    lua_ws_end_wait(waiter);
    if (took >= 0) {
        recorder_ws_time(own->worker->script->env.recorder, own->context,
                         own->name, WS_TIME_PING, took);
        lua_pushnumber(L, nsec_to_seconds(took));
        return 1;
    }
    if (websocket_end(own->ws) != NULL)
        return lua_ws_raise_end(L, own);
    return lua_ws_raise_late(L, own, "no pong came", timeout);
}

static const struct wait_ops ping_wait = {
    .cancel = lua_ws_drop_wait,
    .drop = lua_ws_drop_wait,
    .finish = finish_ping,
};

/* ws:ping(payload, options) -> seconds */
int
lua_ws_ping(lua_State *L)
{
    struct lua_websocket *own = lua_ws_check(L);
    struct task *task = wait_check(L, "ws:ping");
    nsec_t timeout = lua_ws_timeout(L, 3, "ws:ping", own->timeout, NULL);
    char payload[WS_CONTROL_MAX];
    size_t size =
        (size_t)snprintf(payload, sizeof(payload), "molo %u", ++own->pings);
    if (!lua_isnoneornil(L, 2)) {
        const char *text = mlua_check_text(L, 2, "ws:ping: the payload", &size);
        if (size > WS_CONTROL_MAX)
            return mlua_misuse(L,
                               "ws:ping: the payload has %d bytes, at most %d "
                               "fit",
                               (int)size, WS_CONTROL_MAX);
        memcpy(payload, text, size);
    }
    if (websocket_state(own->ws) != WEBSOCKET_OPEN)
        return lua_ws_raise_end(L, own);
    struct waiter *waiter =
        lua_ws_begin_wait(own, task, FOR_PONG, &ping_wait, timeout);
    waiter->mark = websocket_ping(own->ws, payload, size);
    return lua_ws_yield(L, waiter);
}

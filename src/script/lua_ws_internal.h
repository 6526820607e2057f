#ifndef MOLO_SCRIPT_LUA_WS_INTERNAL_H
#define MOLO_SCRIPT_LUA_WS_INTERNAL_H

#include <lua.h>

#include "http/websocket.h"
#include "script/task.h"

/* What lua_websocket.c (a connection's life), lua_ws_wait.c (waiting on it) and
 * lua_ws_messages.c (what goes over it) share; nobody else includes it. */

struct recorder_context;
struct transfer;
struct worker;

/* The object of the script is a pointer to one of these, NULL once the call
 * that opened it is over. */
struct lua_websocket {
    struct list link; /* in worker->websockets */
    struct worker *worker;
    struct websocket *ws;      /* NULL: websocket_open has not returned */
    struct transfer *transfer; /* of the handshake; NULL: released */
    int ref;                   /* the object, so that it lives as long */
    struct lua_websocket **object;
    struct list waiters;
    char *name, *url;
    const struct recorder_context *context;
    nsec_t timeout, close_timeout; /* where a call gives none */
    unsigned pings;
    struct ws_message *pushed; /* NULL: none is on its way to the script */
    struct websocket_counts recorded;
    bool opening_recorded, end_recorded;
};

enum waits_for { FOR_OPENING, FOR_MESSAGE, FOR_SENDING, FOR_PONG, FOR_CLOSE };

/* One task's wait; in the wait's data. */
struct waiter {
    struct list link;
    struct lua_websocket *own;
    struct task *task;
    enum waits_for what;
    uint64_t mark; /* of what was sent, or number of the ping */
    struct ws_message *message;
    nsec_t timeout;
};

/* lua_websocket.c */
/* The connection at index 1; raises unless it is one of the current worker that
 * has not ended. */
struct lua_websocket *lua_ws_check(lua_State *L);
/* Raises an error object with `url` and, unless it is 0, `code`. */
int lua_ws_raise(lua_State *L, const struct lua_websocket *own,
                 const char *kind, int code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The connection is over, or about to be. */
int lua_ws_raise_end(lua_State *L, const struct lua_websocket *own);
/* "`what` within 5 s" */
int lua_ws_raise_late(lua_State *L, const struct lua_websocket *own,
                      const char *what, nsec_t timeout);

/* lua_ws_wait.c */
/* Records what has happened since the last time. */
void lua_ws_record(struct lua_websocket *own);
/* Called by the connection whenever something has: records, wakes. */
void lua_ws_on_change(void *own);
/* Claims the task's wait slot; then what is waited for is begun, and the C
 * function left with lua_ws_yield. */
struct waiter *lua_ws_begin_wait(struct lua_websocket *own, struct task *task,
                                 enum waits_for what,
                                 const struct wait_ops *ops, nsec_t timeout);
int lua_ws_yield(lua_State *L, struct waiter *waiter);
/* In wait_ops.finish. */
void lua_ws_end_wait(struct waiter *waiter);
/* wait_ops.cancel and .drop */
void lua_ws_drop_wait(struct task *task);

/* lua_ws_messages.c: the methods of a connection */
int lua_ws_messages(lua_State *L);
int lua_ws_ping(lua_State *L);
int lua_ws_receive(lua_State *L);
int lua_ws_receive_json(lua_State *L);
int lua_ws_send(lua_State *L);
int lua_ws_send_json(lua_State *L);

#endif

#include "script/lua_http.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/session.h"
#include "script/lua_request.h"
#include "script/lua_response.h"
#include "script/lua_session.h"
#include "script/lua_stream.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

#define MAX_NAME 512

static bool
is_failed(const struct transfer *transfer)
{
    /* The hops of a redirect that is followed are no failures, whatever
     * status is expected in the end. */
    if (transfer->fault != FAULT_NONE || transfer->response.status == 0)
        return true;
    if (transfer->response.redirect_url.size > 0 &&
        transfer->redirects_left > 0)
        return false;
    return !http_request_expects(&transfer->request, transfer->response.status);
}

/* What the request is called in results, cut if it is very long. */
static void
copy_label(const struct transfer *transfer, char name[MAX_NAME])
{
    size_t size;
    const char *label = http_request_label(&transfer->request, &size);
    if (size >= MAX_NAME)
        size = MAX_NAME - 1;
    memcpy(name, label, size);
    name[size] = '\0';
}

static const struct recorder_context *
context_of(const struct transfer *transfer, const struct lua_exchange *exchange)
{
    static const char poll_tag[] = "poll\0true"; /* packed, see stats/tags.h */
    const struct worker *worker = exchange->worker;
    struct recorder *recorder = worker->script->env.recorder;
    const struct buf *tags = &transfer->request.tags;
    const struct recorder_context *context = recorder_context_with(
        recorder, worker->context, tags->data, tags->size);
    if (exchange->poll)
        context = recorder_context_with(recorder, context, poll_tag,
                                        sizeof(poll_tag));
    return context;
}

/* What a visitor waited, who came when the run was due; later requests and the
 * hops of a redirect are due when they begin. */
static nsec_t
take_response_time(const struct transfer *transfer,
                   struct lua_exchange *exchange)
{
    nsec_t due = exchange->due_at > 0 ? exchange->due_at : transfer->started_at;
    exchange->due_at = 0;
    return transfer->ended_at > due ? transfer->ended_at - due : 0;
}

static void
on_exchange(struct transfer *transfer)
{
    struct lua_exchange *exchange = transfer->data;
    struct script *script = exchange->worker->script;
    char name[MAX_NAME];
    copy_label(transfer, name);
    const struct transfer_timings *t = &transfer->timings;
    bool failed = is_failed(transfer);
    recorder_request(script->env.recorder,
                     &(struct request_sample){
                         .context = context_of(transfer, exchange),
                         .method = transfer->request.method,
                         .name = name,
                         .status = transfer->response.status,
                         .failed = failed,
                         .poll = exchange->poll,
                         .sends = transfer->sends,
                         .challenges = transfer->challenges,
                         .challenge_status = transfer->challenge_status,
                         .bytes_sent = transfer->bytes_sent,
                         .bytes_received = transfer->bytes_received,
                         .duration = t->duration,
                         .response = take_response_time(transfer, exchange),
                         .dns = t->dns,
                         .connect = t->connect,
                         .tls = t->tls,
                         .send = t->send,
                         .wait = t->wait,
                         .receive = t->receive,
                         .worker_id = exchange->worker->id,
                         .step = exchange->worker->step,
                         .kind = transfer->fault != FAULT_NONE
                                     ? transfer_fault_name(transfer->fault)
                                     : NULL,
                     });
    enum event_type type = transfer->response.status == 0 ? EVENT_REQUEST_ERROR
                                                          : EVENT_REQUEST_END;
    /* Without a fault and without an answer it was aborted. */
    bool aborted = transfer->fault == FAULT_NONE;
    if (script_listens(script, type))
        script_emit(script, &(struct event){
                                .type = type,
                                .worker = exchange->worker,
                                .method = transfer->request.method,
                                .url = transfer->request.url.data,
                                .name = name,
                                .status = transfer->response.status,
                                .duration = t->duration,
                                .kind = type == EVENT_REQUEST_END ? NULL
                                        : aborted                 ? "cancelled"
                                                  : transfer_fault_name(
                                                        transfer->fault),
                                .message = type == EVENT_REQUEST_END ? NULL
                                           : aborted ? "the request was aborted"
                                                     : transfer->fault_message,
                            });
}

static void
on_done(struct transfer *transfer)
{
    const struct lua_exchange *exchange = transfer->data;
    task_wake(exchange->task);
}

/* Kept for the next request, so that one in steady state allocates nothing. */
static struct lua_exchange *
take_exchange(struct task *task)
{
    struct script *script = task->worker->script;
    struct lua_exchange *exchange = script->spare_exchanges;
    if (exchange)
        script->spare_exchanges = exchange->next_spare;
    else
        exchange = xmalloc(sizeof(*exchange));
    struct worker *worker = task->worker;
    *exchange = (struct lua_exchange){
        .worker = worker,
        .task = task,
        .poll = task->polling > 0,
        .due_at = worker->has_requested ? 0 : worker->due_at,
    };
    worker->has_requested = true;
    return exchange;
}

void
lua_http_finish(struct script *script)
{
    while (script->spare_exchanges) {
        struct lua_exchange *exchange = script->spare_exchanges;
        script->spare_exchanges = exchange->next_spare;
        free(exchange);
    }
}

void
lua_http_release(struct transfer *transfer)
{
    struct lua_exchange *exchange = transfer->data;
    struct script *script = exchange->worker->script;
    exchange->next_spare = script->spare_exchanges;
    script->spare_exchanges = exchange;
    transfer->data = NULL;
    session_release(transfer);
}

static void
cancel_transfer(struct task *task)
{
    struct transfer *transfer = task->wait.data;
    session_cancel(transfer);
    lua_http_release(transfer);
    task->wait.data = NULL;
}

static void
push_http_error(lua_State *L, const struct transfer *transfer)
{
    const struct buf *body = &transfer->response.body;
    char message[512], expected[HTTP_EXPECTED_TEXT];
    http_expected_describe(&transfer->request.expected, expected);
    snprintf(message, sizeof(message),
             "%s %.300s: unexpected status %d, not %s",
             transfer->request.method, transfer->request.url.data,
             transfer->response.status, expected);
    mlua_push_error(L, "http", message);
    lua_pushinteger(L, transfer->response.status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, body->data != NULL ? body->data : "", body->size);
    lua_setfield(L, -2, "body");
}

static void
push_fault(lua_State *L, const struct transfer *transfer)
{
    char message[768];
    snprintf(message, sizeof(message), "%s %.300s: %s",
             transfer->request.method, transfer->request.url.data,
             transfer->fault_message);
    mlua_push_error(L, transfer_fault_name(transfer->fault), message);
    if (transfer->fault_phase) {
        lua_pushstring(L, transfer->fault_phase);
        lua_setfield(L, -2, "phase");
    }
    if (transfer->fault_code != 0) {
        lua_pushinteger(L, transfer->fault_code);
        lua_setfield(L, -2, "code");
    }
}

bool
lua_http_is_accepted(const struct transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    return transfer->fault == FAULT_NONE &&
           (request->expected.count == 0 ||
            http_request_expects(request, transfer->response.status));
}

void
lua_http_push_error(lua_State *L, const struct transfer *transfer)
{
    if (transfer->fault != FAULT_NONE)
        push_fault(L, transfer);
    else
        push_http_error(L, transfer);
    lua_pushstring(L, transfer->request.url.data);
    lua_setfield(L, -2, "url");
    lua_pushstring(L, transfer->request.method);
    lua_setfield(L, -2, "method");
}

static int
push_outcome(lua_State *L)
{
    struct transfer *transfer = lua_touserdata(L, 1);
    if (lua_http_is_accepted(transfer))
        lua_response_push(L, transfer);
    else
        lua_http_push_error(L, transfer);
    return 1;
}

/* Pushes the response or the error object. Protected, as the transfer has to be
 * released also where Lua has no room for the answer. */
static bool
take_outcome(lua_State *L, struct transfer *transfer)
{
    bool accepted = lua_http_is_accepted(transfer);
    lua_pushcfunction(L, push_outcome);
    lua_pushlightuserdata(L, transfer);
    bool pushed = lua_pcall(L, 1, 1, 0) == LUA_OK;
    lua_http_release(transfer);
    return pushed && accepted;
}

int
lua_http_raise(lua_State *L, struct transfer *transfer)
{
    take_outcome(L, transfer);
    return lua_error(L);
}

static int
finish_transfer(lua_State *L, struct task *task)
{
    if (!take_outcome(L, task->wait.data))
        return lua_error(L);
    return 1;
}

static void
drop_transfer(struct task *task)
{
    lua_http_release(task->wait.data);
    task->wait.data = NULL;
}

static const struct wait_ops request_wait = {
    .cancel = cancel_transfer,
    .drop = drop_transfer,
    .finish = finish_transfer,
};

struct transfer *
lua_http_begin(lua_State *L, struct task *task, const char *method,
               size_t method_size)
{
    lua_request_check_url(L, 2, 3);
    struct transfer *transfer = session_begin(lua_session_http(L, 1));
    struct lua_exchange *exchange = take_exchange(task);
    transfer->data = exchange;
    transfer->on_exchange = on_exchange;
    transfer->on_done = on_done;
    struct lua_request reading = {
        .transfer = transfer,
        .worker = task->worker,
        .method = method,
        .method_size = method_size,
    };
    reading.url = lua_tolstring(L, 2, &reading.url_size);
    struct err err;
    if (!lua_request_begin(&reading, &err)) {
        lua_http_release(transfer);
        mlua_misuse(L, "%s", err.message);
    }
    if (!lua_isnoneornil(L, 3)) {
        lua_settop(L, 3);
        lua_pushcfunction(L, lua_request_apply_options);
        lua_pushlightuserdata(L, &reading);
        lua_pushvalue(L, 3);
        if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
            lua_http_release(transfer);
            lua_error(L);
        }
    }
    return transfer;
}

const struct recorder_context *
lua_http_context(const struct transfer *transfer)
{
    const struct lua_exchange *exchange = transfer->data;
    return context_of(transfer, exchange);
}

void
lua_http_announce(struct transfer *transfer)
{
    const struct lua_exchange *exchange = transfer->data;
    struct script *script = exchange->worker->script;
    if (script_listens(script, EVENT_REQUEST_START)) {
        char name[MAX_NAME];
        copy_label(transfer, name);
        script_emit(script, &(struct event){
                                .type = EVENT_REQUEST_START,
                                .worker = exchange->worker,
                                .method = transfer->request.method,
                                .url = transfer->request.url.data,
                                .name = name,
                                .duration = -1,
                            });
    }
}

void
lua_http_send(struct transfer *transfer)
{
    lua_http_announce(transfer);
    session_send(transfer);
}

/* Stack: session, url, options or nil. */
static int
request(lua_State *L, const char *method, size_t method_size)
{
    lua_session_check(L, 1);
    struct task *task = wait_check(L, "a request");
    if (lua_stream_is_wanted(L, 3))
        return lua_stream_request(L, method, method_size);
    struct transfer *transfer = lua_http_begin(L, task, method, method_size);
    wait_claim(task, &request_wait, transfer);
    lua_http_send(transfer);
    return wait_yield(L, task);
}

/* Upvalue 1: the method. */
static int
session_verb(lua_State *L)
{
    size_t size;
    const char *method = lua_tolstring(L, lua_upvalueindex(1), &size);
    return request(L, method, size);
}

/* session:request(method, url, options). The method is moved below the
 * arguments of request(), where it stays alive. */
static int
session_request(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return mlua_misuse(L, "expected a method, got %s", luaL_typename(L, 2));
    size_t size;
    const char *method = lua_tolstring(L, 2, &size);
    char copy[64];
    if (size >= sizeof(copy))
        return mlua_misuse(L, "a method of %d bytes is too long", (int)size);
    memcpy(copy, method, size);
    lua_remove(L, 2);
    return request(L, copy, size);
}

static const luaL_Reg http_methods[] = {
    {"request", session_request},
    {NULL, NULL},
};
static const char *const verbs[][2] = {
    {"get", "GET"},         {"head", "HEAD"},   {"post", "POST"},
    {"put", "PUT"},         {"patch", "PATCH"}, {"delete", "DELETE"},
    {"options", "OPTIONS"},
};

void
lua_http_methods(lua_State *L)
{
    luaL_setfuncs(L, http_methods, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        lua_pushstring(L, verbs[i][1]);
        lua_pushcclosure(L, session_verb, 1);
        lua_setfield(L, -2, verbs[i][0]);
    }
}

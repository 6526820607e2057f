#include "script/lua_stream.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "http/session.h"
#include "script/lua_http.h"
#include "script/lua_response.h"
#include "script/lua_session.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char stream_metatable[] = "molo.stream";

/* Of an event, where max_body does not say. */
#define EVENT_MAX ((size_t)1024 * 1024)

/* Anchored in the registry while it has a transfer: callbacks point to it. */
struct lua_stream {
    struct list link; /* in worker->streams */
    struct worker *worker;
    struct transfer *transfer; /* NULL: over */
    struct task *reader;       /* waits for more; NULL: nobody does */
    bool events;               /* of session:events */
    bool head, done;
    bool bad_type;      /* events were asked for, and these are none */
    size_t event_limit; /* bytes */
    const struct recorder_context *context; /* of events */
    nsec_t patience; /* for the head of an answer of events */
    int ref;
};

/* The function of stream.lua that makes a request with a sink. */
static const char sink_key = 0;

/* --- callbacks --- */

static struct lua_stream *
of_transfer(const struct transfer *transfer)
{
    const struct lua_exchange *exchange = transfer->data;
    return exchange->stream;
}

static void
wake_reader(struct lua_stream *stream)
{
    if (stream->reader)
        task_wake(stream->reader);
}

static bool
find_type(const struct http_response *response, const char **type, size_t *size)
{
    static const char header[] = "Content-Type";
    size_t pos = 0, name_size;
    const char *name;
    while (http_header_next(response->headers.data, response->headers.size,
                            &pos, &name, &name_size, type, size))
        if (name_size == strlen(header) &&
            strncasecmp(name, header, name_size) == 0)
            return true;
    return false;
}

static bool
is_event_stream(const struct http_response *response)
{
    static const char wanted[] = "text/event-stream";
    const char *type;
    size_t size;
    if (!find_type(response, &type, &size) || size < strlen(wanted) ||
        strncasecmp(type, wanted, strlen(wanted)) != 0)
        return false;
    char behind = size > strlen(wanted) ? type[strlen(wanted)] : ';';
    return behind == ';' || behind == ' ';
}

static void
note_head(struct lua_stream *stream)
{
    const struct http_response *response = &stream->transfer->response;
    stream->head = true;
    stream->bad_type =
        stream->events && response->status == 200 && !is_event_stream(response);
}

static void
on_data(struct transfer *transfer)
{
    struct lua_stream *stream = of_transfer(transfer);
    if (!stream->head)
        note_head(stream);
    /* The script gets an error instead: read it away, so that the connection
     * can be used again. */
    if (!lua_http_is_accepted(transfer)) {
        buf_clear(&transfer->response.body);
        return;
    }
    wake_reader(stream);
}

static void
on_done(struct transfer *transfer)
{
    struct lua_stream *stream = of_transfer(transfer);
    stream->done = true;
    if (!stream->head && transfer->response.status != 0)
        note_head(stream);
    wake_reader(stream);
}

/* --- life --- */

/* The transfer was released. */
static void
forget_transfer(struct lua_stream *stream)
{
    lua_State *L = stream->worker->script->L;
    stream->transfer = NULL;
    list_remove(&stream->link);
    int ref = stream->ref;
    stream->ref = LUA_NOREF;
    wake_reader(stream);
    luaL_unref(L, LUA_REGISTRYINDEX, ref);
}

/* What a script closes early is answered where it listened for events, which
 * have no end; elsewhere it was given up. */
static void
end_stream(struct lua_stream *stream)
{
    struct transfer *transfer = stream->transfer;
    if (!transfer)
        return;
    if (stream->events && stream->head)
        session_end(transfer, FAULT_NONE, NULL);
    else
        session_cancel(transfer);
    lua_http_release(transfer);
    forget_transfer(stream);
}

void
lua_stream_end_all(struct worker *worker)
{
    list_for_each (it, &worker->streams)
        end_stream(container_of(it, struct lua_stream, link));
}

static struct lua_stream *
push_stream(lua_State *L, struct worker *worker, struct transfer *transfer,
            bool events)
{
    struct lua_stream *stream = lua_newuserdatauv(L, sizeof(*stream), 2);
    *stream = (struct lua_stream){
        .worker = worker,
        .transfer = transfer,
        .events = events,
    };
    luaL_setmetatable(L, stream_metatable);
    lua_pushvalue(L, -1);
    stream->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    list_append(&worker->streams, &stream->link);
    struct lua_exchange *exchange = transfer->data;
    exchange->stream = stream;
    transfer->on_data = on_data;
    transfer->on_done = on_done;
    transfer->request.streams = true;
    transfer->request.discard = false;
    return stream;
}

/* --- opening --- */

static void
cancel_open(struct task *task)
{
    struct lua_stream *stream = task->wait.data;
    stream->reader = NULL;
    end_stream(stream);
}

static int
raise_fault(lua_State *L, struct lua_stream *stream)
{
    struct transfer *transfer = stream->transfer;
    forget_transfer(stream);
    return lua_http_raise(L, transfer);
}

/* The limit of time for the head, where the whole has none. */
static void
end_late(struct lua_stream *stream)
{
    char limit[32], message[64];
    units_format_duration(stream->patience, limit, sizeof(limit));
    snprintf(message, sizeof(message), "no answer within %s", limit);
    session_end(stream->transfer, stream->head ? FAULT_NONE : FAULT_TIMEOUT,
                message);
}

static void
end_bad_type(struct lua_stream *stream)
{
    struct transfer *transfer = stream->transfer;
    const char *type;
    size_t size;
    char message[160] = "no Content-Type instead of text/event-stream";
    if (find_type(&transfer->response, &type, &size))
        snprintf(message, sizeof(message),
                 "Content-Type '%.*s' instead of text/event-stream",
                 size > 80 ? 80 : (int)size, type);
    session_end(transfer, FAULT_PROTOCOL, message);
    if (transfer->fault != FAULT_NONE)
        return;
    /* It was over before anyone looked. */
    transfer->fault = FAULT_PROTOCOL;
    transfer->fault_phase = "receive";
    snprintf(transfer->fault_message, sizeof(transfer->fault_message), "%s",
             message);
}

static int
finish_open(lua_State *L, struct task *task)
{
    struct lua_stream *stream = task->wait.data;
    stream->reader = NULL;
    if (!stream->done &&
        (!stream->head || !lua_http_is_accepted(stream->transfer)))
        end_late(stream);
    else if (stream->bad_type)
        end_bad_type(stream);
    if (!lua_http_is_accepted(stream->transfer))
        return raise_fault(L, stream);
    lua_rawgeti(L, LUA_REGISTRYINDEX, stream->ref);
    return 1;
}

static const struct wait_ops open_wait = {
    .cancel = cancel_open,
    .drop = cancel_open,
    .finish = finish_open,
};

/* Events have no end: the timeout is for the head, max_body for one event. */
static void
adapt_to_events(lua_State *L, struct lua_stream *stream, const char *last_id)
{
    struct http_request *request = &stream->transfer->request;
    size_t label_size;
    const char *label = http_request_label(request, &label_size);
    lua_pushlstring(L, label, label_size);
    lua_setiuservalue(L, -2, 2);
    stream->context = lua_http_context(stream->transfer);
    stream->event_limit = request->max_body > 0 ? request->max_body : EVENT_MAX;
    request->max_body = 0;
    stream->patience = request->timeout;
    request->timeout = NSEC_NEVER;
    request->expected = (struct http_expected){.status = {200, 204}, 2};
    static const char accept[] = "Accept", id[] = "Last-Event-ID";
    static const char type[] = "text/event-stream";
    struct err err;
    if (!http_request_has_header(request, accept))
        http_request_set_header(request, accept, strlen(accept), type,
                                strlen(type), &err);
    if (last_id != NULL && last_id[0] != '\0')
        http_request_set_header(request, id, strlen(id), last_id,
                                strlen(last_id), &err);
}

/* open(session, method, url, options, events, last_id) -> stream. Returns when
 * the head of the answer is there; raises what a request raises. */
static int
stream_open(lua_State *L)
{
    lua_session_check(L, 1);
    struct task *task = wait_check(L, "a request");
    size_t size;
    char method[64], last_id[1024] = "";
    const char *text = luaL_checklstring(L, 2, &size);
    if (size >= sizeof(method))
        return mlua_misuse(L, "a method of %d bytes is too long", (int)size);
    memcpy(method, text, size);
    bool events = lua_toboolean(L, 5);
    text = lua_tolstring(L, 6, NULL);
    /* One that is longer is as if the server had sent none. */
    if (text && strlen(text) < sizeof(last_id))
        strcpy(last_id, text);
    lua_settop(L, 4);
    lua_remove(L, 2);
    struct transfer *transfer = lua_http_begin(L, task, method, size);
    struct lua_stream *stream = push_stream(L, task->worker, transfer, events);
    if (events)
        adapt_to_events(L, stream, last_id);
    wait_claim(task, &open_wait, stream);
    stream->reader = task;
    if (events && stream->patience != NSEC_NEVER)
        timer_start(&task->timer, nsec_add(clock_now(), stream->patience));
    lua_http_send(transfer);
    return wait_yield(L, task);
}

/* --- reading --- */

static struct lua_stream *
check_stream(lua_State *L)
{
    return luaL_checkudata(L, 1, stream_metatable);
}

static void
keep_response(lua_State *L, const struct lua_stream *stream)
{
    lua_response_push(L, stream->transfer);
    lua_setiuservalue(L, 1, 1);
}

/* The transfer is over and was read to its end. */
static void
finish_stream(lua_State *L, struct lua_stream *stream)
{
    keep_response(L, stream);
    lua_http_release(stream->transfer);
    forget_transfer(stream);
}

static void
cancel_read(struct task *task)
{
    struct lua_stream *stream = task->wait.data;
    stream->reader = NULL;
}

/* The stream is at the bottom of the stack. */
static int
finish_read(lua_State *L, struct task *task)
{
    struct lua_stream *stream = task->wait.data;
    struct transfer *transfer = stream->transfer;
    stream->reader = NULL;
    if (!transfer)
        return lua_pushnil(L), 1;
    struct buf *body = &transfer->response.body;
    if (body->size > 0) {
        lua_pushlstring(L, body->data, body->size);
        buf_clear(body);
        session_resume(transfer);
        return 1;
    }
    if (!stream->done)
        return lua_pushboolean(L, 0), 1;
    if (transfer->fault != FAULT_NONE)
        return raise_fault(L, stream);
    finish_stream(L, stream);
    return lua_pushnil(L), 1;
}

static const struct wait_ops read_wait = {
    .cancel = cancel_read,
    .drop = cancel_read,
    .finish = finish_read,
};

/* stream:read(seconds) -> what has come, nil at the end, false if nothing came
 * in that time. Raises what ended the transfer. */
static int
stream_read(lua_State *L)
{
    struct lua_stream *stream = check_stream(L);
    struct task *task = wait_check(L, "reading a stream");
    lua_settop(L, 2);
    if (stream->reader)
        return mlua_misuse(L, "another task reads this stream already");
    if (!stream->transfer)
        return lua_pushnil(L), 1;
    wait_claim(task, &read_wait, stream);
    stream->reader = task;
    if (stream->done || stream->transfer->response.body.size > 0)
        task_wake(task);
    else if (lua_isnumber(L, 2))
        timer_start(
            &task->timer,
            nsec_add(clock_now(), nsec_from_seconds(lua_tonumber(L, 2))));
    return wait_yield(L, task);
}

/* stream:response() -> what is known of the answer so far */
static int
stream_response(lua_State *L)
{
    const struct lua_stream *stream = check_stream(L);
    if (stream->transfer)
        keep_response(L, stream);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* stream:stop(): has read enough; the request counts as answered. */
static int
stream_stop(lua_State *L)
{
    struct lua_stream *stream = check_stream(L);
    if (!stream->transfer)
        return 0;
    session_end(stream->transfer, FAULT_NONE, NULL);
    finish_stream(L, stream);
    return 0;
}

/* stream:close(), __close */
static int
stream_close(lua_State *L)
{
    end_stream(check_stream(L));
    return 0;
}

/* stream:about() -> bytes an event may have, and what its events are counted
 * as: context, name */
static int
stream_about(lua_State *L)
{
    const struct lua_stream *stream = check_stream(L);
    lua_pushinteger(L, (lua_Integer)stream->event_limit);
    lua_pushlightuserdata(L, (void *)(uintptr_t)stream->context);
    lua_getiuservalue(L, 1, 2);
    return 3;
}

/* --- a request with a sink --- */

bool
lua_stream_is_wanted(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    lua_pushliteral(L, "sink");
    bool wanted = lua_rawget(L, index) != LUA_TNIL;
    lua_pop(L, 1);
    return wanted;
}

static int
on_sink_done(lua_State *L, int status, lua_KContext context)
{
    return 1;
}

int
lua_stream_request(lua_State *L, const char *method, size_t method_size)
{
    lua_settop(L, 3);
    lua_pushlstring(L, method, method_size);
    lua_insert(L, 2); /* session, method, url, options */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &sink_key);
    lua_insert(L, 1);
    lua_callk(L, 4, 1, 0, on_sink_done);
    return on_sink_done(L, LUA_OK, 0);
}

/* set_sink(function): what makes such a request */
static int
stream_set_sink(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &sink_key);
    return 0;
}

static const luaL_Reg stream_methods[] = {
    {"about", stream_about}, {"close", stream_close},
    {"read", stream_read},   {"response", stream_response},
    {"stop", stream_stop},   {NULL, NULL},
};
static const luaL_Reg stream_meta[] = {
    {"__close", stream_close},
    {NULL, NULL},
};
static const luaL_Reg stream_functions[] = {
    {"open", stream_open},
    {"set_sink", stream_set_sink},
    {NULL, NULL},
};

void
lua_stream_open(lua_State *L)
{
    mlua_new_class(L, stream_metatable, stream_methods, stream_meta);
    luaL_newlib(L, stream_functions);
}

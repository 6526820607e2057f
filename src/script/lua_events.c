#include "script/lua_events.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "http/event_stream.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder_sse.h"

static const char parser_metatable[] = "molo.event_parser";

struct parser {
    struct event_stream stream;
    struct buf pending; /* arrived and not read yet */
    size_t read;        /* of that */
    nsec_t last_at;     /* of the connection's start, then of its events */
    bool had_event;     /* on this connection */
    /* What its events are counted as. */
    const struct recorder_context *context;
    struct buf name;
};

static struct parser *
check_parser(lua_State *L)
{
    return luaL_checkudata(L, 1, parser_metatable);
}

/* parser() -> one that waits for its limit */
static int
parser_new(lua_State *L)
{
    struct parser *parser = lua_newuserdatauv(L, sizeof(*parser), 0);
    *parser = (struct parser){
        .last_at = clock_now(),
    };
    luaL_setmetatable(L, parser_metatable);
    return 1;
}

static int
parser_gc(lua_State *L)
{
    struct parser *parser = check_parser(L);
    event_stream_finish(&parser->stream);
    buf_finish(&parser->pending);
    buf_finish(&parser->name);
    return 0;
}

/* parser:restart(): a new connection begins. */
static int
parser_restart(lua_State *L)
{
    struct parser *parser = check_parser(L);
    event_stream_restart(&parser->stream);
    buf_clear(&parser->pending);
    parser->read = 0;
    parser->last_at = clock_now();
    parser->had_event = false;
    return 0;
}

/* parser:belongs(limit, context, name): an event has at most so many bytes, and
 * is counted under these; see stream:about. */
static int
parser_belongs(lua_State *L)
{
    struct parser *parser = check_parser(L);
    parser->stream.limit = (size_t)luaL_checkinteger(L, 2);
    luaL_checktype(L, 3, LUA_TLIGHTUSERDATA);
    parser->context = lua_touserdata(L, 3);
    const char *name = luaL_checkstring(L, 4);
    buf_clear(&parser->name);
    buf_append_str(&parser->name, name);
    return 0;
}

/* parser:feed(chunk) */
static int
parser_feed(lua_State *L)
{
    struct parser *parser = check_parser(L);
    size_t size;
    const char *data = luaL_checklstring(L, 2, &size);
    buf_append(&parser->pending, data, size);
    return 0;
}

static void
set_text(lua_State *L, const char *field, const struct buf *text)
{
    lua_pushlstring(L, text->data ? text->data : "", text->size);
    lua_setfield(L, -2, field);
}

static void
push_event(lua_State *L, const struct event_stream *stream)
{
    lua_createtable(L, 0, 4);
    set_text(L, "data", &stream->data);
    if (stream->type.size > 0) {
        set_text(L, "event", &stream->type);
    } else {
        lua_pushliteral(L, "message");
        lua_setfield(L, -2, "event");
    }
    if (stream->last_id.size > 0)
        set_text(L, "id", &stream->last_id);
    if (stream->retry_told) {
        lua_pushnumber(L, nsec_to_seconds(stream->retry));
        lua_setfield(L, -2, "retry");
    }
}

/* The first event counts from the beginning of its connection. */
static void
record_event(lua_State *L, struct parser *parser)
{
    nsec_t now = clock_now();
    recorder_sse_event(script_of(L)->env.recorder, parser->context,
                       parser->name.data, now - parser->last_at,
                       !parser->had_event);
    parser->had_event = true;
    parser->last_at = now;
}

static int
raise_too_large(lua_State *L, const struct parser *parser)
{
    char limit[32], message[96];
    units_format_bytes(parser->stream.limit, limit, sizeof(limit));
    snprintf(message, sizeof(message), "an event is larger than %s (max_body)",
             limit);
    mlua_push_error(L, "too_large", message);
    return lua_error(L);
}

/* parser:next() -> event, or nil: more has to arrive. */
static int
parser_next(lua_State *L)
{
    struct parser *parser = check_parser(L);
    struct buf *pending = &parser->pending;
    size_t used;
    enum event_stream_status status = EVENT_STREAM_MORE;
    if (parser->read < pending->size) {
        status =
            event_stream_read(&parser->stream, pending->data + parser->read,
                              pending->size - parser->read, &used);
        parser->read += used;
    }
    if (parser->read == pending->size) {
        buf_clear(pending);
        parser->read = 0;
    }
    switch (status) {
    case EVENT_STREAM_MORE:
        return 0;
    case EVENT_STREAM_EVENT:
        record_event(L, parser);
        push_event(L, &parser->stream);
        return 1;
    case EVENT_STREAM_TOO_LARGE:
        break;
    }
    return raise_too_large(L, parser);
}

/* parser:last_id() -> string */
static int
parser_last_id(lua_State *L)
{
    const struct buf *id = &check_parser(L)->stream.last_id;
    lua_pushlstring(L, id->data ? id->data : "", id->size);
    return 1;
}

/* parser:retry() -> seconds, nil: the server did not say */
static int
parser_retry(lua_State *L)
{
    const struct event_stream *stream = &check_parser(L)->stream;
    if (!stream->retry_told)
        return 0;
    lua_pushnumber(L, nsec_to_seconds(stream->retry));
    return 1;
}

/* late(url, seconds): raises that no event came in that time. */
static int
events_late(lua_State *L)
{
    char message[512], limit[32];
    const char *url = luaL_checkstring(L, 1);
    units_format_duration(nsec_from_seconds(luaL_checknumber(L, 2)), limit,
                          sizeof(limit));
    snprintf(message, sizeof(message), "%.300s: no event within %s", url,
             limit);
    mlua_push_error(L, "timeout", message);
    lua_pushstring(L, url);
    lua_setfield(L, -2, "url");
    return lua_error(L);
}

static const luaL_Reg parser_methods[] = {
    {"belongs", parser_belongs},
    {"feed", parser_feed},
    {"last_id", parser_last_id},
    {"next", parser_next},
    {"restart", parser_restart},
    {"retry", parser_retry},
    {NULL, NULL},
};
static const luaL_Reg parser_meta[] = {
    {"__gc", parser_gc},
    {NULL, NULL},
};
static const luaL_Reg events_functions[] = {
    {"late", events_late},
    {"parser", parser_new},
    {NULL, NULL},
};

void
lua_events_open(lua_State *L)
{
    mlua_new_class(L, parser_metatable, parser_methods, parser_meta);
    luaL_newlib(L, events_functions);
}

/* Events of a test, delivered to the listeners of molo.on. */
#include <stdint.h>

#include "base/log.h"
#include "script/mlua.h"
#include "script/script_internal.h"

static const char *const event_names[EVENT_TYPES] = {
    [EVENT_WORKER_START] = "worker_start",
    [EVENT_WORKER_END] = "worker_end",
    [EVENT_SCENARIO_START] = "scenario_start",
    [EVENT_SCENARIO_SUCCESS] = "scenario_success",
    [EVENT_SCENARIO_FAILURE] = "scenario_failure",
    [EVENT_REQUEST_START] = "request_start",
    [EVENT_REQUEST_END] = "request_end",
    [EVENT_REQUEST_ERROR] = "request_error",
    [EVENT_ROUND_END] = "round_end",
};

const char *
event_type_name(enum event_type type)
{
    return event_names[type];
}

bool
script_listens(const struct script *script, enum event_type type)
{
    return script->listeners[type].count > 0;
}

static void
set_string(lua_State *L, const char *name, const char *value)
{
    if (!value)
        return;
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void
set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void
push_event(lua_State *L, const struct script *script, const struct event *event)
{
    lua_createtable(L, 0, 8);
    set_string(L, "type", event_names[event->type]);
    lua_pushnumber(L, nsec_to_seconds(clock_now() - script->started_at));
    lua_setfield(L, -2, "at");
    if (event->worker) {
        set_integer(L, "worker_id", event->worker->id);
        set_integer(L, "step", event->worker->step);
        set_string(L, "scenario", event->worker->scenario);
    }
    set_string(L, "kind", event->kind);
    set_string(L, "message", event->message);
    set_string(L, "method", event->method);
    set_string(L, "url", event->url);
    set_string(L, "name", event->name);
    if (event->status > 0)
        set_integer(L, "status", event->status);
    if (event->duration >= 0) {
        lua_pushnumber(L, nsec_to_seconds(event->duration));
        lua_setfield(L, -2, "duration");
    }
    if (event->round > 0)
        set_integer(L, "round", event->round);
    if (!event->worker && event->step > 0)
        set_integer(L, "step", event->step);
}

static int
call_listener(lua_State *L)
{
    const struct event *event = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)lua_tointeger(L, 2));
    push_event(L, script_of(L), event);
    lua_call(L, 1, 0);
    return 0;
}

static void
report_failure(lua_State *L, struct listener *listener, enum event_type type)
{
    if (listener->failed)
        return;
    listener->failed = true;
    log_error("a listener of '%s' failed (reported once): %s",
              event_names[type], lua_tostring(L, -1));
}

void
script_emit(struct script *script, const struct event *event)
{
    struct listener_list *list = &script->listeners[event->type];
    lua_State *L = script->current ? script->current->co : script->L;
    /* What a listener itself causes is not told again. */
    if (script->in_listener)
        return;
    int top = lua_gettop(L);
    if (!script->current)
        script_enter(script);
    script->in_listener = true;
    for (size_t i = 0; i < list->count; i++) {
        struct listener *listener = &list->items[i];
        if (listener->stopped)
            continue;
        if (!lua_checkstack(L, LUA_MINSTACK))
            break;
        lua_pushcfunction(L, mlua_tell_error);
        lua_pushcfunction(L, call_listener);
        lua_pushlightuserdata(L, (void *)(uintptr_t)event);
        lua_pushinteger(L, listener->ref);
        struct callback callback = script_begin_callback(script, L);
        bool ok = lua_pcall(L, 2, 0, top + 1) == LUA_OK;
        listener->stopped = !script_end_callback(&callback);
        if (!ok)
            report_failure(L, listener, event->type);
        lua_settop(L, top);
    }
    script->in_listener = false;
}

#include "script/state.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/signals.h"
#include "script/builtin.h"
#include "script/collector.h"
#include "script/limit.h"
#include "script/lua_core.h"
#include "script/lua_crypto.h"
#include "script/lua_json.h"
#include "script/lua_pairs.h"
#include "script/lua_response.h"
#include "script/lua_session.h"
#include "script/lua_url.h"
#include "script/lua_util.h"
#include "script/lua_websocket.h"
#include "script/mlua.h"
#include "script/script_internal.h"

/* How many instructions pass between two looks at the clock: well below a
 * millisecond of Lua, and not to be seen in its speed. */
#define HOOK_COUNT 20000

/* A task that has run this long lets others run before its next result; in
 * virtual time, which it does not use up, after so many waits that were over at
 * once. */
#define TURN_LIMIT (1 * NSEC_PER_MSEC)
#define TURN_WAITS 100

/* Where time is virtual, whoever holds the loop this long in real time is taken
 * to hold it until something ends that. */
#define VIRTUAL_PATIENCE (5 * NSEC_PER_SEC)

/* A listener and the picker may not wait, and no run has a timeout for them:
 * who takes this long, in real time, will not end. */
#define CALLBACK_PATIENCE_S 5

/* New coroutines copy the extra space of the main one: the address of the
 * script, whose lowest bit marks those of molo's own. */
static uintptr_t
extra_of(lua_State *L)
{
    uintptr_t extra;
    memcpy(&extra, lua_getextraspace(L), sizeof(extra));
    return extra;
}

struct script *
script_of(lua_State *L)
{
    return (struct script *)(extra_of(L) & ~(uintptr_t)1);
}

void
state_mark_task(lua_State *co)
{
    uintptr_t extra = extra_of(co) | 1;
    memcpy(lua_getextraspace(co), &extra, sizeof(extra));
}

bool
state_is_task(lua_State *co)
{
    return extra_of(co) & 1;
}

/* Out of memory aborts, as everywhere. */
static void *
allocate(void *data, void *ptr, size_t old_size, size_t size)
{
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return xrealloc(ptr, size);
}

void
script_enter(struct script *script)
{
    script->entered_at = clock_real_now();
    /* Should another thread set it right now, one of the two sees the other's.
     */
    nsec_t next;
    do {
        next = script->next_park_after;
        script->park_after = next;
    } while (next != script->next_park_after);
    script->waits_at_once = 0;
}

bool
script_has_turn(struct script *script)
{
    if (clock_is_virtual())
        return ++script->waits_at_once < TURN_WAITS;
    return clock_now() - script->entered_at < TURN_LIMIT;
}

bool
script_let_time_pass(const struct script *script, nsec_t until)
{
    if (!clock_is_virtual() || until == NSEC_NEVER)
        return false;
    nsec_t held = clock_real_now() - script->entered_at;
    if (held < VIRTUAL_PATIENCE && held < until - clock_now())
        return false;
    clock_advance(until);
    return true;
}

static bool
must_park(const struct script *script)
{
    nsec_t now = clock_real_now();
    script_let_time_pass(script, script->park_after);
    if (clock_now() >= script->park_after)
        return true;
    if (signals_count() >= 2)
        return now >= nsec_add(signals_second_at(), SCRIPT_LAST_MOMENT);
    return signals_count() == 1 &&
           now >= nsec_add(nsec_add(signals_first_at(), script->signal_grace),
                           TASK_CLEANUP);
}

struct callback
script_begin_callback(struct script *script, lua_State *L)
{
    script->callback_at = clock_real_now();
    script->callback_stopped = false;
    return (struct callback){L, lua_gethookcount(L)};
}

bool
script_end_callback(const struct callback *callback)
{
    state_watch_closely(callback->L, callback->hook_count == 1);
    return !script_of(callback->L)->callback_stopped;
}

static bool
in_callback_too_long(const struct script *script)
{
    return (script->in_listener || script->picking) &&
           clock_real_now() - script->callback_at >=
               CALLBACK_PATIENCE_S * NSEC_PER_SEC;
}

static void
stop_callback(lua_State *L, struct script *script)
{
    script->callback_stopped = true;
    const char *what = script->load_options ? "loading the file"
                       : script->picking    ? "the scenario picker"
                                            : "a listener";
    /* At every instruction from now on, so that no protected call keeps it. */
    state_watch_closely(L, true);
    state_watch_closely(script->current ? script->current->co : script->L,
                        true);
    if (in_callback_too_long(script))
        luaL_error(L, "stopped: %s did not end within %d s", what,
                   CALLBACK_PATIENCE_S);
    luaL_error(L, "stopped: %s did not end", what);
}

static void
on_count(lua_State *L, lua_Debug *ar)
{
    struct script *script = script_of(L);
    struct task *task = script->current;
    if (in_callback_too_long(script)) {
        stop_callback(L, script);
        return;
    }
    if (!must_park(script)) {
        if (task && !script->in_listener) {
            limit_watch(L, task);
            memory_watch(L, task);
        }
        return;
    }
    if (!task || script->in_listener) {
        stop_callback(L, script);
        return;
    }
    if (task->resetting)
        luaL_error(L, "stopped: the run is being taken down");
    if (!task->parked)
        mlua_where(L, script->parked_at, sizeof(script->parked_at));
    task->parked = true;
    /* Where it cannot be suspended it is told, at every look, until it comes
     * back to where it can. */
    if (L == task->co && lua_isyieldable(L))
        lua_yield(L, 0);
    else
        luaL_error(L, "stopped: the run did not yield");
}

void
state_watch_closely(lua_State *co, bool closely)
{
    int count = closely ? 1 : HOOK_COUNT;
    if (lua_gethookcount(co) != count)
        lua_sethook(co, on_count, LUA_MASKCOUNT, count);
}

lua_State *
state_create(struct script *script)
{
    lua_State *L = script->memory.limit > 0
                       ? lua_newstate(memory_allocate, script)
                       : lua_newstate(allocate, NULL);
    memcpy(lua_getextraspace(L), &script, sizeof(script));
    luaL_openlibs(L);
    lua_pairs_open(L);
    /* Generational collection suits many short-lived responses, but 5.4.4 has
     * had faults in it; incremental is the one that is trusted. */
    lua_gc(L, LUA_GCINC, 0, 0, 0);
    mlua_open_error(L);
    lua_response_open(L);
    lua_websocket_open(L);
    lua_rng_open(L);
    lua_core_open(L);
    lua_register_open(L);
    lua_session_open(L);
    lua_setfield(L, -2, "session");
    lua_json_open(L);
    lua_setfield(L, -2, "json");
    lua_crypto_open(L);
    lua_url_open(L);
    lua_util_open(L);
    builtin_open(L);
    lua_sandbox_open(L);
    collector_watch(L, &script->gc_cycles);
    lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_COUNT);
    return L;
}

const char *
script_lua_version(void)
{
    return LUA_RELEASE;
}

#include "script/lua_core.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secrets.h"
#include "base/units.h"
#include "http/redact.h"
#include "plan/plan.h"
#include "script/lua_data.h"
#include "script/lua_defer.h"
#include "script/lua_events.h"
#include "script/lua_eventually.h"
#include "script/lua_metric.h"
#include "script/lua_room.h"
#include "script/lua_service.h"
#include "script/lua_stream.h"
#include "script/lua_sync.h"
#include "script/lua_tags.h"
#include "script/lua_task.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "stats/recorder.h"

/* Of a function that checks them in Lua. */
#define MAX_OPTIONS 8

static void
cancel_sleep(struct task *task)
{
    timer_stop(&task->timer);
}

static int
finish_sleep(lua_State *L, struct task *task)
{
    return 0;
}

static const struct wait_ops sleep_wait = {
    .idle = true,
    .cancel = cancel_sleep,
    .finish = finish_sleep,
};

/* molo.sleep(time) */
static int
core_sleep(lua_State *L)
{
    struct task *task = wait_check(L, "molo.sleep");
    nsec_t t = mlua_check_time(L, 1, "molo.sleep");
    wait_claim(task, &sleep_wait, NULL);
    timer_start(&task->timer, nsec_add(clock_now(), t));
    return wait_yield(L, task);
}

int
lua_core_think(lua_State *L)
{
    struct task *task = wait_check(L, "session:think");
    nsec_t low = mlua_check_time(L, 2, "session:think");
    nsec_t high = low;
    if (!lua_isnoneornil(L, 3))
        high = mlua_check_time(L, 3, "session:think");
    if (high < low)
        return mlua_misuse(L, "session:think: the low end of the range is "
                              "above its high end");
    nsec_t t = low == high ? low : rng_int(&task->worker->rng, low, high);
    wait_claim(task, &sleep_wait, NULL);
    timer_start(&task->timer, nsec_add(clock_now(), t));
    return wait_yield(L, task);
}

/* core.seconds(time, what) -> number */
static int
core_seconds(lua_State *L)
{
    lua_pushnumber(
        L, nsec_to_seconds(mlua_check_time(L, 1, luaL_checkstring(L, 2))));
    return 1;
}

/* core.clock() -> seconds, also before the test has started */
static int
core_clock(lua_State *L)
{
    lua_pushnumber(L, nsec_to_seconds(clock_now()));
    return 1;
}

/* core.duration_text(seconds) -> "10 s" */
static int
core_duration_text(lua_State *L)
{
    char text[32];
    units_format_duration(nsec_from_seconds(luaL_checknumber(L, 1)), text,
                          sizeof(text));
    lua_pushstring(L, text);
    return 1;
}

/* molo.now(): monotonic seconds since the start of the test. */
static int
core_now(lua_State *L)
{
    const struct script *script = script_of(L);
    nsec_t now = script->started_at > 0 ? clock_now() - script->started_at : 0;
    lua_pushnumber(L, nsec_to_seconds(now));
    return 1;
}

static struct script *
check_running(lua_State *L, const char *what)
{
    struct script *script = script_of(L);
    if (script->load_options || !script->env.plan)
        mlua_misuse(L, "%s can only be used while a test runs", what);
    return script;
}

static const char *
check_in_run(lua_State *L, const char *what)
{
    check_running(L, what);
    size_t size;
    if (lua_type(L, 1) != LUA_TSTRING)
        mlua_misuse(L, "%s: expected a name, got %s", what,
                    luaL_typename(L, 1));
    const char *name = lua_tolstring(L, 1, &size);
    if (strlen(name) != size)
        mlua_misuse(L, "%s: the name has a NUL byte", what);
    return name;
}

/* The condition is at 2, tags may be at `tags`. */
static void
record_check(lua_State *L, const char *name, int tags)
{
    struct script *script = script_of(L);
    const struct recorder_context *context = lua_tags_context(L, tags);
    struct task *task = script->in_listener ? NULL : script->current;
    bool passed = lua_toboolean(L, 2);
    if (!lua_eventually_keeps(L, task, context, name, passed))
        recorder_check(script->env.recorder, context, name, passed);
}

/* molo.check(name, condition, tags?) -> condition */
static int
core_check(lua_State *L)
{
    const char *name = check_in_run(L, "molo.check");
    if (lua_isnone(L, 2))
        return mlua_misuse(L, "molo.check: '%s' has no condition", name);
    record_check(L, name, 3);
    lua_settop(L, 2);
    return 1;
}

/* molo.expect(name, condition, detail?, tags?) -> condition; raises `check`. */
static int
core_expect(lua_State *L)
{
    const char *name = check_in_run(L, "molo.expect");
    if (lua_isnone(L, 2))
        return mlua_misuse(L, "molo.expect: '%s' has no condition", name);
    bool passed = lua_toboolean(L, 2);
    record_check(L, name, 4);
    if (passed) {
        lua_settop(L, 2);
        return 1;
    }
    const char *message = name;
    if (!lua_isnoneornil(L, 3))
        message = lua_pushfstring(L, "%s: %s", name, mlua_push_text(L, 3));
    mlua_push_error(L, "check", message);
    return lua_error(L);
}

static const char *
reason(lua_State *L, const char *otherwise)
{
    return lua_isnoneornil(L, 1) ? otherwise : mlua_push_text(L, 1);
}

/* molo.fail(reason): raises. */
static int
core_fail(lua_State *L)
{
    mlua_push_error(L, "script", reason(L, "failed by molo.fail"));
    return lua_error(L);
}

/* molo.stop(reason): the test ends in order; this run goes on. */
static int
core_stop(lua_State *L)
{
    struct script *script = check_running(L, "molo.stop");
    script->env.host.on_stop(script->env.host.data,
                             reason(L, "molo.stop was called"));
    return 0;
}

/* molo.abort(reason): the test ends with exit code 1; raises `stopped`. */
static int
core_abort(lua_State *L)
{
    struct script *script = check_running(L, "molo.abort");
    const char *why = reason(L, "molo.abort was called");
    script->env.host.on_abort(script->env.host.data, why);
    if (script->current && !script->in_listener)
        return task_raise_stopped(L, script->current);
    return 0;
}

/* molo.log(level, ...) */
static int
core_log(lua_State *L)
{
    static const char *const names[] = {"error", "warning", "info", "debug",
                                        NULL};
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO,
                                            LOG_DEBUG};
    const char *name = luaL_optstring(L, 1, "");
    int level = 0;
    while (names[level] && strcmp(names[level], name) != 0)
        level++;
    if (!names[level])
        return mlua_misuse(L, "molo.log: the first argument is a level: error, "
                              "warning, info or debug");
    log_print(levels[level], "%s", mlua_push_concat(L, 2));
    return 0;
}

/* The kind of an error object; nil for any other value. */
static int
core_error_kind(lua_State *L)
{
    const char *kind;
    if (!mlua_is_error(L, 1, &kind))
        return 0;
    lua_pushstring(L, kind);
    return 1;
}

/* The text of any raised value; does not raise itself. */
static int
core_error_text(lua_State *L)
{
    luaL_checkany(L, 1);
    mlua_push_text(L, 1);
    return 1;
}

/* core.check_options(options, what, names) -> options, {} for nil. Misuse
 * unless it is a table with no other keys. */
static int
core_check_options(lua_State *L)
{
    const char *known[MAX_OPTIONS];
    size_t count = lua_rawlen(L, 3);
    luaL_argcheck(L, count <= MAX_OPTIONS, 3, "too many");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        known[i] = lua_tostring(L, -1);
        lua_pop(L, 1); /* the table keeps it */
    }
    if (!mlua_check_options(L, 1, luaL_checkstring(L, 2), known, count))
        lua_newtable(L);
    else
        lua_settop(L, 1);
    return 1;
}

/* core.strict(table, what) -> table, in which looking up what it has not is
 * misuse that begins with `what`. */
static int
core_strict(lua_State *L)
{
    const char *what = luaL_checkstring(L, 2);
    lua_pushvalue(L, 1);
    mlua_be_strict(L, what);
    return 1;
}

/* Raises misuse at the user's line. */
static int
core_misuse(lua_State *L)
{
    return mlua_misuse(L, "%s", luaL_checkstring(L, 1));
}

static const char *
find_pair(const struct option_pair *pairs, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return pairs[i].value;
    return NULL;
}

/* The environment as scripts see it: that of the worker's workload, -e K=V,
 * then the process's own. */
static const char *
find_env(const struct script *script, const char *name)
{
    const struct options *options =
        script->load_options ? script->load_options : script->env.options;
    const struct worker *worker = script->picking;
    const char *value = NULL;
    if (script->current)
        worker = script->current->worker;
    if (worker && worker->workload)
        value =
            find_pair(worker->workload->env, worker->workload->env_count, name);
    if (!value && options)
        value = find_pair(options->env, options->env_count, name);
    return value ? value : getenv(name);
}

static int
core_getenv(lua_State *L)
{
    lua_pushstring(L, find_env(script_of(L), luaL_checkstring(L, 1)));
    return 1;
}

/* molo.secret(name) -> value, which no output shows from now on */
static int
core_secret(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING)
        return mlua_misuse(L,
                           "molo.secret: expected the name of a variable, "
                           "got %s",
                           luaL_typename(L, 1));
    const char *name = lua_tostring(L, 1);
    const char *value = find_env(script_of(L), name);
    if (!value)
        return mlua_misuse(L,
                           "molo.secret: '%s' is not set: export it, or give "
                           "it with -e %s=VALUE",
                           name, name);
    if (!secrets_add(value))
        return mlua_misuse(L,
                           "molo.secret: the value of '%s' has fewer than %d "
                           "characters: hiding it would hide too much",
                           name, SECRET_MIN);
    redact_hide(value); /* which may look at it in pieces */
    lua_pushstring(L, value);
    return 1;
}

static const luaL_Reg core_functions[] = {
    {"abort", core_abort},
    {"check", core_check},
    {"check_options", core_check_options},
    {"clock", core_clock},
    {"defer", lua_defer},
    {"duration_text", core_duration_text},
    {"error_kind", core_error_kind},
    {"error_text", core_error_text},
    {"expect", core_expect},
    {"fail", core_fail},
    {"getenv", core_getenv},
    {"log", core_log},
    {"misuse", core_misuse},
    {"now", core_now},
    {"seconds", core_seconds},
    {"secret", core_secret},
    {"service", lua_service},
    {"sleep", core_sleep},
    {"stop", core_stop},
    {"strict", core_strict},
    {NULL, NULL},
};

void
lua_core_open(lua_State *L)
{
    luaL_newlib(L, core_functions);
    lua_eventually_open(L);
    lua_sync_open(L);
    lua_setfield(L, -2, "sync");
    lua_var_open(L);
    lua_setfield(L, -2, "var");
    lua_room_open(L);
    lua_setfield(L, -2, "room");
    lua_task_open(L);
    lua_setfield(L, -2, "task");
    lua_metric_open(L);
    lua_setfield(L, -2, "metric");
    lua_stream_open(L);
    lua_setfield(L, -2, "stream");
    lua_events_open(L);
    lua_setfield(L, -2, "events");
    lua_data_open(L);
    lua_setfield(L, -2, "data");
}

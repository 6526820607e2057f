#include "script/script.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "plan/options.h"
#include "script/collector.h"
#include "script/late.h"
#include "script/lua_http.h"
#include "script/lua_picker.h"
#include "script/lua_scenario.h"
#include "script/lua_sync.h"
#include "script/lua_threshold.h"
#include "script/mlua.h"
#include "script/place.h"
#include "script/script_internal.h"
#include "script/state.h"
#include "stats/metric.h"
#include "stats/recorder.h"

struct script *
script_create(int64_t max_memory)
{
    struct script *script = xcalloc(1, sizeof(*script));
    memory_init(&script->memory, max_memory);
    for (size_t i = 0; i < FIXTURE_COUNT; i++)
        script->fixtures[i] = LUA_NOREF;
    script->session_options_ref = LUA_NOREF;
    script->picker_ref = LUA_NOREF;
    script->park_after = NSEC_NEVER;
    script->next_park_after = NSEC_NEVER;
    script->signal_grace = NSEC_NEVER;
    list_init(&script->late);
    script->metrics = metric_catalog_create();
    script->L = state_create(script);
    return script;
}

void
script_destroy(struct script *script)
{
    if (!script)
        return;
    lua_close(script->L);
    memory_finish(&script->memory);
    lua_threshold_finish(script);
    metric_catalog_destroy(script->metrics);
    lua_http_finish(script);
    for (size_t i = 0; i < script->scenario_count; i++)
        lua_scenario_finish(&script->scenarios[i]);
    free(script->scenarios);
    for (size_t i = 0; i < script->declaration_count; i++) {
        free((char *)(uintptr_t)script->declarations[i].options.lock);
        free(script->declarations[i].name);
    }
    free(script->declarations);
    for (size_t i = 0; i < EVENT_TYPES; i++)
        free(script->listeners[i].items);
    value_unref(script->data);
    buf_finish(&script->scratch);
    buf_finish(&script->tags);
    late_finish(script);
    free(script->workers);
    free(script->path);
    free(script);
}

/* Modules beside the scenario file are found first. */
static void
set_package_path(lua_State *L, const char *path)
{
    char *copy = xstrdup(path);
    const char *dir = dirname(copy);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", dir, dir,
                    lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
    free(copy);
}

static bool
check_readable(const char *path, struct err *err)
{
    /* Not by reading: what a pipe gives, it gives once. */
    struct stat status;
    int cause = stat(path, &status) != 0  ? errno
                : S_ISDIR(status.st_mode) ? EISDIR
                : access(path, R_OK) != 0 ? errno
                                          : 0;
    if (cause != 0)
        return err_set(err, "cannot read '%s': %s", path, strerror(cause));
    return true;
}

bool
script_load(struct script *script, const char *path, struct options *options,
            struct err *err)
{
    lua_State *L = script->L;
    if (!check_readable(path, err))
        return false;
    script->path = xstrdup(path);
    script->load_options = options;
    rng_init(&script->load_rng, options->seed, 0);
    /* What the file does must come out the same for every shard. */
    script->orders_pairs = true;
    set_package_path(L, path);
    lua_pushcfunction(L, mlua_tell_error);
    bool ok = luaL_loadfilex(L, path, "t") == LUA_OK &&
              lua_pcall(L, 0, 0, 1) == LUA_OK;
    if (!ok) {
        const char *message = lua_tostring(L, -1);
        err_set(err, "%s", message ? message : "the file raised no message");
    }
    lua_settop(L, 0);
    script->orders_pairs = options->sim;
    script->load_options = NULL;
    if (ok && script->scenario_count == 0)
        ok = err_set(err,
                     "%s: no scenario is registered: add "
                     "molo.scenario(\"name\", function(session) ... end)",
                     path);
    if (ok && options->max_lua_memory != script->memory.limit)
        ok = err_set(err,
                     "%s: molo.options: max_lua_memory has to be known before "
                     "the file is loaded: give it as --max-lua-memory or "
                     "MOLO_MAX_LUA_MEMORY",
                     path);
    return ok && place_check(options, err) && lua_picker_check(script, err) &&
           lua_threshold_check(script, options, err);
}

const struct metric_catalog *
script_metrics(const struct script *script)
{
    return script->metrics;
}

static bool
registered_the_same(const struct script *script, const struct script *first)
{
    if (script->scenario_count != first->scenario_count)
        return false;
    for (size_t i = 0; i < first->scenario_count; i++)
        if (strcmp(script->scenarios[i].name, first->scenarios[i].name) != 0)
            return false;
    for (size_t i = 0; i < FIXTURE_COUNT; i++)
        if ((script->fixtures[i] == LUA_NOREF) !=
            (first->fixtures[i] == LUA_NOREF))
            return false;
    return true;
}

bool
script_load_again(struct script *script, const struct script *first,
                  struct options *options, struct err *err)
{
    script->loads_again = true;
    if (!script_load(script, first->path, options, err))
        return false;
    return registered_the_same(script, first) ||
           err_set(err,
                   "%s registers other scenarios or fixtures each time it is "
                   "loaded, and it is loaded once per thread: what stands at "
                   "its top level must not depend on time or chance",
                   first->path);
}

size_t
script_scenario_count(const struct script *script)
{
    return script->scenario_count;
}

const char *
script_scenario_name(const struct script *script, size_t i)
{
    return script->scenarios[i].name;
}

double
script_scenario_weight(const struct script *script, size_t i)
{
    return script->scenarios[i].weight;
}

const struct cast *
script_scenario_cast(const struct script *script, size_t i)
{
    return &script->scenarios[i].cast;
}

bool
script_scenario_delay(const struct script *script, size_t i, nsec_t *low,
                      nsec_t *high)
{
    const struct scenario *scenario = &script->scenarios[i];
    if (!scenario->has_delay)
        return false;
    *low = scenario->delay_low;
    *high = scenario->delay_high;
    return true;
}

bool
script_scenario_pace(const struct script *script, size_t i, nsec_t *low,
                     nsec_t *high)
{
    const struct scenario *scenario = &script->scenarios[i];
    if (!scenario->has_pace)
        return false;
    *low = scenario->pace_low;
    *high = scenario->pace_high;
    return true;
}

const char *
script_scenario_family(const struct script *script, size_t i)
{
    return script->scenarios[i].family;
}

const char *
script_scenario_group(const struct script *script, size_t i)
{
    return script->scenarios[i].group;
}

size_t
script_scenario_tags(const struct script *script, size_t i, char *const **tags)
{
    *tags = script->scenarios[i].tags;
    return script->scenarios[i].tag_count;
}

bool
script_has_fixture(const struct script *script, enum worker_phase phase)
{
    return script->fixtures[phase] != LUA_NOREF;
}

void
script_attach(struct script *script, const struct script_env *env)
{
    script->env = *env;
    script->worker_slots = (size_t)env->plan->workers + 1;
    script->workers = xcalloc(script->worker_slots, sizeof(struct worker *));
    memory_attach(&script->memory, script->worker_slots);
    recorder_define(env->recorder, metric_catalog_definitions(script->metrics));
    lua_handle_declare(script);
}

void
script_set_started_at(struct script *script, nsec_t at)
{
    script->started_at = at;
}

struct value *
script_data(const struct script *script)
{
    return script->data;
}

void
script_set_data(struct script *script, struct value *data)
{
    value_unref(script->data);
    script->data = value_ref(data);
}

void
script_set_result(struct script *script, json_t *result)
{
    script->result = result;
}

uint64_t
script_lua_memory(const struct script *script)
{
    return collector_memory(script->L);
}

uint64_t
script_gc_cycles(const struct script *script)
{
    return script->gc_cycles;
}

const struct worker *
script_running_worker(const struct script *script)
{
    return script->current ? script->current->worker : NULL;
}

size_t
script_outside_waits(const struct script *script)
{
    return script->outside_waits;
}

void
script_park_after(struct script *script, nsec_t at)
{
    script->next_park_after = at;
    if (at < script->park_after)
        script->park_after = at;
}

void
script_set_signal_grace(struct script *script, nsec_t grace)
{
    script->signal_grace = grace;
}

void
script_add_worker(struct script *script, struct worker *worker)
{
    script->workers[worker->id + 1] = worker;
}

void
script_remove_worker(struct script *script, struct worker *worker)
{
    script->workers[worker->id + 1] = NULL;
}

#include "script/worker.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/session.h"
#include "plan/plan.h"
#include "script/lua_session.h"
#include "script/mlua.h"
#include "script/script_internal.h"
#include "script/upvalues.h"

const char *
worker_phase_name(enum worker_phase phase)
{
    switch (phase) {
    case PHASE_GLOBAL_SETUP:
        return "global_setup";
    case PHASE_SETUP:
        return "setup";
    case PHASE_SETUP_SESSION:
        return "setup_session";
    case PHASE_RUN:
        return "run";
    case PHASE_TEARDOWN_SESSION:
        return "teardown_session";
    case PHASE_TEARDOWN:
        return "teardown";
    case PHASE_GLOBAL_TEARDOWN:
        return "global_teardown";
    }
    return "";
}

struct worker *
worker_create(struct script *script, int32_t id, int32_t index,
              const struct plan_workload *workload, void *owner)
{
    struct worker *worker = xmalloc(sizeof(*worker));
    *worker = (struct worker){
        .script = script,
        .id = id,
        .index = index,
        .workload = workload,
        .view_refs = {LUA_NOREF, LUA_NOREF},
        .state_ref = LUA_NOREF,
        .data_ref = LUA_NOREF,
        .owner = owner,
    };
    /* Stream 0 is the shard's own. */
    rng_init(&worker->rng, script->env.options->seed,
             (uint64_t)((int64_t)id + 2));
    lua_State *co = lua_newthread(script->L);
    worker->co_ref = luaL_ref(script->L, LUA_REGISTRYINDEX);
    task_init(&worker->task, worker, 0, co);
    script_add_worker(script, worker);
    return worker;
}

void
worker_destroy(struct worker *worker)
{
    if (!worker)
        return;
    lua_State *L = worker->script->L;
    task_finish(&worker->task);
    script_remove_worker(worker->script, worker);
    session_destroy(worker->http);
    for (size_t i = 0; i < ARRAY_LENGTH(worker->view_refs); i++) {
        lua_session_detach(L, worker->view_refs[i]);
        luaL_unref(L, LUA_REGISTRYINDEX, worker->view_refs[i]);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, worker->state_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->data_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->co_ref);
    free(worker);
}

struct session *
worker_http(struct worker *worker)
{
    struct script *script = worker->script;
    if (worker->http)
        return worker->http;
    worker->http = session_create(script->env.transport);
    lua_session_apply_defaults(worker);
    return worker->http;
}

void
worker_call(struct worker *worker, enum worker_phase phase, size_t scenario)
{
    struct script *script = worker->script;
    lua_State *co = worker->task.co;
    worker->phase = phase;
    worker->called_at = clock_now();
    worker->idle = 0;
    int ref = script->fixtures[phase];
    if (phase == PHASE_RUN) {
        worker->scenario = script->scenarios[scenario].name;
        ref = script->scenarios[scenario].ref;
    }
    lua_settop(co, 0);
    lua_rawgeti(co, LUA_REGISTRYINDEX, ref);
    if (phase == PHASE_GLOBAL_SETUP)
        upvalues_remember(co);
    int nargs = 1;
    if (phase == PHASE_GLOBAL_TEARDOWN) {
        mlua_push_json(co, script->result);
        nargs = 2;
    }
    lua_session_push(co, worker, phase);
    task_call(&worker->task, nargs);
}

static const char *
string_field(lua_State *L, int index, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, index);
    const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1); /* the table keeps it */
    return s;
}

static void
fail_with_error_at(lua_State *co, int index, struct call_result *result)
{
    result->status = CALL_FAILED;
    const char *kind = "script";
    if (!mlua_is_error(co, index, &kind)) {
        result->kind = "script";
        result->message = mlua_push_text(co, index);
        return;
    }
    result->kind = kind;
    result->message = string_field(co, index, "message");
    result->where = string_field(co, index, "where");
    result->traceback = string_field(co, index, "traceback");
}

/* What a fixture returned is used after its call, in a protected call of its
 * own, because it may be of the wrong kind. */
static int
take_returned(lua_State *L)
{
    struct worker *worker = lua_touserdata(L, 1);
    struct script *script = worker->script;
    if (worker->phase == PHASE_GLOBAL_SETUP) {
        upvalues_check(L, script->fixtures[PHASE_GLOBAL_SETUP]);
        script->data = mlua_check_value(L, 2);
    } else if (!lua_isnil(L, 2)) {
        lua_session_set_options(L, worker, 2);
    }
    return 0;
}

static void
take_result(struct worker *worker, struct call_result *result)
{
    lua_State *co = worker->task.co;
    if (worker->phase != PHASE_SETUP && worker->phase != PHASE_GLOBAL_SETUP)
        return;
    int top = lua_gettop(co);
    lua_pushcfunction(co, take_returned);
    lua_pushlightuserdata(co, worker);
    lua_pushvalue(co, top);
    if (lua_pcall(co, 2, 0, 0) == LUA_OK)
        return;
    mlua_complete_error(co);
    fail_with_error_at(co, lua_gettop(co), result);
}

void
worker_on_task_done(struct task *task, int status)
{
    struct worker *worker = task->worker;
    lua_State *co = task->co;
    nsec_t duration = clock_now() - worker->called_at;
    struct call_result result = {
        .status = CALL_OK,
        .stopped = task->stop_raised,
        .where = "",
        .duration = duration,
        .active = duration - worker->idle,
    };
    if (task->error_ref != LUA_NOREF) {
        /* It had failed before anything stopped it. */
        lua_rawgeti(co, LUA_REGISTRYINDEX, task->error_ref);
        luaL_unref(co, LUA_REGISTRYINDEX, task->error_ref);
        task->error_ref = LUA_NOREF;
        result.stopped = false;
        fail_with_error_at(co, lua_gettop(co), &result);
    } else if (status != LUA_OK && lua_gettop(co) == 0) {
        result.status = CALL_RESET;
        result.kind = "stopped";
        result.message = "it did not end in time and was taken down";
        result.where = task->parked ? worker->script->parked_at : "";
        result.parked = task->parked;
    } else if (status != LUA_OK || task->body_failed) {
        fail_with_error_at(co, lua_gettop(co), &result);
    } else {
        take_result(worker, &result);
    }
    if (!result.message)
        result.message = "";
    if (!result.where)
        result.where = "";
    worker->script->env.host.on_call_done(worker->script->env.host.data, worker,
                                          &result);
}

void
worker_on_reply(struct worker *worker, const struct hub_reply *reply)
{
    struct task *task = &worker->task;
    struct wait *wait = &task->wait;
    if (!wait->ops || !wait->ops->coordination || wait->done ||
        wait->seq != reply->id.seq)
        return;
    wait->reply = (struct wait_reply){
        .status = reply->status,
        .value = value_ref(reply->value),
        .text = reply->text ? xstrdup(reply->text) : NULL,
        .round = reply->round,
        .version = reply->version,
        .waited = reply->waited,
        .remaining = reply->remaining,
        .happened_at = reply->happened_at,
        .culprit = reply->culprit,
    };
    task_wake(task);
}

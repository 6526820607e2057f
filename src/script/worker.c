#include "script/worker.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/session.h"
#include "plan/plan.h"
#include "script/lua_identity.h"
#include "script/lua_session.h"
#include "script/lua_stream.h"
#include "script/lua_websocket.h"
#include "script/mlua.h"
#include "script/place.h"
#include "script/script_internal.h"
#include "script/state.h"
#include "script/tasks.h"
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
        .room_ref = LUA_NOREF,
        .param_ref = LUA_NOREF,
        .room = workload ? cast_room_of(workload, index) : -1,
        .seat = workload ? cast_seat_of(workload, index) : -1,
        .owner = owner,
    };
    /* Stream 0 is the shard's own. */
    rng_init(&worker->rng, script->env.options->seed,
             (uint64_t)((int64_t)id + 2));
    list_init(&worker->tasks);
    list_init(&worker->sessions);
    list_init(&worker->websockets);
    list_init(&worker->streams);
    lua_State *co = lua_newthread(script->L);
    state_mark_task(co);
    worker->co_ref = luaL_ref(script->L, LUA_REGISTRYINDEX);
    task_init(&worker->task, worker, TASK_ROOT, co);
    limit_init(&worker->limit, worker);
    script_add_worker(script, worker);
    return worker;
}

void
worker_destroy(struct worker *worker)
{
    if (!worker)
        return;
    lua_State *L = worker->script->L;
    tasks_finish(worker);
    task_finish(&worker->task);
    limit_finish(&worker->limit);
    lua_stream_end_all(worker);
    lua_websocket_end_all(worker);
    lua_identity_end_all(worker);
    script_remove_worker(worker->script, worker);
    session_destroy(worker->http);
    for (size_t i = 0; i < ARRAY_LENGTH(worker->view_refs); i++) {
        lua_session_detach(L, worker->view_refs[i]);
        luaL_unref(L, LUA_REGISTRYINDEX, worker->view_refs[i]);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, worker->state_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->data_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->room_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->param_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, worker->co_ref);
    free(worker);
}

static bool
is_viewed(const struct worker *worker)
{
    return worker->script->env.options->http_debug &&
           (worker->id == 0 || worker->id == HUB_GLOBAL);
}

struct session *
worker_make_session(struct worker *worker)
{
    struct session *session = session_create(worker->script->env.transport);
    bool full = is_viewed(worker);
    if (full || log_get_level() >= LOG_DEBUG) {
        worker->viewer.worker = worker->id == HUB_GLOBAL ? -1 : worker->id;
        worker->viewer.step = &worker->step;
        worker->viewer.full = full;
        session_set_viewer(session, &worker->viewer);
    }
    return session;
}

struct session *
worker_http(struct worker *worker)
{
    struct script *script = worker->script;
    if (worker->http)
        return worker->http;
    worker->http = worker_make_session(worker);
    lua_session_apply_defaults(script, worker->http);
    return worker->http;
}

static int
scenario_function(const struct worker *worker, const struct scenario *scenario)
{
    if (!scenario->role_refs)
        return scenario->ref;
    return scenario->role_refs[cast_role_at(
        &scenario->cast, worker->workload->room_size, worker->seat)];
}

void
worker_call(struct worker *worker, enum worker_phase phase, size_t scenario)
{
    struct script *script = worker->script;
    lua_State *co = worker->task.co;
    worker->phase = phase;
    worker->called_at = clock_now();
    worker->idle = 0;
    worker->live_tasks = 1;
    worker->was_stopped = false;
    worker->has_requested = false;
    limit_begin(worker, NULL, 0);
    memory_begin_call(worker);
    worker->param = NULL;
    luaL_unref(co, LUA_REGISTRYINDEX, worker->param_ref);
    worker->param_ref = LUA_NOREF;
    int ref = script->fixtures[phase];
    if (phase == PHASE_RUN) {
        worker->scenario = script->scenarios[scenario].name;
        worker->param = script->scenarios[scenario].param;
        limit_begin(worker, worker->scenario,
                    script->scenarios[scenario].timeout);
        ref = scenario_function(worker, &script->scenarios[scenario]);
    }
    place_enter(worker,
                phase == PHASE_RUN ? &script->scenarios[scenario] : NULL);
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

struct taking {
    struct worker *worker;
    const char *what; /* it is about, for errors */
};

/* What a fixture returned is used after its call, in a protected call of its
 * own, because it may be of the wrong kind. */
static int
take_returned(lua_State *L)
{
    struct taking *taking = lua_touserdata(L, 1);
    struct worker *worker = taking->worker;
    struct script *script = worker->script;
    if (worker->phase == PHASE_GLOBAL_SETUP)
        upvalues_check(L, script->fixtures[PHASE_GLOBAL_SETUP]);
    taking->what = "what it returned: ";
    if (worker->phase == PHASE_GLOBAL_SETUP)
        script->data = mlua_check_value(L, 2);
    else if (!lua_isnil(L, 2))
        lua_session_set_options(L, worker_http(worker), 2);
    return 0;
}

/* The error on top was found when the fixture was over: its place is where that
 * begins. */
static void
complete_error(lua_State *L, const struct taking *taking)
{
    const struct worker *worker = taking->worker;
    lua_Debug ar;
    lua_pushfstring(L, "%s%s", taking->what, mlua_push_text(L, -1));
    mlua_complete_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->script->fixtures[worker->phase]);
    lua_getinfo(L, ">S", &ar);
    lua_pushfstring(L, "%s:%d", ar.short_src, ar.linedefined);
    lua_setfield(L, -2, "where");
}

static void
take_result(struct worker *worker, struct call_result *result)
{
    lua_State *co = worker->task.co;
    struct taking taking = {.worker = worker, .what = ""};
    if (worker->phase != PHASE_SETUP && worker->phase != PHASE_GLOBAL_SETUP)
        return;
    int top = lua_gettop(co);
    lua_pushcfunction(co, take_returned);
    lua_pushlightuserdata(co, &taking);
    lua_pushvalue(co, top);
    if (lua_pcall(co, 2, 0, 0) == LUA_OK)
        return;
    complete_error(co, &taking);
    fail_with_error_at(co, lua_gettop(co), result);
}

static void
fail_overdue(struct call_result *result)
{
    result->status = CALL_FAILED;
    result->kind = "cancelled";
    result->message = "it went on for more than 5 s after it was cancelled "
                      "(by molo.timeout or a group) and was taken down";
}

/* Whatever it ended with after it was told. The traceback is of the place where
 * it was. */
static void
fail_late(struct worker *worker, lua_State *co, char *message, size_t size,
          struct call_result *result)
{
    struct task *task = &worker->task;
    limit_describe(&worker->limit, message, size);
    result->status = CALL_FAILED;
    result->stopped = false;
    result->kind = "timeout";
    result->message = message;
    result->where = worker->limit.where;
    const char *kind;
    if (task->error_ref == LUA_NOREF)
        return;
    lua_rawgeti(co, LUA_REGISTRYINDEX, task->error_ref);
    if (mlua_is_error(co, -1, &kind))
        result->traceback = string_field(co, lua_gettop(co), "traceback");
}

static void
on_root_done(struct worker *worker, int status)
{
    struct task *task = &worker->task;
    lua_State *co = task->co;
    nsec_t duration = clock_now() - worker->called_at;
    struct call_result result = {
        .status = CALL_OK,
        .stopped = task->stop_raised || worker->was_stopped,
        .where = "",
        .duration = duration,
        .active = duration - worker->idle,
    };
    char late[256];
    limit_end(worker);
    if (worker->limit.over) {
        fail_late(worker, co, late, sizeof(late), &result);
    } else if (task->overdue && !task->stop_raised) {
        fail_overdue(&result);
    } else if (task->error_ref != LUA_NOREF) {
        /* It had failed before anything stopped it. */
        lua_rawgeti(co, LUA_REGISTRYINDEX, task->error_ref);
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
    } else if (tasks_push_failure(worker, co)) {
        result.stopped = false;
        fail_with_error_at(co, lua_gettop(co), &result);
    } else {
        take_result(worker, &result);
    }
    luaL_unref(co, LUA_REGISTRYINDEX, task->error_ref);
    task->error_ref = LUA_NOREF;
    tasks_finish(worker);
    lua_stream_end_all(worker);
    lua_websocket_end_all(worker);
    lua_identity_end_all(worker);
    if (!result.message)
        result.message = "";
    if (!result.where)
        result.where = "";
    worker->script->env.host.on_call_done(worker->script->env.host.data, worker,
                                          &result);
}

void
worker_on_task_done(struct task *task, int status)
{
    struct worker *worker = task->worker;
    if (task->id != TASK_ROOT) {
        tasks_on_done(task, status);
        return;
    }
    /* Taken down by itself: nothing outlives it. */
    tasks_reset(worker);
    on_root_done(worker, status);
}

void
worker_stop(struct worker *worker)
{
    task_stop(&worker->task);
    tasks_stop(worker);
}

void
worker_reset(struct worker *worker)
{
    tasks_reset(worker);
    task_reset(&worker->task);
}

void
worker_begin_idle(struct worker *worker)
{
    if (++worker->idle_tasks == worker->live_tasks)
        worker->idle_since = clock_now();
}

void
worker_end_idle(struct worker *worker)
{
    if (worker->idle_tasks-- == worker->live_tasks)
        worker->idle += clock_now() - worker->idle_since;
}

void
worker_end_task(struct worker *worker)
{
    if (--worker->live_tasks == worker->idle_tasks)
        worker->idle_since = clock_now();
}

nsec_t
worker_last_done_at(const struct worker *worker)
{
    nsec_t last = worker->http ? session_last_done_at(worker->http) : 0;
    nsec_t other = lua_identity_last_done_at(worker);
    return other > last ? other : last;
}

void
worker_on_reply(struct worker *worker, const struct hub_reply *reply)
{
    struct task *task = tasks_find(worker, reply->id.task);
    if (!task)
        return;
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
        .index = reply->index,
        .number = reply->number,
        .broken = reply->broken,
        .waited = reply->waited,
        .remaining = reply->remaining,
        .happened_at = reply->happened_at,
        .culprit = reply->culprit,
    };
    task_wake(task);
}
